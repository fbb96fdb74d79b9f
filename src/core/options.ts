/**
 * The options of a breaker: what they are, what they default to, and how they are read: what is given is copied
 * and all of it checked before anything is used, and what is in force is frozen and complete.
 */
import { type Backoff, DEFAULT_RECOVERY_TIMEOUT } from './backoff.js';
import { callTimeout, type Fallback, type FallbackOn, fallbackOn } from './call-options.js';
import { type Clock, systemClock } from './clock.js';
import type { Detector } from './detector.js';
import type { Listener, Transition } from './events.js';
import { ownNameOf } from './foreign-names.js';
import type { CircuitMetrics } from './metrics.js';
import type { ErrorFilter, Outcome } from './outcome.js';
import type { CircuitSnapshot } from './snapshot.js';
import {
  breakerSubject,
  type Check,
  callable,
  callables,
  describe,
  duration,
  either,
  guardRead,
  object,
  oneOf,
  orFalse,
  orInfinity,
  positiveInteger,
  type Rules,
  ratio,
  readOptions,
  refuse,
  type Subject,
  someCallables,
  string,
  verify,
} from './validate.js';
import type { ResolvedWindow, WindowOptions } from './window.js';
import { DEFAULT_WINDOW, readWindow } from './window-options.js';

/** What a breaker is made with. Durations are milliseconds, ratios are from 0 to 1; `undefined` means "not given". */
export interface CircuitBreakerOptions {
  /** The name in errors, events and metrics; any string. @default 'default' */
  name?: string | undefined;
  /** Consecutive failures that trip, at least 1; `false` turns the rule off. @default 5 */
  failureThreshold?: number | false | undefined;
  /** Share of failures in the window that trips, inclusive; `false` turns the rule off. @default 0.5 */
  failureRateThreshold?: number | false | undefined;
  /** A call that took at least this long, in ms, is slow; `false` watches no durations. @default false */
  slowCallDuration?: number | false | undefined;
  /** Share of slow calls in the window that trips, inclusive; only with `slowCallDuration`. @default 1 */
  slowCallRateThreshold?: number | undefined;
  /**
   * Settled, counted calls that the window needs before a rate is judged, at least 1, at most a count window's size.
   *
   * @default 10, or a smaller count window's size
   */
  minimumCalls?: number | undefined;
  /** The calls that rates are taken over. @default { type: 'count', size: 100 } */
  window?: WindowOptions | undefined;
  /** A rule of your own, asked after the built-in ones for each settled call; `true` trips. */
  shouldTrip?: ((metrics: CircuitMetrics) => boolean) | undefined;
  /**
   * A rule with state of its own, as `adaptive()` of `recloser/adaptive` makes one; it brings defaults for options that
   * are not given. @default false
   */
  detector?: Detector | false | undefined;
  /** Time spent OPEN, in ms, at least 0, or a function that says how long. @default 60_000 */
  recoveryTimeout?: number | Backoff | undefined;
  /** Probes in flight at once, at least 1. @default 3 */
  halfOpenMaxCalls?: number | undefined;
  /** Probe successes that close, at least 1. @default 3 */
  successThreshold?: number | undefined;
  /**
   * Milliseconds after which a probe that has not settled may be given up, at least 0. No timer runs for it: it is
   * looked at when a call asks and every permit is out.
   *
   * @default callTimeout, else 60_000, which then doubles with each `probe-expired` in a row, up to an hour
   */
  probeTimeout?: number | undefined;
  /** Milliseconds, 0 to 2,147,483,647, after which a call rejects with `CallTimeoutError`; `false` for none. @default false */
  callTimeout?: number | false | undefined;
  /** Calls in flight beyond which calls are rejected, at least 1. @default Infinity */
  maxConcurrentCalls?: number | undefined;
  /** Error classes or predicates: such an error makes the outcome *ignored*. @default [] */
  excludedErrors?: readonly ErrorFilter[] | undefined;
  /** Error classes or predicates: the only errors that are failures; others are successes. @default every error */
  trackedErrors?: readonly ErrorFilter[] | undefined;
  /**
   * Has the last word on what an outcome is, for example an HTTP 503 that resolved: `true` for a failure, `false` for a
   * success, `'ignore'` for neither. It is asked of errors too. @default every error is a failure, every value a success
   */
  isFailure?: ((outcome: Outcome) => boolean | 'ignore') | undefined;
  /** Answers in place of the task; its result is the call's result. */
  fallback?: Fallback | undefined;
  /** The errors that the fallback answers. @default 'any' */
  fallbackOn?: FallbackOn | undefined;
  /** Whether rejections carry a stack, which costs several microseconds each. @default false */
  rejectionStackTrace?: boolean | undefined;
  /** `observe` decides and reports as ever but rejects no call. @default 'active' */
  mode?: 'active' | 'observe' | undefined;
  /** Where the time is read. @default systemClock */
  clock?: Clock | undefined;
  /** State to start from, as `snapshot()` gave it. */
  snapshot?: CircuitSnapshot | undefined;
  /** Is told each change of state, from the start. */
  onTransition?: Listener<Transition> | undefined;
  /** Is told each change to OPEN, from the start. */
  onOpen?: Listener<Transition> | undefined;
  /** Is told each change to CLOSED, from the start. */
  onClose?: Listener<Transition> | undefined;
  /** Is told each change to HALF_OPEN, from the start. */
  onHalfOpen?: Listener<Transition> | undefined;
}

