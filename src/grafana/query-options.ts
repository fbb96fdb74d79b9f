/** Reading what users hand in: everything is checked and copied before anything is made of it. */
import {
  type Check,
  either,
  guardRead,
  object,
  oneOf,
  readOptions as readChecked,
} from '../core/validate.js';

/** A check for each option that there is. */
export type Checks<Options> = Readonly<Record<keyof Options, Check>>;

/** What the dashboard and the alert rules have in common. */
export interface SourceOptions {
  /** What the metrics' names begin with: the `prefix` of the exporter. @default '' */
  prefix?: string | undefined;
  /** Labels that the series must have, with their values, such as `{ job: 'shop' }`. @default {} */
  matchers?: Readonly<Record<string, string>> | undefined;
  /**
   * The labels that make a breaker, `name` among them. Instances of a service whose breakers agree in all of them are
   * judged as one.
   *
   * @default ['job', 'name']
   */
  by?: readonly string[] | undefined;
}

/** A year, beyond which nobody means it. */
const MAX_DURATION = 31_536_000_000;

const isWholeFrom = (min: number, value: unknown): value is number =>
  Number.isInteger(value) && (value as number) >= min && (value as number) <= MAX_DURATION;

/** A string without half a character, which neither JSON nor YAML can hand on. */
const isText = (value: unknown): value is string =>
  typeof value === 'string' && !/\p{Surrogate}/u.test(value);

const isLabel = (value: unknown): boolean => isText(value) && /^(?!__)[a-zA-Z_][a-zA-Z0-9_]*$/.test(value);

/** Labels that cannot be grouped by: PromQL takes these words for numbers and a clause. */
const PROMQL_WORDS = /^(inf|nan|without)$/i;

const LABELS = 'letters, digits and _ that begin with neither a digit nor __';

export const text: Check = (value) =>
  isText(value) && value.trim() !== '' ? undefined : 'a well-formed string that is not empty';

/** Milliseconds. */
export const duration =
  (min: number): Check =>
  (value) =>
    isWholeFrom(min, value) ? undefined : `a whole number of milliseconds from ${min} to ${MAX_DURATION}`;

/** Milliseconds, for those who know nothing smaller than a second. */
export const seconds: Check = (value) =>
  isWholeFrom(1_000, value) && value % 1_000 === 0
    ? undefined
    : `whole seconds in milliseconds, from 1000 to ${MAX_DURATION}`;

export const uid: Check = (value) =>
  isText(value) && /^[\w-]{1,40}$/.test(value) ? undefined : '1 to 40 letters, digits, _ and -';

export const flagOrObject = either(oneOf(true, false), object);

/** Labels and their values. */
export const labels: Check = (value) =>
  object(value) === undefined &&
  Object.entries(value as object).every(([label, text]) => isLabel(label) && isText(text))
    ? undefined
    : `an object of well-formed strings, named by ${LABELS}`;

/** Labels to group by. */
const by: Check = (value) => {
  const isList = Array.isArray(value) && value.every(isLabel) && new Set(value).size === value.length;
  if (!isList || !value.includes('name')) {
    return `an array of different labels, "name" among them, of ${LABELS}`;
  }
  return value.some((label) => PROMQL_WORDS.test(label))
    ? 'an array of different labels, none of them inf, nan or without, which mean something else in PromQL'
    : undefined;
};

export const SOURCE_CHECKS: Checks<SourceOptions> = {
  prefix: (value) =>
    isText(value) && /^([a-zA-Z_:][a-zA-Z0-9_:]*)?$/.test(value)
      ? undefined
      : 'a string of letters, digits, _ and : that does not begin with a digit',
  matchers: labels,
  by,
};

/**
 * A plain copy, through and through, of those options that are given, each of them checked.
 *
 * @param action what cannot be done, for the message
 * @param path what goes before an option's name in the message, such as `health.`
 * @throws InvalidOptionsError for an unknown option, a value out of range, or an object that cannot be read
 */
export function readOptions<Options extends object>(
  action: string,
  given: unknown,
  checks: Checks<Options>,
  path = '',
): Partial<Options> {
  const subject = { breaker: '', action };
  return guardRead(subject, 'options', () =>
    structuredClone(readChecked(given, checks, subject, path)),
  ) as Partial<Options>;
}
