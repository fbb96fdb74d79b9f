/**
 * A breaker's state as JSON, to start from in another process. Clock readings mean nothing there, so a snapshot
 * carries durations, and the wall-clock time at which it was taken. Reading one back checks every member before
 * anything is used: a snapshot is data from outside.
 */
import { type CircuitMode, CircuitState } from './circuit-state.js';
import { type CircuitTotals, createTotals } from './metrics.js';
import {
  type Check,
  count,
  describe,
  duration,
  either,
  guardRead,
  list,
  numberFrom,
  object,
  oneOf,
  positiveInteger,
  type Rules,
  readRecord,
  refuse,
  type Subject,
  string,
  verify,
} from './validate.js';
import { MAX_BUCKETS, MAX_WINDOW_SIZE, type WindowSnapshot } from './window.js';

/** The version of the format that this release writes, and the newest that it reads. */
export const SNAPSHOT_VERSION = 1;

/** The longest time, in ms, that a snapshot can tell of: sums of such times are still numbers. */
export const LONGEST = Number.MAX_SAFE_INTEGER;

/** A breaker's state as plain, JSON-safe data. Durations are milliseconds. */
export interface CircuitSnapshot {
  readonly version: typeof SNAPSHOT_VERSION;
  readonly name: string;
  /** Wall-clock milliseconds since 1970. The time that passes until it is restored counts towards the recovery. */
  readonly takenAt: number;
  readonly state: CircuitState;
  readonly mode: CircuitMode;
  /** How long it has been in this state. */
  readonly elapsed: number;
  /** Openings since it was last CLOSED. */
  readonly attempt: number;
  /** How long it stays OPEN in all; 0 where it is not OPEN, or forced. */
  readonly recovery: number;
  /** How much of that is left. */
  readonly remaining: number;
  /** Probes that have succeeded; 0 where it is not HALF_OPEN. */
  readonly probeSuccesses: number;
  readonly consecutiveFailures: number;
  readonly window: WindowSnapshot;
  readonly lastFailure: FailureSnapshot | null;
  readonly totals: CircuitTotals;
  /** What a detector keeps; there only where the breaker has one. */
  readonly detector?: unknown;
}

/** What is kept of a failure: enough to tell it by. */
export interface FailureSnapshot {
  readonly name: string;
  readonly message: string;
  readonly code: string | null;
  /** Milliseconds since it happened. */
  readonly ago: number;
}

/** Characters that are kept of each text of a failure. */
const LONGEST_TEXT = 1_000;

const text = (value: unknown): string => String(value).slice(0, LONGEST_TEXT);

/** What JSON can tell of a failure, which may be anything at all. It never throws. */
export function describeFailure(error: unknown): Omit<FailureSnapshot, 'ago'> {
  try {
    // An error of any realm, or something like one: not all that is thrown is an `Error`.
    const { name = 'Failure', message, code } = error as Partial<Record<keyof FailureSnapshot, unknown>>;
    if (typeof message === 'string')
      return { name: text(name), message: text(message), code: code === undefined ? null : text(code) };
  } catch {}
  return { name: 'Failure', message: describe(error), code: null };
}

/** An error that can stand for the one that a snapshot tells of. */
export function recallFailure({ name, message, code }: FailureSnapshot): Error {
  const error = new Error(message);
  error.stack = `${name}: ${message}`;
  return Object.assign(error, { name }, code !== null && { code });
}

const time = numberFrom(-Number.MAX_VALUE);

const RULES: Rules & Record<Exclude<keyof CircuitSnapshot, 'detector'>, Check> = {
  version: (value) => (value === SNAPSHOT_VERSION ? undefined : String(SNAPSHOT_VERSION)),
  name: string,
  takenAt: time,
  state: oneOf(...Object.values(CircuitState)),
  mode: oneOf('active', 'observe', 'forced-open', 'forced-closed'),
  elapsed: duration(0, LONGEST),
  attempt: count,
  recovery: duration(),
  remaining: duration(),
  probeSuccesses: count,
  consecutiveFailures: count,
  window: object,
  lastFailure: either(object, oneOf(null)),
  totals: object,
};

const COUNT_WINDOW_RULES: Rules = {
  size: positiveInteger(MAX_WINDOW_SIZE),
  outcomes: (value) =>
    typeof value === 'string' && /^[0-3]*$/.test(value) ? undefined : 'a string of digits from 0 to 3',
};

const TIME_WINDOW_RULES: Rules = {
  duration: duration(1),
  buckets: positiveInteger(MAX_BUCKETS),
  counts: list,
};

