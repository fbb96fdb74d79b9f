/** How a configuration reaches what stands around breakers, whoever has read it: a door of `ResilienceRegistry`. */

/** Options of what stands around a breaker, as they were read: each of them is good. */
export type AroundValues = Readonly<Record<string, unknown>>;

/** What a configuration changes. */
export interface AroundChange {
  /** The name of the breaker. */
  readonly breaker: string;
  readonly option: string;
  readonly from: unknown;
  readonly to: unknown;
}

/** What there is to do, once all of it is known to be good. */
export interface AroundPlan {
  readonly changes: readonly AroundChange[];
  carryOut(): void;
}

/** What is behind the door. */
export interface ConfigurableAround {
  /**
   * A copy of the value of an option.
   *
   * @throws InvalidOptionsError for a value out of range
   */
  read(option: string, value: unknown): unknown;
  /**
   * Plans to bring all there is, and what is made later, to what is said for its name.
   *
   * @param refuse is told what cannot be, and why
   */
  plan(
    optionsFor: (name: string) => AroundValues,
    refuse: (name: string, problem: InvalidReason) => void,
  ): AroundPlan;
}

/** An option that cannot be as it is said, and why. */
export interface InvalidReason {
  readonly option: string;
  readonly message: string;
}

/** The door: `registry[CONFIGURE]()`. */
export const CONFIGURE: unique symbol = /* @__PURE__ */ Symbol.for('recloser.configure.1') as never;
