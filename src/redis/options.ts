import { clockCheck } from '../core/options.js';
import { soundClock } from '../core/reading.js';
import {
  type Check,
  callable,
  duration,
  guardRead,
  object,
  oneOf,
  orFalse,
  positiveInteger,
  type Rules,
  ratio,
  readOptions,
  type Subject,
  verify,
} from '../core/validate.js';
import { type Clock, systemClock } from '../index.js';
import { clientCheck, type FleetClient } from './command-client.js';

/** How many instances must find a dependency down before the fleet opens. */
export interface QuorumOptions {
  /** Votes at least, 1 to 10,000; never more than there are instances. @default 2 */
  minVotes?: number | undefined;
  /** The share of the instances that use the breaker, 0 to 1. @default 0.5 */
  ratio?: number | undefined;
}

/** Listens to a channel of Redis; answers a function that ends it, or a promise of one. */
export type Subscribe = (channel: string, onMessage: (message?: unknown) => void) => unknown;

/** What {@link shareState} takes. Durations are milliseconds. */
export interface FleetOptions {
  /** The client of Redis that you have, connected: node-redis, ioredis, iovalkey, GLIDE; or a function. It is never closed. */
  client: FleetClient;
  /** Whose state is shared: one service in one environment. 1 to 64 letters, digits, `_`, `.`, `:` and `-`. */
  namespace: string;
  /** Who has one vote, 1 to 128 characters. @default a random one */
  instance?: string | undefined;
  /** How often the state is fetched, 100 to 60,000; `false`: only by `sync()`. @default 2_000 */
  pollInterval?: number | false | undefined;
  /** How many must find it down. @default { minVotes: 2, ratio: 0.5 } */
  quorum?: QuorumOptions | undefined;
  /** How long a probe may take before its leave lapses, 100 to 600,000. @default the breaker's `probeTimeout` in force */
  probeLease?: number | undefined;
  /** The longest that a caller waits for leave to probe, 1 to 5,000. @default 50 */
  commandTimeout?: number | undefined;
  /** How hints are listened to: with them changes are known at once, not with the next poll. */
  subscribe?: Subscribe | undefined;
  /** `observe`: votes, follows and tells, and changes no breaker. @default 'active' */
  mode?: 'active' | 'observe' | undefined;
  /** Where the time is read, and by whose timers it is waited. @default systemClock */
  clock?: Clock | undefined;
}

/** The options with every member filled in. */
export interface ResolvedFleetOptions {
  readonly client: FleetClient;
  readonly namespace: string;
  readonly instance: string | undefined;
  readonly pollInterval: number | false;
  readonly minVotes: number;
  readonly ratio: number;
  readonly probeLease: number | undefined;
  readonly commandTimeout: number;
  readonly subscribe: Subscribe | undefined;
  readonly isObserving: boolean;
  readonly clock: Clock;
}

/** Who is at fault, for messages. */
export const SUBJECT: Subject = { breaker: '', action: 'share circuit breakers' };

/** What is between the lengths, and made of what belongs there. */
const text =
  (longest: number, range: string, pattern: RegExp): Check =>
  (value) =>
    typeof value === 'string' && value.length > 0 && value.length <= longest && pattern.test(value)
      ? undefined
      : range;

const QUORUM_RULES: Rules & Record<keyof QuorumOptions, Check> = {
  minVotes: positiveInteger(10_000),
  ratio,
};

const RULES: Rules & Record<keyof FleetOptions, Check> = {
  client: clientCheck,
  namespace: text(64, '1 to 64 of the characters A–Z a–z 0–9 _ . : -', /^[\w.:-]+$/),
  instance: text(128, 'a well-formed string of 1 to 128 characters', /^\P{Cs}+$/u),
  pollInterval: orFalse(duration(100, 60_000)),
  quorum: object,
  probeLease: duration(100, 600_000),
  commandTimeout: duration(1, 5_000),
  subscribe: callable,
  mode: oneOf('active', 'observe'),
  clock: clockCheck,
};

/** @throws InvalidOptionsError for an unknown option or a value out of range */
export function readFleetOptions(options: unknown): ResolvedFleetOptions {
  return guardRead(SUBJECT, 'options', () => {
    const given = readOptions(options, RULES, SUBJECT) as unknown as FleetOptions;
    verify(SUBJECT, 'client', given.client, RULES.client as Check);
    verify(SUBJECT, 'namespace', given.namespace, RULES.namespace as Check);
    const { minVotes = 2, ratio = 0.5 }: QuorumOptions = readOptions(
      given.quorum ?? {},
      QUORUM_RULES,
      SUBJECT,
      'quorum.',
    );
    return {
      client: given.client,
      namespace: given.namespace,
      instance: given.instance,
      pollInterval: given.pollInterval ?? 2_000,
      minVotes,
      ratio,
      probeLease: given.probeLease,
      commandTimeout: given.commandTimeout ?? 50,
      subscribe: given.subscribe,
      isObserving: given.mode === 'observe',
      clock: soundClock(given.clock ?? systemClock),
    };
  });
}

/** What steering by hand may be given beside the reason. */
export interface SteerOptions {
  /** How long it holds, 1,000 to 2,592,000,000 (30 days). @default 3_600_000 */
  for?: number | undefined;
}

const STEER_RULES: Rules & Record<keyof SteerOptions, Check> = { for: duration(1_000, 2_592_000_000) };

/** @throws InvalidOptionsError for an unknown option or a value out of range */
export function readSteerOptions(options: unknown): number {
  return guardRead(STEER, 'options', () => {
    const given: SteerOptions = readOptions(options ?? {}, STEER_RULES, STEER);
    return given.for ?? 3_600_000;
  });
}

export const STEER: Subject = { breaker: '', action: 'steer a fleet' };
