/** Sentences about a name that is not known. */
import { byNearness } from '../core/validate.js';
import { refusalAs } from './config-core.js';

/** How many words a message names. */
const MOST_NAMES = 3;

/** Characters that a message quotes of a text from outside. */
const LONGEST = 100;

/** Why something is no name, as the core says it: `must be a string, received 3`; `undefined` if it is one. */
export function refusalAsName(given: unknown): string | undefined {
  return given === undefined ? 'must be a string, received undefined' : refusalAs('name', given);
}

/** The sentence about something that should have been one of a few names. */
export function unknownName(what: string, given: unknown, names: readonly string[]): string {
  const refusal = refusalAsName(given);
  if (refusal !== undefined) return `\`${what}\` ${refusal}`;
  const name = given as string;
  const quoted = JSON.stringify(name.length > LONGEST ? `${name.slice(0, LONGEST)}…` : name);
  const meant = byNearness(name, names).slice(0, MOST_NAMES);
  return `unknown ${what} ${quoted}, did you mean ${meant.map((known) => `"${known}"`).join(' or ')}?`;
}
