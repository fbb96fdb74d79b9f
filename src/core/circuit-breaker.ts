/** The circuit breaker as users see it, with what its methods promise. What they do is in the classes behind it. */

import {
  type CallOptions,
  readCallOptions,
  readSyncCallOptions,
  type SyncCallOptions,
} from './call-options.js';
import { mayTakeCallback, watchForCallback } from './callback.js';
import { isNobody, takenOff, verifyCallee } from './callee.js';
import { CallingCircuit, type CallResult } from './calling-circuit.js';
import { CircuitBreakerOpenError } from './errors.js';
import type { CircuitBreakerEvents, Listener } from './events.js';
import { imitate } from './imitate.js';
import {
  type CircuitBreakerOptions,
  DEFAULT_NAME,
  readBreakerOptions,
  refuseIdleRate,
  subjectOf,
  type UpdatableOptions,
} from './options.js';
import type { Permit } from './permit.js';
import type { Task } from './promises.js';
import { SEAM, type Seat } from './seam.js';
import type { CircuitSnapshot } from './snapshot.js';

/** What most breakers are given beside their name; they share it, since thousands may wait for their first call. */
const NOTHING: CircuitBreakerOptions = {};

/**
 * Stands between a service and something that it calls. When the calls fail or slow down it stops them at once, lets
 * a few probes through after a while, and closes again by itself.
 *
 * It has no timers at rest: what happens with time happens when a call asks.
 *
 * @example
 * ```ts
 * import { CircuitBreaker } from 'recloser';
 *
 * const breaker = new CircuitBreaker({ name: 'greeter', callTimeout: 2_000, fallback: () => 'Hello, whoever you are.' });
 * console.log(await breaker.call(async () => 'Hello, Ada.')); // → Hello, Ada.
 * ```
 */
export class CircuitBreaker extends CallingCircuit {
  /**
   * A breaker that is CLOSED; every option has a default.
   *
   * @param options `name`, `callTimeout` and `isFailure` are those that people change first
   * @throws InvalidOptionsError for an unknown option, a value out of range or a damaged snapshot
   */
  constructor(options: CircuitBreakerOptions = {}) {
    const subject = subjectOf(options);
    const {
      name = DEFAULT_NAME,
      snapshot,
      onTransition,
      onOpen,
      onClose,
      onHalfOpen,
      ...given
    } = readBreakerOptions(options, subject);
    refuseIdleRate(given, given, subject);
    super(name, Object.keys(given).length > 0 ? given : NOTHING, snapshot, subject);
    if (onTransition !== undefined) this.on('transition', onTransition);
    if (onOpen !== undefined) this.on('open', onOpen);
    if (onClose !== undefined) this.on('close', onClose);
    if (onHalfOpen !== undefined) this.on('halfOpen', onHalfOpen);
  }

  /**
   * Runs a task, unless the circuit is open. The promise settles as the task does, except that it
   *
   * - rejects with `CircuitBreakerOpenError` if the breaker rejected the call,
   * - rejects with `CallTimeoutError` after `callTimeout`,
   * - rejects with the signal's reason when the caller's signal aborts,
   * - settles as the fallback does if there is one and `fallbackOn` names the error.
   *
   * It rejects with a `TypeError` for a task that is no function and with `InvalidOptionsError` for bad options.
   *
   * @example
   * ```ts
   * import { CircuitBreaker } from 'recloser';
   *
   * const breaker = new CircuitBreaker({ name: 'users', callTimeout: 500 });
   * const user = await breaker.call(async ({ signal }) => ({ id: 7, aborted: signal.aborted }));
   * console.log(user.id); // → 7
   * ```
   */
  call<T>(task: Task<T>, options?: CallOptions<T>): Promise<T> {
    if (isNobody(this)) return Promise.reject(takenOff('call'));
    return this.runCall(task, options);
  }

  /**
   * Like `call`, for code that handles failures as values: the promise never rejects.
   *
   * @example
   * ```ts
   * import { CircuitBreaker } from 'recloser';
   *
   * const breaker = new CircuitBreaker();
   * const result = await breaker.tryCall(() => 42);
   * if (result.ok) console.log(result.value); // → 42
   * ```
   */
  tryCall<T>(task: Task<T>, options?: CallOptions<T>): Promise<CallResult<T>> {
    if (isNobody(this)) throw takenOff('tryCall');
    return this.runTryCall(task, options);
  }

  /**
   * Runs a synchronous task, unless the circuit is open. `callTimeout` does not apply.
   *
   * @throws CircuitBreakerOpenError if the breaker rejected the call and no fallback answered
   * @throws TypeError if the task is no function
   */
  callSync<T>(task: () => T, options?: SyncCallOptions<T>): T {
    if (isNobody(this)) throw takenOff('callSync');
    return this.runCallSync(task, options);
  }

  /**
   * A function that runs `fn` through this breaker. It keeps `this`, the arguments, the name, the length, and
   * whatever hangs on the function.
   *
   * @throws TypeError if `fn` is no function, or a class or an async generator function
   * @throws InvalidOptionsError for bad options
   *
   * @example
   * ```ts
   * import { CircuitBreaker } from 'recloser';
   *
   * const greet = new CircuitBreaker().wrap(async (name: string) => `Hello, ${name}.`);
   * console.log(await greet('Ada')); // → Hello, Ada.
   * ```
   */
  wrap<This, Args extends unknown[], R>(
    fn: (this: This, ...args: Args) => R | PromiseLike<R>,
    options?: CallOptions<R>,
  ): (this: This, ...args: Args) => Promise<R> {
    verifyCallee(fn, this.name);
    const breaker = this;
    const checked = options === undefined ? undefined : readCallOptions(options, this.name);
    const guard = function (this: This, ...args: Args) {
      const task = () => Reflect.apply(fn, this, args);
      return mayTakeCallback(args)
        ? breaker.call(...watchForCallback(fn, task, checked))
        : breaker.call(task, checked);
    };
    return imitate(fn, guard, (form) => this.wrap(form, options as CallOptions));
  }

