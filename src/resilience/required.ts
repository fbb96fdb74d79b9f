import { type Check, guardRead, type Rules, readOptions, type Subject, verify } from '../core/validate.js';

/**
 * Options of which one has no default.
 *
 * @throws InvalidOptionsError for an unknown option, a value out of range, or where that one is missing
 */
export function readRequired<T>(
  required: keyof T & string,
  given: unknown,
  rules: Rules,
  subject: Subject,
  path: string,
): T {
  return guardRead(subject, 'options', () => {
    const own = readOptions(given, rules, subject, path);
    verify(subject, path + required, own[required], rules[required] as Check);
    return own as T;
  });
}
