import type { Clock } from '../index.js';
import type { Attempt, Ended } from './attempt.js';
import { Wait } from './wait.js';

/** What a race needs of its call. */
export interface RacePlan {
  readonly clock: Clock;
  /** Milliseconds before each hedge. */
  readonly delay: number;
  /** Hedges at most. */
  readonly most: number;
  readonly hasFailed: (ended: Ended) => boolean;
  /** Sends a hedge, unless there is a reason not to. */
  readonly send: (delay: number) => Attempt | undefined;
  readonly won: () => void;
  readonly discard: (value: unknown) => void;
}

/**
 * An attempt and its hedges. The first good answer wins; a failure waits for those that are still out, and when all have
 * failed the last one counts. A failure before the delay sends no hedge.
 */
export class Race {
  readonly #plan: RacePlan;
  readonly #out = new Set<Attempt>();
  #sent = 0;
  #wait: Wait | undefined;
  #resolve: ((ended: Ended) => void) | undefined;

  constructor(plan: RacePlan) {
    this.#plan = plan;
  }

  run(first: Attempt): Promise<Ended> {
    return new Promise((resolve) => {
      this.#resolve = resolve;
      this.#add(first);
      this.#waitForHedge();
    });
  }

  #add(attempt: Attempt): void {
    this.#out.add(attempt);
    attempt.ended.then((ended) => {
      // Its call goes on, perhaps, but it has timed out.
      ended.late?.abort(ended.result);
      this.#took(attempt, ended);
    });
  }

  #waitForHedge(): void {
    if (this.#sent >= this.#plan.most) return;
    const wait = new Wait(this.#plan.clock, undefined).endAfter(this.#plan.delay);
    this.#wait = wait;
    wait.ended.then(() => {
      if (this.#resolve === undefined) return;
      const hedge = this.#plan.send(this.#plan.delay);
      if (hedge === undefined) return; // the others go on
      this.#sent++;
      this.#add(hedge);
      this.#waitForHedge();
    });
  }

  #took(attempt: Attempt, ended: Ended): void {
    this.#out.delete(attempt);
    const resolve = this.#resolve;
    if (resolve === undefined) {
      if (!ended.threw) this.#plan.discard(ended.result); // two have answered in one moment
      return;
    }
    const isOver = ended.by !== undefined;
    if (!isOver && this.#plan.hasFailed(ended)) {
      if (this.#out.size > 0) {
        if (!ended.threw) this.#plan.discard(ended.result);
        return;
      }
    } else if (!isOver && attempt.isHedge) {
      this.#plan.won();
    }
    this.#resolve = undefined;
    this.#wait?.end('turn');
    for (const loser of this.#out) loser.lose();
    resolve(ended);
  }
}
