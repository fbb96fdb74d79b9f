import { refuse, string, verify } from './validate.js';

/**
 * The name that a user's key function tells.
 *
 * @throws InvalidOptionsError if the function throws or returns no string
 */
export function keyOf<Args extends readonly unknown[]>(key: (...args: Args) => string, args: Args): string {
  const subject = { breaker: '', action: 'pick a circuit breaker' };
  let name: unknown;
  try {
    name = key(...args);
  } catch (cause) {
    refuse(subject, 'key', 'the key function threw', { cause });
  }
  verify(subject, 'key', name, (it) => string(it) && 'a function that returns a string');
  return name as string;
}