  /**
   * Like `wrap`, for a synchronous function.
   *
   * @throws TypeError if `fn` is no function, or a class or an async generator function
   * @throws InvalidOptionsError for bad options
   */
  wrapSync<This, Args extends unknown[], R>(
    fn: (this: This, ...args: Args) => R,
    options?: SyncCallOptions<R>,
  ): (this: This, ...args: Args) => R {
    verifyCallee(fn, this.name);
    const breaker = this;
    const checked = options === undefined ? undefined : readSyncCallOptions(options, this.name);
    return imitate(fn, function (this: This, ...args: Args) {
      return breaker.callSync(() => Reflect.apply(fn, this, args), checked);
    });
  }

  /**
   * Leave for one call that you run yourself; settle it when the call ends. `callTimeout` does not apply.
   *
   * @throws CircuitBreakerOpenError if the breaker rejects the call
   */
  acquire(): Permit {
    const permit = this.permitNow();
    if (permit instanceof CircuitBreakerOpenError) throw permit;
    return permit;
  }

  /** Like `acquire`, with `undefined` in place of a rejection. */
  tryAcquire(): Permit | undefined {
    const permit = this.permitNow();
    return permit instanceof CircuitBreakerOpenError ? undefined : permit;
  }

  /**
   * Opens the circuit now; it recovers by itself after the recovery timeout, which starts again if it is OPEN
   * already. In a forced mode nothing happens.
   *
   * @param reason words for the transition's `detail`
   */
  trip(reason?: string): void {
    this.tripNow(reason);
  }

  /**
   * Opens the circuit until `reset()`.
   *
   * @param reason words for the errors of rejected calls, the transition's `detail` and the `mode` event
   */
  forceOpen(reason?: string): void {
    this.force('OPEN', reason);
  }

  /**
   * Closes the circuit until `reset()`: every call passes and is still counted.
   *
   * @param reason words for the transition's `detail` and the `mode` event
   */
  forceClosed(reason?: string): void {
    this.force('CLOSED', reason);
  }

  /**
   * Back to CLOSED and to the configured mode, with an empty window. Calls in flight steer nothing afterwards, and take no
   * place of `maxConcurrentCalls`.
   *
   * @param reason words for the transition's `detail` and the `mode` event
   */
  reset(reason?: string): void {
    this.resetNow(reason);
  }

  /**
   * Changes options, all of them or none. They hold from the next decision on; a new `recoveryTimeout` from the next
   * opening. The window keeps its data unless its shape changes.
   *
   * @throws InvalidOptionsError for an unknown option, a value out of range, or an option that cannot be updated
   */
  update(options: UpdatableOptions): void {
    this.updateNow(options);
  }

  /**
   * Tells `listener` each event of this kind, after the fact.
   *
   * @returns a function that unsubscribes it
   * @throws TypeError for an unknown event or a listener that is no function
   */
  on<Event extends keyof CircuitBreakerEvents>(
    event: Event,
    listener: Listener<CircuitBreakerEvents[Event]>,
  ): () => void {
    return this.emitter().add(event, listener);
  }

  /**
   * Like `on`, for the next such event alone.
   *
   * @throws TypeError for an unknown event or a listener that is no function
   */
  once<Event extends keyof CircuitBreakerEvents>(
    event: Event,
    listener: Listener<CircuitBreakerEvents[Event]>,
  ): () => void {
    return this.emitter().add(event, listener, true);
  }

  /**
   * Unsubscribes a listener; the latest registration of it, if there are several.
   *
   * @throws TypeError for an unknown event or a listener that is no function
   */
  off<Event extends keyof CircuitBreakerEvents>(
    event: Event,
    listener: Listener<CircuitBreakerEvents[Event]>,
  ): void {
    this.emitter().remove(event, listener);
  }

  /** The state as JSON-safe data, to start from in another process: `new CircuitBreaker({ ...options, snapshot })`. */
  snapshot(): CircuitSnapshot {
    return this.snapshotNow();
  }

  /** The same as `snapshot()`, for `JSON.stringify`. */
  toJSON(): CircuitSnapshot {
    return this.snapshot();
  }

  /**
   * Takes over the state of a snapshot. Options stay as they are; totals become the larger of the two.
   *
   * @throws InvalidOptionsError for a damaged snapshot or one of a newer version; the breaker stays as it was
   */
  restore(snapshot: CircuitSnapshot): void {
    this.restoreNow(snapshot);
  }

  /** @internal for a partner who shares the circuit: see `seam.ts` */
  [SEAM](): Seat {
    return this.createSeat();
  }

  /** @internal for consoles */
  [Symbol.for('nodejs.util.inspect.custom')](): object {
    const { name, state, mode } = this;
    const { health } = this.metrics;
    return new (class CircuitBreaker {
      name = name;
      state = state;
      mode = mode;
      health = health;
    })();
  }
}
