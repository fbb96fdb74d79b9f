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
  return createSemaphore(count);
} as unknown as SemaphoreConstructor;

/** One whose places a full stack can still give back. */
export interface OpenSemaphore extends Semaphore {
  /** Places that are left; whoever adds one calls nothing, and then `serve`. */
  left: number;
  /** Gives a place that is left to who has waited longest. */
  serve(): void;
}

export function createSemaphore(places: number, clock: Clock = systemClock): OpenSemaphore {
  const waiting: (() => void)[] = [];

  const semaphore: OpenSemaphore = {
    left: places,
    get count() {
      return semaphore.left;
    },
    test() {
      if (semaphore.left < 1) return false;
      semaphore.left--;
      return true;
    },
    serve() {
      waiting.shift()?.();
    },
    release() {
      semaphore.left++;
      semaphore.serve();
    },
    take(timeout) {
      if (semaphore.test()) return Promise.resolve(semaphore.release);
      return new Promise((resolve, reject) => {
        const give = () => {
          stopTimer(clock, timer);
          semaphore.left--;
          resolve(semaphore.release);
        };
        const giveUp = () => {
          waiting.splice(waiting.indexOf(give), 1);
          reject(Object.assign(new Error(`Timed out after ${timeout}ms`), { code: 'ETIMEDOUT' }));
        };
        const timer = timeout ? startTimer(clock, giveUp, timeout) : undefined;
        waiting.push(give);
      });
    },
  };
  return semaphore;
}
