import { afterArrivals } from '../core/timers.js';
import { systemClock } from '../index.js';

/** Milliseconds after which others have their turn. */
const SLICE = 5;
/** Items that are done in any case: a few are no work, however busy the machine is. */
const LEAST = 32;

/** Does something with each item, in slices between which the process does other things. */
export async function inSlices<Item>(items: readonly Item[], run: (item: Item) => void): Promise<void> {
  let began = systemClock.now();
  let done = 0;
  for (const item of items) {
    if (done >= LEAST && systemClock.now() - began >= SLICE) {
      await new Promise<void>((resolve) => afterArrivals(systemClock, resolve));
      began = systemClock.now();
      done = 0;
    }
    run(item);
    done++;
  }
}

/** Runs one thing after the other. */
export class Queue {
  #last: Promise<unknown> = Promise.resolve();

  run<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#last.then(task);
    this.#last = result.catch(() => {});
    return result;
  }
}
