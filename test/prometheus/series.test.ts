import * as client from 'prom-client';
import { CircuitBreakerRegistry } from 'recloser';
import { instrument, METRIC_NAMES } from 'recloser/prometheus';
import { describe, expect, it, vi } from 'vitest';
import { createBreaker, createOpen, hanging, refusalOf, succeedTimes } from '../support/breakers.js';
import { breakMetrics, breakName, changeMetrics, mend } from '../support/broken.js';
import { registryOf } from '../support/registries.js';
import { fakeResilience, resilienceOf } from '../support/resilience.js';
import { exported, readMetric } from './exposition.js';

function silenceWarnings() {
  return vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
}

describe('the mode', () => {
  it('tells what was forced, and what only observes', async () => {
    const { registry } = registryOf(['active', 'open', 'closed']);
    registry.getOrCreate('observed', { mode: 'observe' });
    registry.get('open')?.forceOpen();
    registry.get('closed')?.forceClosed();

    const samples = await exported(registry).scrape();

    const modeOf = (name: string) => samples.get(`${METRIC_NAMES.mode}{name="${name}"}`);
    expect(['active', 'observed', 'open', 'closed'].map(modeOf)).toEqual([0, 1, 2, 3]);
  });
});

describe('rejections', () => {
  it('are told by reason, from the first scrape on', async () => {
    const { breaker, clock } = createOpen({ maxConcurrentCalls: 2, halfOpenMaxCalls: 1 });
    const metrics = exported(breaker);
    const before = await readMetric(metrics, METRIC_NAMES.rejections);

    await succeedTimes(breaker, 3);
    clock.advance(1_000);
    void breaker.tryCall(hanging);
    await succeedTimes(breaker, 2);
    breaker.forceClosed();
    void breaker.tryCall(hanging);
    await succeedTimes(breaker, 1);
    breaker.forceOpen();
    await succeedTimes(breaker, 1);

    const none = { open: 0, 'half-open': 0, 'forced-open': 0, concurrency: 0 };
    expect(before).toEqual(labelled('reason', none));
    expect(await readMetric(metrics, METRIC_NAMES.rejections)).toEqual(
      labelled('reason', { open: 3, 'half-open': 2, 'forced-open': 1, concurrency: 1 }),
    );
    expect(await readMetric(metrics, METRIC_NAMES.requests)).toMatchObject({ 'result="rejected"': 7 });
  });

  it('that were only observed are none', async () => {
    const { breaker } = createOpen({ mode: 'observe' });
    const metrics = exported(breaker);

    await succeedTimes(breaker, 1);

    expect(await readMetric(metrics, METRIC_NAMES.rejections)).toMatchObject({ 'reason="open"': 0 });
    expect(await readMetric(metrics, METRIC_NAMES.wouldReject)).toEqual({ '': 1 });
  });
});

describe('a value that counted as a failure', () => {
  it('has its HTTP status for a type', async () => {
    const { breaker } = createBreaker({ isFailure: () => true });
    const metrics = exported(breaker);

    await breaker.call(() => new Response('', { status: 503 }));
    await breaker.call(() => ({ statusCode: 429 }));
    await breaker.call(() => ({ status: 'bad' }));

    expect(await readMetric(metrics, METRIC_NAMES.failures)).toEqual(
      labelled('type', { 503: 1, 429: 1, value: 1 }),
    );
  });
});

describe('a breaker that cannot be read', () => {
  it('takes nothing from the thousands beside it, is counted, and is told of once', async () => {
    const warn = silenceWarnings();
    const { registry } = registryOf(Array.from({ length: 1_000 }, (_, index) => `b${index}`));
    breakMetrics(registry.get('b500'));
    breakName(registry.get('b501'));
    const metrics = exported(registry);

    const samples = [await metrics.scrape(), await metrics.scrape()][1];

    const states = [...(samples?.keys() ?? [])].filter((key) => key.startsWith(`${METRIC_NAMES.state}{`));
    expect(states).toHaveLength(998);
    expect(states).toContain(`${METRIC_NAMES.state}{name="b999"}`);
    expect(samples?.get(`${METRIC_NAMES.dropped}{reason="unreadable"}`)).toBe(2);
    expect(warn).toHaveBeenCalledOnce();
    expect(warn.mock.calls[0]?.[0]).toBe(
      'Circuit breaker "b500" is not exported to Prometheus, since it cannot be read: Error: a broken clock',
    );
  });

  it('is there as soon as it can be read, with all that was counted', async () => {
    silenceWarnings();
    const { registry } = registryOf(['users']);
    const metrics = exported(registry);
    const users = registry.get('users');
    await succeedTimes(users as never, 2);
    breakMetrics(users);
    await metrics.scrape();

    mend(users);

    expect(await readMetric(metrics, METRIC_NAMES.requests, 'users')).toMatchObject({
      'result="success"': 2,
    });
  });

  it('takes nothing from other sources, if it is a registry', async () => {
    silenceWarnings();
    const broken = new CircuitBreakerRegistry();
    const metrics = exported(broken);
    instrument(createBreaker().breaker, { client, register: metrics.register });
    Object.defineProperty(broken, Symbol.iterator, {
      value: () => {
        throw new Error('no');
      },
    });

    const samples = await metrics.scrape();

    expect(samples.get(`${METRIC_NAMES.state}{name="test"}`)).toBe(0);
    expect(samples.get(`${METRIC_NAMES.dropped}{reason="unreadable"}`)).toBe(1);
  });
});

