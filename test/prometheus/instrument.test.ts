import * as client from 'prom-client';
import { CircuitBreaker, type CircuitBreakerRegistry } from 'recloser';
import { type InstrumentOptions, instrument, METRIC_NAMES } from 'recloser/prometheus';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { createBreaker, refusalOf, succeedTimes, thrownBy } from '../support/breakers.js';
import { createRegistry, registryOf } from '../support/registries.js';
import { exported, readMetric, samplesOf } from './exposition.js';

const { requests, state } = METRIC_NAMES;

describe('a register of the user', () => {
  it('keeps what it has, and gets no default metrics', async () => {
    const { breaker } = createBreaker();
    const register = new client.Registry();
    const own = new client.Counter({ name: 'own_total', help: 'mine', registers: [register] });
    own.inc(3);

    const stop = instrument(breaker, { client, register });

    const names = register.getMetricsAsArray().map(({ name }) => name);
    expect(names.sort()).toEqual([...Object.values(METRIC_NAMES), 'own_total'].sort());
    stop();
    expect(await register.metrics()).toContain('own_total 3');
    expect(register.getMetricsAsArray()).toHaveLength(1);
  });

  it('is `client.register` where none is given', () => {
    const { breaker } = createBreaker();

    const stop = instrument(breaker, { client });

    expect(client.register.getSingleMetric(state)).toBeDefined();
    stop();
    expect(client.register.getSingleMetric(state)).toBeUndefined();
  });

  it('may be cleared, and the source instrumented again', async () => {
    const { breaker } = createBreaker();
    const { register, stop } = exported(breaker);
    register.clear();

    const stopAgain = instrument(breaker, { client, register });
    stop();
    await succeedTimes(breaker, 1);

    const samples = samplesOf(await register.metrics());
    expect(samples.get(`${requests}{name="test",result="success"}`)).toBe(1);
    stopAgain();
    expect(register.getMetricsAsArray()).toEqual([]);
  });

  it.each(['state', 'requests'] as const)(
    'may lose the metric %s, and the source be instrumented again',
    async (key) => {
      const { breaker } = createBreaker();
      const { register, scrape } = exported(breaker);
      await succeedTimes(breaker, 1);
      const before = await scrape();
      register.removeSingleMetric(METRIC_NAMES[key]);

      instrument(breaker, { client, register });

      expect(await scrape()).toEqual(before);
    },
  );

  it('may lose a counter after it was shown in the OpenMetrics format, and get it back under its name', async () => {
    const { breaker } = createBreaker();
    const register = new client.Registry<client.OpenMetricsContentType>();
    register.setContentType(client.Registry.OPENMETRICS_CONTENT_TYPE);
    instrument(breaker, { client, register });
    const before = await register.metrics();
    register.removeSingleMetric(requests);

    instrument(breaker, { client, register });

    expect(register.getSingleMetric(requests)).toBeDefined();
    expect((await register.metrics()).split('\n').sort()).toEqual(before.split('\n').sort());
  });

  it('may have its metrics reset: what has happened to the breakers stays', async () => {
    const { breaker } = createBreaker();
    const metrics = exported(breaker);
    await succeedTimes(breaker, 2);

    metrics.register.resetMetrics();

    expect(await readMetric(metrics, requests)).toMatchObject({ 'result="success"': 2 });
  });
});

describe('a registry', () => {
  it('is exported with the breakers that it has and those that it gets', async () => {
    const { registry } = registryOf(['early']);
    const metrics = exported(registry);
    registry.getOrCreate('late');

    await succeedTimes(registry.getOrCreate('late'), 2);

    expect(await readMetric(metrics, requests, 'early')).toMatchObject({ 'result="success"': 0 });
    expect(await readMetric(metrics, requests, 'late')).toMatchObject({ 'result="success"': 2 });
  });

  it.each<[string, (registry: CircuitBreakerRegistry) => unknown]>([
    ['deleted', (registry) => registry.delete('old')],
    ['cleared', (registry) => registry.clear()],
    ['evicted', (registry) => registry.getOrCreate('new')],
  ])('loses the series of a breaker that is %s at once', async (_reason, forget) => {
    const { registry } = registryOf(['old'], { maxSize: 1 });
    await succeedTimes(registry.getOrCreate('old'), 1);
    const { scrape } = exported(registry);

    forget(registry);

    const names = [...(await scrape()).keys()].filter((key) => key.includes('"old"'));
    expect(names).toEqual([]);
  });

  it('forgets what is idle when it is scraped, and a scrape is no use of a breaker', async () => {
    const { registry, clock } = createRegistry({ idleTimeout: 1_000 });
    registry.getOrCreate('test');
    const metrics = exported(registry);
    clock.advance(999);
    expect(await readMetric(metrics, state)).toEqual({ '': 0 });

    clock.advance(1);

    expect(await readMetric(metrics, state)).toEqual({});
  });
});

