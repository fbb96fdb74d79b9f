/**
 * The core breaker behind a face, and what the face adds to its states: half-open by itself, told by a timer, and a rule
 * that waits until the breaker is warm. The core alone decides what opens and closes.
 */
import { startTimer, stopTimer, type Timer } from '../core/timers.js';
import type { CircuitBreakerOpenError, CircuitBreaker as Core, Transition } from '../index.js';
import type { FaceClock } from './face-clock.js';
import { FaceCore, type Holder, type Leave, type Outcome } from './face-core.js';
import { isHandedOver, openedAt, snapshotFrom } from './handed-over.js';
import { type ReadOptions, rateOf } from './options.js';
import type { Stats } from './stats.js';

/** Who hears of changes. */
export interface CircuitListener {
  /** Numbers to begin with. */
  readonly stats: Stats;
  opened(): void;
  halfOpened(): void;
  closed(): void;
}

/** Milliseconds that no timer can tell. */
const ROUNDING = 0.001;

/** For how long a probe without a timeout of its own may take. */
const LONGEST_PROBE = 60_000;

export class FaceCircuit {
  readonly #core: FaceCore;
  /** Wall-clock time of the last opening. */
  lastTimerAt: number | undefined;
  warmUp: boolean;
  isShutdown = false;
  readonly #options: ReadOptions;
  readonly #clock: FaceClock;
  readonly #listener: CircuitListener;
  /** Whether the rule of the rate waits for the first failure that counts. */
  #isHeld: boolean;
  /** Whether the reset timeout is over while the core still says OPEN. */
  #isDue = false;
  #probes = 0;
  #resetTimer: Timer | undefined;
  #warmUpTimer: Timer | undefined;

  constructor(name: string, options: ReadOptions, clock: FaceClock, listener: CircuitListener) {
    this.#options = options;
    this.#clock = clock;
    this.#listener = listener;
    this.warmUp = Boolean(options.state?.warmUp || options.allowWarmUp === true);
    this.#isHeld = this.warmUp || options.status !== undefined;
    this.#core = this.#createCore(name);
  }

  get core(): Core {
    return this.#core;
  }

  get isClosed(): boolean {
    return !this.isShutdown && this.core.state === 'CLOSED';
  }

  /** What the core knows is told after a shutdown too. */
  get isOpen(): boolean {
    return this.core.state === 'OPEN' && !this.#seemsHalfOpen;
  }

  get isHalfOpen(): boolean {
    return !this.isShutdown && this.#seemsHalfOpen;
  }

  /** Half-open, and no probe under way. */
  get isPending(): boolean {
    return this.isHalfOpen && this.#probes === 0;
  }

  get #seemsHalfOpen(): boolean {
    const { core } = this;
    return (
      core.state === 'HALF_OPEN' || (this.#isDue && core.state === 'OPEN' && core.mode !== 'forced-open')
    );
  }

