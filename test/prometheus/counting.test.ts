import { CircuitBreaker } from 'recloser';
import { METRIC_NAMES } from 'recloser/prometheus';
import { describe, expect, it, vi } from 'vitest';
import {
  createBreaker,
  createOpen,
  createRecovered,
  failing,
  failTimes,
  play,
  RECOVERY,
  succeedTimes,
} from '../support/breakers.js';
import { deferred } from '../support/deferred.js';
import { manualClock } from '../support/manual-clock.js';
import { createRegistry } from '../support/registries.js';
import { exported, readMetric } from './exposition.js';

const { requests, transitions, responseTime, fallbacks, wouldReject, state, health, inFlight } = METRIC_NAMES;

const NO_REQUESTS = {
  'result="success"': 0,
  'result="failure"': 0,
  'result="timeout"': 0,
  'result="ignored"': 0,
  'result="rejected"': 0,
};

describe('requests', () => {
  it('begin at 0 for every result, before the first call', async () => {
    const { breaker } = createBreaker();

    const metrics = exported(breaker);

    expect(await readMetric(metrics, requests)).toEqual(NO_REQUESTS);
  });

  it('count each call once, by how it ended', async () => {
    vi.useFakeTimers();
    const { breaker } = createBreaker({
      callTimeout: 50,
      failureThreshold: 3,
      excludedErrors: [RangeError],
    });
    const metrics = exported(breaker);

    await play(breaker, 'sssff');
    await breaker.tryCall(failing(new RangeError('not counted')));
    const hung = breaker.tryCall(() => deferred().promise);
    await vi.advanceTimersByTimeAsync(50);
    await hung;
    await play(breaker, 'ss');
    vi.useRealTimers();

    expect(await readMetric(metrics, requests)).toEqual({
      'result="success"': 3,
      'result="failure"': 2,
      'result="timeout"': 1,
      'result="ignored"': 1,
      'result="rejected"': 2,
    });
  });

  it('add up to the calls that were made, once all have settled', async () => {
    const { breaker } = createBreaker({ failureThreshold: 4 });
    const metrics = exported(breaker);

    await play(breaker, 'sfsfffffss');

    const counts = Object.values(await readMetric(metrics, requests));
    expect(counts.reduce((sum, count) => sum + count)).toBe(10);
  });

  it('leave out what was only observed to be rejected, since it ran', async () => {
    const { breaker } = createOpen({ mode: 'observe' });
    const metrics = exported(breaker);

    await succeedTimes(breaker, 2);

    expect(await readMetric(metrics, requests)).toEqual({ ...NO_REQUESTS, 'result="success"': 2 });
    expect(await readMetric(metrics, wouldReject)).toEqual({ '': 2 });
  });

  it.each([
    ['callSync', (breaker: CircuitBreaker) => breaker.callSync(() => 1)],
    ['a permit', (breaker: CircuitBreaker) => breaker.acquire().success()],
  ])('count %s', async (_way, run) => {
    const { breaker } = createBreaker();
    const metrics = exported(breaker);

    run(breaker);

    expect(await readMetric(metrics, requests)).toMatchObject({ 'result="success"': 1 });
  });

  it('count a call that was in flight when it was instrumented', async () => {
    const { breaker } = createBreaker();
    const task = deferred();
    const call = breaker.call(() => task.promise);

    const metrics = exported(breaker);
    task.resolve(1);
    await call;

    expect(await readMetric(metrics, requests)).toMatchObject({ 'result="success"': 1 });
    expect(await readMetric(metrics, `${responseTime}_count`)).toEqual({ '': 0 });
  });
});

describe('counters', () => {
  it('keep their values across reset and update', async () => {
    const { breaker } = createBreaker({ failureThreshold: 2 });
    const metrics = exported(breaker);
    await play(breaker, 'sffs');
    const before = await readMetric(metrics, requests);

    breaker.reset();
    breaker.update({ window: { type: 'count', size: 5 }, failureThreshold: 3 });

    expect(await readMetric(metrics, requests)).toEqual(before);
  });

  it('tell nothing of what a restored snapshot has counted', async () => {
    const old = createBreaker();
    await succeedTimes(old.breaker, 1_000);
    const { breaker } = createBreaker();
    const metrics = exported(breaker);
    await succeedTimes(breaker, 3);

    breaker.restore(old.breaker.snapshot());
    await succeedTimes(breaker, 1);

    expect(breaker.metrics.totals.successes).toBe(1_001);
    expect(await readMetric(metrics, requests)).toMatchObject({ 'result="success"': 4 });
  });

  it('begin anew for a breaker that was deleted and made again', async () => {
    const { registry } = createRegistry();
    const metrics = exported(registry);
    const first = registry.getOrCreate('test');
    await succeedTimes(first, 3);

    registry.delete('test');
    await succeedTimes(first, 5);
    await succeedTimes(registry.getOrCreate('test'), 1);

    expect(await readMetric(metrics, requests)).toMatchObject({ 'result="success"': 1 });
  });
});

