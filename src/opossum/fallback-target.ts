import { describe } from '../core/validate.js';
import type { AnyFunction } from './calls.js';

/** What a fallback may be: a function, or another breaker, which is fired. */
export type FallbackTarget = AnyFunction | { fire(...args: never[]): unknown };

/**
 * The function that answers in place of a call.
 *
 * @throws TypeError for what is neither a function nor a breaker
 */
export function fallbackFrom(target: FallbackTarget | null | undefined): AnyFunction | undefined {
  if (target === null || target === undefined) return undefined;
  if (typeof (target as { fire?: unknown }).fire === 'function') {
    return (...args) => (target as { fire: AnyFunction }).fire(...args);
  }
  if (typeof target === 'function') return target;
  throw new TypeError(`The fallback must be a function or a breaker, received ${describe(target)}`);
}
