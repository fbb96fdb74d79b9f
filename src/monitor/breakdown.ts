import { counted } from './text.js';

/** How many failures were of one type. */
export interface FailureCount {
  /** The type; `(others)` for those that are not told apart. */
  readonly type: string;
  readonly count: number;
}

const REST = '(others)';
/** A type that is a number would read as one with the count before it. */
const HTTP_STATUS = /^\d+$/;
/** Types that are told apart; a dependency with a code for each failure must not fill the memory. */
const MOST_TYPES = 10;
/** Types that are told by name in a text. */
const MOST_NAMED = 3;

/** The failures by type, the most frequent type first; types beyond the tenth are counted together, last. */
export function countTypes(failures: Iterable<{ readonly type: string }>): FailureCount[] {
  const counts = new Map<string, number>();
  for (const { type } of failures) counts.set(type, (counts.get(type) ?? 0) + 1);
  const all = sorted(counts);
  const rest = totalOf(all.slice(MOST_TYPES));
  return rest === 0 ? all : [...all.slice(0, MOST_TYPES), { type: REST, count: rest }];
}

/** Counts by type as they come, in a memory that does not grow. */
export class TypeCounts {
  readonly #counts = new Map<string, number>();
  #others = 0;

  add(type: string): void {
    const known = this.#counts.get(type);
    if (known === undefined && this.#counts.size >= MOST_TYPES) this.#others++;
    else this.#counts.set(type, (known ?? 0) + 1);
  }

  /** The most frequent type first; those that are not told apart last. */
  list(): FailureCount[] {
    const all = sorted(this.#counts);
    return this.#others === 0 ? all : [...all, { type: REST, count: this.#others }];
  }
}

/** How many failures were counted. */
export function totalOf(counts: readonly FailureCount[]): number {
  return counts.reduce((sum, { count }) => sum + count, 0);
}

function sorted(counts: ReadonlyMap<string, number>): FailureCount[] {
  return Array.from(counts, ([type, count]) => ({ type, count })).sort((a, b) => b.count - a.count);
}

/** `9 ECONNREFUSED, 3 timeouts`; empty where there are none. */
export function describeCounts(counts: readonly FailureCount[]): string {
  const named = counts.slice(0, MOST_NAMED).map(describeCount);
  const others = totalOf(counts.slice(MOST_NAMED));
  return [...named, ...(others === 0 ? [] : [counted(others, 'other')])].join(', ');
}

function describeCount({ type, count }: FailureCount): string {
  if (type === 'timeout') return counted(count, type);
  return HTTP_STATUS.test(type) ? `${count} × ${type}` : `${count} ${type}`;
}
