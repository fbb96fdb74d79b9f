/** Sentences about what is wrong, without a subject: `must be …, received …`. */
import { byNearness, type Check, describe } from '../core/validate.js';

/** How many words a message names. */
const MOST_NAMES = 3;

/** Why the text of a configuration is refused. */
export const TEXT = 'must be an object, received a string: read it with `JSON.parse` first';

/** Characters that a message quotes of a text from outside. */
const LONGEST = 100;

/** Why a value is refused; `undefined` for a good one. */
export function refusalBy(check: Check, value: unknown): string | undefined {
  const range = check(value);
  return range === undefined ? undefined : `must be ${range}, received ${describe(value)}`;
}

/** The sentence about a word that should have been one of a few. */
export function unknownName(what: string, name: string, names: readonly string[]): string {
  const quoted = JSON.stringify(name.length > LONGEST ? `${name.slice(0, LONGEST)}…` : name);
  const meant = byNearness(name, names).slice(0, MOST_NAMES);
  return `unknown ${what} ${quoted}, did you mean ${meant.map((known) => `"${known}"`).join(' or ')}?`;
}
