import { CircuitBreaker, type CircuitBreakerOptions } from '../index.js';
import type { RecordedCall } from './record.js';

/** A time in which the dependency was down, in readings of the trace's clock. */
export interface Incident {
  readonly from: number;
  readonly to: number;
}

/** What a breaker would have done with recorded calls. */
export interface Replay {
  /** When it opened out of CLOSED. */
  readonly trips: readonly number[];
  /** For each incident, ms until it was open; `null` where it never was. */
  readonly detections: readonly (number | null)[];
  /** Calls that succeeded and would have passed, and that would have been rejected. */
  readonly passed: number;
  readonly lost: number;
  /** Calls that failed and would have passed. */
  readonly failingSent: number;
}

/** The times of a trace: starts in order, and ends in order, by the numbers of the calls. */
export interface Schedule {
  readonly calls: readonly RecordedCall[];
  readonly ends: readonly number[];
}

export function scheduleOf(trace: readonly RecordedCall[]): Schedule {
  const calls = [...trace].sort((a, b) => a.t - b.t);
  const endOf = (call: number) => (calls[call] as RecordedCall).t + (calls[call] as RecordedCall).ms;
  return { calls, ends: calls.map((_, call) => call).sort((a, b) => endOf(a) - endOf(b)) };
}

/** Plays recorded calls through a real breaker, on their own clock: the same calls, the same answer. */
export function replay(
  { calls, ends }: Schedule,
  options: CircuitBreakerOptions,
  incidents: readonly Incident[],
): Replay {
  const first = calls[0] as RecordedCall;
  let now = first.t;
  let dice = 1;
  const random = () => {
    dice = (Math.imul(dice, 1_664_525) + 1_013_904_223) >>> 0;
    return dice / 2 ** 32;
  };
  const trips: number[] = [];
  const breaker = new CircuitBreaker({
    ...options,
    name: first.breaker,
    clock: { now: () => now, random },
    onTransition: ({ from, at }) => {
      if (from === 'CLOSED') trips.push(at);
    },
  });
  const detections: (number | null)[] = incidents.map(() => null);
  const permits = new Map<number, ReturnType<typeof breaker.tryAcquire>>();
  const figures = { passed: 0, lost: 0, failingSent: 0 };
  let start = 0;
  let end = 0;
  while (end < ends.length) {
    const ending = ends[end] as number;
    const ended = calls[ending] as RecordedCall;
    const endedAt = ended.t + ended.ms;
    const starting = calls[start];
    // What ends at the moment of a start ends before it, unless it starts no earlier itself.
    if (starting !== undefined && (starting.t < endedAt || start <= ending)) {
      now = starting.t;
      const permit = breaker.tryAcquire();
      if (permit !== undefined) permits.set(start, permit);
      else if (starting.ok) figures.lost++;
      start++;
    } else {
      now = endedAt;
      const permit = permits.get(ending);
      permits.delete(ending);
      end++;
      if (permit !== undefined && ended.ok) {
        figures.passed++;
        permit.success();
      } else if (permit !== undefined) {
        figures.failingSent++;
        permit.failure();
      }
    }
    for (const [at, { from, to }] of incidents.entries()) {
      if (detections[at] === null && now >= from && now <= to && breaker.state !== 'CLOSED')
        detections[at] = now - from;
    }
  }
  return { trips, detections, ...figures };
}
