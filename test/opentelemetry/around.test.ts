import { instrument } from 'recloser/opentelemetry';
import { describe, expect, it } from 'vitest';
import { createOpen, refusalOf, succeedTimes } from '../support/breakers.js';
import { registryOf } from '../support/registries.js';
import { fakeResilience, resilienceOf } from '../support/resilience.js';
import { eventsOf, type Metrics, startMetrics, startTraces } from './telemetry.js';

/** The values of an instrument of retries and limits, by its attributes. */
async function read(metrics: Metrics, instrument: string): Promise<Record<string, unknown>> {
  const data = (await metrics.collect()).get(`recloser.resilience.${instrument}`);
  return Object.fromEntries(
    (data?.dataPoints ?? []).map(({ attributes, value }) => [
      Object.entries(attributes)
        .map(([name, word]) => `${name.split('.').at(-1)}=${word}`)
        .join(' '),
      value,
    ]),
  );
}

describe('what is around breakers', () => {
  it('is measured by the totals that it keeps', async () => {
    const metrics = startMetrics();
    const { registry } = registryOf(['plain', 'test']);
    instrument(registry, { meter: metrics.meter, resilience: resilienceOf({ test: fakeResilience() }) });

    expect(await read(metrics, 'attempts')).toEqual({
      'name=test kind=first': 12,
      'name=test kind=retry': 2,
      'name=test kind=hedge': 1,
    });
    expect(await read(metrics, 'stopped')).toEqual({
      'name=test reason=attempts': 1,
      'name=test reason=open': 6,
      'name=test reason=budget': 7,
    });
    expect(await read(metrics, 'recovered_calls')).toEqual({ 'name=test': 1 });
    expect(await read(metrics, 'hedges_won')).toEqual({ 'name=test': 1 });
    expect(await read(metrics, 'limited')).toEqual({
      'name=test by=bulkhead': 4,
      'name=test by=rate_limit': 5,
    });
    expect(await read(metrics, 'waiting')).toEqual({
      'name=test queue=bulkhead': 3,
      'name=test queue=rate_limit': 2,
      'name=test queue=backoff': 1,
    });
    expect(await read(metrics, 'retry_budget_ratio')).toEqual({ 'name=test': 0.25 });
    expect(await read(metrics, 'paused_seconds')).toEqual({ 'name=test': 1.5 });
  });

  it('has a histogram of how long calls waited', async () => {
    const metrics = startMetrics();
    const around = fakeResilience();
    instrument(registryOf(['test']).registry, {
      meter: metrics.meter,
      resilience: resilienceOf({ test: around }),
    });

    around.tell('wait', { breaker: 'test', queue: 'bulkhead', waited: 500, attempt: 1 });
    around.tell('retry', { breaker: 'test', delay: 100, attempt: 1 });

    expect(await read(metrics, 'wait.duration')).toMatchObject({
      'name=test queue=bulkhead': { count: 1, sum: 0.5 },
      'name=test queue=backoff': { count: 1, sum: 0.1 },
    });
  });

  it('is told on the span of the call that is given up', async () => {
    const { meter } = startMetrics();
    const { inSpan } = startTraces();
    const around = fakeResilience();
    instrument(registryOf(['test']).registry, { meter, resilience: resilienceOf({ test: around }) });
    const error = Object.assign(new Error('down'), { code: 'ECONNREFUSED' });

    const span = await inSpan('request', () =>
      around.tell('stop', { breaker: 'test', attempts: 3, reason: 'retry-after', error, retryAfter: 90_000 }),
    );

    expect(eventsOf(span).map((event) => event.replaceAll('recloser.resilience.', ''))).toEqual([
      'stop: name=test reason=retry-after attempts=3 retry_after=90 error.type=ECONNREFUSED',
    ]);
  });

  it('is on no span where a deadline ends a call from its timer', async () => {
    const { meter } = startMetrics();
    const { inSpan } = startTraces();
    const around = fakeResilience();
    instrument(registryOf(['test']).registry, { meter, resilience: resilienceOf({ test: around }) });
    const error = Object.assign(new Error('late'), { code: 'ERR_TOTAL_TIMEOUT' });

    const span = await inSpan('request', () =>
      around.tell('stop', { breaker: 'test', attempts: 1, reason: 'deadline', error }),
    );

    expect(eventsOf(span)).toEqual([]);
  });

  it('is left when it is stopped', () => {
    const { meter } = startMetrics();
    const around = fakeResilience();
    const stop = instrument(registryOf(['test']).registry, {
      meter,
      resilience: resilienceOf({ test: around }),
    });

    stop();

    expect(around.listeners).toBe(0);
  });
});

describe('what is saved', () => {
  it('is measured with a cost', async () => {
    const metrics = startMetrics();
    const { breaker } = createOpen();
    const resilience = resilienceOf({ test: fakeResilience() });
    instrument(breaker, { meter: metrics.meter, resilience, cost: { perCall: 0.5, currency: 'USD' } });

    await succeedTimes(breaker, 2);

    expect(await metrics.read('calls_saved')).toEqual({ 'name=test': 15 });
    expect(await metrics.read('cost_saved')).toEqual({ 'name=test currency=USD': 7.5 });
  });

  it('needs a meter that can be asked for totals', () => {
    const { meter } = startMetrics();
    const old = new Proxy(meter, {
      get: (target, key) => (key === 'createObservableCounter' ? undefined : Reflect.get(target, key)),
    });

    const refusal = refusalOf(() => instrument(createOpen().breaker, { meter: old, cost: 1 }));

    expect(refusal).toMatchObject({ option: 'meter' });
    expect(refusal.message).toContain('createObservableCounter');
  });
});
