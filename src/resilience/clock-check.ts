import type { Check } from '../core/validate.js';
import type { Clock } from '../index.js';

/** Something to read the time from: a breaker's clock, for parts that are used without one. */
export const clockCheck: Check = (value) =>
  typeof (value as Partial<Clock> | null)?.now === 'function' ? undefined : 'an object with a function `now`';
