/**
 * How a call is made and ends: who admits it, what ends it, what is told of it in which order, and what answers in its
 * place. It asks the core for leave, and hands the outcome back to it.
 */
import { type Deadlines, deadlinesFor, Deadlines as OwnDeadlines } from '../core/deadlines.js';
import { rejectSoon } from '../core/promises.js';
import { report } from '../core/report.js';
import { isThenable } from '../core/thenable.js';
import { CircuitBreakerOpenError } from '../index.js';
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
import type { Leave } from './face-core.js';
import { Flight, type Tower } from './flight.js';
import type { ReadOptions } from './options.js';
import type { Places } from './semaphore.js';

// biome-ignore lint/suspicious/noExplicitAny: as opossum's types have it
export type AnyFunction = (...args: any[]) => any;

/** What calls need of their breaker. */
export interface CallHost extends Teller {
  readonly name: string;
  readonly action: AnyFunction;
  /** `tell` of what is told most. */
  tellSuccess(value: unknown, now: number, ms: number): void;
  /** Sees to it that the call finds a controller that is not aborted, where the options say so. */
  renewController(): void;
}

export class Calls implements Tower {
  fallback: AnyFunction | undefined;
  readonly #host: CallHost;
  readonly #options: ReadOptions;
  readonly #clock: FaceClock;
  readonly #circuit: FaceCircuit;
  readonly #semaphore: Places;
  readonly #caches: Caches | undefined;
  readonly #owed: Leave[];
  /** Leave of a call that is about to be run. */
  #starting: Leave | undefined;
  #deadlines: Deadlines | undefined;

  constructor(
    host: CallHost,
    options: ReadOptions,
    clock: FaceClock,
    circuit: FaceCircuit,
    semaphore: Places,
    caches: Caches | undefined,
  ) {
    this.#host = host;
    this.#options = options;
    this.#clock = clock;
    this.#circuit = circuit;
    this.#owed = circuit.owed;
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
        ? this.#admitClosed(context, args, slot, circuit.now())
        : this.#admit(context, args, slot, circuit.now());
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
    let leave: Leave | CircuitBreakerOpenError | undefined;
    try {
      leave = this.#circuit.ask(now);
      if (leave instanceof CircuitBreakerOpenError) {
        this.#semaphore.release();
        return this.#rejected(leave, args, slot, now);
      }
      this.#starting = leave;
      return this.#run(context, args, slot, leave, false, now);
    } catch (problem) {
      // Without a call: the stack is full, and `run` may not have begun.
      if (leave === undefined) this.#semaphore.left++;
      else if (this.#starting === leave) {
        this.#starting = undefined;
        this.#semaphore.left++;
        this.#owed[this.#owed.length] = leave as Leave;
      }
      throw problem;
    }
  }

