/** The levers, by the names of the breaker's methods. */

/** What can be done to a breaker from the page. */
export type Action = 'trip' | 'forceOpen' | 'forceClosed' | 'reset' | 'update';

export const ACTIONS: readonly Action[] = ['trip', 'forceOpen', 'forceClosed', 'reset', 'update'];

/** Options that the page changes, with numbers and `false` alone. */
export const NUMERIC_OPTIONS = [
  'failureThreshold',
  'failureRateThreshold',
  'minimumCalls',
  'slowCallDuration',
  'slowCallRateThreshold',
  'recoveryTimeout',
  'halfOpenMaxCalls',
  'successThreshold',
  'probeTimeout',
  'callTimeout',
  'maxConcurrentCalls',
] as const;

/** A lever that was pulled. JSON-safe. */
export interface ActionRecord {
  /** Wall-clock milliseconds since 1970. */
  readonly time: number;
  /** Who has pulled it, as `authorize` said; `null` where it said no name. */
  readonly as: string | null;
  readonly action: Action;
  /** The name of the breaker, as it is: print it with care. */
  readonly breaker: string;
  /** Why, in the words of whoever has pulled it: on one line, 1 to 200 characters. */
  readonly reason: string;
  /** The options of an `update`. */
  readonly options?: Readonly<Record<string, number | false>>;
  /** After how many minutes it is taken back. */
  readonly minutes?: number;
  /** Whether it holds for every instance. */
  readonly scope?: 'fleet';
}

/** A lever to pull. */
export interface ActionOrder {
  readonly action: Action;
  readonly breaker: string;
  readonly reason?: string | undefined;
  readonly minutes?: number | undefined;
  readonly options?: Readonly<Record<string, unknown>> | undefined;
  /** `fleet` for every instance. @default 'instance' */
  readonly scope?: 'instance' | 'fleet' | undefined;
}

/** The order that a body is, if it has the shape of one. */
export function readOrder(body: unknown): ActionOrder | undefined {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return undefined;
  const given = Object.fromEntries(Object.entries(body));
  const { action, breaker, reason, minutes, options, scope } = given;
  const isKnown = Object.keys(given).every((key) => MEMBERS.has(key));
  const isSound =
    ACTIONS.includes(action as Action) &&
    typeof breaker === 'string' &&
    (reason === undefined || typeof reason === 'string') &&
    (minutes === undefined || typeof minutes === 'number') &&
    (scope === undefined || scope === 'instance' || scope === 'fleet') &&
    (options === undefined || (typeof options === 'object' && options !== null && !Array.isArray(options)));
  return isKnown && isSound ? (given as unknown as ActionOrder) : undefined;
}

const MEMBERS: ReadonlySet<string> = new Set(['action', 'breaker', 'reason', 'minutes', 'options', 'scope']);

/** Characters that end a line or space words, and those that steer a terminal instead of being shown. */
const SPACES = /[\t\n\v\f\r\u0085\p{Zl}\p{Zp}]+/gu;
const CONTROLS = /[\p{Cc}\p{Cf}\p{Cs}]+/gu;

/** Words from outside on one line, without controls. */
export function plain(words: string): string {
  return words.replace(SPACES, ' ').replace(CONTROLS, '').trim();
}
