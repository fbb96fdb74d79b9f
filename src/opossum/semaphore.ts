import { startTimer, stopTimer } from '../core/timers.js';
import { type Clock, systemClock } from '../index.js';

/** Counts who may be in flight. `count` is what is left. */
export class Semaphore {
  /** Places that are left. */
  count: number;
  readonly #clock: Clock;
  readonly #waiting: (() => void)[] = [];

  constructor(count: number, clock: Clock = systemClock) {
    this.count = count;
    this.#clock = clock;
  }

  /** Takes a place if there is one. */
  readonly test = (): boolean => {
    if (this.count < 1) return false;
    this.count--;
    return true;
  };

  /**
   * Waits for a place, for `timeout` milliseconds at most; without a number for as long as it takes.
   *
   * @returns what gives the place back
   */
  readonly take = (timeout?: number): Promise<() => void> => {
    if (this.test()) return Promise.resolve(this.release);
    return new Promise((resolve, reject) => {
      const give = () => {
        stopTimer(this.#clock, timer);
        this.count--;
        resolve(this.release);
      };
      const giveUp = () => {
        this.#waiting.splice(this.#waiting.indexOf(give), 1);
        reject(Object.assign(new Error(`Timed out after ${timeout}ms`), { code: 'ETIMEDOUT' }));
      };
      const timer = timeout ? startTimer(this.#clock, giveUp, timeout) : undefined;
      this.#waiting.push(give);
    });
  };

  /** Gives a place back: to who has waited longest, if anybody waits. */
  readonly release = (): void => {
    this.count++;
    this.#waiting.shift()?.();
  };
}
