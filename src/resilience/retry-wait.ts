/** How long a retry waits: what users' functions say, taken with care. */
import { report } from '../core/report.js';
import { describe } from '../core/validate.js';
import type { Clock, Outcome } from '../index.js';
import type { Ended } from './attempt.js';
import { type Retry, roll } from './retry-options.js';

/** Milliseconds that stand for a backoff which throws or answers nonsense. */
const DEFAULT_BACKOFF = 1_000;

export const outcomeOf = ({ threw, result }: Ended): Outcome =>
  threw ? { error: result } : { value: result };

/** Milliseconds that the server asks to wait. */
export function askedWait({ retryAfter }: Retry, ended: Ended, attempt: number): number | undefined {
  if (retryAfter === undefined) return undefined;
  return asked<undefined>(
    () => retryAfter(outcomeOf(ended), attempt),
    undefined,
    '`retryAfter` must return a number of milliseconds or undefined',
  );
}

/** Milliseconds of the backoff, whatever the server says. */
export function backoffWait({ backoff }: Retry, ended: Ended, attempt: number, clock: Clock): number {
  return asked<number>(
    () => backoff(attempt, ended.threw ? ended.result : undefined, () => roll(clock)),
    DEFAULT_BACKOFF,
    'A `backoff` must return a number of milliseconds',
  );
}

function asked<Else extends number | undefined>(
  ask: () => unknown,
  otherwise: Else,
  rule: string,
): number | Else {
  try {
    const answer = ask();
    if (isDuration(answer)) return answer;
    if (answer === undefined && otherwise === undefined) return otherwise;
    throw new TypeError(`${rule}, received ${describe(answer)}`);
  } catch (error) {
    report(error);
    return otherwise;
  }
}

const isDuration = (value: unknown): value is number =>
  typeof value === 'number' && value >= 0 && value < Number.POSITIVE_INFINITY;
