import { CircuitBreaker, type CircuitBreakerOptions, type Permit } from 'recloser';
import { type AdaptiveOptions, adaptive } from 'recloser/adaptive';
import { type ManualClock, manualClock } from '../support/manual-clock.js';

export interface Guarded {
  readonly breaker: CircuitBreaker;
  readonly clock: ManualClock;
  /** Calls one after the other, so many ms apart, a letter each: `f` fails, `s` succeeds; as they were answered. */
  play(outcomes: string, every?: number): string;
  /** Starts calls that are left in flight; those that are rejected are none. */
  start(calls: number, every?: number): Permit[];
}

/** A breaker with a detector, on a clock of its own. */
export function guarded(options: AdaptiveOptions = {}, others: CircuitBreakerOptions = {}): Guarded {
  const clock = Object.assign(manualClock(), { random: () => 0.5 });
  const breaker = new CircuitBreaker({ name: 'test', clock, detector: adaptive(options), ...others });
  return {
    breaker,
    clock,
    play(outcomes, every = 100) {
      let answers = '';
      for (const outcome of outcomes) {
        clock.advance(every);
        const permit = breaker.tryAcquire();
        if (permit === undefined) answers += 'r';
        else if (outcome === 'f') permit.failure(new Error('boom'));
        else permit.success();
        if (permit !== undefined) answers += outcome;
      }
      return answers;
    },
    start(calls, every = 0) {
      const permits: Permit[] = [];
      for (let i = 0; i < calls; i++) {
        clock.advance(every);
        const permit = breaker.tryAcquire();
        if (permit !== undefined) permits.push(permit);
      }
      return permits;
    },
  };
}

/** Opens, waits, and closes by probes. */
export function recover({ breaker, clock, play }: Guarded): void {
  breaker.trip();
  clock.advance(60_000);
  play('sssss', 0);
}
