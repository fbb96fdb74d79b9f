/** What a registry is made with and what it tells, and how options for breakers of a registry are read. */
import type { CircuitBreaker } from './circuit-breaker.js';
import type { Clock } from './clock.js';
import type { OptionDifference } from './conflict.js';
import type { CircuitBreakerEvents } from './events.js';
import { ownNameOf } from './foreign-names.js';
import {
  BREAKER_RULES,
  type CircuitBreakerOptions,
  clockCheck,
  readBreakerOptions,
  refuseIdleRate,
} from './options.js';
import type { CircuitSnapshot } from './snapshot.js';
import {
  type Check,
  callable,
  describe,
  duration,
  guardRead,
  object,
  orInfinity,
  positiveInteger,
  type Rules,
  readOptions,
  refuse,
  type Subject,
} from './validate.js';

/** What a registry is made with. */
export interface RegistryOptions {
  /** What its breakers are made with, unless `configure` or the options of `getOrCreate` say otherwise. */
  defaults?: CircuitBreakerOptions | undefined;
  /**
   * Options for a name; they go before `defaults`. Asked once for each breaker that is made; `this` is the
   * registry.
   */
  configure?: ((name: string) => CircuitBreakerOptions | undefined) | undefined;
  /** Breakers beyond which the least recently used one that is CLOSED and idle is forgotten, at least 1. @default Infinity */
  maxSize?: number | undefined;
  /** Milliseconds after its last use at which a breaker that is CLOSED and idle is forgotten, at least 0. @default Infinity */
  idleTimeout?: number | undefined;
  /** Where the registry reads the time, and its breakers unless their options say otherwise. @default systemClock */
  clock?: Clock | undefined;
}

/** A breaker was made. */
export interface CreateEvent {
  /** The name of the breaker. */
  readonly breaker: string;
  readonly instance: CircuitBreaker;
}

/** A breaker was forgotten. It goes on working for those who hold it. */
export interface DeleteEvent extends CreateEvent {
  readonly reason: 'deleted' | 'cleared' | 'evicted' | 'idle';
}

/** `getOrCreate` was given options that differ from those in force; they were not applied. */
export interface ConflictEvent {
  /** The name of the breaker. */
  readonly breaker: string;
  readonly differences: readonly OptionDifference[];
}

/** What each event of a registry carries: its own, and every event of every breaker. */
export interface RegistryEvents extends CircuitBreakerEvents {
  create: CreateEvent;
  delete: DeleteEvent;
  conflict: ConflictEvent;
}

/** The states of all breakers of a registry as plain, JSON-safe data. */
export interface RegistrySnapshot {
  readonly version: 1;
  readonly breakers: readonly CircuitSnapshot[];
}

const RULES: Rules & Record<keyof RegistryOptions, Check> = {
  defaults: object,
  configure: callable,
  maxSize: orInfinity(positiveInteger()),
  idleTimeout: orInfinity(duration()),
  clock: clockCheck,
};

/** Who gives a registry what breakers take means all of its breakers. */
const meaningOf = (option: string): string | undefined => {
  const own = Object.hasOwn(BREAKER_RULES, option) ? option : ownNameOf(option);
  return own === undefined || option === 'name' ? undefined : `defaults: { ${own}: … }`;
};

export const CREATE = { breaker: '', action: 'create circuit breaker registry' };

/** @throws InvalidOptionsError for an unknown option or a value out of range */
export function readRegistryOptions(options: RegistryOptions): RegistryOptions {
  return guardRead(CREATE, 'options', () => readOptions(options, RULES, CREATE, '', meaningOf));
}

export const CREATE_BREAKER = { breaker: '', action: 'create circuit breaker' };

/** Options of a breaker whose name is not theirs to say. */
export function readUnnamed(
  options: CircuitBreakerOptions | undefined,
  subject: Subject,
): CircuitBreakerOptions {
  const read = readDefaults(options, subject);
  refuseIdleRate(read, read, subject);
  return read;
}

/** The same for all breakers of a registry, of which some may have what others lack. */
export function readDefaults(
  options: CircuitBreakerOptions | undefined,
  subject: Subject,
): CircuitBreakerOptions {
  if (options === undefined) return {};
  const read = readBreakerOptions(options, subject);
  if (read.name === undefined || read.name === subject.breaker) return read;
  return refuse(subject, 'name', `\`name\` is given by the registry, received ${describe(read.name)}`);
}
