import { AggregationTemporality, type Histogram } from '@opentelemetry/sdk-metrics';
import { INSTRUMENT_NAMES, instrument } from 'recloser/opentelemetry';
import { describe, expect, it, vi } from 'vitest';
import {
  createBreaker,
  createOpen,
  failing,
  failTimes,
  play,
  RECOVERY,
  succeedTimes,
} from '../support/breakers.js';
import { breakMetrics, changeMetrics } from '../support/broken.js';
import { deferred } from '../support/deferred.js';
import { registryOf } from '../support/registries.js';
import { type Metrics, startMetrics } from './telemetry.js';

const NEVER_TRIPS = { failureThreshold: false, failureRateThreshold: false } as const;

/** How many calls the histogram has seen, by its attributes. */
async function countsOf(metrics: Metrics): Promise<Record<string, number>> {
  const points = await metrics.read('call.duration');
  return Object.fromEntries(
    Object.entries(points).map(([attributes, value]) => [attributes, (value as Histogram).count]),
  );
}

describe('the instruments', () => {
  it('have units of UCUM and descriptions', async () => {
    const metrics = startMetrics();
    const { breaker } = createBreaker({ failureThreshold: 1, fallback: () => 'instead' });
    instrument(breaker, { meter: metrics.meter });

    await play(breaker, 'sfs');
    breaker.update({ mode: 'observe' });
    await succeedTimes(breaker, 1);

    const units = Object.fromEntries(
      [...(await metrics.collect())].map(([name, it]) => [name, it.descriptor.unit]),
    );
    expect(units).toEqual({
      [INSTRUMENT_NAMES.duration]: 's',
      [INSTRUMENT_NAMES.rejections]: '{call}',
      [INSTRUMENT_NAMES.wouldReject]: '{call}',
      [INSTRUMENT_NAMES.failures]: '{call}',
      [INSTRUMENT_NAMES.transitions]: '{transition}',
      [INSTRUMENT_NAMES.fallbacks]: '{call}',
      [INSTRUMENT_NAMES.state]: '1',
      [INSTRUMENT_NAMES.health]: '1',
      [INSTRUMENT_NAMES.inFlight]: '{call}',
      [INSTRUMENT_NAMES.mode]: '1',
    });
    const described = [...(await metrics.collect()).values()].filter((it) =>
      it.descriptor.description.endsWith('.'),
    );
    expect(described).toHaveLength(10);
  });

  it('tell the mode', async () => {
    const metrics = startMetrics();
    const { registry } = registryOf(['active', 'open', 'closed']);
    registry.getOrCreate('observed', { mode: 'observe' });
    instrument(registry, { meter: metrics.meter });

    registry.get('open')?.forceOpen();
    registry.get('closed')?.forceClosed();

    expect(await metrics.read('mode')).toEqual({
      'name=active': 0,
      'name=observed': 1,
      'name=open': 2,
      'name=closed': 3,
    });
  });

  it('tell of all breakers but the one that cannot be read', async () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const metrics = startMetrics();
    const { registry } = registryOf(['a', 'broken', 'z']);
    breakMetrics(registry.get('broken'));
    instrument(registry, { meter: metrics.meter });

    expect(await metrics.read('state')).toEqual({ 'name=a': 0, 'name=z': 0 });
    expect(await metrics.read('state')).toEqual({ 'name=a': 0, 'name=z': 0 });

    expect(warn).toHaveBeenCalledOnce();
    expect(warn.mock.calls[0]?.[0]).toContain('Error: a broken clock');
  });

  it('tell the HTTP status of values that counted as failures', async () => {
    const metrics = startMetrics();
    const { breaker } = createBreaker({ isFailure: () => true });
    instrument(breaker, { meter: metrics.meter });

    await breaker.call(() => new Response('', { status: 503 }));
    await breaker.call(() => ({ statusCode: 429 }));
    await breaker.call(() => 'bad');

    expect(await metrics.read('failures')).toEqual({
      'name=test error.type=503': 1,
      'name=test error.type=429': 1,
      'name=test error.type=value': 1,
    });
  });

  it('tell what a detector says of itself, where there is one', async () => {
    const metrics = startMetrics();
    const { registry } = registryOf(['plain', 'learning']);
    const detector = {
      lines: ['1/2', '1/7'],
      evidence: [1, 6],
      thresholds: [9, 12],
      admitted: 0.4,
      degraded: true,
    };
    changeMetrics(registry.get('learning'), { detector });
    instrument(registry, { meter: metrics.meter });

    expect(await metrics.read('detector.evidence_ratio')).toEqual({ 'name=learning': 0.5 });
    expect(await metrics.read('admitted_ratio')).toEqual({ 'name=learning': 0.4 });
    expect(await metrics.read('degraded')).toEqual({ 'name=learning': 1 });
  });

  it('tell the state, the health and the calls in flight when they are asked', async () => {
    const metrics = startMetrics();
    const { breaker, clock } = createOpen({ successThreshold: 2 });
    instrument(breaker, { meter: metrics.meter });
    expect(await metrics.read('state')).toEqual({ 'name=test': 1 });

    clock.advance(RECOVERY);
    breaker.acquire();
    breaker.acquire().success();

    expect(await metrics.read('state')).toEqual({ 'name=test': 2 });
    expect(await metrics.read('health')).toEqual({ 'name=test': 0.25 });
    expect(await metrics.read('in_flight')).toEqual({ 'name=test': 1 });
  });

  it('count calls by how they ended, and rejections by their reason', async () => {
    vi.useFakeTimers();
    const metrics = startMetrics();
    const { breaker } = createBreaker({ callTimeout: 50, failureThreshold: 3, excludedErrors: [RangeError] });
    instrument(breaker, { meter: metrics.meter });

    await play(breaker, 'sssff');
    await breaker.tryCall(failing(new RangeError('not counted')));
    const hung = breaker.tryCall(() => deferred().promise);
    await vi.advanceTimersByTimeAsync(50);
    await hung;
    await play(breaker, 'ss');
    vi.useRealTimers();

    expect(await countsOf(metrics)).toEqual({
      'name=test result=success': 3,
      'name=test result=failure': 2,
      'name=test result=timeout': 1,
      'name=test result=ignored': 1,
    });
    expect(await metrics.read('rejections')).toEqual({ 'name=test reason=open': 2 });
    expect(await metrics.read('failures')).toEqual({
      'name=test error.type=Error': 2,
      'name=test error.type=timeout': 1,
    });
  });

  it('record durations in seconds, in buckets made for seconds', async () => {
    const metrics = startMetrics();
    const { breaker, clock } = createBreaker();
    instrument(breaker, { meter: metrics.meter });

    for (const ms of [0, 30, 20_000]) await breaker.call(() => clock.advance(ms));

    const [value] = Object.values(await metrics.read('call.duration')) as Histogram[];
    expect(value).toMatchObject({ min: 0, max: 20, sum: 20.03 });
    expect(value?.buckets.boundaries).toEqual([
      0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
    ]);
  });

  it('leave out durations that nobody knows and those that are negative', async () => {
    const record = vi.fn();
    const meter = Object.assign(Object.create(startMetrics().meter), { createHistogram: () => ({ record }) });
    const { breaker, clock } = createBreaker();
    const early = breaker.acquire();

    instrument(breaker, { meter });
    early.success();
    await breaker.call(() => clock.advance(-5));
    await breaker.call(() => clock.advance(5));

    expect(record.mock.calls.map(([seconds]) => seconds)).toEqual([0.005]);
  });

  it('leave out failures of which nobody knows how long they took, too', async () => {
    const metrics = startMetrics();
    const { breaker } = createBreaker();
    const early = breaker.acquire();

    instrument(breaker, { meter: metrics.meter });
    early.failure(new Error('down'));
    await breaker.tryCall(failing(new RangeError('down')));

    expect(await metrics.read('failures')).toEqual({ 'name=test error.type=RangeError': 1 });
    expect(await countsOf(metrics)).toEqual({ 'name=test result=failure': 1 });
  });

  it('count transitions, fallbacks and what the mode observe lets pass', async () => {
    const metrics = startMetrics();
    const { breaker } = createBreaker({ mode: 'observe', failureThreshold: 1, fallback: () => 'instead' });
    instrument(breaker, { meter: metrics.meter });

    await play(breaker, 'fss');
    breaker.reset();

    expect(await metrics.read('transitions')).toEqual({
      'name=test transition.from=closed transition.to=open': 1,
      'name=test transition.from=open transition.to=closed': 1,
    });
    expect(await metrics.read('fallbacks')).toEqual({ 'name=test': 1 });
    expect(await metrics.read('would_reject')).toEqual({ 'name=test reason=open': 2 });
    expect(await metrics.read('rejections')).toEqual({});
  });

  it('tell nothing of what a restored snapshot has counted', async () => {
    const metrics = startMetrics();
    const old = createBreaker();
    await succeedTimes(old.breaker, 100);
    const { breaker } = createBreaker();
    instrument(breaker, { meter: metrics.meter });

    breaker.restore(old.breaker.snapshot());
    await succeedTimes(breaker, 1);

    expect(await countsOf(metrics)).toEqual({ 'name=test result=success': 1 });
  });
});

