/** Clients of Redis, by what they can do: nothing of them is imported, connected or closed. */
import type { Check } from '../core/validate.js';

/** Sends a command, and answers what Redis answers. */
export type SendCommand = (command: readonly string[]) => Promise<unknown>;

/** A client of Redis that the user has, or a function that sends commands. */
export type FleetClient =
  | SendCommand
  // biome-ignore lint/suspicious/noExplicitAny: what each client takes is its own affair
  | { customCommand(...args: any): unknown }
  // biome-ignore lint/suspicious/noExplicitAny: see above
  | { sendCommand(...args: any): unknown }
  // biome-ignore lint/suspicious/noExplicitAny: see above
  | { call(...args: any): unknown };

type Method = (...args: unknown[]) => unknown;
type Methods = Readonly<Record<'customCommand' | 'sendCommand' | 'call', Method>>;

/** Where a script's first key stands: `EVALSHA digest 2 key …`. */
const FIRST_KEY = 3;

/** How a client sends a command; `undefined` for what is no client. */
function senderOf(client: unknown): SendCommand | undefined {
  if (typeof client === 'function') return async (command) => (client as Method)(command);
  if (typeof client !== 'object' || client === null) return undefined;
  const methods = client as Methods;
  const has = (name: string): boolean => typeof Reflect.get(client, name) === 'function';
  // GLIDE, of one server or of a cluster.
  if (has('customCommand')) return async (command) => methods.customCommand([...command]);
  if (has('sendCommand') && !has('call')) {
    // node-redis: a cluster wants to be told where to.
    return 'masters' in client
      ? async (command) => methods.sendCommand(command[FIRST_KEY], false, [...command])
      : async (command) => methods.sendCommand([...command]);
  }
  // ioredis and iovalkey.
  return has('call') ? async ([name, ...rest]) => methods.call(name, ...rest) : undefined;
}

export const clientCheck: Check = (value) =>
  senderOf(value) === undefined
    ? 'a client of node-redis, ioredis, iovalkey or GLIDE, or a function that sends a command'
    : undefined;

export const sendWith = (client: FleetClient): SendCommand => senderOf(client) as SendCommand;
