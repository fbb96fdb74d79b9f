import * as client from 'prom-client';
import { CircuitBreakerRegistry } from 'recloser';
import { type InstrumentableBreaker, instrument, METRIC_NAMES } from 'recloser/prometheus';
import { describe, expect, it, vi } from 'vitest';
import { createBreaker, failing, succeedTimes } from '../support/breakers.js';
import { collectGarbage } from '../support/garbage.mjs';
import { registryOf } from '../support/registries.js';
import { type Exported, exported, readMetric } from './exposition.js';

const { state, dropped, requests } = METRIC_NAMES;

/** What a breaker has that has not failed, with one bucket. */
const SERIES = 25;

/** What it may have: as many types of failures as are told apart, and `other`. */
const MOST_SERIES = SERIES + 21;

const SMALL = { buckets: [1] };

/** The names of the breakers that a scrape shows. */
async function shown({ scrape }: Exported): Promise<string[]> {
  const keys = [...(await scrape()).keys()].filter((key) => key.startsWith(`${state}{`));
  return keys.map((key) => /name="(.*?)"/.exec(key)?.[1] ?? '');
}

async function droppedFor({ scrape }: Exported, reason: string): Promise<number | undefined> {
  return (await scrape()).get(`${dropped}{reason="${reason}"}`);
}

function watchWarnings(): string[] {
  const warnings: string[] = [];
  vi.spyOn(process, 'emitWarning').mockImplementation((warning) => void warnings.push(String(warning)));
  return warnings;
}

