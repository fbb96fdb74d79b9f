import { startTimer, stopTimer, type Timer } from '../core/timers.js';
import { breakerSubject, duration, verify } from '../core/validate.js';
import type { Clock } from '../index.js';

/** Whose dependency is checked: it is the `this` of its checks. */
export interface Checked {
  readonly name: string;
  readonly isShutdown: boolean;
  emit(event: 'healthCheckFailed', error: unknown): unknown;
  open(): void;
}

const AT_LEAST_1 = duration(1);

/** The health checks of a breaker, each with a timer of its own that keeps no process alive. */
export class HealthChecks {
  readonly #checked: Checked;
  readonly #clock: Clock;
  readonly #running = new Set<{ timer: Timer | undefined }>();

  constructor(checked: Checked, clock: Clock) {
    this.#checked = checked;
    this.#clock = clock;
  }

  /**
   * Checks at once and each `interval` ms, until `end`.
   *
   * @throws TypeError if `check` is no function or `interval` no number
   * @throws InvalidOptionsError for an interval below 1 ms
   */
  begin(check: unknown, interval: unknown): void {
    if (typeof check !== 'function') throw new TypeError('Health check function must be a function');
    const every = Number(interval || 5_000);
    if (Number.isNaN(every)) throw new TypeError('Health check interval must be a number');
    verify(breakerSubject('check', this.#checked.name), 'interval', every, AT_LEAST_1);
    const running: { timer: Timer | undefined } = { timer: undefined };
    const next = () => {
      if (this.#checked.isShutdown) return;
      running.timer = startTimer(this.#clock, next, every, { background: true });
      this.#check(check as () => unknown);
    };
    this.#running.add(running);
    next();
  }

  end(): void {
    for (const { timer } of this.#running) stopTimer(this.#clock, timer);
    this.#running.clear();
  }

  async #check(check: () => unknown): Promise<void> {
    const checked = this.#checked;
    try {
      await Reflect.apply(check, checked, []);
    } catch (error) {
      if (checked.isShutdown) return;
      checked.emit('healthCheckFailed', error);
      checked.open();
    }
  }
}
