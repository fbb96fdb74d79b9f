/** What takes effect when it is set while the breaker lives, and who is told. */
export interface LiveOptions {
  timeout: number | false;
  resetTimeout: number;
  errorThresholdPercentage: number;
}

type Option = keyof LiveOptions;

/** Puts what was set in force. */
export interface Governor {
  setTimeout(timeout: number | false): void;
  setResetTimeout(ms: number): void;
  setRate(percentage: number): void;
}

interface Hidden extends LiveOptions {
  readonly breaker: string;
  readonly read: ReadNumber;
  governor: Governor | undefined;
}

/** Checks a number. @throws InvalidOptionsError */
type ReadNumber = (action: string, breaker: string, option: string, value: unknown) => number | false;

/** Where the values are, so that all breakers share the accessors: each of its own would cost more than the rest. */
const HIDDEN = Symbol('live');

type Owner = { [HIDDEN]: Hidden };

const accessor = (option: Option, apply: (governor: Governor, value: never) => void): PropertyDescriptor => ({
  enumerable: true,
  configurable: true,
  get(this: Owner) {
    return this[HIDDEN][option];
  },
  set(this: Owner, value: unknown) {
    const hidden = this[HIDDEN];
    const checked = hidden.read('update', hidden.breaker, option, value) as never;
    hidden[option] = checked;
    if (hidden.governor !== undefined) apply(hidden.governor, checked);
  },
});

const ACCESSORS = {
  timeout: accessor('timeout', (governor, timeout) => governor.setTimeout(timeout)),
  resetTimeout: accessor('resetTimeout', (governor, ms) => governor.setResetTimeout(ms)),
  errorThresholdPercentage: accessor('errorThresholdPercentage', (governor, percentage) =>
    governor.setRate(percentage),
  ),
};

/** An object whose three options can be set while the breaker lives: what is set is checked. */
export function createLiveOptions(breaker: string, values: LiveOptions, read: ReadNumber): object {
  const options = Object.defineProperties({}, ACCESSORS);
  const hidden: Hidden = { ...values, breaker, read, governor: undefined };
  return Object.defineProperty(options, HIDDEN, { value: hidden });
}

/** From now on what is set is put in force. */
export function govern(options: object, governor: Governor): void {
  (options as Owner)[HIDDEN].governor = governor;
}
