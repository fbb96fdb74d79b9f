/** Values of options: out of JSON, back into it, and compared. */

import type { BreakerOption } from '../../config/option-names.js';
import { object } from '../../core/validate.js';
import { exponentialBackoff } from '../../index.js';
import type { Adaptive, ConfigBackoff } from './format.js';

/** What each backoff and each detector was made of that came out of JSON. */
const sources = new WeakMap<object, object>();

/** A good value as the core takes it. Nothing of the caller's is kept. */
export function fromJson(option: BreakerOption, value: unknown): unknown {
  if (option === 'recoveryTimeout' && isObject(value)) return createBackoff(value);
  if (option === 'maxConcurrentCalls' && value === 'Infinity') return Number.POSITIVE_INFINITY;
  return isObject(value) ? { ...value } : value;
}

/** The value as it was written: what was made out of JSON gives its JSON, anything else itself. */
export function written(value: unknown): unknown {
  return sources.get(value as object) ?? value;
}

/** Whether two values of an option mean the same. */
export function isSameOption(a: unknown, b: unknown): boolean {
  return a === b || (isObject(written(a)) && JSON.stringify(written(a)) === JSON.stringify(written(b)));
}

/** Whether a value is a JSON object. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return object(value) === undefined;
}

/** The detector that JSON describes. */
export function detectorFromJson(adaptive: Adaptive, json: object): object {
  const detector = adaptive({ ...json } as never);
  sources.set(detector, json);
  return detector;
}

function createBackoff({ initial = 1_000, factor = 2, max = 300_000, jitter = 0.2 }: ConfigBackoff) {
  const json = { initial, factor, max, jitter };
  const backoff = exponentialBackoff(json);
  sources.set(backoff, json);
  return backoff;
}