  /** Elsewhere the state is asked first; a probe that finds no place gives its leave back. */
  #admit(context: unknown, args: readonly unknown[], slot: Slot | undefined, now: number): Promise<unknown> {
    const leave = this.#circuit.ask(now);
    if (leave instanceof CircuitBreakerOpenError) return this.#rejected(leave, args, slot, now);
    const isProbe = this.#circuit.core.state === 'HALF_OPEN';
    if (!this.#semaphore.test()) {
      this.#circuit.settle({ leave, startedAt: now, holdsLeave: true }, 'ignored', undefined, now);
      return this.#locked(args, slot);
    }
    if (isProbe) this.#circuit.probeStarted();
    return this.#run(context, args, slot, leave, isProbe, now);
  }

  #run(
    context: unknown,
    args: readonly unknown[],
    slot: Slot | undefined,
    leave: Leave,
    isProbe: boolean,
    now: number,
  ): Promise<unknown> {
    this.#starting = undefined;
    let flight: Flight | undefined;
    try {
      if (this.#options.autoRenewAbortController) this.#host.renewController();
      const timeout = this.#options.timeout || 0;
      flight = new Flight(this, leave, isProbe, args, slot, now, timeout);
      if (timeout > 0) {
        if (this.fallback !== undefined) flight.rememberContext();
        this.#deadlinesOfCall().add(flight, now);
      }
      this.#start(flight, context);
      return flight.promise;
    } catch (problem) {
      // Without a call: the stack is full, and nobody will come to settle this one.
      if (flight === undefined || flight.holdsPlace) this.#semaphore.left++;
      if (flight === undefined || flight.holdsLeave) this.#owed[this.#owed.length] = leave;
      if (flight !== undefined) flight.isSettled = true;
      throw problem;
    }
  }

  #start(flight: Flight, context: unknown): void {
    try {
      const answer: unknown = Reflect.apply(this.#host.action, context, flight.args);
      const result = isThenable(answer) ? answer : Promise.resolve(answer);
      result.then(
        (value) => this.#succeeded(flight, value, result),
        (error) => this.#failed(flight, error),
      );
    } catch (error) {
      this.#failed(flight, error);
    }
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

  #giveBackPlace(flight: Flight): void {
    flight.holdsPlace = false;
    this.#semaphore.left++;
    this.#semaphore.serve();
  }

  #succeeded(flight: Flight, value: unknown, result: PromiseLike<unknown>): void {
    if (flight.isSettled) return;
    const now = this.#circuit.now();
    const ms = this.#land(flight, now);
    try {
      this.#leave(flight);
      this.#circuit.settle(flight, 'success', undefined, now);
      this.#host.tellSuccess(value, now, ms);
      this.#settled(flight, 'success');
    } finally {
      this.#giveBackPlace(flight);
      flight.resolve(value);
    }
    if (flight.slot !== undefined) this.#caches?.keep(flight.slot, result);
  }

  #failed(flight: Flight, error: unknown): void {
    if (flight.isSettled) return;
    const now = this.#circuit.now();
    const ms = this.#land(flight, now);
    this.#giveBackPlace(flight);
    this.#settleFailed(flight, error, error, now, ms);
    this.#settled(flight, 'error');
  }

  timedOut(flight: Flight, now: number): void {
    if (flight.isSettled) return;
    const ms = this.#land(flight, now);
    const error = createTimeoutError(this.#host.name, flight.duration);
    this.#giveBackPlace(flight);
    this.#host.tell('timeout', now, undefined, error, ms, flight.args);
    this.#settleFailed(flight, error, error.cause, now, ms);
    this.#settled(flight, 'timeout');
    this.#options.abortController?.abort();
  }

  /** @param seen the error as the core is to see it */
  #settleFailed(flight: Flight, error: unknown, seen: unknown, now: number, ms: number): void {
    const { args } = flight;
    const isFiltered = this.#isFiltered(error, args);
    if (isFiltered !== false) {
      this.#leave(flight);
      this.#circuit.settle(flight, isFiltered ? 'success' : 'ignored', undefined, now);
      if (isFiltered) this.#host.tellSuccess(error, now, ms);
      flight.reject(error);
      return;
    }
    this.#host.tell('failure', now, ms, error, ms, args);
    this.#leave(flight);
    const isOwn = isRejectionOf(this.#circuit.core, error);
    if (!isOwn) this.#circuit.armRate();
    this.#circuit.settle(flight, isOwn ? 'ignored' : 'failure', seen, now);
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
      const answer: unknown = this.#options.errorFilter(error, ...args);
      if (!isThenable(answer)) return Boolean(answer);
      Promise.resolve(answer).catch(() => {}); // it reaches nobody
      throw new TypeError('`errorFilter` must answer at once, received a promise');
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
    const now = this.#circuit.now();
    this.#host.tell('semaphoreLocked', now, undefined, error, 0);
    const isFiltered = this.#isFiltered(error, args);
    if (isFiltered) this.#host.tellSuccess(error, now, 0);
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
      this.#host.tell('fallback', this.#circuit.now(), undefined, result, error);
      return Promise.resolve(result);
    } catch (thrown) {
      return Promise.reject(thrown);
    }
  }

  #settled({ slot }: Flight, end: End): void {
    if (slot !== undefined) this.#caches?.settled(slot, end);
  }
}