const FAILURE_RULES: Rules & Record<keyof FailureSnapshot, Check> = {
  name: string,
  message: string,
  code: either(string, oneOf(null)),
  ago: duration(0, LONGEST),
};

const TOTALS_RULES: Rules = Object.fromEntries(Object.keys(createTotals()).map((key) => [key, count]));

/**
 * Checks a snapshot whole, and copies it.
 *
 * @throws InvalidOptionsError if it is damaged, contradicts itself, or is of a newer version
 */
export function parseSnapshot(given: unknown, subject: Subject): CircuitSnapshot {
  return guardRead(subject, '`snapshot`', () => {
    refuseNewer((given as Partial<CircuitSnapshot> | null)?.version, subject);
    const snapshot = readRecord<CircuitSnapshot>(given, RULES, subject, 'snapshot');
    const { state, mode, recovery, remaining, lastFailure } = snapshot;
    const forcedState = FORCED_STATES[mode];
    if (forcedState !== undefined && forcedState !== state) {
      refuse(
        subject,
        'snapshot.mode',
        `\`snapshot.mode\` is "${mode}" while \`snapshot.state\` is "${state}"`,
      );
    }
    verify(subject, 'snapshot.remaining', remaining, () =>
      remaining <= recovery ? undefined : `at most \`snapshot.recovery\`, ${recovery}`,
    );
    return {
      ...snapshot,
      ...((given as CircuitSnapshot).detector !== undefined && {
        detector: (given as CircuitSnapshot).detector,
      }),
      window: parseWindow(snapshot.window, subject),
      lastFailure: lastFailure && readRecord(lastFailure, FAILURE_RULES, subject, 'snapshot.lastFailure'),
      totals: readRecord(snapshot.totals, TOTALS_RULES, subject, 'snapshot.totals'),
    };
  });
}

const FORCED_STATES: { readonly [mode in CircuitMode]?: CircuitState } = {
  'forced-open': CircuitState.OPEN,
  'forced-closed': CircuitState.CLOSED,
};

function refuseNewer(version: unknown, subject: Subject): void {
  if (!Number.isInteger(version) || (version as number) <= SNAPSHOT_VERSION) return;
  const known = `this release of recloser reads up to version ${SNAPSHOT_VERSION}`;
  refuse(subject, 'snapshot.version', `\`snapshot\` is of version ${version}, ${known}`);
}

function parseWindow(given: WindowSnapshot, subject: Subject): WindowSnapshot {
  const path = 'snapshot.window';
  const { type } = readRecord<WindowSnapshot>(given, { type: oneOf('count', 'time') }, subject, path);
  if (type === 'count') {
    const window = readRecord<WindowSnapshot & { type: 'count' }>(given, COUNT_WINDOW_RULES, subject, path);
    verify(subject, `${path}.outcomes`, window.outcomes, ({ length }: string) =>
      length <= window.size ? undefined : `at most ${window.size} digits`,
    );
    return { ...window, type };
  }
  const window = readRecord<WindowSnapshot & { type: 'time' }>(given, TIME_WINDOW_RULES, subject, path);
  verify(subject, `${path}.counts`, window.counts, ({ length }) =>
    length <= window.buckets ? undefined : `at most ${window.buckets} buckets`,
  );
  const counts = Array.from(window.counts, (bucket, index) => {
    verify(subject, `${path}.counts[${index}]`, bucket, (it) => list(it) ?? isBucket(it));
    const [age, calls, failures, slowCalls] = bucket;
    return [age, calls, failures, slowCalls] as const;
  });
  return { ...window, counts, type };
}

function isBucket([age, ...counts]: readonly number[]): string | undefined {
  const isSound =
    counts.length === 3 && time(age) === undefined && counts.every((n) => count(n) === undefined);
  return isSound && Math.max(...counts) === counts[0]
    ? undefined
    : 'an age and three counts, the first the largest';
}

/** The same with an error in plain words, where there is one: what JSON can tell of it, which may be anything, cycles and all. */
export function plainly<T extends object | null>(shown: T): T {
  if (shown === null || !('error' in shown)) return shown;
  const { name, message, code } = describeFailure(shown.error);
  return { ...shown, error: { name, message, code } };
}

/** Lets JSON tell of an object's error in plain words, and show nothing else that the object does not have. */
export function withPlainError<T extends object>(shown: T): T {
  return 'error' in shown
    ? Object.defineProperty(shown, 'toJSON', { value: () => plainly(shown), configurable: true })
    : shown;
}
