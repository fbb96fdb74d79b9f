/** What has happened lately, to all breakers or to one, as the page tells it. */
import type { FailureRecord, Past, TransitionRecord } from '../monitor/index.js';
import type { ActionRecord } from './action.js';
import type { DashboardHistory } from './options.js';
import type { Redact } from './redaction.js';

/** Failures that are equal, the newest of them. */
export interface RecentFailure
  extends Pick<FailureRecord, 'breaker' | 'time' | 'type' | 'message' | 'duration'> {
  /** How many there were among those that the history has. */
  readonly count: number;
  /** When the first of them was. */
  readonly first: number;
}

export type RecentTransition = Pick<
  TransitionRecord,
  'breaker' | 'time' | 'from' | 'to' | 'reason' | 'detail'
>;

/** What has happened lately, the newest first. */
export interface Recent {
  readonly transitions: readonly RecentTransition[];
  readonly failures: readonly RecentFailure[];
  readonly actions: readonly ActionRecord[];
}

const LAST = 20;
/** Of one breaker more is told: its band of states goes back half an hour. */
const LAST_OF_ONE = 100;
const OTHERS = '(others)';
const MOST_TYPES = 10;

export function recentOf(
  history: DashboardHistory,
  actions: readonly ActionRecord[],
  redact: Redact,
): Recent {
  return {
    transitions: history.transitions(undefined, LAST).map(transitionWords),
    failures: grouped(history.failures(), redact).slice(0, LAST),
    actions,
  };
}

/** The same of one breaker, and its failures by type. */
export function pastOfOne(history: DashboardHistory, breaker: string, redact: Redact) {
  const failures = history.failures(breaker);
  return {
    kinds: kindsOf(failures),
    failures: grouped(failures, redact).slice(0, LAST_OF_ONE),
    transitions: history.transitions(breaker, LAST_OF_ONE).map(transitionWords),
  };
}

function transitionWords({ breaker, time, from, to, reason, detail }: TransitionRecord): RecentTransition {
  return { breaker, time, from, to, reason, detail };
}

function grouped(failures: readonly FailureRecord[], redact: Redact): RecentFailure[] {
  const groups = new Map<string, { -readonly [Key in keyof RecentFailure]: RecentFailure[Key] }>();
  for (const { breaker, time, type, message, duration } of failures) {
    const key = JSON.stringify([breaker, type, message]);
    const group = groups.get(key);
    if (group === undefined)
      groups.set(key, { breaker, time, type, message, duration, count: 1, first: time });
    else {
      group.count++;
      group.first = time;
    }
  }
  return Array.from(groups.values(), (group) => ({ ...group, message: redact(group.message) }));
}

function kindsOf(failures: readonly FailureRecord[]): { type: string; count: number }[] {
  const counts = new Map<string, number>();
  for (const { type } of failures) counts.set(type, (counts.get(type) ?? 0) + 1);
  const kinds = Array.from(counts, ([type, count]) => ({ type, count })).sort((a, b) => b.count - a.count);
  const rest = kinds.slice(MOST_TYPES).reduce((sum, { count }) => sum + count, 0);
  return rest === 0 ? kinds : [...kinds.slice(0, MOST_TYPES), { type: OTHERS, count: rest }];
}

/** The past by breaker, read once: there may be thousands, and each would look through the failures of all. */
export function pastOf(history: DashboardHistory): Past {
  let failures: Map<string, FailureRecord[]> | undefined;
  const read = () => {
    const read = new Map<string, FailureRecord[]>();
    for (const failure of history.failures()) {
      const known = read.get(failure.breaker);
      if (known === undefined) read.set(failure.breaker, [failure]);
      else known.push(failure);
    }
    return read;
  };
  return {
    failures(breaker, most) {
      failures ??= read();
      return failures.get(breaker)?.slice(0, most) ?? [];
    },
    opening: (breaker) => history.opening(breaker),
    uncounted: (breaker) => history.uncounted?.(breaker),
    words: (breaker) => history.words?.(breaker),
  };
}