describe('maxSeries', () => {
  it('is reached by breakers that come in whole, and the first ones come first', async () => {
    watchWarnings();
    const metrics = exported(registryOf(['a', 'b', 'c']).registry, { ...SMALL, maxSeries: 2 * MOST_SERIES });

    const names = await shown(metrics);

    expect(names).toEqual(['a', 'b']);
    expect((await metrics.scrape()).size).toBe(2 * SERIES + 2);
  });

  it('lets the next one in when one is deleted', async () => {
    watchWarnings();
    const { registry } = registryOf(['a', 'b', 'c']);
    const metrics = exported(registry, { ...SMALL, maxSeries: 2 * MOST_SERIES });
    await shown(metrics);

    registry.delete('a');

    expect(await shown(metrics)).toEqual(['b', 'c']);
  });

  it('has room for all types of failures, so that none of them drives a breaker out', async () => {
    const defaults = { failureThreshold: false, failureRateThreshold: false } as const;
    const { registry } = registryOf(['a', 'b'], { defaults });
    const metrics = exported(registry, { ...SMALL, maxSeries: 2 * MOST_SERIES });

    for (let type = 0; type < 30; type++) {
      const error = Object.assign(new Error('down'), { code: `E${type}` });
      for (const breaker of registry) await breaker.tryCall(failing(error));
    }

    expect(await shown(metrics)).toEqual(['a', 'b']);
    expect((await metrics.scrape()).size).toBe(2 * MOST_SERIES + 2);
  });

  it('keeps out what would fit only until it fails', async () => {
    watchWarnings();
    const { registry } = registryOf(['a', 'b']);

    const metrics = exported(registry, { ...SMALL, maxSeries: 2 * MOST_SERIES - 1 });

    expect(await shown(metrics)).toEqual(['a']);
  });

  it('tells how many breakers it leaves out, and warns once', async () => {
    const warnings = watchWarnings();
    const metrics = exported(registryOf(['a', 'b', 'c']).registry, { ...SMALL, maxSeries: MOST_SERIES });

    expect(await droppedFor(metrics, 'max_series')).toBe(2);
    expect(await droppedFor(metrics, 'max_series')).toBe(2);

    expect(warnings).toEqual([
      'Circuit breaker "b" and those after it are not exported to Prometheus: `maxSeries` is 46',
    ]);
  });

  it('goes on counting what it leaves out', async () => {
    watchWarnings();
    const { registry } = registryOf(['a', 'b']);
    const metrics = exported(registry, { ...SMALL, maxSeries: MOST_SERIES });
    await succeedTimes(registry.getOrCreate('b'), 3);

    registry.delete('a');

    expect(await readMetric(metrics, requests, 'b')).toMatchObject({ 'result="success"': 3 });
  });

  it('allows 10,000 breakers with the default buckets without being asked', async () => {
    const names = Array.from({ length: 10_000 }, (_, i) => `breaker-${i}`);
    const { register } = exported(registryOf(names).registry);

    const text = await register.getSingleMetricAsString(state);

    expect(text.match(/^circuit_breaker_state{/gm)).toHaveLength(10_000);
  });
});

describe('a scrape', () => {
  it('reads each breaker once for all of its metrics', async () => {
    const { metrics } = createBreaker().breaker;
    const read = vi.fn(() => metrics);
    const breaker = Object.defineProperty({ name: 'test', on: () => () => {} }, 'metrics', { get: read });
    const { scrape } = exported(breaker as unknown as InstrumentableBreaker);

    await scrape();
    await scrape();

    expect(read).toHaveBeenCalledTimes(2);
  });
});

describe('two breakers of the same name', () => {
  function twins() {
    const [first, second] = [registryOf(['users']).registry, registryOf(['users', 'mail']).registry];
    const metrics = exported(first);
    instrument(second, { client, register: metrics.register });
    return { first, second, metrics };
  }

  it('are never mixed: the first one has the name', async () => {
    watchWarnings();
    const { first, second, metrics } = twins();
    await succeedTimes(first.getOrCreate('users'), 1);

    await succeedTimes(second.getOrCreate('users'), 5);

    expect(await readMetric(metrics, requests, 'users')).toMatchObject({ 'result="success"': 1 });
    expect(await shown(metrics)).toEqual(['users', 'mail']);
  });

  it('are told of, and warned of once', async () => {
    const warnings = watchWarnings();
    const { metrics } = twins();

    expect(await droppedFor(metrics, 'duplicate_name')).toBe(1);
    expect(await droppedFor(metrics, 'duplicate_name')).toBe(1);

    expect(warnings).toEqual([
      'Circuit breaker "users" is not exported to Prometheus: another one has its name; `labels` tell registries apart',
    ]);
  });

  it('take turns when the first is deleted', async () => {
    watchWarnings();
    const { first, second, metrics } = twins();
    await succeedTimes(second.getOrCreate('users'), 5);

    first.delete('users');

    expect(await readMetric(metrics, requests, 'users')).toMatchObject({ 'result="success"': 5 });
    expect(await droppedFor(metrics, 'duplicate_name')).toBe(0);
  });

  it('are told apart by what labels say, not by how it reads when put together', async () => {
    const target = (name: string): InstrumentableBreaker => createBreaker({ name }).breaker;
    const metrics = exported(target('a'), { labels: { team: 'b","c' } });

    instrument(target('a","b'), { client, register: metrics.register, labels: { team: 'c' } });

    expect(await droppedFor(metrics, 'duplicate_name')).toBe(0);
  });
});

describe('the memory', () => {
  it('of an instrumented registry that nobody scrapes does not grow with calls', async () => {
    const registry = new CircuitBreakerRegistry({
      defaults: { failureThreshold: false, failureRateThreshold: false },
    });
    exported(registry);
    const breaker = registry.getOrCreate('users');
    const run = (calls: number) => {
      for (let i = 0; i < calls; i++) {
        const permit = breaker.acquire();
        if (i % 10 === 0) permit.failure(Object.assign(new Error('down'), { code: `E${i}` }));
        else permit.success();
      }
    };
    run(20_000);
    await collectGarbage();
    const before = process.memoryUsage().heapUsed;

    run(100_000);
    await collectGarbage();

    expect(breaker.metrics.totals.calls).toBe(120_000);
    // What a call kept, were it one number, would be 800,000 bytes.
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(400_000);
  });

  it('of breakers that have gone is given back', async () => {
    const { registry } = registryOf([]);
    const { scrape } = exported(registry);
    const create = async (name: string) => {
      await succeedTimes(registry.getOrCreate(name), 1);
      return new WeakRef(registry.getOrCreate(name));
    };
    const gone = await Promise.all(Array.from({ length: 100 }, (_, i) => create(`breaker-${i}`)));
    await scrape();

    registry.clear();
    await collectGarbage();

    // The engine itself may still hold the last one or two that it has seen.
    expect(gone.filter((ref) => ref.deref() !== undefined).length).toBeLessThan(5);
  });

  it('of registries that were stopped is given back, though somebody holds `stop` and the register', async () => {
    const held: unknown[] = [];
    const create = async () => {
      const { registry } = registryOf(['users']);
      const { register, stop, scrape } = exported(registry);
      await succeedTimes(registry.getOrCreate('users'), 1);
      await scrape();
      stop();
      held.push(register, stop);
      return new WeakRef(registry);
    };
    const stopped = await Promise.all(Array.from({ length: 20 }, create));

    await collectGarbage();

    expect(held).toHaveLength(40);
    expect(stopped.filter((ref) => ref.deref() !== undefined).length).toBeLessThan(5);
  });
});
