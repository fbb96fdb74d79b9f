/** What a detector is made with: checked whole before anything is used. */
import {
  type Check,
  callable,
  duration,
  either,
  guardRead,
  object,
  oneOf,
  orFalse,
  positiveInteger,
  type Rules,
  readOptions,
  refuse,
  type Subject,
  verify,
} from '../core/validate.js';
import { type Line, lineAt, linesFor } from './lines.js';
import { MOST_STEPS, thresholdFor } from './threshold.js';

/** When to warn ahead of a trip. */
export interface WarnOptions {
  /** The failure rate that need not be told of, 0.01 to 0.9, below the detector's. @default min(1/7, tolerate / 3.5) */
  tolerate?: number | undefined;
  /** Warnings a day while nothing is wrong, above 0. @default 1 */
  falseAlarmsPerDay?: number | undefined;
}

/** A look at the dependency while the circuit is OPEN. */
export interface HealthCheckOptions {
  /** Resolves if the dependency is well. The signal aborts when the circuit is OPEN no more. */
  run: (signal: AbortSignal) => Promise<unknown>;
  /** Milliseconds from the start of one check to the next, at least 0. @default 1_000 */
  every?: number | undefined;
}

/** What {@link adaptive} takes. */
export interface AdaptiveOptions {
  /** The failure rate that need not open the circuit, 0.01 to 0.9; the nearest of 1/m and 1 - 1/m holds. @default 0.5 */
  tolerate?: number | undefined;
  /** The failure rate up to which the promise holds, 0 to below `tolerate`. @default 'learn' */
  normal?: number | 'learn' | undefined;
  /** The promise: trips a day, in the mean, while failures are independent and no more than normal; above 0. @default 0.01 */
  falseTripsPerDay?: number | undefined;
  /** Calls a second, above 0, that a day is made of. @default 'learn', from 50 on */
  expectedRate?: number | 'learn' | undefined;
  /** Failures in a row below which nothing trips, at least 1. @default 5 */
  minimumFailures?: number | undefined;
  /** Milliseconds, at least 0: a burst that is younger does not trip. @default 250 */
  patience?: number | undefined;
  /** Milliseconds, above 0, after which a call in flight counts as failed; `false` for never. @default 'auto', by what successes take */
  overdueAfter?: number | 'auto' | false | undefined;
  /** Milliseconds, above 0, from a tenth of the calls to all of them after a close; `false` for all at once. @default 10_000 */
  ramp?: number | false | undefined;
  /** When to tell ahead that more fails than usual. @default { falseAlarmsPerDay: 1 } */
  warn?: WarnOptions | false | undefined;
  /** Your latest health check of a breaker, 0 to 1, asked at failures: a bad one halves the evidence that it takes. */
  health?: ((breaker: string) => number) | undefined;
  /** Asks the dependency while the circuit is OPEN; a success lets the next call probe at once. */
  healthCheck?: HealthCheckOptions | undefined;
}

/** The options with everything filled in. */
export interface ResolvedAdaptive {
  readonly lines: readonly Line[];
  /** `undefined` where it is learned. */
  readonly normal: number | undefined;
  readonly start: number;
  readonly falseTripsPerDay: number;
  readonly expectedRate: number | undefined;
  readonly minimumFailures: number;
  readonly patience: number;
  readonly overdueAfter: number | 'auto' | false;
  readonly ramp: number | false;
  readonly warn: { readonly line: Line; readonly falseAlarmsPerDay: number } | false;
  readonly health: ((breaker: string) => number) | undefined;
  readonly healthCheck: { readonly run: HealthCheckOptions['run']; readonly every: number } | undefined;
}

/** Calls a second that are expected until something is known. */
export const FIRST_RATE = 50;

const SUBJECT: Subject = { breaker: '', action: 'create adaptive detector' };

const isBetween = (low: number, high: number, value: unknown): boolean =>
  typeof value === 'number' && value >= low && value <= high;

const above0 =
  (unit: string): Check =>
  (value) =>
    typeof value === 'number' && value > 0 && value <= Number.MAX_VALUE
      ? undefined
      : `a finite number${unit} above 0`;

const perDay = above0('');
const ms = above0(' of milliseconds');
const tolerated: Check = (value) => (isBetween(0.01, 0.9, value) ? undefined : 'a number from 0.01 to 0.9');
const below1: Check = (value) =>
  isBetween(0, 1, value) && value !== 1 ? undefined : 'a number from 0 to below 1';

/** What the check takes, or a word. Who gave a number is told the range of numbers alone. */
const orWord = (check: Check, word: string): Check => {
  const orElse = either(check, oneOf(word));
  return (value) => (typeof value === 'number' ? check(value) : orElse(value));
};