type OnceOnly = 'snapshot' | 'onTransition' | 'onOpen' | 'onClose' | 'onHalfOpen';

/** What `update()` takes: every option but the name, the clock, the snapshot and the listeners. */
export type UpdatableOptions = Omit<CircuitBreakerOptions, 'name' | 'clock' | OnceOnly>;

/** The options in force: frozen, every member filled in. `undefined` stands for a function that was not given. */
export interface ResolvedOptions {
  readonly name: string;
  readonly failureThreshold: number | false;
  readonly failureRateThreshold: number | false;
  readonly slowCallDuration: number | false;
  readonly slowCallRateThreshold: number;
  readonly minimumCalls: number;
  readonly window: ResolvedWindow;
  readonly shouldTrip: ((metrics: CircuitMetrics) => boolean) | undefined;
  readonly detector: Detector | false;
  readonly recoveryTimeout: number | Backoff;
  readonly halfOpenMaxCalls: number;
  readonly successThreshold: number;
  readonly probeTimeout: number;
  readonly callTimeout: number | false;
  readonly maxConcurrentCalls: number;
  readonly excludedErrors: readonly ErrorFilter[];
  readonly trackedErrors: readonly ErrorFilter[] | undefined;
  readonly isFailure: ((outcome: Outcome) => boolean | 'ignore') | undefined;
  readonly fallback: Fallback | undefined;
  readonly fallbackOn: FallbackOn;
  readonly rejectionStackTrace: boolean;
  readonly mode: 'active' | 'observe';
  readonly clock: Clock;
}

const DEFAULT_PROBE_TIMEOUT = 60_000;
const DEFAULT_MINIMUM_CALLS = 10;
const NO_FILTERS: readonly ErrorFilter[] = Object.freeze([]);

const isFunctionIfGiven = (value: unknown): boolean => value === undefined || typeof value === 'function';

/** Something to read the time from. */
export const clockCheck: Check = (value) => {
  const { now, epoch, random, setTimeout, clearTimeout } = (value ?? {}) as Partial<Clock>;
  if (typeof now !== 'function' || !isFunctionIfGiven(epoch))
    return 'an object with a function `now`, and a function `epoch` if it has one';
  if (!isFunctionIfGiven(random)) return 'an object with a function `random`, if it has one';
  const bringsTimers = typeof setTimeout === 'function' && typeof clearTimeout === 'function';
  const bringsNone = setTimeout === undefined && clearTimeout === undefined;
  return bringsTimers || bringsNone
    ? undefined
    : 'an object with functions `setTimeout` and `clearTimeout`, both or neither';
};

/** What each option may be. */
export const BREAKER_RULES: Rules & Record<keyof CircuitBreakerOptions, Check> = {
  name: string,
  failureThreshold: orFalse(positiveInteger()),
  failureRateThreshold: orFalse(ratio),
  slowCallDuration: orFalse(duration()),
  slowCallRateThreshold: ratio,
  minimumCalls: positiveInteger(),
  window: (value) => object(value) && "an object, such as { type: 'count', size: 100 }",
  shouldTrip: callable,
  detector: (value) =>
    value === false || typeof (value as Partial<Detector> | null)?.create === 'function'
      ? undefined
      : 'a detector, or false',
  recoveryTimeout: either(duration(), callable),
  halfOpenMaxCalls: positiveInteger(),
  successThreshold: positiveInteger(),
  probeTimeout: duration(),
  callTimeout,
  maxConcurrentCalls: orInfinity(positiveInteger()),
  excludedErrors: callables,
  trackedErrors: someCallables,
  isFailure: callable,
  fallback: callable,
  fallbackOn,
  rejectionStackTrace: oneOf(true, false),
  mode: oneOf('active', 'observe'),
  clock: clockCheck,
  snapshot: object,
  onTransition: callable,
  onOpen: callable,
  onClose: callable,
  onHalfOpen: callable,
};

/** Where that goes which is given in place of options, by its type. */
const HINTS: Readonly<Record<string, string>> = {
  function: 'give it to `call()`',
  string: 'a name is { name: … }',
};