describe('a detector', () => {
  it('tells how near it is to tripping, where there is one', async () => {
    const { registry } = registryOf(['plain', 'learning']);
    const detector = {
      lines: ['1/2', '1/7'],
      evidence: [1, 6],
      thresholds: [9, 12],
      admitted: 0.4,
      degraded: true,
      overdue: 3,
    };
    changeMetrics(registry.get('learning'), { detector });
    const metrics = exported(registry);

    const of = (metric: string, breaker = 'learning') => readMetric(metrics, metric, breaker);
    expect(await of(METRIC_NAMES.evidence)).toEqual({ '': 0.5 });
    expect(await of(METRIC_NAMES.threshold)).toEqual(labelled('line', { '1/2': 9, '1/7': 12 }));
    expect(await of(METRIC_NAMES.admitted)).toEqual({ '': 0.4 });
    expect(await of(METRIC_NAMES.degraded)).toEqual({ '': 1 });
    expect(await of(METRIC_NAMES.overdue)).toEqual({ '': 3 });
    expect(await of(METRIC_NAMES.rejections)).toMatchObject({ 'reason="ramp"': 0 });
    expect(await of(METRIC_NAMES.rejections, 'plain')).not.toHaveProperty('reason="ramp"');
    expect(await of(METRIC_NAMES.evidence, 'plain')).toEqual({});
  });
});

describe('what is around breakers', () => {
  it('is exported by the totals that it keeps', async () => {
    const metrics = exported(registryOf(['plain', 'test']).registry, {
      resilience: resilienceOf({ test: fakeResilience() }),
    });

    const of = (metric: string) => readMetric(metrics, metric);
    expect(await of(METRIC_NAMES.attempts)).toEqual(labelled('kind', { first: 12, retry: 2, hedge: 1 }));
    expect(await of(METRIC_NAMES.retriesStopped)).toEqual(
      labelled('reason', { attempts: 1, open: 6, budget: 7 }),
    );
    expect(await of(METRIC_NAMES.recoveredCalls)).toEqual({ '': 1 });
    expect(await of(METRIC_NAMES.hedgesWon)).toEqual({ '': 1 });
    expect(await of(METRIC_NAMES.limited)).toEqual(labelled('by', { bulkhead: 4, rate_limit: 5 }));
    expect(await of(METRIC_NAMES.waiting)).toEqual(
      labelled('queue', { bulkhead: 3, rate_limit: 2, backoff: 1 }),
    );
    expect(await of(METRIC_NAMES.retryBudget)).toEqual({ '': 0.25 });
    expect(await of(METRIC_NAMES.paused)).toEqual({ '': 1.5 });
    expect(await readMetric(metrics, METRIC_NAMES.attempts, 'plain')).toEqual({});
  });

  it('has a histogram of how long calls waited, by queue', async () => {
    const { registry } = registryOf(['test']);
    const around = fakeResilience();
    const metrics = exported(registry, { buckets: [1], resilience: resilienceOf({ test: around }) });

    around.tell('wait', { breaker: 'test', queue: 'rate-limit', waited: 500 });
    around.tell('wait', { breaker: 'test', queue: 'rate-limit', waited: 1_500 });
    around.tell('retry', { breaker: 'test', attempt: 1, delay: 100 });

    const counts = await readMetric(metrics, `${METRIC_NAMES.waitTime}_bucket`);
    expect(counts).toEqual({
      'le="1",queue="rate_limit"': 1,
      'le="+Inf",queue="rate_limit"': 2,
      'le="1",queue="backoff"': 1,
      'le="+Inf",queue="backoff"': 1,
    });
    expect(await readMetric(metrics, `${METRIC_NAMES.waitTime}_sum`)).toEqual(
      labelled('queue', { rate_limit: 2, backoff: 0.1 }),
    );
  });

  it('is heard when it is made with its breaker, and left when the breaker goes', async () => {
    const { registry } = registryOf([]);
    const around = fakeResilience();
    const resilience = resilienceOf({});
    const { stop } = exported(registry, { resilience });

    registry.getOrCreate('late');
    resilience.set('late', around);
    await Promise.resolve();
    const whileThere = around.listeners;
    registry.delete('late');

    expect([whileThere, around.listeners]).toEqual([2, 0]);
    stop();
  });

  it('is left when the export is stopped', () => {
    const around = fakeResilience();
    const { stop } = exported(registryOf(['test']).registry, { resilience: resilienceOf({ test: around }) });

    stop();

    expect(around.listeners).toBe(0);
  });

  it('costs the breaker none of its own series when it cannot be read', async () => {
    const around = fakeResilience();
    Object.defineProperty(around, 'metrics', {
      get: () => {
        throw new Error('no');
      },
    });

    const metrics = exported(registryOf(['test']).registry, { resilience: resilienceOf({ test: around }) });

    expect(await readMetric(metrics, METRIC_NAMES.state)).toEqual({ '': 0 });
  });

  it('has room in `maxSeries` for the waits that are still to come', async () => {
    silenceWarnings();
    const resilience = resilienceOf({ a: fakeResilience(), b: fakeResilience() });
    const most = 46 + 15 + 3 * 4; // its own, what is around it, and a histogram for each queue
    const shown = async (maxSeries: number) => {
      const { scrape } = exported(registryOf(['a', 'b']).registry, { buckets: [1], resilience, maxSeries });
      return [...(await scrape()).keys()].filter((key) => key.startsWith(`${METRIC_NAMES.state}{`)).length;
    };

    expect([await shown(2 * most), await shown(2 * most - 1)]).toEqual([2, 1]);
  });
});

