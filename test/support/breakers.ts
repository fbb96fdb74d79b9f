import {
  CircuitBreaker,
  type CircuitBreakerEvents,
  type CircuitBreakerOptions,
  type InvalidOptionsError,
} from 'recloser';
import type { EventRecord } from 'recloser/testing';
import { type ManualClock, manualClock } from './manual-clock.js';

export interface Fixture {
  readonly breaker: CircuitBreaker;
  readonly clock: ManualClock;
}

/** How long the fixtures stay OPEN unless a test says otherwise. */
export const RECOVERY = 1_000;

/** A CLOSED breaker on a clock of its own. */
export function createBreaker(options: CircuitBreakerOptions = {}): Fixture {
  const clock = manualClock();
  return {
    breaker: new CircuitBreaker({ name: 'test', recoveryTimeout: RECOVERY, clock, ...options }),
    clock,
  };
}

/** A breaker that is OPEN and rejects. */
export function createOpen(options: CircuitBreakerOptions = {}): Fixture {
  const fixture = createBreaker(options);
  fixture.breaker.trip();
  return fixture;
}

/** A breaker that is OPEN, of which the next call is a probe. */
export function createRecovered(options: CircuitBreakerOptions = {}): Fixture {
  const fixture = createOpen(options);
  fixture.clock.advance(RECOVERY);
  return fixture;
}

/** A breaker that is HALF_OPEN with all of its permits at hand. */
export function createHalfOpen(options: CircuitBreakerOptions = {}): Fixture {
  const fixture = createRecovered(options);
  fixture.breaker.acquire().ignore();
  return fixture;
}

/** A task that fails, with `undefined` too if that is what it is given. */
export const failing =
  (...given: [error?: unknown]) =>
  async (): Promise<never> => {
    throw given.length === 0 ? new Error('boom') : given[0];
  };

/** A task that never settles. */
export const hanging = (): Promise<never> => new Promise<never>(() => {});

export async function failTimes(
  breaker: CircuitBreaker,
  times: number,
  ...given: [error?: unknown]
): Promise<void> {
  for (let i = 0; i < times; i++) await breaker.tryCall(failing(...given));
}

export async function succeedTimes(breaker: CircuitBreaker, times: number): Promise<void> {
  for (let i = 0; i < times; i++) await breaker.tryCall(async () => 'fine');
}

/** Runs a letter each: `f` fails, `s` succeeds. */
export async function play(breaker: CircuitBreaker, outcomes: string): Promise<void> {
  for (const outcome of outcomes) await (outcome === 'f' ? failTimes(breaker, 1) : succeedTimes(breaker, 1));
}

/** What a promise rejects with. */
export async function errorOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('The promise was expected to reject');
}

/** What a function throws. */
export function thrownBy(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error('The function was expected to throw');
}

/** The `InvalidOptionsError` that a function is expected to throw. */
export function refusalOf(run: () => unknown): InvalidOptionsError {
  const error = thrownBy(run);
  if ((error as Error | undefined)?.name === 'InvalidOptionsError') return error as InvalidOptionsError;
  throw error;
}

/** Every payload of one event, from now on. */
export function heard<Event extends keyof CircuitBreakerEvents>(
  breaker: CircuitBreaker,
  event: Event,
): CircuitBreakerEvents[Event][] {
  const payloads: CircuitBreakerEvents[Event][] = [];
  breaker.on(event, (payload) => payloads.push(payload));
  return payloads;
}

export const ALL_EVENTS = [
  'transition',
  'open',
  'halfOpen',
  'close',
  'success',
  'failure',
  'ignore',
  'reject',
  'fallback',
  'mode',
  'degraded',
  'well',
] as const satisfies readonly (keyof CircuitBreakerEvents)[];

/** The names of the events, in the order in which they were told. */
export const namesIn = ({ events }: EventRecord): string[] => events.map(({ event }) => event);

/** Every transition, as `CLOSED→OPEN tripped`. */
export const stepsIn = (record: EventRecord): string[] =>
  record.transitions().map(({ from, to, reason }) => `${from}→${to} ${reason}`);
