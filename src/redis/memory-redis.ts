/** A Redis for users' tests: the four scripts in this process, by a clock that a test moves. */
import { clockCheck } from '../core/options.js';
import { readClock } from '../core/reading.js';
import { guardRead, type Rules, readOptions } from '../core/validate.js';
import type { Clock } from '../index.js';
import type { SendCommand } from './command-client.js';
import { LEASE, REPORT, type Script, STEER, SYNC } from './lua.js';
import { lease, type MemoryScript, report, steer, sync } from './memory-scripts.js';
import { MemoryStore } from './memory-store.js';

/** What {@link createMemoryRedis} takes. */
export interface MemoryRedisOptions {
  /** Whose time it is. @default systemClock */
  clock?: Clock | undefined;
}

/** A Redis that knows the scripts of this package and nothing else. */
export interface MemoryRedis {
  /** For the option `client` of `shareState`. */
  readonly client: SendCommand;
  /** For the option `subscribe`: hints arrive in a microtask. */
  readonly subscribe: (channel: string, onMessage: (message?: unknown) => void) => () => void;
  /** Every command that was sent, those that were not answered too. */
  readonly commands: readonly (readonly string[])[];
  /** All data is gone. */
  flush(): void;
  /** From now on it answers no command: each is refused, as by a server that is down. */
  stop(): void;
  /** It answers again, with the data that it had. */
  start(): void;
}

const SUBJECT = { breaker: '', action: 'create memory Redis' };

const RULES: Rules = { clock: clockCheck };

const SCRIPTS: readonly [Script, MemoryScript][] = [
  [SYNC, sync],
  [LEASE, lease],
  [REPORT, report],
  [STEER, steer],
];

/** Servers tell the time since 1970; nothing in here depends on which day it is. */
const EPOCH = 1_000_000_000_000;

/**
 * A Redis in memory, for tests: several registries share it in one process. With `pollInterval: false` and a clock that is
 * moved by hand, `await fleet.sync()` moves them; there are no timers.
 *
 * @throws InvalidOptionsError for an unknown option
 *
 * @example
 * ```ts
 * import { CircuitBreaker } from 'recloser';
 * import { createMemoryRedis, shareState } from 'recloser/redis';
 *
 * const { client } = createMemoryRedis();
 * const [one, other] = [new CircuitBreaker(), new CircuitBreaker()];
 * const fleets = [one, other].map((it) => shareState(it, { client, namespace: 'shop', pollInterval: false }));
 * await fleets[0]?.forceOpen('default', 'maintenance');
 * await fleets[1]?.sync();
 * console.log(one.mode, other.mode); // → forced-open forced-open
 * ```
 */
export function createMemoryRedis(options: MemoryRedisOptions = {}): MemoryRedis {
  const given: MemoryRedisOptions = guardRead(SUBJECT, 'options', () => readOptions(options, RULES, SUBJECT));
  const clock = readClock(given.clock, SUBJECT);
  const store = new MemoryStore(() => EPOCH + Math.floor(clock.now()));
  const commands: (readonly string[])[] = [];
  const listeners = new Map<string, Set<(message?: unknown) => void>>();
  let isUp = true;

  const publish = (channel: string, message: string): void => {
    for (const listener of listeners.get(channel) ?? []) queueMicrotask(() => listener(message));
  };

  const run = (command: readonly string[]): unknown => {
    const [verb, code, count, ...rest] = command;
    const by = verb === 'EVAL' ? 'text' : verb === 'EVALSHA' ? 'digest' : undefined;
    const script = by && SCRIPTS.find(([it]) => it[by] === code)?.[1];
    if (script === undefined) throw new Error(`ERR this Redis in memory does not know the command ${verb}`);
    const keys = rest.slice(0, Number(count)) as [string, string, ...string[]];
    const args = rest.slice(Number(count));
    const channel = `${keys[0].slice(0, -1)}h`;
    return script(store, keys, args, (who, name) => publish(channel, `${who} ${name}`));
  };

  return {
    client: async (command) => {
      commands.push(Object.freeze([...command]));
      if (!isUp) throw new Error('connect ECONNREFUSED: this Redis in memory is stopped');
      return run(command);
    },
    subscribe(channel, onMessage) {
      const of = listeners.get(channel) ?? new Set();
      listeners.set(channel, of.add(onMessage));
      return () => void of.delete(onMessage);
    },
    commands,
    flush: () => store.flush(),
    stop: () => {
      isUp = false;
    },
    start: () => {
      isUp = true;
    },
  };
}
