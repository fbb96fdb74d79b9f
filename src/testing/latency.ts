import {
  type Check,
  callable,
  describe,
  duration,
  either,
  object,
  type Subject,
  verify,
} from '../core/validate.js';
import { draw, lognormal } from './random.js';

/**
 * How long something takes, in milliseconds: always the same; lognormal, by its median and its 99th percentile; or what a
 * function answers, which is given numbers from 0 to less than 1.
 */
export type Latency = number | { p50: number; p99: number } | ((random: () => number) => number);

export const latencyCheck: Check = /* @__PURE__ */ (() => either(duration(), either(object, callable)))();

const aboveZero: Check = (value) =>
  (value as number) > 0 && Number.isFinite(value) ? undefined : 'a finite number of milliseconds above 0';

/** @throws InvalidOptionsError for percentiles that no lognormal distribution has */
export function verifyLatency(latency: unknown, subject: Subject, path: string): void {
  if (latency === undefined) return;
  verify(subject, path, latency, latencyCheck);
  if (typeof latency !== 'object') return;
  const { p50, p99, ...others } = latency as { p50: unknown; p99: unknown };
  verify(subject, `${path}.p50`, p50, aboveZero);
  verify(subject, `${path}.p99`, p99, duration(p50 as number));
  const [unknown] = Object.keys(others);
  verify(subject, `${path}.${unknown}`, unknown, (it) => (it === undefined ? undefined : 'p50 or p99'));
}

/**
 * One latency, in milliseconds.
 *
 * @param refuse throws, if a function answers nonsense
 * @param key the numbers that tell it
 */
export function drawLatency(
  latency: Latency,
  refuse: (problem: string) => never,
  ...key: readonly number[]
): number {
  if (typeof latency === 'number') return latency;
  if (typeof latency === 'object') return lognormal(latency.p50, latency.p99, draw(...key));
  let rolls = 0;
  const answer: unknown = latency(() => draw(...key, rolls++));
  const range = duration()(answer);
  if (range === undefined) return answer as number;
  return refuse(`must answer ${range}, received ${describe(answer)}`);
}
