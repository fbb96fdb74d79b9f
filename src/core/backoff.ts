import { report } from './report.js';
import {
  callable,
  describe,
  duration,
  guardRead,
  numberFrom,
  type Rules,
  ratio,
  readOptions,
} from './validate.js';

/**
 * How long a breaker stays OPEN, in milliseconds, for the `attempt`-th opening since it last closed, counted from 1.
 * It is asked once for each opening. `error` is the failure that opened it, where a failure did; `random` rolls the dice of
 * the breaker's clock, from 0 to less than 1.
 */
export type Backoff = (attempt: number, error: unknown, random?: () => number) => number;

/** What {@link exponentialBackoff} takes. */
export interface BackoffOptions {
  /** The first recovery time, in milliseconds, at least 0. @default 1_000 */
  initial?: number | undefined;
  /** What each further attempt multiplies it by, at least 1. @default 2 */
  factor?: number | undefined;
  /** The longest recovery time, in milliseconds, at least 0. @default 300_000 */
  max?: number | undefined;
  /** The share of the time, from 0 to 1, of which a random part is taken off, so that a fleet does not probe in step. @default 0.2 */
  jitter?: number | undefined;
  /** A source of numbers from 0 to less than 1. @default that of the breaker's clock, else Math.random */
  random?: (() => number) | undefined;
}

const RULES: Rules = {
  initial: duration(),
  factor: numberFrom(1),
  max: duration(),
  jitter: ratio,
  random: callable,
};

const SUBJECT = { breaker: '', action: 'create exponential backoff' };

/**
 * Recovery times that grow: `initial * factor ** (attempt - 1)`, at most `max`, less a random share of up to `jitter`.
 *
 * @throws InvalidOptionsError if an option is unknown or out of range
 * @see https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/ for why the times are spread
 *
 * @example
 * ```ts
 * import { CircuitBreaker, exponentialBackoff } from 'recloser';
 *
 * const breaker = new CircuitBreaker({
 *   name: 'search',
 *   recoveryTimeout: exponentialBackoff({ initial: 500, max: 60_000 }),
 * });
 * ```
 */
export function exponentialBackoff(options: BackoffOptions = {}): Backoff {
  const given: BackoffOptions = guardRead(SUBJECT, 'options', () => readOptions(options, RULES, SUBJECT));
  const { initial = 1_000, factor = 2, max = 300_000, jitter = 0.2, random: own } = given;
  return (attempt, _error, random = Math.random) => {
    // Bounded before it multiplies: 0 * Infinity is no number.
    const growth = Math.min(factor ** (attempt - 1), Number.MAX_VALUE);
    return Math.min(initial * growth, max) * (1 - jitter * (own ?? random)());
  };
}

/** Where no recovery timeout is given, or a backoff does not answer with one. */
export const DEFAULT_RECOVERY_TIMEOUT = 60_000;

/** What is read of a breaker's options. */
interface Recovery {
  readonly recoveryTimeout: number | Backoff;
  readonly clock?: { random?(): number };
}

/** The recovery time of one opening. A backoff that throws or answers nonsense is reported and stands for the default. */
export function recoveryTime({ recoveryTimeout, clock }: Recovery, attempt: number, error: unknown): number {
  if (typeof recoveryTimeout === 'number') return recoveryTimeout;
  try {
    const random = () => clock?.random?.() ?? Math.random();
    const answer: unknown = recoveryTimeout(attempt, error, random);
    const range = duration()(answer);
    if (range === undefined) return answer as number;
    throw new TypeError(`A \`recoveryTimeout\` function must return ${range}, received ${describe(answer)}`);
  } catch (problem) {
    report(problem);
    return DEFAULT_RECOVERY_TIMEOUT;
  }
}
