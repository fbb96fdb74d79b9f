import { counted } from './text.js';

/** How many failures were of one type. */
export interface FailureCount {
  /** The type; `(others)` for those that are not told apart. */
  readonly type: string;
  readonly count: number;
}

const REST = '(others)';
/** Types that are told apart; a dependency with a code for each failure must not fill the memory. */
const MOST_TYPES = 10;
/** Types that are told by name in a text. */
const MOST_NAMED = 3;

/** The failures by type, the most frequent type first; types beyond the tenth are counted together, last. */
export function countTypes(failures: Iterable<{ readonly type: string }>): FailureCount[] {
  const counts = new Map<string, number>();
  for (const { type } of failures) counts.set(type, (counts.get(type) ?? 0) + 1);
  const all = Array.from(counts, ([type, count]) => ({ type, count })).sort((a, b) => b.count - a.count);
  const rest = totalOf(all.slice(MOST_TYPES));
  return rest === 0 ? all : [...all.slice(0, MOST_TYPES), { type: REST, count: rest }];
}

/** How many failures were counted. */
export function totalOf(counts: readonly FailureCount[]): number {
  return counts.reduce((sum, { count }) => sum + count, 0);
}

/** `9 ECONNREFUSED, 3 timeouts`; empty where there are none. */
export function describeCounts(counts: readonly FailureCount[]): string {
  const named = counts.slice(0, MOST_NAMED).map(describeCount);
  const others = totalOf(counts.slice(MOST_NAMED));
  return [...named, ...(others === 0 ? [] : [counted(others, 'other')])].join(', ');
}

function describeCount({ type, count }: FailureCount): string {
  return type === 'timeout' ? counted(count, type) : `${count} ${type}`;
}