const RULES: Rules & Record<keyof AdaptiveOptions, Check> = {
  tolerate: tolerated,
  normal: orWord(below1, 'learn'),
  falseTripsPerDay: perDay,
  expectedRate: orWord(above0(' of calls a second'), 'learn'),
  minimumFailures: positiveInteger(1_000),
  patience: duration(),
  overdueAfter: orFalse(orWord(ms, 'auto')),
  ramp: orFalse(ms),
  warn: orFalse(object),
  health: callable,
  healthCheck: object,
};

const WARN_RULES: Rules & Record<keyof WarnOptions, Check> = {
  tolerate: tolerated,
  falseAlarmsPerDay: perDay,
};

const CHECK_RULES: Rules & Record<keyof HealthCheckOptions, Check> = { run: callable, every: duration() };

/** @throws InvalidOptionsError for the first mistake */
export function resolveAdaptive(options: unknown): ResolvedAdaptive {
  return guardRead(SUBJECT, 'options', () => {
    const given: AdaptiveOptions = readOptions(options, RULES, SUBJECT);
    const { tolerate = 0.5, falseTripsPerDay = 0.01, healthCheck } = given;
    const lines = linesFor(tolerate);
    const { rate } = lines[0] as Line;
    const normal = given.normal === 'learn' ? undefined : given.normal;
    if (normal !== undefined) verify(SUBJECT, 'normal', normal, () => belowLine(normal, tolerate, rate));
    const resolved: ResolvedAdaptive = {
      lines,
      normal,
      start: Math.min(0.1, rate / 2.5),
      falseTripsPerDay,
      expectedRate: given.expectedRate === 'learn' ? undefined : given.expectedRate,
      minimumFailures: given.minimumFailures ?? 5,
      patience: given.patience ?? 250,
      overdueAfter: given.overdueAfter ?? 'auto',
      ramp: given.ramp ?? 10_000,
      warn: readWarn(given.warn, rate, normal),
      health: given.health,
      healthCheck: healthCheck && readCheck(healthCheck),
    };
    verifyPromise(resolved);
    return Object.freeze(resolved);
  });
}

function belowLine(normal: number, tolerate: number, rate: number): string | undefined {
  if (normal < rate) return undefined;
  const held = Math.abs(rate - tolerate) < 1e-9 ? '' : `, which holds as ${rate.toFixed(4)}`;
  return `below \`tolerate\`, ${tolerate}${held}`;
}

function readWarn(
  given: WarnOptions | false | undefined,
  rate: number,
  normal = 0,
): ResolvedAdaptive['warn'] {
  if (given === false) return false;
  const warn: WarnOptions = given === undefined ? {} : readOptions(given, WARN_RULES, SUBJECT, 'warn.');
  const usual = Math.min(1 / 7, rate / 3.5);
  // Where more than that is normal, half of the way between.
  const tolerate = warn.tolerate ?? Math.max(normal < 0.7 * usual ? usual : (normal + rate) / 2, 0.01);
  const line = lineAt(tolerate);
  if (warn.tolerate !== undefined) {
    verify(SUBJECT, 'warn.tolerate', tolerate, () =>
      line.rate < rate && line.rate > normal ? undefined : 'above `normal` and below `tolerate`',
    );
  }
  return { line, falseAlarmsPerDay: warn.falseAlarmsPerDay ?? 1 };
}

function readCheck(given: HealthCheckOptions): ResolvedAdaptive['healthCheck'] {
  const check = readOptions(given, CHECK_RULES, SUBJECT, 'healthCheck.') as Partial<HealthCheckOptions>;
  verify(SUBJECT, 'healthCheck.run', check.run, callable);
  return { run: check.run as HealthCheckOptions['run'], every: check.every ?? 1_000 };
}

/** What cannot be promised is not accepted in silence. A rate that is learned keeps clear of the line by itself. */
function verifyPromise({
  lines,
  normal,
  falseTripsPerDay,
  expectedRate = FIRST_RATE,
}: ResolvedAdaptive): void {
  if (normal === undefined) return;
  const seldom = falseTripsPerDay / lines.length;
  const most = thresholdFor(lines[0] as Line, normal, (expectedRate * 86_400) / seldom);
  if (most <= MOST_STEPS) return;
  refuse(
    SUBJECT,
    'falseTripsPerDay',
    `${falseTripsPerDay} false trips a day cannot be kept at a normal failure rate of ${normal}: ` +
      'give a higher `tolerate`, a lower `normal` or a higher `falseTripsPerDay`',
  );
}
