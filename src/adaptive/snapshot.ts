/** What a detector keeps for another process: what it has learned, and the evidence at hand. */
import {
  type Check,
  count,
  guardRead,
  list,
  numberFrom,
  orFalse,
  type Rules,
  readRecord,
  type Subject,
} from '../core/validate.js';
import type { Channel } from './channel.js';
import type { Latency } from './latency.js';
import type { Learning } from './learning.js';

/** Plain, JSON-safe data. Lists have a member for each line. */
export interface AdaptiveSnapshot {
  readonly lines: readonly string[];
  readonly evidence: readonly number[];
  /** Milliseconds since the burst began, or `false` where there is none. */
  readonly since: readonly (number | false)[];
  readonly normal: number;
  /** Calls a second that are expected. */
  readonly rate: number;
  readonly calls: number;
  readonly failures: number;
  readonly excursions: readonly number[];
  readonly excess: readonly number[];
  /** Milliseconds in which the excursions came. */
  readonly span: number;
  /** Samples, and the logarithms of the median and the 99th percentile of what successes take. */
  readonly latency: readonly [samples: number, median: number, high: number];
}

const amount = numberFrom(0);

const listOf =
  (item: Check): Check =>
  (value) =>
    list(value) === undefined && !(value as unknown[]).some((it) => item(it) !== undefined)
      ? undefined
      : `an array, each item ${item(undefined)}`;

const finite: Check = (value) => (Number.isFinite(value) ? undefined : 'a finite number');

const latency: Check = (value) => {
  const [samples, median, high, ...others] = list(value) === undefined ? (value as unknown[]) : [undefined];
  const isGood = count(samples) ?? finite(median) ?? finite(high);
  return isGood === undefined && others.length === 0 ? undefined : 'an array of three finite numbers';
};

const RULES: Rules & Record<Exclude<keyof AdaptiveSnapshot, 'lines'>, Check> = {
  evidence: listOf(amount),
  since: listOf(orFalse(amount)),
  normal: (value) =>
    typeof value === 'number' && value >= 0 && value < 1 ? undefined : 'a number from 0 to below 1',
  rate: amount,
  calls: amount,
  failures: amount,
  excursions: listOf(amount),
  excess: listOf(amount),
  span: amount,
  latency,
};

/**
 * Checks what another process has kept.
 *
 * @returns `undefined` for that of a detector with other lines
 * @throws InvalidOptionsError for a member out of range
 */
export function readSnapshot(
  data: unknown,
  lines: readonly string[],
  subject: Subject,
): AdaptiveSnapshot | undefined {
  return guardRead(subject, '`snapshot.detector`', () => {
    const { lines: theirs } = Object(data) as { readonly lines?: unknown };
    if (!Array.isArray(theirs) || theirs.join() !== lines.join()) return undefined;
    const read = readRecord<Omit<AdaptiveSnapshot, 'lines'>>(data, RULES, subject, 'snapshot.detector');
    const lists = [read.evidence, read.since, read.excursions, read.excess];
    return lists.every(({ length }) => length === lines.length) ? { ...read, lines } : undefined;
  });
}

export function takeSnapshot(
  main: Channel,
  learning: Learning,
  latency: Latency | undefined,
  now: number,
): AdaptiveSnapshot {
  const { evidence, normal, calls, failures } = main;
  return {
    lines: evidence.map(({ line }) => line.name),
    evidence: evidence.map(({ value }) => value),
    since: evidence.map(({ since }) => (Number.isNaN(since) ? false : Math.max(now - since, 0))),
    normal,
    rate: learning.rate,
    calls,
    failures,
    excursions: evidence.map(({ excursions }) => excursions),
    excess: evidence.map(({ excess }) => excess),
    span: learning.span,
    latency: latency === undefined ? [0, 0, 0] : [latency.samples, latency.median, latency.high],
  };
}