describe('the type of an error', () => {
  const revoked = Proxy.revocable({}, {});
  revoked.revoke();

  it.each<[string, unknown, string]>([
    ['an error with a code', Object.assign(new Error('x'), { code: 'ECONNREFUSED' }), 'ECONNREFUSED'],
    ['the code of the cause, as fetch has it', new TypeError('x', { cause: { code: 'EPIPE' } }), 'EPIPE'],
    ['an error with a name', new RangeError('x'), 'RangeError'],
    ['a number as code', Object.assign(new Error('x'), { code: 14 }), '14'],
    ['a name that is a sentence', Object.assign(new Error('x'), { name: 'user 17 is gone' }), '_OTHER'],
    ['a string', 'down', 'string'],
    ['a revoked proxy', revoked.proxy, '_OTHER'],
  ])('of %s', async (_what, error, type) => {
    const metrics = startMetrics();
    const { breaker } = createBreaker(NEVER_TRIPS);
    instrument(breaker, { meter: metrics.meter });

    await breaker.tryCall(failing(error));

    expect(await metrics.read('failures')).toEqual({ [`name=test error.type=${type}`]: 1 });
  });

  it('is `value` for a value that counts as a failure', async () => {
    const metrics = startMetrics();
    const { breaker } = createBreaker({ ...NEVER_TRIPS, isFailure: () => true });
    instrument(breaker, { meter: metrics.meter });

    await breaker.call(() => 503);

    expect(await metrics.read('failures')).toEqual({ 'name=test error.type=value': 1 });
  });

  it('is one of twenty at most for a breaker', async () => {
    const metrics = startMetrics();
    const { breaker } = createBreaker(NEVER_TRIPS);
    instrument(breaker, { meter: metrics.meter });

    for (let i = 0; i < 100; i++)
      await breaker.tryCall(failing(Object.assign(new Error('x'), { code: `E${i}` })));

    const failures = await metrics.read('failures');
    expect(Object.keys(failures)).toHaveLength(21);
    expect(failures).toMatchObject({ 'name=test error.type=E19': 1, 'name=test error.type=_OTHER': 80 });
  });
});

