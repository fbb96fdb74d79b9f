/** Writes down what settles, to replay it later. */
import { type BreakerSource, type InstrumentableBreaker, verifySource } from '../core/source.js';
import { callable, verify } from '../core/validate.js';
import type { CallEvent, Clock } from '../index.js';

/** A call that settled. */
export interface RecordedCall {
  /** The name of the breaker. */
  readonly breaker: string;
  /** When it started: a reading of the clock, in ms. */
  readonly t: number;
  /** Whether it counted as a success. */
  readonly ok: boolean;
  /** How long it took, in ms. */
  readonly ms: number;
}

const SUBJECT = { breaker: '', action: 'record' };

/**
 * Hands on each call that settles as a success or a failure. Calls that were rejected have no outcome: record in the mode
 * `observe`, or what an outage did is missing.
 *
 * @param source a breaker, or a registry with all that it has
 * @param sink is told of each call; what it throws is reported, and disturbs no call
 * @returns ends the recording
 * @throws InvalidOptionsError for anything but a breaker or a registry, and a function
 *
 * @example
 * ```ts
 * import { defaultRegistry } from 'recloser';
 * import { type RecordedCall, record } from 'recloser/adaptive';
 *
 * const trace: RecordedCall[] = [];
 * const stop = record(defaultRegistry, (call) => trace.push(call));
 * stop();
 * console.log(trace.length); // → 0
 * ```
 */
export function record(source: BreakerSource, sink: (call: RecordedCall) => void): () => void {
  verifySource(SUBJECT, source);
  verify(SUBJECT, 'sink', sink, callable);
  const clock = clockOf(source);
  const listen =
    (ok: boolean) =>
    ({ breaker, duration }: CallEvent): void => {
      // One that started before anybody listened has no duration.
      if (!Number.isNaN(duration)) sink({ breaker, t: clock.now() - duration, ok, ms: duration });
    };
  const breakers = source as InstrumentableBreaker;
  const stops = [breakers.on('success', listen(true)), breakers.on('failure', listen(false))];
  return () => {
    for (const stop of stops) stop();
  };
}

/** The clock of whoever tells: of a registry its own, so that the calls of all breakers are on one line. */
function clockOf(source: BreakerSource): Clock {
  const { clock, options } = source as {
    readonly clock?: Clock;
    readonly options?: { readonly clock?: Clock };
  };
  return clock ?? options?.clock ?? { now: () => performance.now() };
}