describe('transitions', () => {
  it('begin at 0 and count each change of state', async () => {
    const { breaker, clock } = createBreaker({ failureThreshold: 1, successThreshold: 1 });
    const metrics = exported(breaker);

    await play(breaker, 'f');
    clock.advance(RECOVERY);
    await play(breaker, 'f');
    clock.advance(RECOVERY);
    await play(breaker, 's');
    breaker.forceOpen();
    breaker.reset();

    expect(await readMetric(metrics, transitions)).toEqual({
      'from="closed",to="open"': 2,
      'from="closed",to="half_open"': 0,
      'from="open",to="half_open"': 2,
      'from="open",to="closed"': 1,
      'from="half_open",to="open"': 1,
      'from="half_open",to="closed"': 1,
    });
  });
});

describe('the state', () => {
  it.each([
    ['closed', 0, () => createBreaker().breaker],
    ['open', 1, () => createOpen().breaker],
    ['open, though the recovery time has passed', 1, () => createRecovered().breaker],
  ])('of a breaker that is %s is %i', async (_state, value, create) => {
    const metrics = exported(create());

    expect(await readMetric(metrics, state)).toEqual({ '': value });
  });

  it('of a breaker that is half-open is 2, with its health and its calls in flight', async () => {
    const { breaker } = createRecovered({ successThreshold: 2 });
    const metrics = exported(breaker);

    breaker.acquire();
    breaker.acquire().success();

    expect(await readMetric(metrics, state)).toEqual({ '': 2 });
    expect(await readMetric(metrics, health)).toEqual({ '': 0.25 });
    expect(await readMetric(metrics, inFlight)).toEqual({ '': 1 });
  });

  it('is read without changing anything', async () => {
    const { breaker } = createRecovered();
    const metrics = exported(breaker);

    await metrics.scrape();

    expect(breaker.state).toBe('OPEN');
  });
});

describe('fallbacks', () => {
  it('count the calls that they answered', async () => {
    const { breaker } = createBreaker({ failureThreshold: 1, fallback: () => 'instead' });
    const metrics = exported(breaker);

    await breaker.call(failing());
    await breaker.call(failing());

    expect(await readMetric(metrics, fallbacks)).toEqual({ '': 2 });
  });
});

describe('response times', () => {
  async function timed(durations: readonly number[], buckets: readonly number[]) {
    const { breaker, clock } = createBreaker();
    const metrics = exported(breaker, { buckets });
    for (const ms of durations) {
      await breaker.call(() => {
        clock.advance(ms);
      });
    }
    return metrics;
  }

  it('are in seconds, in cumulative buckets whose bounds are inclusive', async () => {
    const metrics = await timed([0, 99, 100, 101, 1_000, 5_000], [0.1, 1]);

    expect(await readMetric(metrics, `${responseTime}_bucket`)).toEqual({
      'le="0.1"': 3,
      'le="1"': 5,
      'le="+Inf"': 6,
    });
    expect(await readMetric(metrics, `${responseTime}_count`)).toEqual({ '': 6 });
    expect(await readMetric(metrics, `${responseTime}_sum`)).toEqual({ '': expect.closeTo(6.3, 9) });
  });

  it('are those of failures and timeouts too, and not of ignored or rejected calls', async () => {
    const { breaker } = createBreaker({ failureThreshold: 1, excludedErrors: [RangeError] });
    const metrics = exported(breaker);

    await breaker.tryCall(failing(new RangeError()));
    await play(breaker, 'sfss');

    expect(await readMetric(metrics, `${responseTime}_count`)).toEqual({ '': 2 });
  });

  it('leave out a duration that is negative: the sum of a histogram only grows', async () => {
    const metrics = await timed([100, -50], [1]);

    expect(await readMetric(metrics, `${responseTime}_sum`)).toEqual({ '': 0.1 });
    expect(await readMetric(metrics, `${responseTime}_count`)).toEqual({ '': 1 });
    expect(await readMetric(metrics, requests)).toMatchObject({ 'result="success"': 2 });
  });
});

describe('a listener of the user that throws', () => {
  it('leaves the counts as they are', async () => {
    const clock = manualClock();
    const breaker = new CircuitBreaker({ name: 'test', clock, fallback: () => 'instead' });
    const reported = vi.spyOn(globalThis, 'queueMicrotask').mockImplementation(() => {});
    breaker.on('success', () => {
      throw new Error('a listener');
    });
    const metrics = exported(breaker);

    await succeedTimes(breaker, 2);
    expect(reported).toHaveBeenCalledTimes(2);
    vi.restoreAllMocks();

    expect(await readMetric(metrics, requests)).toMatchObject({ 'result="success"': 2 });
  });

  it('in the middle of an event does not let a nested call be lost', async () => {
    const { breaker } = createBreaker();
    const metrics = exported(breaker);
    breaker.once('success', () => void breaker.callSync(() => 'nested'));

    await succeedTimes(breaker, 1);
    await failTimes(breaker, 1);

    expect(await readMetric(metrics, requests)).toMatchObject({
      'result="success"': 2,
      'result="failure"': 1,
    });
  });
});
