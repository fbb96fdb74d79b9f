/** A chain of reactions that began where this module was loaded: what they run belongs to nobody's request. */
class RootContext {
  #jobs: (() => void)[] = [];
  #wake!: () => void;

  constructor() {
    this.#wait();
  }

  run(job: () => void): void {
    this.#jobs.push(job);
    this.#wake();
  }

  #wait(): void {
    new Promise<void>((resolve) => {
      this.#wake = resolve;
    }).then(() => {
      const jobs = this.#jobs;
      this.#jobs = [];
      this.#wait();
      for (const job of jobs) job();
    });
  }
}

const root = /* @__PURE__ */ new RootContext();

/** Runs something in a microtask, outside the asynchronous context of whoever asks. It must not throw. */
export function afterRoot(job: () => void): void {
  root.run(job);
}
