/**
 * How a call is made and ends: who admits it, what ends it, what is told of it in which order, and what answers in its
 * place. It asks the core for a permit, and hands the outcome back to it.
 */
import { type Deadlines, deadlinesFor, Deadlines as OwnDeadlines } from '../core/deadlines.js';
import { rejectSoon } from '../core/promises.js';
import { report } from '../core/report.js';
import { isThenable } from '../core/thenable.js';
import { CircuitBreakerOpenError, type Permit } from '../index.js';
import type { Caches, End, Slot } from './caches.js';
import {
  createLockedError,
  createOpenError,
  createShutdownError,
  createTimeoutError,
  isRejectionOf,
} from './errors.js';
import type { Teller } from './events.js';
import type { FaceCircuit } from './face-circuit.js';
import type { FaceClock } from './face-clock.js';
import { Flight, type Tower } from './flight.js';
import type { ReadOptions } from './options.js';
import type { Semaphore } from './semaphore.js';

// biome-ignore lint/suspicious/noExplicitAny: as opossum's types have it
export type AnyFunction = (...args: any[]) => any;

/** What calls need of their breaker. */
export interface CallHost extends Teller {
  readonly name: string;
  readonly action: AnyFunction;
  /** Sees to it that the call finds a controller that is not aborted, where the options say so. */
  renewController(): void;
}

export class Calls implements Tower {
  fallback: AnyFunction | undefined;
  readonly #host: CallHost;
  readonly #options: ReadOptions;
  readonly #clock: FaceClock;
  readonly #circuit: FaceCircuit;
  readonly #semaphore: Semaphore;
  readonly #caches: Caches | undefined;
  #deadlines: Deadlines | undefined;

  constructor(
    host: CallHost,
    options: ReadOptions,
    clock: FaceClock,
    circuit: FaceCircuit,
    semaphore: Semaphore,
    caches: Caches | undefined,
  ) {
    this.#host = host;
    this.#options = options;
    this.#clock = clock;
    this.#circuit = circuit;
    this.#semaphore = semaphore;
    this.#caches = caches;
  }

  /** Makes a call, once its circuit has leave to be probed where it needs some. */
  make(context: unknown, args: readonly unknown[], slot: Slot | undefined, now: number): Promise<unknown> {
    const circuit = this.#circuit;
    if (circuit.core.state === 'CLOSED') return this.#admitClosed(context, args, slot, now);
    const waiting = circuit.leave();
    if (waiting === undefined) return this.#admit(context, args, slot, now);
    return waiting.then(() => {
      if (circuit.isShutdown) throw createShutdownError();
      return circuit.core.state === 'CLOSED'
        ? this.#admitClosed(context, args, slot, this.#clock.now())
        : this.#admit(context, args, slot, this.#clock.now());
    });
  }

