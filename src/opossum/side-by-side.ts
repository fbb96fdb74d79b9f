import {
  breakerSubject,
  callable,
  oneOf,
  type Rules,
  readOptions,
  refuse,
  verify,
} from '../core/validate.js';
import { CircuitBreaker } from './breaker.js';
import type { AnyFunction } from './calls.js';
import type { Options } from './options.js';
import { type AnyClass, type Difference, shadow } from './shadow.js';

/** Who decides: opossum, opossum while recloser looks on, or recloser. */
export type Use = 'opossum' | 'shadow' | 'recloser';

export interface SideBySideOptions {
  /** Asked once for each breaker, when it is made. @default 'opossum' */
  readonly use?: Use | string | ((name: string) => Use | string) | undefined;
  readonly onDifference?: ((difference: Difference) => void) | undefined;
}

const check = oneOf('opossum', 'shadow', 'recloser');

const RULES: Rules = {
  use: (value) => (typeof value === 'function' ? undefined : check(value)),
  onDifference: callable,
};

/**
 * Opossum's class and this one behind one name, to go over step by step, and back.
 *
 * @throws InvalidOptionsError for an unknown option, or if `use` is none of the three words, nor a function
 */
export function sideBySide<Opossum extends AnyClass>(
  opossum: Opossum,
  options: SideBySideOptions = {},
): Opossum {
  const subject = { breaker: 'default', action: 'put two classes side by side' };
  if (typeof opossum !== 'function') refuse(subject, 'opossum', 'opossum’s class must be handed in first');
  const { use = 'opossum', onDifference } = readOptions(options, RULES, subject) as SideBySideOptions;
  if (use === 'opossum') return opossum;
  const both: Opossum = new Proxy(opossum, {
    construct(target, args, newTarget) {
      const [action, options] = args as [AnyFunction, Options | undefined];
      const name = String(options?.name || action?.name || 'default');
      const chosen = typeof use === 'function' ? use(name) : use;
      verify(breakerSubject('create', name), 'use', chosen, check);
      const asked = newTarget === both ? target : newTarget;
      if (chosen === 'recloser') return new CircuitBreaker(action, options);
      if (chosen === 'opossum') return Reflect.construct(target, args, asked);
      return shadow(target, action, options, onDifference);
    },
    get(target, key) {
      if (key === 'isOurError') return (error: unknown) => isOurs(target, error);
      if (key === Symbol.hasInstance) {
        return (it: unknown) => it instanceof target || it instanceof CircuitBreaker;
      }
      return Reflect.get(target, key);
    },
  });
  return both;
}

function isOurs(opossum: AnyClass & { isOurError?: (error: unknown) => boolean }, error: unknown): boolean {
  if (CircuitBreaker.isOurError(error)) return true;
  return error !== null && error !== undefined && opossum.isOurError?.(error) === true;
}
