/**
 * Random schedules, one call after the other, on opossum and on the face: both are to tell the same of each, do the same
 * at the same time, and count the same. What differs on purpose is kept out: calls that overlap, and a rate that is taken
 * of something else.
 */
import { createRequire } from 'node:module';
import CircuitBreaker from 'recloser/opossum';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createRandom } from '../../bench/simulations/chance.mjs';
import type { AnyClass } from '../opossum/scenario.js';

const require = createRequire(import.meta.url);

const SCHEDULES = Number(process.env.SCHEDULES ?? 60);

const EVENTS = {
  fire: (args: unknown[]) => args,
  success: (value: unknown, ms: number) => [value, ms],
  failure: (error: Error, ms: number, args: unknown[]) => [error.message, ms, args],
  timeout: (error: Error, ms: number, args: unknown[]) => [error.message, ms, args],
  reject: (error: Error & { code: string }) => [error.message, error.code],
  open: () => [],
  halfOpen: (ms: number) => [ms],
  close: () => [],
  fallback: (value: unknown, error: Error) => [value, error.message],
  cacheHit: () => [],
  cacheMiss: () => [],
  shutdown: () => [],
};

type Step =
  | {
      readonly do: 'fire';
      readonly arg: number;
      readonly takes: number;
      readonly ends: 'well' | 'badly' | 'filtered' | 'never';
    }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'open' | 'close' | 'disable' | 'enable' | 'clearCache' | 'shutdown' };

interface Schedule {
  readonly options: Record<string, unknown>;
  readonly fallback: 'none' | 'value' | 'throws';
  readonly steps: readonly Step[];
}

function createSchedule(seed: number): Schedule {
  const random = createRandom(seed);
  const oneOf = <T>(...them: readonly T[]): T => them[Math.floor(random() * them.length)] as T;
  const options = {
    name: 'prices',
    timeout: oneOf<number | false>(100, 100, 250),
    resetTimeout: oneOf(50, 300, 1_000),
    errorThresholdPercentage: 1,
    rollingCountTimeout: oneOf(1_000, 10_000),
    rollingCountBuckets: oneOf(1, 5, 10),
    ...(random() < 0.3 ? { cache: true, cacheTTL: oneOf(0, 200) } : {}),
    ...(random() < 0.3 ? { errorFilter: (error: Error) => error.message === 'filtered' } : {}),
  };
  const step = (): Step => {
    const dice = random();
    if (dice < 0.55) {
      const ends = oneOf('well', 'well', 'well', 'badly', 'filtered', 'never') as 'well';
      return { do: 'fire', arg: oneOf(1, 2, 3), takes: oneOf(0, 0, 5, 60), ends };
    }
    if (dice < 0.85) return { do: 'wait', ms: oneOf(1, 49, 50, 51, 120, 299, 300, 301, 999, 1_000, 3_000) };
    return { do: oneOf('open', 'close', 'disable', 'enable', 'enable', 'clearCache') };
  };
  const steps = Array.from({ length: 25 }, step);
  return { options, fallback: oneOf('none', 'none', 'value', 'throws'), steps };
}

/** What a breaker of this class tells, answers and counts. */
async function traceOf(Breaker: AnyClass, { options, fallback, steps }: Schedule): Promise<unknown[]> {
  const trace: unknown[] = [];
  const action = (step: Extract<Step, { do: 'fire' }>) =>
    new Promise((resolve, reject) => {
      if (step.ends === 'never') return;
      const end = () => (step.ends === 'well' ? resolve(step.arg) : reject(new Error(step.ends)));
      if (step.takes === 0) end();
      else setTimeout(end, step.takes);
    });
  const breaker = new Breaker(action, {
    ...options,
    ...(options.cache === true ? { cacheGetKey: ({ arg }: { arg: number }) => String(arg) } : {}),
  });
  if (fallback === 'value') breaker.fallback(() => 'instead');
  if (fallback === 'throws') {
    breaker.fallback(() => {
      throw new Error('of the fallback');
    });
  }
  for (const [event, read] of Object.entries(EVENTS)) {
    breaker.on(event, (...args: unknown[]) => trace.push([Date.now(), event, (read as AnyClass)(...args)]));
  }
  for (const step of steps) {
    if (step.do === 'wait') await vi.advanceTimersByTimeAsync(step.ms);
    else if (step.do === 'fire') {
      let outcome: unknown = 'pending';
      breaker.fire(step).then(
        (value: unknown) => {
          outcome = value;
        },
        (error: Error & { code?: string }) => {
          outcome = [error.code, error.message];
        },
      );
      // A call that is not guarded may go on for ever.
      for (let ms = 0; ms < 300 && outcome === 'pending'; ms++) await vi.advanceTimersByTimeAsync(1);
      trace.push([step.do, outcome]);
    } else breaker[step.do]();
    await vi.advanceTimersByTimeAsync(0);
    const { closed, opened, halfOpen, pendingClose, enabled, warmUp } = breaker;
    const { fires, successes, failures, rejects, timeouts, fallbacks, cacheHits, cacheMisses } =
      breaker.stats;
    trace.push({ closed, opened, halfOpen, pendingClose, enabled, warmUp });
    trace.push({ fires, successes, failures, rejects, timeouts, fallbacks, cacheHits, cacheMisses });
  }
  breaker.shutdown();
  trace.push(breaker.isShutdown);
  return trace;
}

beforeEach(() => void vi.useFakeTimers({ now: 1_700_000_000_000 }));
afterEach(() => void vi.useRealTimers());

describe.each(['opossum-8', 'opossum-9', 'opossum-10'])('random schedules on %s and on the face', (name) => {
  const Opossum: AnyClass = require(name);

  it(`give the same trace, ${SCHEDULES} of them`, async () => {
    const told = new Set<unknown>();
    for (let seed = 1; seed <= SCHEDULES; seed++) {
      const schedule = createSchedule(seed);
      vi.setSystemTime(1_700_000_000_000);
      const theirs = await traceOf(Opossum, schedule);
      vi.clearAllTimers();
      vi.setSystemTime(1_700_000_000_000);
      const ours = await traceOf(CircuitBreaker, schedule);
      vi.clearAllTimers();

      for (const entry of ours) if (Array.isArray(entry)) told.add(entry[1]);
      expect(ours, `seed ${seed}: ${JSON.stringify(schedule)}`).toEqual(theirs);
    }
    expect([...told]).toEqual(expect.arrayContaining(Object.keys(EVENTS)));
  });
});