  /** Nothing but the semaphore refuses a call while the circuit is closed. */
  #admitClosed(
    context: unknown,
    args: readonly unknown[],
    slot: Slot | undefined,
    now: number,
  ): Promise<unknown> {
    if (!this.#semaphore.test()) return this.#locked(args, slot);
    const permit = this.#circuit.ask(now);
    if (permit instanceof CircuitBreakerOpenError) {
      this.#semaphore.release();
      return this.#rejected(permit, args, slot, now);
    }
    return this.#run(context, args, slot, permit, false, now);
  }

  /** Elsewhere the state is asked first; a probe that finds no place gives its permit back. */
  #admit(context: unknown, args: readonly unknown[], slot: Slot | undefined, now: number): Promise<unknown> {
    const permit = this.#circuit.ask(now);
    if (permit instanceof CircuitBreakerOpenError) return this.#rejected(permit, args, slot, now);
    const isProbe = this.#circuit.core.state === 'HALF_OPEN';
    if (!this.#semaphore.test()) {
      permit.ignore();
      return this.#locked(args, slot);
    }
    if (isProbe) this.#circuit.probeStarted();
    return this.#run(context, args, slot, permit, isProbe, now);
  }

  #run(
    context: unknown,
    args: readonly unknown[],
    slot: Slot | undefined,
    permit: Permit,
    isProbe: boolean,
    now: number,
  ): Promise<unknown> {
    this.#host.renewController();
    return new Promise((resolve, reject) => {
      const timeout = this.#options.timeout || 0;
      const flight = new Flight(this, permit, isProbe, args, slot, now, timeout, resolve, reject);
      if (timeout > 0) {
        if (this.fallback !== undefined) flight.rememberContext();
        this.#deadlinesOfCall().add(flight, now);
      }
      try {
        const answer: unknown = Reflect.apply(this.#host.action, context, args);
        const result = isThenable(answer) ? answer : Promise.resolve(answer);
        result.then(
          (value) => this.#succeeded(flight, value, result),
          (error) => this.#failed(flight, error),
        );
      } catch (error) {
        this.#failed(flight, error);
      }
    });
  }

  #deadlinesOfCall(): Deadlines {
    this.#deadlines = deadlinesFor(this.#deadlines, this.#clock, () => new OwnDeadlines(this.#clock));
    return this.#deadlines;
  }

  /** Ends a call once; answers how long it took, in whole ms. */
  #land(flight: Flight, now: number): number {
    flight.isSettled = true;
    if (flight.duration > 0) this.#deadlines?.remove(flight);
    return Math.max(Math.round(now - flight.startedAt), 0);
  }

  #leave({ isProbe }: Flight): void {
    if (isProbe) this.#circuit.probeEnded();
  }

  #succeeded(flight: Flight, value: unknown, result: PromiseLike<unknown>): void {
    if (flight.isSettled) return;
    const now = this.#clock.now();
    const ms = this.#land(flight, now);
    this.#leave(flight);
    this.#circuit.succeed(flight.permit, now);
    this.#host.tell('success', now, ms, value, ms);
    this.#settled(flight, 'success');
    this.#semaphore.release();
    flight.resolve(value);
    if (flight.slot !== undefined) this.#caches?.keep(flight.slot, result);
  }

  #failed(flight: Flight, error: unknown): void {
    if (flight.isSettled) return;
    const now = this.#clock.now();
    const ms = this.#land(flight, now);
    this.#semaphore.release();
    this.#settleFailed(flight, error, error, now, ms);
    this.#settled(flight, 'error');
  }

  timedOut(flight: Flight, now: number): void {
    if (flight.isSettled) return;
    const ms = this.#land(flight, now);
    const error = createTimeoutError(this.#host.name, flight.duration);
    this.#semaphore.release();
    this.#host.tell('timeout', now, undefined, error, ms, flight.args);
    this.#settleFailed(flight, error, error.cause, now, ms);
    this.#settled(flight, 'timeout');
    this.#options.abortController?.abort();
  }

  /** @param seen the error as the core is to see it */
  #settleFailed(flight: Flight, error: unknown, seen: unknown, now: number, ms: number): void {
    const { permit, args } = flight;
    const isFiltered = this.#isFiltered(error, args);
    if (isFiltered !== false) {
      this.#leave(flight);
      if (isFiltered) {
        permit.success();
        this.#host.tell('success', now, ms, error, ms);
      } else permit.ignore();
      flight.reject(error);
      return;
    }
    this.#host.tell('failure', now, ms, error, ms, args);
    this.#leave(flight);
    if (isRejectionOf(this.#circuit.core, error)) permit.ignore();
    else {
      this.#circuit.armRate();
      permit.failure(seen);
    }
    this.#end(flight, error, seen !== error);
  }

  #end(flight: Flight, error: unknown, isByTimer: boolean): void {
    const { inContext, args } = flight;
    if (this.fallback === undefined) flight.reject(error);
    else if (inContext !== undefined && isByTimer) inContext(() => flight.resolve(this.#answer(error, args)));
    else flight.resolve(this.#answer(error, args));
  }

  /** Whether the error is none of the dependency's; `undefined` where the filter threw, so that nothing is known. */
  #isFiltered(error: unknown, args: readonly unknown[]): boolean | undefined {
    try {
      return Boolean(this.#options.errorFilter(error, ...args));
    } catch (thrown) {
      report(thrown);
      return undefined;
    }
  }

  #rejected(cause: unknown, args: readonly unknown[], slot: Slot | undefined, now: number): Promise<unknown> {
    if (slot !== undefined) this.#caches?.forget(slot);
    const error = createOpenError(cause);
    this.#host.tell('reject', now, undefined, error);
    return this.#answer(error, args) ?? rejectSoon(error);
  }

  /** A full semaphore says nothing of the dependency: it is counted and opens nothing. */
  #locked(args: readonly unknown[], slot: Slot | undefined): Promise<unknown> {
    if (slot !== undefined) this.#caches?.forget(slot);
    const error = createLockedError();
    const now = this.#clock.now();
    this.#host.tell('semaphoreLocked', now, undefined, error, 0);
    const isFiltered = this.#isFiltered(error, args);
    if (isFiltered) this.#host.tell('success', now, 0, error, 0);
    if (isFiltered !== false) return rejectSoon(error);
    this.#host.tell('failure', now, 0, error, 0, args);
    return this.#answer(error, args) ?? rejectSoon(error);
  }

  /** What the fallback makes of an error, if there is one. */
  #answer(error: unknown, args: readonly unknown[]): Promise<unknown> | undefined {
    const { fallback } = this;
    if (fallback === undefined) return undefined;
    try {
      const result = Reflect.apply(fallback, fallback, [...args, error]);
      this.#host.tell('fallback', this.#clock.now(), undefined, result, error);
      return Promise.resolve(result);
    } catch (thrown) {
      return Promise.reject(thrown);
    }
  }

  #settled({ slot }: Flight, end: End): void {
    if (slot !== undefined) this.#caches?.settled(slot, end);
  }
}