describe('a registry', () => {
  it('is measured with the breakers that it has and those that it gets', async () => {
    const metrics = startMetrics();
    const { registry } = registryOf(['early']);
    instrument(registry, { meter: metrics.meter });

    registry.getOrCreate('late').trip();

    expect(await metrics.read('state')).toEqual({ 'name=early': 0, 'name=late': 1 });
  });

  it('is told apart from others by attributes', async () => {
    const metrics = startMetrics();
    for (const tenant of ['a', 'b']) {
      const { registry } = registryOf(['users']);
      instrument(registry, { meter: metrics.meter, attributes: { tenant } });
      if (tenant === 'b') registry.getOrCreate('users').trip();
    }

    expect(await metrics.read('state')).toEqual({ 'tenant=a name=users': 0, 'tenant=b name=users': 1 });
  });

  it('no longer tells the state of a breaker that it has forgotten', async () => {
    const metrics = startMetrics(AggregationTemporality.DELTA);
    const { registry } = registryOf(['users', 'mail']);
    instrument(registry, { meter: metrics.meter });
    await metrics.collect();

    registry.delete('users');

    expect(await metrics.read('state')).toEqual({ 'name=mail': 0 });
  });
});

describe('maxBreakers', () => {
  it('lets the breakers beyond share a name, counts them all, and warns once', async () => {
    const warnings: string[] = [];
    vi.spyOn(process, 'emitWarning').mockImplementation((warning) => void warnings.push(String(warning)));
    const metrics = startMetrics();
    const { registry } = registryOf(['a', 'b', 'c', 'd']);
    instrument(registry, { meter: metrics.meter, maxBreakers: 2 });

    for (const breaker of registry) await failTimes(breaker, 1);

    expect(await metrics.read('failures')).toEqual({
      'name=a error.type=Error': 1,
      'name=b error.type=Error': 1,
      'name=_OTHER error.type=Error': 2,
    });
    expect(await metrics.read('state')).toEqual({ 'name=a': 0, 'name=b': 0 });
    expect(warnings).toEqual([
      'Circuit breaker "c" and those after it are measured as "_OTHER": `maxBreakers` is 2',
    ]);
  });
});
