import { type CircuitBreakerOpenError, CircuitBreaker as Core } from '../index.js';

/** What a call is admitted by. */
export type Leave = Exclude<ReturnType<FaceCore['ask']>, CircuitBreakerOpenError>;

/** Who has leave until it is settled. */
export interface Holder {
  readonly leave: Leave;
  readonly startedAt: number;
  holdsLeave: boolean;
}

export type Outcome = 'success' | 'failure' | 'ignored';

/** A core breaker that hands out its leave as it is, and a rejection in place of throwing it: both cost less. */
export class FaceCore extends Core {
  /** Leave that a full stack has left unsettled: nothing is known of those calls. Whoever adds to it calls nothing. */
  readonly owed: Leave[] = [];

  override get metrics(): Core['metrics'] {
    if (this.owed.length > 0) this.#payBack();
    return super.metrics;
  }

  read(): number {
    return this.now();
  }

  waiting(): Promise<void> | undefined {
    return this.leave();
  }

  ask(now: number) {
    if (this.owed.length > 0) this.#payBack();
    return this.admit(now);
  }

  /** Settles a call. Errors pass the core's filters, which somebody may have set since. */
  end(holder: Holder, outcome: Outcome, error: unknown, now: number): void {
    const { leave, startedAt } = holder;
    this.giveBack(leave);
    holder.holdsLeave = false;
    this.settle(
      leave,
      startedAt,
      outcome !== 'success',
      error,
      outcome === 'failure' ? undefined : outcome,
      now,
    );
  }

  #payBack(): void {
    // The stack may be full again: what has not been given back stays owed.
    for (let last = this.owed.length - 1; last >= 0; last--) {
      const leave = this.owed[last] as Leave;
      this.giveBack(leave);
      this.owed.length = last;
      this.settle(leave, Number.NaN, true, undefined, 'ignored');
    }
  }
}
