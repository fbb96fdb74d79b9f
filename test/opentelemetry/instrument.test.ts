import { createNoopMeter, metrics as globalMetrics, trace } from '@opentelemetry/api';
import { CircuitBreaker } from 'recloser';
import { type InstrumentOptions, instrument, type OtelMeter } from 'recloser/opentelemetry';
import { describe, expect, it, vi } from 'vitest';
import { createBreaker, createOpen, refusalOf, succeedTimes, thrownBy } from '../support/breakers.js';
import { collectGarbage } from '../support/garbage.mjs';
import { registryOf } from '../support/registries.js';
import { watchRuntime } from '../support/runtime.js';
import { startMetrics, startTraces } from './telemetry.js';

describe('a no-op', () => {
  it.each([
    ['the meter of an API without an SDK', () => globalMetrics.getMeter('test')],
    ['a no-op meter', () => createNoopMeter()],
  ])('leaves a call as it is: %s', async (_what, getMeter) => {
    const { breaker, clock } = createBreaker();
    const on = vi.spyOn(breaker, 'on');

    instrument(breaker, { meter: getMeter() });
    clock.reads = 0;
    await succeedTimes(breaker, 3);

    // These are for spans, and out of the ordinary.
    expect(on.mock.calls.map(([event]) => event)).toEqual(['reject', 'transition', 'fallback']);
    expect(clock.reads).toBe(0);
  });
});

describe('instrumenting twice', () => {
  it('does not count twice, and lasts until both are stopped', async () => {
    const metrics = startMetrics();
    const { breaker } = createOpen();
    const stops = [1, 2].map(() => instrument(breaker, { meter: metrics.meter, attributes: { team: 'a' } }));

    await succeedTimes(breaker, 1);
    stops[0]?.();
    stops[0]?.();
    await succeedTimes(breaker, 1);
    stops[1]?.();
    await succeedTimes(breaker, 1);

    expect(await metrics.read('rejections')).toEqual({ 'team=a name=test reason=open': 2 });
  });

  it.each<[string, Partial<InstrumentOptions>]>([
    ['attributes', { attributes: { team: 'b' } }],
    ['maxBreakers', { maxBreakers: 5 }],
    ['trace', { trace: { getActiveSpan: () => undefined } }],
    ['tracer', { tracer: trace.getTracer('other') }],
  ])('is refused with another %s', (option, others) => {
    const { meter } = startMetrics();
    const { breaker } = createBreaker();
    instrument(breaker, { meter });

    const refusal = refusalOf(() => instrument(breaker, { meter, ...others }));

    expect(refusal.option).toBe(option);
  });

  it('counts for each meter', async () => {
    const all = [startMetrics(), startMetrics()];
    const { breaker } = createOpen();
    for (const { meter } of all) instrument(breaker, { meter });

    await succeedTimes(breaker, 1);

    for (const metrics of all)
      expect(await metrics.read('rejections')).toEqual({ 'name=test reason=open': 1 });
  });
});

describe('stop', () => {
  it('leaves no listener behind, and the meter asks no more', async () => {
    const metrics = startMetrics();
    const { breaker, clock } = createBreaker();
    const stop = instrument(breaker, { meter: metrics.meter });

    stop();
    clock.reads = 0;
    await succeedTimes(breaker, 3);

    expect(await metrics.read('state')).toEqual({});
    expect(clock.reads).toBe(0);
  });

  it('ends spans too, and the target can be instrumented again', async () => {
    const { tracer, spans } = startTraces();
    const { meter } = startMetrics();
    const { breaker } = createBreaker();
    instrument(breaker, { meter, tracer })();
    breaker.trip();
    expect(spans()).toEqual([]);

    instrument(breaker, { meter, tracer });
    breaker.reset();

    expect(spans()).toHaveLength(1);
  });

  it('lets go of the registry, though somebody holds it and the meter', async () => {
    const { meter } = startMetrics();
    const held: unknown[] = [meter];
    const create = async () => {
      const { registry } = registryOf(['users']);
      const stop = instrument(registry, { meter });
      await succeedTimes(registry.getOrCreate('users'), 1);
      stop();
      held.push(stop);
      return new WeakRef(registry);
    };
    const stopped = await Promise.all(Array.from({ length: 20 }, create));

    await collectGarbage();

    expect(held).toHaveLength(21);
    // The engine itself may still hold the last one or two that it has seen.
    expect(stopped.filter((ref) => ref.deref() !== undefined).length).toBeLessThan(5);
  });
});