  /** Begins in the state that was handed over. */
  begin(): void {
    const { state, rollingCountTimeout } = this.#options;
    if (this.warmUp) {
      const end = () => {
        this.warmUp = false;
      };
      this.#warmUpTimer = startTimer(this.#clock, end, rollingCountTimeout, { background: true });
    }
    if (this.core.state !== 'OPEN') return;
    this.lastTimerAt = openedAt(state, this.#clock.epoch());
    const left = this.core.metrics.retryAfter ?? 0;
    if (left > 0) {
      this.#waitForHalfOpen(left);
      this.#listener.opened();
    } else this.#becomeDue();
  }

  open(): void {
    if (this.isShutdown || this.isOpen) return;
    this.core.trip();
    // Half-open and without a probe it was OPEN for the core all along, which tells of no change.
    if (this.#isDue && this.core.state === 'OPEN') this.#becomeOpen();
  }

  close(): void {
    if (!this.isShutdown && this.core.state !== 'CLOSED') this.core.reset();
  }

  shutdown(): void {
    this.isShutdown = true;
    stopTimer(this.#clock, this.#resetTimer);
    stopTimer(this.#clock, this.#warmUpTimer);
  }

  /** What a call waits for before it may probe, in a circuit that is shared with other processes. */
  leave(): Promise<void> | undefined {
    return this.#core.waiting();
  }

  /** Reads the clock. */
  now(): number {
    return this.#core.read();
  }

  /** Leave for a call, or its rejection. */
  ask(now: number): Leave | CircuitBreakerOpenError {
    return this.#core.ask(now);
  }

  /** Takes in how a call ended. @param error what it failed with, which the core may hold for no failure */
  settle(flight: Holder, outcome: Outcome, error: unknown, now: number): void {
    this.#core.end(flight, outcome, error, now);
  }

  /** Where a full stack leaves what it cannot settle. */
  get owed(): Leave[] {
    return this.#core.owed;
  }

  probeStarted(): void {
    this.#probes++;
  }

  probeEnded(): void {
    if (this.#probes > 0) this.#probes--;
  }

  /** Puts the rule of the rate in force, now that a failure counts: a success never opens a breaker that was primed. */
  armRate(): void {
    if (!this.#isHeld || this.warmUp) return;
    this.#isHeld = false;
    this.setRate(this.#options.errorThresholdPercentage);
  }

  setRate(percentage: number): void {
    if (!this.#isHeld) this.core.update({ failureRateThreshold: rateOf(percentage) });
  }

  setTimeout(timeout: number | false): void {
    this.core.update({ probeTimeout: timeout || LONGEST_PROBE });
  }

  setResetTimeout(recoveryTimeout: number): void {
    this.core.update({ recoveryTimeout });
  }

  #createCore(name: string): FaceCore {
    const { errorThresholdPercentage, volumeThreshold, resetTimeout, timeout } = this.#options;
    const { rollingCountTimeout, rollingCountBuckets } = this.#options;
    const options = {
      name,
      clock: this.#clock,
      failureThreshold: false as const,
      failureRateThreshold: this.#isHeld ? (false as const) : rateOf(errorThresholdPercentage),
      minimumCalls: Math.max(1, Math.ceil(Math.min(volumeThreshold, Number.MAX_SAFE_INTEGER))),
      window: {
        type: 'time' as const,
        duration: Math.max(rollingCountTimeout || 10_000, 1),
        buckets: rollingCountBuckets || 10,
      },
      recoveryTimeout: resetTimeout,
      halfOpenMaxCalls: 1,
      successThreshold: 1,
      probeTimeout: timeout || LONGEST_PROBE,
      onTransition: (transition: Transition) => this.#hear(transition),
    };
    const core = new FaceCore(options);
    if (!isHandedOver(this.#options)) return core;
    const snapshot = snapshotFrom(core.snapshot(), this.#options, this.#listener.stats, this.#clock.epoch());
    return new FaceCore({ ...options, snapshot });
  }

  /** Hears of each change of the core's state. */
  #hear({ to }: Transition): void {
    if (to === 'OPEN') {
      this.#becomeOpen();
      return;
    }
    this.#stopWaiting();
    if (to === 'HALF_OPEN') {
      if (!this.#isDue) this.#becomeDue();
      this.#isDue = false;
      return;
    }
    this.#isDue = false;
    this.#probes = 0;
    this.#listener.closed();
  }

  #becomeOpen(): void {
    this.#isDue = false;
    this.#probes = 0;
    this.lastTimerAt = this.#clock.epoch();
    const { retryAfter } = this.core.metrics;
    if (retryAfter !== null && !this.isShutdown) this.#waitForHalfOpen(retryAfter);
    else this.#stopWaiting();
    this.#listener.opened();
  }

  #becomeDue(): void {
    this.#isDue = true;
    this.#listener.halfOpened();
  }

  /** A timer that fires has reached its time whatever the clock says. */
  #waitForHalfOpen(ms: number): void {
    this.#stopWaiting();
    const reached = this.#clock.now() + ms;
    const fire = () => {
      this.#resetTimer = undefined;
      if (this.core.state !== 'OPEN' || this.#isDue) return;
      this.#clock.reach(reached);
      const left = this.core.metrics.retryAfter;
      if (left === null) return;
      if (left > ROUNDING) {
        // Who shares the circuit has put it off meanwhile.
        this.#waitForHalfOpen(left);
        return;
      }
      if (left > 0) this.#clock.reach(reached + ROUNDING);
      this.#becomeDue();
    };
    this.#resetTimer = startTimer(this.#clock, fire, ms, { background: true });
  }

  #stopWaiting(): void {
    stopTimer(this.#clock, this.#resetTimer);
    this.#resetTimer = undefined;
  }
}
