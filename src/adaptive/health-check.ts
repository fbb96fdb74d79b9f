/** Asks the dependency while the circuit is OPEN: started by calls that are rejected, so that no timer runs for it. */
export class HealthCheck {
  readonly #run: (signal: AbortSignal) => unknown;
  readonly #every: number;
  readonly #resume: () => void;
  #startedAt = Number.NEGATIVE_INFINITY;
  #running: AbortController | undefined;

  constructor(run: (signal: AbortSignal) => unknown, every: number, resume: () => void) {
    this.#run = run;
    this.#every = every;
    this.#resume = resume;
  }

  /** A call was rejected. */
  ask(now: number): void {
    if (now < this.#startedAt) this.#startedAt = Number.NEGATIVE_INFINITY; // the clock has begun anew
    if (this.#running !== undefined || now - this.#startedAt < this.#every) return;
    this.#startedAt = now;
    const controller = new AbortController();
    this.#running = controller;
    const end = (isWell: boolean) => {
      if (this.#running !== controller) return; // of a stay that is over
      this.#running = undefined;
      if (isWell) this.#resume();
    };
    new Promise((resolve) => resolve(this.#run(controller.signal))).then(
      () => end(true),
      () => end(false),
    );
  }

  /** The circuit is OPEN no more. */
  stop(): void {
    const running = this.#running;
    this.#running = undefined;
    running?.abort();
  }
}
