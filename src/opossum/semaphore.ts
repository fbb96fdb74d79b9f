import { startTimer, stopTimer } from '../core/timers.js';
import { type Clock, systemClock } from '../index.js';

/** Counts who may be in flight. */
export interface Semaphore {
  /** Places that are left. */
  readonly count: number;
  /**
   * Waits for a place, for `timeout` milliseconds at most; without a number for as long as it takes.
   *
   * @returns what gives the place back
   */
  take(timeout?: number): Promise<() => void>;
  /** Takes a place if there is one. */
  test(): boolean;
  /** Gives a place back: to who has waited longest, if anybody waits. */
  release(): void;
}

interface SemaphoreConstructor {
  new (count: number): Semaphore;
  (count: number): Semaphore;
}

/** Makes one of `count` places. Opossum's is a plain function: `new` may be left away. */
export const Semaphore: SemaphoreConstructor = function makeSemaphore(count: number) {
  return new Places(count);
} as unknown as SemaphoreConstructor;

/** One whose places a full stack can still give back. */
export class Places implements Semaphore {
  /** Places that are left; whoever adds one calls nothing, and then `serve`. */
  left: number;
  readonly #clock: Clock;
  #waiting: (() => void)[] | undefined;

  constructor(places: number, clock: Clock = systemClock) {
    this.left = places;
    this.#clock = clock;
  }

  get count(): number {
    return this.left;
  }

  test(): boolean {
    if (this.left < 1) return false;
    this.left--;
    return true;
  }

  /** Gives a place that is left to who has waited longest. */
  serve(): void {
    this.#waiting?.shift()?.();
  }

  release(): void {
    this.left++;
    this.serve();
  }

  take(timeout?: number): Promise<() => void> {
    const release = () => this.release();
    if (this.test()) return Promise.resolve(release);
    this.#waiting ??= [];
    const waiting = this.#waiting;
    return new Promise((resolve, reject) => {
      const give = () => {
        stopTimer(this.#clock, timer);
        this.left--;
        resolve(release);
      };
      const giveUp = () => {
        waiting.splice(waiting.indexOf(give), 1);
        reject(Object.assign(new Error(`Timed out after ${timeout}ms`), { code: 'ETIMEDOUT' }));
      };
      const timer = timeout ? startTimer(this.#clock, giveUp, timeout) : undefined;
      waiting.push(give);
    });
  }
}
