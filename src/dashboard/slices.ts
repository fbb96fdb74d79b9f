import { afterArrivals } from '../core/timers.js';
import { systemClock } from '../index.js';

/** Milliseconds after which others have their turn. */
const SLICE = 5;

/** Does something with each item, in slices between which the process does other things. */
export async function inSlices<Item>(items: readonly Item[], run: (item: Item) => void): Promise<void> {
  let began = systemClock.now();
  for (const item of items) {
    run(item);
    if (systemClock.now() - began < SLICE) continue;
    await new Promise<void>((resolve) => afterArrivals(systemClock, resolve));
    began = systemClock.now();
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
