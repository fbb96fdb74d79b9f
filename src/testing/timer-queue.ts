/** A timer of a manual clock, as Node's timers are: it keeps no process alive, whatever `hasRef` says. */
export interface ManualTimer {
  ref(): this;
  unref(): this;
  hasRef(): boolean;
}

export class QueuedTimer implements ManualTimer {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
  /** Where it stands in the heap, or stood. */
  index!: number;
  #hasRef = true;

  constructor(at: number, order: number, run: () => void) {
    this.at = at;
    this.order = order;
    this.run = run;
  }

  ref(): this {
    this.#hasRef = true;
    return this;
  }

  unref(): this {
    this.#hasRef = false;
    return this;
  }

  hasRef(): boolean {
    return this.#hasRef;
  }
}

const isBefore = (a: QueuedTimer, b: QueuedTimer): boolean =>
  a.at < b.at || (a.at === b.at && a.order < b.order);

/** Timers by time, then by setting: a binary heap, from which any of them can be taken. */
export class TimerQueue {
  readonly #heap: QueuedTimer[] = [];

  get size(): number {
    return this.#heap.length;
  }

  get first(): QueuedTimer | undefined {
    return this.#heap[0];
  }

  add(timer: QueuedTimer): void {
    this.#heap.push(timer);
    this.#rise(timer, this.#heap.length - 1);
  }

  /** Does nothing for a timer that waits no more, or is none of these. */
  remove(timer: QueuedTimer): void {
    const { index } = timer;
    if (this.#heap[index] !== timer) return;
    const last = this.#heap.pop() as QueuedTimer;
    if (last === timer) return;
    this.#rise(last, index);
    this.#sink(last, last.index);
  }

  /** The first few, in order. */
  list(most: number): QueuedTimer[] {
    return [...this.#heap].sort((a, b) => (isBefore(a, b) ? -1 : 1)).slice(0, most);
  }

  #put(timer: QueuedTimer, index: number): void {
    this.#heap[index] = timer;
    timer.index = index;
  }

  #rise(timer: QueuedTimer, from: number): void {
    let index = from;
    while (index > 0) {
      const parent = this.#heap[(index - 1) >> 1] as QueuedTimer;
      if (!isBefore(timer, parent)) break;
      this.#put(parent, index);
      index = (index - 1) >> 1;
    }
    this.#put(timer, index);
  }

  #sink(timer: QueuedTimer, from: number): void {
    let index = from;
    for (;;) {
      const left = 2 * index + 1;
      const [a, b] = [this.#heap[left], this.#heap[left + 1]];
      if (a === undefined) break;
      const child = b !== undefined && isBefore(b, a) ? b : a;
      if (!isBefore(child, timer)) break;
      const next = child.index;
      this.#put(child, index);
      index = next;
    }
    this.#put(timer, index);
  }
}
