interface Timer {
  readonly at: number;
  readonly fire: () => void;
}

/**
 * A world's time: a monotonic reading, a wall clock, and the timers that go by it. Either time runs on, and each timer
 * fires at its moment, or the process is frozen meanwhile, and all that are overdue fire when it wakes.
 */
export class SimulatedTime {
  now = 0;
  wall = 1_700_000_000_000;
  readonly #timers = new Map<object, Timer>();

  /** Puts this time's timers in place of the platform's; answers how to put those back. */
  install(): () => void {
    const { setTimeout, clearTimeout } = globalThis;
    const stubs = {
      setTimeout: (fire: () => void, delay: number) => {
        const id = {};
        this.#timers.set(id, { at: this.now + Math.max(delay, 0), fire });
        return id;
      },
      clearTimeout: (id: object) => this.#timers.delete(id),
    };
    Object.assign(globalThis, stubs);
    return () => Object.assign(globalThis, { setTimeout, clearTimeout });
  }

  /** The process is gone, and its timers with it. */
  forgetTimers(): void {
    this.#timers.clear();
  }

  async run(ms: number): Promise<void> {
    const end = this.now + ms;
    for (let due = this.#takeDue(end); due !== undefined; due = this.#takeDue(end)) {
      this.jump(Math.max(due.at - this.now, 0));
      due.fire();
      // A deadline that comes late lets two turns of the loop pass first.
      for (let turn = 0; turn < 3; turn++) await settled();
    }
    this.jump(end - this.now);
  }

  async freeze(ms: number): Promise<void> {
    this.jump(ms);
    await this.run(0);
  }

  /** Lets time pass in which no timer can fire, as while a synchronous task runs. */
  jump(ms: number): void {
    this.now += ms;
    this.wall += ms;
  }

  #takeDue(end: number): Timer | undefined {
    const due = [...this.#timers].filter(([, { at }]) => at <= end).sort(([, a], [, b]) => a.at - b.at);
    const [id, timer] = due[0] ?? [];
    if (id !== undefined) this.#timers.delete(id);
    return timer;
  }
}

/** Resolves when every microtask at hand has run. */
export function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