describe('what is saved', () => {
  it('is told with a cost: rejections, and retries that the circuit or the budget stopped', async () => {
    const { breaker } = createOpen();
    const resilience = resilienceOf({ test: fakeResilience() });
    const metrics = exported(breaker, { resilience, cost: { perCall: 0.5, currency: 'USD' } });

    await succeedTimes(breaker, 2);

    expect(await readMetric(metrics, METRIC_NAMES.callsSaved)).toEqual({ '': 2 + 6 + 7 });
    expect(await readMetric(metrics, METRIC_NAMES.costSaved)).toEqual({ 'currency="USD"': 7.5 });
  });

  it('is told without anything around the breaker, by a function of its name', async () => {
    const { breaker } = createOpen();
    const metrics = exported(breaker, { cost: (name) => (name === 'test' ? 2 : 0) });

    await succeedTimes(breaker, 3);

    expect(await readMetric(metrics, METRIC_NAMES.callsSaved)).toEqual({ '': 3 });
    expect(await readMetric(metrics, METRIC_NAMES.costSaved)).toEqual({ 'currency=""': 6 });
  });

  it('is not told of a breaker whose cost cannot be told, of which the process is warned', async () => {
    const warn = silenceWarnings();
    const metrics = exported(registryOf(['a', 'test']).registry, {
      cost: (name) => (name === 'a' ? 1 : (undefined as never)),
    });

    expect(await readMetric(metrics, METRIC_NAMES.callsSaved, 'a')).toEqual({ '': 0 });
    expect(await readMetric(metrics, METRIC_NAMES.callsSaved)).toEqual({});
    expect(await readMetric(metrics, METRIC_NAMES.state)).toEqual({ '': 0 });
    expect(warn).toHaveBeenCalledOnce();
  });
});

describe('instrumenting again', () => {
  const resilience = resilienceOf({});

  it.each<[string, object]>([
    ['resilience', { resilience: resilienceOf({}) }],
    ['cost', { cost: { perCall: 2 } }],
    ['cost', { cost: () => 1 }],
    ['cost', { cost: undefined }],
  ])('is refused with another %s', (option, others) => {
    const { breaker } = createBreaker();
    const same = { resilience, cost: { perCall: 1 } };
    const { register } = exported(breaker, same);
    const again = (more: object) => () => instrument(breaker, { client, register, ...same, ...more });

    expect(refusalOf(again(others)).option).toBe(option);
    expect(again({ cost: { perCall: 1 } })).not.toThrow();
  });
});

describe('bad input', () => {
  it.each<[string, object, string]>([
    ['resilience', { resilience: {} }, 'a ResilienceRegistry of recloser/resilience, received an object'],
    ['cost', { cost: -1 }, 'a finite number of at least 0, received -1'],
    ['cost', { cost: 'free' }, 'or a function of the name, received "free"'],
  ])('is refused: %s', (option, options, words) => {
    const refusal = refusalOf(() => exported(createBreaker().breaker, options));

    expect(refusal).toMatchObject({ option });
    expect(refusal.message).toContain(words);
  });

  it.each(['reason', 'line', 'kind', 'by', 'queue', 'currency'])('is refused: a label %s', (label) => {
    const refusal = refusalOf(() => exported(createBreaker().breaker, { labels: { [label]: 'x' } }));

    expect(refusal.option).toBe('labels');
  });
});

/** Samples by the value of one label. */
function labelled(label: string, values: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(values).map(([value, count]) => [`${label}="${value}"`, count]));
}