describe('an SDK that throws', () => {
  const broken = () => {
    throw new Error('the exporter is broken');
  };

  /** A meter like the real one, of which the counters and histograms throw. */
  function brokenMeter(): OtelMeter {
    return Object.assign(Object.create(startMetrics().meter), {
      createCounter: () => ({ add: broken }),
      createHistogram: () => ({ record: broken }),
    });
  }

  it('touches neither the calls nor the process, and is warned of', async () => {
    const warnings: string[] = [];
    vi.spyOn(process, 'emitWarning').mockImplementation((warning) => void warnings.push(String(warning)));
    const reports = watchRuntime();
    const { breaker } = createOpen({ fallback: () => 'instead' });
    instrument(breaker, {
      meter: brokenMeter(),
      trace: { getActiveSpan: broken },
      tracer: { startSpan: broken },
    });

    const answers = [await breaker.call(() => 'unreached'), await breaker.call(() => 'unreached')];
    breaker.reset();
    await succeedTimes(breaker, 2);

    expect(answers).toEqual(['instead', 'instead']);
    expect(breaker.metrics.totals.successes).toBe(2);
    expect(reports).toEqual({ uncaught: [], unhandled: [] });
    expect(new Set(warnings)).toEqual(
      new Set([
        'OpenTelemetry threw when a circuit breaker was measured or traced: Error: the exporter is broken',
      ]),
    );
    expect(warnings.length).toBeLessThan(10);
  });
});

describe('bad input', () => {
  const good = { meter: createNoopMeter() };

  it.each<[string, unknown, string]>([
    ['no meter', {}, 'meter'],
    ['null for a meter', { meter: null }, 'meter'],
    ['the metrics API for a meter', { meter: globalMetrics }, 'meter'],
    ['a tracer that can do nothing', { ...good, tracer: {} }, 'tracer'],
    ['a trace that knows no active span', { ...good, trace: { getTracer: () => undefined } }, 'trace'],
    ['attributes in a list', { ...good, attributes: ['a'] }, 'attributes'],
    ['an attribute that is an object', { ...good, attributes: { team: {} } }, 'attributes.team'],
    ['an attribute of ours', { ...good, attributes: { 'error.type': 'x' } }, 'attributes'],
    ['no breakers', { ...good, maxBreakers: 0 }, 'maxBreakers'],
    ['half a breaker', { ...good, maxBreakers: 1.5 }, 'maxBreakers'],
    ['no options', undefined, 'options'],
  ])('is refused: %s', (_what, options, option) => {
    const { breaker } = createBreaker();
    const on = vi.spyOn(breaker, 'on');

    const refusal = refusalOf(() => instrument(breaker, options as InstrumentOptions));

    expect(refusal.option).toBe(option);
    expect(refusal.message).toMatch(/^Cannot instrument circuit breakers: /);
    expect(on).not.toHaveBeenCalled();
  });

  it('names the option that a misspelt one is likely to mean', () => {
    const options = { ...good, trasce: trace } as InstrumentOptions;

    const refusal = refusalOf(() => instrument(createBreaker().breaker, options));

    expect(refusal.message).toContain('unknown option "trasce", did you mean "trace"?');
  });

  it.each([
    ['nothing', undefined],
    ['an object that tells no events', { name: 'users', metrics: {} }],
    ['a list of breakers', [new CircuitBreaker()]],
  ])('is refused as a source: %s', (_what, target) => {
    const refusal = refusalOf(() => instrument(target as unknown as CircuitBreaker, good));

    expect(refusal.message).toContain('`source` must be a circuit breaker or a registry');
  });

  it('is one clear error where the options throw', () => {
    const options = {
      get meter(): never {
        throw new Error('a getter');
      },
    };

    const error = thrownBy(() => instrument(createBreaker().breaker, options));

    expect(error).toMatchObject({ name: 'InvalidOptionsError', cause: new Error('a getter') });
  });
});
