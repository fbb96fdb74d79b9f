/**
 * Reading what users hand in. A check answers `undefined` for a good value and otherwise the allowed range in words;
 * `readOptions` copies an object by a table of checks and makes one sentence of the first mistake. It knows no
 * option by name. Whatever it is given (proxies, getters that throw, prototype keys), it answers with a plain copy
 * or with an `InvalidOptionsError`.
 */
import { InvalidOptionsError } from './errors.js';
import { isEvidentClass } from './is-class.js';
import { quote } from './quote.js';

/** Answers `undefined` for a value in range, else the range in words. */
export interface Check {
  (value: unknown): string | undefined;
  /** What each item of a list is checked with. */
  readonly item?: Check;
}

/** The longest delay that timers accept, in milliseconds: about 24.8 days. */
export const MAX_TIMER_DELAY = 2 ** 31 - 1;

const isNumberFrom = (min: number, max: number, value: unknown): boolean =>
  typeof value === 'number' && value >= min && value <= max;

/** A share of a whole. */
export const ratio: Check = (value) => (isNumberFrom(0, 1, value) ? undefined : 'a number from 0 to 1');

/** A count from 1 to `max`. */
export const positiveInteger =
  (max = Number.MAX_SAFE_INTEGER): Check =>
  (value) =>
    Number.isInteger(value) && isNumberFrom(1, max, value)
      ? undefined
      : max === Number.MAX_SAFE_INTEGER
        ? 'an integer of at least 1'
        : `an integer from 1 to ${max}`;

/** Milliseconds from `min` to `max`. */
export const duration =
  (min = 0, max = Number.MAX_VALUE): Check =>
  (value) =>
    isNumberFrom(min, max, value)
      ? undefined
      : max === Number.MAX_VALUE
        ? `a finite number of milliseconds of at least ${min}`
        : `a number of milliseconds from ${min} to ${max}`;

/** A finite number of at least `min`. */
export const numberFrom =
  (min: number): Check =>
  (value) =>
    isNumberFrom(min, Number.MAX_VALUE, value) ? undefined : `a finite number of at least ${min}`;

/** A count of at least 0. */
export const count: Check = (value) =>
  Number.isSafeInteger(value) && (value as number) >= 0 ? undefined : 'an integer of at least 0';

/** Any string, the empty one included. */
export const string: Check = (value) => (typeof value === 'string' ? undefined : 'a string');

/** An object, and no list. */
export const object: Check = (value) =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? undefined : 'an object';

/** A list of anything. */
export const list: Check = (value) => (Array.isArray(value) ? undefined : 'an array');

/** Anything that can be called, and is no class: of the language, or of errors. */
export const callable: Check = (value) =>
  typeof value === 'function' && !isEvidentClass(value) ? undefined : 'a function';

/** Tells objects that have all of these methods. */
export const hasMethods =
  (...names: readonly PropertyKey[]) =>
  (value: unknown): value is object =>
    typeof value === 'object' &&
    value !== null &&
    names.every((name) => typeof Reflect.get(value, name) === 'function');

const FILTERS = 'an array of error classes and predicates';
const isFilter: Check = (value) =>
  typeof value === 'function' ? undefined : 'an error class or a predicate';

/** A list of which each item passes the check, which names the one at fault. */
const listOf = (item: Check, range: string, least = 0): Check =>
  Object.assign(
    (value: unknown) =>
      Array.isArray(value) && value.length >= least && !value.some(item) ? undefined : range,
    { item },
  );

/** A list of error classes and predicates. */
export const callables: Check = /* @__PURE__ */ listOf(isFilter, FILTERS);

/** The same, with one at least: a breaker that tracks no error would never open. */
export const someCallables: Check = /* @__PURE__ */ listOf(isFilter, `${FILTERS}, one at least`, 1);

/** One of a few values. */
export const oneOf =
  (...values: readonly unknown[]): Check =>
  (value) =>
    values.includes(value) ? undefined : values.map(describe).join(' or ');

/** What either check takes. */
export const either =
  (first: Check, second: Check): Check =>
  (value) => {
    const range = first(value);
    if (range === undefined) return undefined;
    const other = second(value);
    return other === undefined ? undefined : `${range}, or ${other}`;
  };

/** What the check takes, or `false`. Who gave a number is told the range of numbers alone. */
export const orFalse = (check: Check): Check => {
  const orElse = either(check, (value) => (value === false ? undefined : 'false'));
  return (value) => (typeof value === 'number' ? check(value) : orElse(value));
};

/** What the check takes, or `Infinity`. */
export const orInfinity = (check: Check): Check =>
  either(check, (value) => (value === Number.POSITIVE_INFINITY ? undefined : 'Infinity'));

/** A value in words: short, on one line, and safe with whatever it is given. */
export function describe(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return quote(value, 40);
    case 'symbol':
      return quote(String(value), 40).slice(1, -1);
    case 'function':
      return isEvidentClass(value) ? 'a class' : 'a function';
    case 'bigint':
      return `${value}n`.slice(0, 40);
    case 'object':
      return value === null ? 'null' : describeObject(value);
    default:
      return String(value);
  }
}

