import { isThenable } from './thenable.js';
import { refuse, string, verify } from './validate.js';

/**
 * The name that a user's key function tells.
 *
 * @param wayOut what is to be said to whoever has given an asynchronous function, which is none to tell a name
 * @throws InvalidOptionsError if the function throws or returns no string
 */
export function keyOf<Args extends readonly unknown[]>(
  key: (...args: Args) => string,
  args: Args,
  wayOut = '',
): string {
  const subject = { breaker: '', action: 'pick a circuit breaker' };
  let name: unknown;
  try {
    name = key(...args);
  } catch (cause) {
    refuse(subject, 'key', 'the key function threw', { cause });
  }
  if (isThenable(name)) {
    name.then(undefined, () => {}); // the mistake is told, not what came of it
    refuse(
      subject,
      'key',
      `\`key\` must be a function that returns a string, received an object: a promise${wayOut}`,
    );
  }
  verify(subject, 'key', name, (it) => string(it) && 'a function that returns a string');
  return name as string;
}