const fixed: Check = () => 'given when the breaker is made';

const UPDATE_RULES: Rules = {
  ...BREAKER_RULES,
  name: fixed,
  clock: fixed,
  snapshot: fixed,
  onTransition: fixed,
  onOpen: fixed,
  onClose: fixed,
  onHalfOpen: fixed,
};

/**
 * Copies and checks what a breaker is made with or updated by.
 *
 * @throws InvalidOptionsError for the first mistake
 */
export function readBreakerOptions(
  options: unknown,
  subject: Subject,
  isUpdate = false,
): CircuitBreakerOptions {
  return guardRead(subject, 'options', () => {
    const hint = HINTS[typeof options];
    if (hint !== undefined)
      refuse(subject, 'options', `\`options\` must be an object, received ${describe(options)}: ${hint}`);
    const rules = isUpdate ? UPDATE_RULES : BREAKER_RULES;
    const given: CircuitBreakerOptions = readOptions(options, rules, subject, '', ownNameOf);
    if (given.window !== undefined) given.window = Object.freeze(readWindow(given.window, subject));
    return given;
  });
}

/**
 * Refuses a rate of slow calls where nobody says which calls are slow, or that none is.
 *
 * @param own what was given
 * @param all that and what stood before
 * @throws InvalidOptionsError
 */
export function refuseIdleRate(
  own: CircuitBreakerOptions,
  all: CircuitBreakerOptions,
  subject: Subject,
): void {
  const { detector, slowCallDuration = detector ? detector.defaults?.slowCallDuration : undefined } = all;
  if (own.slowCallRateThreshold === undefined || slowCallDuration !== undefined) return;
  refuse(subject, 'slowCallRateThreshold', '`slowCallRateThreshold` needs `slowCallDuration`');
}

/**
 * Fills in what was not given.
 *
 * @param own what `readBreakerOptions` answered, but for the name
 * @throws InvalidOptionsError if `minimumCalls` is more than the window holds
 */
export function completeOptions(name: string, own: CircuitBreakerOptions, subject: Subject): ResolvedOptions {
  const { detector = false } = own;
  const given = detector === false ? own : withDefaults(own, detector, subject);
  const window = (given.window as ResolvedWindow | undefined) ?? DEFAULT_WINDOW;
  const mostCalls = window.type === 'count' ? window.size : Number.MAX_SAFE_INTEGER;
  const { callTimeout = false, minimumCalls = Math.min(DEFAULT_MINIMUM_CALLS, mostCalls) } = given;
  verify(subject, 'minimumCalls', minimumCalls, (value) =>
    (value as number) <= mostCalls ? undefined : `at most the window's size, ${mostCalls}`,
  );
  return Object.freeze({
    name,
    failureThreshold: given.failureThreshold ?? 5,
    failureRateThreshold: given.failureRateThreshold ?? 0.5,
    slowCallDuration: given.slowCallDuration ?? false,
    slowCallRateThreshold: given.slowCallRateThreshold ?? 1,
    minimumCalls,
    window,
    shouldTrip: given.shouldTrip,
    detector,
    recoveryTimeout: given.recoveryTimeout ?? DEFAULT_RECOVERY_TIMEOUT,
    halfOpenMaxCalls: given.halfOpenMaxCalls ?? 3,
    successThreshold: given.successThreshold ?? 3,
    probeTimeout: given.probeTimeout ?? (callTimeout === false ? DEFAULT_PROBE_TIMEOUT : callTimeout),
    callTimeout,
    maxConcurrentCalls: given.maxConcurrentCalls ?? Number.POSITIVE_INFINITY,
    excludedErrors: given.excludedErrors ?? NO_FILTERS,
    trackedErrors: given.trackedErrors,
    isFailure: given.isFailure,
    fallback: given.fallback,
    fallbackOn: given.fallbackOn ?? 'any',
    rejectionStackTrace: given.rejectionStackTrace ?? false,
    mode: given.mode ?? 'active',
    clock: given.clock ?? systemClock,
  });
}

/** What a detector brings stands where nothing was given. */
function withDefaults(
  own: CircuitBreakerOptions,
  { defaults = {} }: Detector,
  subject: Subject,
): CircuitBreakerOptions {
  return { ...readBreakerOptions(defaults, subject, true), ...own };
}

/** How errors name a breaker that is being made: by its name, if it has a proper one. */
export function subjectOf(options: unknown): Subject {
  let name: unknown;
  try {
    // That of a function is no option.
    name =
      (typeof options === 'object' ? (options as CircuitBreakerOptions | null)?.name : null) ?? DEFAULT_NAME;
  } catch {}
  if (typeof name !== 'string') return { breaker: '', action: 'create circuit breaker' };
  return breakerSubject('create', name);
}

export const DEFAULT_NAME = 'default';