/** Who is at fault, for the message: "Cannot create circuit breaker "payments": …". */
export interface Subject {
  readonly breaker: string;
  readonly action: string;
  /** Whether the name of the breaker belongs behind the action: it is put there if there is a message. */
  readonly isNamed?: true;
}

/** What is done to a breaker, or through it, as a subject. */
export function breakerSubject(action: string, breaker: string): Subject {
  return { breaker, action: `${action} circuit breaker`, isNamed: true };
}

/** A check for each option that there is. */
export type Rules = Readonly<Record<string, Check>>;

/** @throws InvalidOptionsError always */
export function refuse(subject: Subject, option: string, problem: string, options?: ErrorOptions): never {
  const { breaker, action, isNamed } = subject;
  const name = isNamed ? ` ${quote(breaker)}` : '';
  throw new InvalidOptionsError(breaker, option, `Cannot ${action}${name}: ${problem}`, options);
}

/** @throws InvalidOptionsError if the value is out of range */
export function verify<T>(
  subject: Subject,
  option: string,
  value: T,
  check: (value: T) => string | undefined,
): void {
  const range = check(value);
  if (range !== undefined)
    refuse(subject, option, `\`${option}\` must be ${range}, received ${describe(value)}`);
}

/**
 * A plain, shallow copy of the options that are given, each of them checked. A member that is `undefined` is not given.
 *
 * @param meaning what somebody means by an option that there is no rule for, where that is known
 * @throws InvalidOptionsError for an unknown key, a value out of range, or an object that cannot be read
 */
export function readOptions(
  given: unknown,
  rules: Rules,
  subject: Subject,
  path = '',
  meaning: (unknown: string) => string | undefined = () => undefined,
): Record<string, unknown> {
  const copy: Record<string, unknown> = {};
  verify(subject, path.slice(0, -1) || 'options', given, object);
  for (const key of Object.keys(given as object)) {
    if (!Object.hasOwn(rules, key)) {
      const known = Object.keys(rules);
      const meant = meaning(key) ?? (known.length > 0 ? path + nearest(key, known) : undefined);
      const hint = meant === undefined ? '' : `, did you mean "${meant}"?`;
      refuse(subject, path + key, `unknown option ${quote(path + key)}${hint}`);
    }
    const value = (given as Record<string, unknown>)[key];
    if (value === undefined) continue;
    copy[key] = Array.isArray(value) ? Object.freeze([...value]) : value;
    const rule = rules[key] as Check;
    if (rule.item !== undefined) verifyItems(subject, path + key, copy[key], rule.item);
    verify(subject, path + key, copy[key], rule);
  }
  return copy;
}

function verifyItems(subject: Subject, option: string, items: unknown, check: Check): void {
  if (!Array.isArray(items)) return;
  for (const [index, item] of items.entries()) {
    const range = check(item);
    if (range !== undefined)
      refuse(subject, option, `\`${option}[${index}]\` must be ${range}, received ${describe(item)}`);
  }
}

/**
 * A plain copy of those members of a record that there are rules for; all of them must be there, others may be.
 *
 * @throws InvalidOptionsError for a value that is missing or out of range
 */
export function readRecord<T>(given: unknown, rules: Rules, subject: Subject, path: string): T {
  verify(subject, path, given, object);
  const members = Object.entries(rules).map(([key, check]) => {
    const value = Object.hasOwn(given as object, key) ? (given as Record<string, unknown>)[key] : undefined;
    verify(subject, `${path}.${key}`, value, check);
    return [key, value];
  });
  return Object.fromEntries(members) as T;
}

/** Runs `read` and turns whatever a hostile object throws at it into one `InvalidOptionsError`. */
export function guardRead<T>(subject: Subject, what: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof InvalidOptionsError) throw cause;
    return refuse(subject, '', `${what} cannot be read`, { cause });
  }
}

/** It may throw at whoever looks at it, as a proxy that has been revoked does. */
function describeObject(value: object): string {
  try {
    return Array.isArray(value) ? 'an array' : 'an object';
  } catch {
    return 'an object';
  }
}

/** The word of the list that a misspelt one is most likely to mean. */
export function nearest(word: string, words: readonly string[]): string {
  return byNearness(word, words)[0] as string;
}

/** The words of the list, those first that a misspelt one is most likely to mean. */
export function byNearness(word: string, words: readonly string[]): string[] {
  return words
    .map((known) => ({ known, distance: editDistance(word, known) / Math.max(word.length, known.length) }))
    .sort((a, b) => a.distance - b.distance)
    .map(({ known }) => known);
}

/** Levenshtein's distance, in which the case of a letter does not count. */
function editDistance(from: string, to: string): number {
  const a = from.slice(0, 80).toLowerCase();
  const b = to.toLowerCase();
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}