describe('instrumenting twice', () => {
  it('does not count twice, and lasts until both are stopped', async () => {
    const { breaker } = createBreaker();
    const first = exported(breaker);
    const stopSecond = instrument(breaker, { client, register: first.register });

    await succeedTimes(breaker, 2);
    expect(await readMetric(first, requests)).toMatchObject({ 'result="success"': 2 });
    first.stop();
    first.stop();
    await succeedTimes(breaker, 1);
    expect(await readMetric(first, requests)).toMatchObject({ 'result="success"': 3 });

    stopSecond();
    expect(first.register.getMetricsAsArray()).toEqual([]);
  });

  it('does not count twice when another copy of the package does it', async () => {
    vi.resetModules();
    onTestFinished(() => void vi.resetModules());
    const copy = await import('recloser/prometheus');
    const { breaker } = createBreaker();
    const metrics = exported(breaker);
    const stopCopy = copy.instrument(breaker, { client, register: metrics.register });

    await succeedTimes(breaker, 1);
    expect(copy.instrument).not.toBe(instrument);
    expect(await readMetric(metrics, requests)).toMatchObject({ 'result="success"': 1 });

    metrics.stop();
    stopCopy();
    expect(metrics.register.getMetricsAsArray()).toEqual([]);
  });

  it('is refused with other labels of the same names', () => {
    const { breaker } = createBreaker();
    const { register } = exported(breaker, { labels: { team: 'a' } });

    const refusal = refusalOf(() => instrument(breaker, { client, register, labels: { team: 'b' } }));

    expect(refusal.option).toBe('labels');
    expect(refusal.message).toBe(
      'Cannot instrument circuit breakers: `labels` must be {"team":"a"}, as before, received {"team":"b"}',
    );
  });

  it('counts for each register and for each prefix', async () => {
    const { breaker } = createBreaker();
    const first = exported(breaker);
    const second = exported(breaker);
    instrument(breaker, { client, register: first.register, prefix: 'app_' });

    await succeedTimes(breaker, 1);

    for (const [metrics, name] of [
      [first, requests],
      [second, requests],
      [first, `app_${requests}`],
    ] as const) {
      expect(await readMetric(metrics, name)).toMatchObject({ 'result="success"': 1 });
    }
  });

  it('shows a breaker once that is exported on its own and with its registry', async () => {
    const { registry } = registryOf(['test']);
    const metrics = exported(registry);
    instrument(registry.getOrCreate('test'), { client, register: metrics.register });

    await succeedTimes(registry.getOrCreate('test'), 1);

    expect(await readMetric(metrics, requests)).toMatchObject({ 'result="success"': 1 });
    expect((await metrics.scrape()).get(`${METRIC_NAMES.dropped}{reason="duplicate_name"}`)).toBe(0);
  });
});

