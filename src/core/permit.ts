import type { OutcomeKind } from './outcome.js';

declare global {
  /** Empty where the library of the compiler lacks `esnext.disposable`: whoever has it gets `[Symbol.dispose]`. */
  interface Disposable {}
}

/**
 * Leave for one call that you run yourself. Settle it once: the first settlement counts, later ones do nothing.
 * Leaving a `using` scope with the permit unsettled is a failure: `success()` was not reached.
 *
 * @example
 * ```ts
 * import { CircuitBreaker } from 'recloser';
 *
 * const breaker = new CircuitBreaker({ name: 'stream' });
 * const permit = breaker.acquire();
 * try {
 *   // … use the dependency …
 *   permit.success();
 * } catch (error) {
 *   permit.failure(error);
 *   throw error;
 * }
 * ```
 */
export interface Permit extends Disposable {
  /** The call succeeded. A value that is given passes `isFailure` first. */
  success(value?: unknown): void;
  /** The call failed. An error that is given passes `excludedErrors`, `trackedErrors` and `isFailure` first. */
  failure(error?: unknown): void;
  /** The call says nothing about the dependency. */
  ignore(): void;
}

/** Settles a permit and tells what the outcome counts as, so that no filter is asked twice; for subpaths. */
export const SETTLE: unique symbol = Symbol.for('recloser.settle.1') as never;

/** The stay that a success has left; for subpaths. */
export const STAY: unique symbol = /* @__PURE__ */ Symbol.for('recloser.stay.1') as never;

/** Tells that what was a success at its beginning has broken off since; for subpaths. */
export const BREAK_OFF: unique symbol = /* @__PURE__ */ Symbol.for('recloser.break-off.1') as never;

/** The member of a breaker that admits a call at a time that is known, for subpaths that keep what belongs to a call. */
export const ADMIT: unique symbol = Symbol.for('recloser.admit.1') as never;

/**
 * What subpaths ask of a breaker for many calls: as `acquire`, and without an object for each permit. The same symbol
 * settles a permit of either kind.
 */
export interface Door {
  /** A permit, or the rejection. */
  [ADMIT](now: number): unknown;
  [SETTLE](
    permit: unknown,
    startedAt: number,
    threw: boolean,
    result: unknown,
    kind?: OutcomeKind,
  ): OutcomeKind;
  /** The stay that this success has left, to be asked at once; `undefined` where breaking off would say nothing. */
  [STAY](permit: unknown): unknown;
  /** Takes in that a success which left this stay has broken off since. */
  [BREAK_OFF](stay: unknown, startedAt: number, error: unknown): void;
}

/** What compilers that bring `using` along look for where the runtime lacks the symbol. */
const DISPOSE: typeof Symbol.dispose = Symbol.dispose ?? Symbol.for('Symbol.dispose');

/** A permit that settles once, at the door that gave it. */
export class CallPermit implements Permit {
  readonly #door: Door;
  /** `undefined` once it is settled. */
  #permit: unknown;
  readonly #startedAt: number;
  #stay: unknown;

  constructor(door: Door, permit: unknown, startedAt: number) {
    this.#door = door;
    this.#permit = permit;
    this.#startedAt = startedAt;
  }

  success(...given: [value?: unknown]): void {
    this.#once(false, given[0], given.length === 0 ? 'success' : undefined);
  }

  failure(...given: [error?: unknown]): void {
    this.#once(true, given[0], given.length === 0 ? 'failure' : undefined);
  }

  ignore(): void {
    this.#once(true, undefined, 'ignored');
  }

  [DISPOSE](): void {
    this.failure();
  }

  /** @internal */
  [SETTLE](threw: boolean, result: unknown, kind?: OutcomeKind): OutcomeKind {
    return this.#once(threw, result, kind) ?? 'ignored';
  }

  #once(threw: boolean, result: unknown, kind: OutcomeKind | undefined): OutcomeKind | undefined {
    const permit = this.#permit;
    if (permit === undefined) return undefined;
    this.#permit = undefined;
    const outcome = this.#door[SETTLE](permit, this.#startedAt, threw, result, kind);
    if (outcome === 'success') this.#stay = this.#door[STAY](permit);
    return outcome;
  }

  /** @internal */
  [BREAK_OFF](error: unknown): void {
    const stay = this.#stay;
    this.#stay = undefined;
    if (stay !== undefined) this.#door[BREAK_OFF](stay, this.#startedAt, error);
  }
}
