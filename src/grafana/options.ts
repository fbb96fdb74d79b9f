/** Reading what users hand in: everything is checked and copied before anything is made of it. */
import { InvalidOptionsError } from '../index.js';

/** Answers `undefined` for a value in range, else the range in words. */
export type Check = (value: unknown) => string | undefined;

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

const isText = (value: unknown): value is string => typeof value === 'string';

const isLabel = (value: unknown): boolean => isText(value) && /^(?!__)[a-zA-Z_][a-zA-Z0-9_]*$/.test(value);

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const LABELS = 'letters, digits and _ that begin with neither a digit nor __';

export const object: Check = (value) => (isObject(value) ? undefined : 'an object');

export const text: Check = (value) =>
  isText(value) && value.trim() !== '' ? undefined : 'a string that is not empty';

export const ratio: Check = (value) =>
  typeof value === 'number' && value >= 0 && value <= 1 ? undefined : 'a number from 0 to 1';

export const count: Check = (value) =>
  Number.isSafeInteger(value) && (value as number) >= 1 ? undefined : 'an integer of at least 1';

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

export const orFalse =
  (check: Check): Check =>
  (value) => {
    const range = value === false ? undefined : check(value);
    return range === undefined ? undefined : `${range}, or false`;
  };

export const uid: Check = (value) =>
  isText(value) && /^[\w-]{1,40}$/.test(value) ? undefined : '1 to 40 letters, digits, _ and -';

export const flagOrObject: Check = (value) =>
  typeof value === 'boolean' || isObject(value) ? undefined : 'true, false or an object';

/** Labels and their values. */
export const labels: Check = (value) =>
  isObject(value) && Object.entries(value).every(([label, text]) => isLabel(label) && isText(text))
    ? undefined
    : `an object of strings, named by ${LABELS}`;

export const SOURCE_CHECKS: Checks<SourceOptions> = {
  prefix: (value) =>
    isText(value) && /^([a-zA-Z_:][a-zA-Z0-9_:]*)?$/.test(value)
      ? undefined
      : 'a string of letters, digits, _ and : that does not begin with a digit',
  matchers: labels,
  by: (value) =>
    Array.isArray(value) &&
    value.every(isLabel) &&
    value.includes('name') &&
    new Set(value).size === value.length
      ? undefined
      : `an array of different labels, "name" among them, of ${LABELS}`,
};

/**
 * A plain copy of those options that are given, each of them checked. A member that is `undefined` is not given.
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
  const whole = path.slice(0, -1) || 'options';
  const refuse = (option: string, problem: string, options?: ErrorOptions): never => {
    throw new InvalidOptionsError('', option, `Cannot ${action}: ${problem}`, options);
  };
  const verify = (option: string, value: unknown, check: Check): void => {
    const range = check(value);
    if (range !== undefined) refuse(option, `\`${option}\` must be ${range}, received ${describe(value)}`);
  };
  const known = Object.keys(checks);
  const isGiven = ([key, value]: [string, unknown]): boolean => {
    const meant = () => `did you mean "${path}${nearest(key, known)}"?`;
    if (!known.includes(key)) refuse(path + key, `unknown option ${describe(path + key)}, ${meant()}`);
    if (value !== undefined) verify(path + key, value, checks[key as keyof Options]);
    return value !== undefined;
  };
  try {
    verify(whole, given, object);
    return structuredClone(
      Object.fromEntries(Object.entries(given as object).filter(isGiven)),
    ) as Partial<Options>;
  } catch (cause) {
    if (cause instanceof InvalidOptionsError) throw cause;
    return refuse(whole, `\`${whole}\` cannot be read`, { cause });
  }
}

/** A value in words, short and on one line. */
function describe(value: unknown): string {
  if (isText(value)) return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  if (typeof value === 'function') return 'a function';
  if (Array.isArray(value)) return 'an array';
  return isObject(value) ? 'an object' : String(value);
}

/** The known word that a misspelt one is most likely to mean: it has the most pairs of letters in common with it. */
export function nearest(word: string, known: readonly string[]): string {
  const pairs = pairsOf(word);
  const likeness = known.map((candidate) => {
    const others = pairsOf(candidate);
    return pairs.filter((pair) => others.includes(pair)).length / (pairs.length + others.length);
  });
  return known[likeness.indexOf(Math.max(...likeness))] as string;
}

function pairsOf(word: string): string[] {
  const letters = ` ${word.slice(0, 80).toLowerCase()} `;
  return Array.from({ length: letters.length - 1 }, (_, index) => letters.slice(index, index + 2));
}