describe('two registries on one register', () => {
  it('are exported side by side', async () => {
    const metrics = exported(registryOf(['users']).registry);
    instrument(registryOf(['mail']).registry, { client, register: metrics.register });

    expect(await readMetric(metrics, state, 'users')).toEqual({ '': 0 });
    expect(await readMetric(metrics, state, 'mail')).toEqual({ '': 0 });
  });

  it('are told apart by the values of constant labels', async () => {
    const tenants = ['a', 'b'].map((tenant) => ({ tenant, registry: registryOf(['users']).registry }));
    const register = new client.Registry();
    for (const { tenant, registry } of tenants)
      instrument(registry, { client, register, labels: { tenant } });

    tenants[1]?.registry.get('users')?.trip();

    const samples = samplesOf(await register.metrics());
    expect(samples.get(`${state}{name="users",tenant="a"}`)).toBe(0);
    expect(samples.get(`${state}{name="users",tenant="b"}`)).toBe(1);
  });

  it.each<[string, Partial<InstrumentOptions>, string]>([
    ['buckets', { labels: { tenant: 'b' }, buckets: [1, 2.5] }, 'be [0.5], as before, received [1,2.5]'],
    ['maxSeries', { labels: { tenant: 'b' }, maxSeries: 5 }, 'be 600000, as before, received 5'],
    ['labels', { labels: { team: 'b' } }, 'have the names ["tenant"], as before, received ["team"]'],
    ['labels', { labels: {} }, 'have the names ["tenant"], as before, received []'],
  ])('must agree on %s', (option, options, range) => {
    const agreed = { buckets: [0.5], labels: { tenant: 'a' } };
    const { register } = exported(registryOf([]).registry, agreed);

    const refusal = refusalOf(() =>
      instrument(registryOf([]).registry, { client, register, ...agreed, ...options }),
    );

    expect(refusal.option).toBe(option);
    expect(refusal.message).toBe(`Cannot instrument circuit breakers: \`${option}\` must ${range}`);
  });

  it('go one by one, and the metrics with the last', async () => {
    const first = exported(registryOf(['users']).registry);
    const stopSecond = instrument(registryOf(['mail']).registry, { client, register: first.register });

    first.stop();
    expect(await readMetric(first, state, 'users')).toEqual({});
    expect(await readMetric(first, state, 'mail')).toEqual({ '': 0 });

    stopSecond();
    expect(first.register.getMetricsAsArray()).toEqual([]);
  });
});

describe('stop', () => {
  it('leaves no listener behind: a call reads the clock no more than before', async () => {
    const { breaker, clock } = createBreaker();
    const { stop } = exported(breaker);

    stop();
    clock.reads = 0;
    await succeedTimes(breaker, 3);

    expect(clock.reads).toBe(0);
  });

  it('leaves a metric alone that somebody else has put in the place of ours', () => {
    const { register, stop } = exported(createBreaker().breaker);
    register.removeSingleMetric(state);
    const other = new client.Gauge({ name: state, help: 'other', registers: [register] });

    stop();

    expect(register.getSingleMetric(state)).toBe(other);
    expect(register.getMetricsAsArray()).toHaveLength(1);
  });
});

describe('a metric of somebody else with a name of ours', () => {
  it('is refused when the breaker is instrumented, and nothing has happened', () => {
    const register = new client.Registry();
    new client.Gauge({ name: METRIC_NAMES.inFlight, help: 'other', registers: [register] });
    const { breaker } = createBreaker();

    const refusal = refusalOf(() => instrument(breaker, { client, register }));

    expect(refusal.message).toBe(
      'Cannot instrument circuit breakers: the register has a metric "circuit_breaker_in_flight" of somebody else, another `prefix` avoids it',
    );
    expect(register.getMetricsAsArray()).toHaveLength(1);
    expect(() => instrument(breaker, { client, register, prefix: 'app_' })).not.toThrow();
  });
});

describe('bad input', () => {
  const good = { client, register: new client.Registry() };

  it.each<[string, unknown, string]>([
    ['no client', { register: good.register }, 'client'],
    ['null for a client', { ...good, client: null }, 'client'],
    ['a client without a register', { ...good, client: { Counter: client.Counter } }, 'client'],
    ['a client whose register can do nothing', { client: { register: {} } }, 'client'],
    ['a register for a client', { client: good.register }, 'client'],
    ['a register that can do nothing', { ...good, register: {} }, 'register'],
    ['null for a register', { ...good, register: null }, 'register'],
    ['a prefix that begins with a digit', { ...good, prefix: '1_' }, 'prefix'],
    ['a prefix with a dash', { ...good, prefix: 'my-app_' }, 'prefix'],
    ['a prefix that is no string', { ...good, prefix: 5 }, 'prefix'],
    ['a reserved label', { ...good, labels: { name: 'x' } }, 'labels'],
    ['the label of buckets', { ...good, labels: { le: 'x' } }, 'labels'],
    ['a label with a dash', { ...good, labels: { 'my-label': 'x' } }, 'labels'],
    ["a label of Prometheus' own", { ...good, labels: { __address__: 'x' } }, 'labels'],
    ['an empty label', { ...good, labels: { '': 'x' } }, 'labels'],
    ['a label without a value', { ...good, labels: { team: undefined } }, 'labels.team'],
    ['a label that is not a number', { ...good, labels: { team: Number.NaN } }, 'labels.team'],
    ['labels in a list', { ...good, labels: ['team'] }, 'labels'],
    ['buckets out of order', { ...good, buckets: [1, 0.5] }, 'buckets'],
    ['a bucket twice', { ...good, buckets: [1, 1] }, 'buckets'],
    ['a bucket that is not a number', { ...good, buckets: [1, Number.NaN] }, 'buckets'],
    ['an infinite bucket', { ...good, buckets: [1, Number.POSITIVE_INFINITY] }, 'buckets'],
    ['a bucket in words', { ...good, buckets: ['1'] }, 'buckets'],
    ['a hole among the buckets', { ...good, buckets: new Array(3) }, 'buckets'],
    ['no buckets', { ...good, buckets: [] }, 'buckets'],
    ['no series', { ...good, maxSeries: 0 }, 'maxSeries'],
    ['half a series', { ...good, maxSeries: 1.5 }, 'maxSeries'],
    ['options in a list', [], 'options'],
    ['no options', undefined, 'options'],
  ])('is refused: %s', (_what, options, option) => {
    const { breaker } = createBreaker();

    const refusal = refusalOf(() => instrument(breaker, options as InstrumentOptions));

    expect(refusal.option).toBe(option);
    expect(refusal.message).toMatch(/^Cannot instrument circuit breakers: /);
    expect(good.register.getMetricsAsArray()).toEqual([]);
  });

  it('is told in full: what is wrong, the range, and the value', () => {
    const { breaker } = createBreaker();

    const refusal = refusalOf(() => instrument(breaker, { ...good, buckets: [0.1, 0.05] }));

    expect(refusal.message).toBe(
      'Cannot instrument circuit breakers: `buckets` must be an array of finite numbers, each greater than the one before, unlike 0.05, received an array',
    );
  });

  it('names the option that a misspelt one is likely to mean', () => {
    const { breaker } = createBreaker();

    const refusal = refusalOf(() => instrument(breaker, { ...good, bukets: [1] } as InstrumentOptions));

    expect(refusal.message).toContain('unknown option "bukets", did you mean "buckets"?');
  });

  it.each([
    ['nothing', undefined],
    ['null', null],
    ['a name', 'users'],
    ['an object that tells no events', { name: 'users', metrics: {} }],
    ['a list of breakers', [new CircuitBreaker()]],
    ['a map of breakers', new Map([['users', new CircuitBreaker()]])],
    ['a breaker that is no object', () => new CircuitBreaker()],
  ])('is refused as a source: %s', (_what, target) => {
    const refusal = refusalOf(() => instrument(target as unknown as CircuitBreaker, good));

    expect(refusal.message).toContain('`source` must be a circuit breaker or a registry');
  });

  it('is one clear error where the options throw', () => {
    const options = {
      get client(): never {
        throw new Error('a getter');
      },
    };

    const error = thrownBy(() => instrument(createBreaker().breaker, options));

    expect(error).toMatchObject({ name: 'InvalidOptionsError', cause: new Error('a getter') });
  });
});

describe('a source whose getters throw', () => {
  it('is refused', () => {
    const target = new Proxy(createBreaker().breaker, {
      get() {
        throw new Error('a trap');
      },
    });

    const refusal = refusalOf(() => instrument(target, { client, register: new client.Registry() }));

    expect(refusal.message).toBe('Cannot instrument circuit breakers: `source` cannot be read');
    expect(refusal.cause).toEqual(new Error('a trap'));
  });
});

describe('the options', () => {
  it('may be changed or frozen afterwards', async () => {
    const { breaker, clock } = createBreaker();
    const buckets = [1, 2];
    const labels = Object.freeze({ team: 'a' });
    const metrics = exported(breaker, { buckets, labels });

    buckets.reverse();
    await breaker.call(() => clock.advance(1_500));

    expect(await readMetric(metrics, `${METRIC_NAMES.responseTime}_bucket`)).toEqual({
      'le="1",team="a"': 0,
      'le="2",team="a"': 1,
      'le="+Inf",team="a"': 1,
    });
  });
});
