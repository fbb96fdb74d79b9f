/** The scenarios of test/opossum, run against opossum itself, and opossum-prometheus on our class. */
import { createRequire } from 'node:module';
import CircuitBreaker, { sideBySide } from 'recloser/opossum';
import { describe, expect, it } from 'vitest';
import { DIFFERENT, DIFFERENT_AT_THE_EDGES, SAME } from '../opossum/all.js';
import { ported } from '../opossum/ported.js';
import type { AnyClass } from '../opossum/scenario.js';
import { watchRuntime } from '../support/runtime.js';

const require = createRequire(import.meta.url);

describe.each(['opossum-8', 'opossum-9', 'opossum-10'])('%s', (name) => {
  const Opossum: AnyClass = require(name);

  it.each(SAME)('does the same: $name', async ({ run, expected }) => {
    expect(await run(Opossum)).toEqual(expected);
  });

  it.each(DIFFERENT)('does not: $name', async ({ run, expected }) => {
    expect(await run(Opossum)).not.toEqual(expected);
  });

  it.each(DIFFERENT_AT_THE_EDGES)('does not: $name', async ({ run, expected }) => {
    watchRuntime();

    expect(await run(Opossum)).not.toEqual(expected);
  });

  it('gives the trace of a ported app', async () => {
    expect(await ported(CircuitBreaker)).toEqual(await ported(Opossum));
  });

  it('works in the shadow, where both agree', async () => {
    const differences: unknown[] = [];
    const Both = sideBySide(Opossum, { use: 'shadow', onDifference: (it) => differences.push(it) });
    const breaker = new Both(() => Promise.reject(new Error('down')), { resetTimeout: 5 });

    await breaker.fire().catch(() => {});
    await new Promise((resolve) => breaker.once('halfOpen', resolve));
    await new Promise((resolve) => setTimeout(resolve, 80));

    expect(breaker).toBeInstanceOf(Opossum);
    expect(differences).toEqual([]);
    breaker.shutdown();
  });
});

describe('opossum-prometheus', () => {
  it('counts the events of our breakers', async () => {
    const Metrics: AnyClass = require('opossum-prometheus');
    const breaker = new CircuitBreaker(async () => 1, { name: 'prices' });
    const metrics = new Metrics({ circuits: [breaker] });

    await breaker.fire();
    breaker.open();
    await breaker.fire().catch(() => {});

    const text = await metrics.metrics;
    metrics.clear();
    for (const [event, count] of [
      ['success', 1],
      ['fire', 2],
      ['open', 1],
      ['reject', 1],
    ]) {
      expect(text).toContain(`circuit{name="prices",event="${event}"} ${count}`);
    }
    expect(text).toContain('circuit_perf_count{name="prices",event="success"} 1');
  });
});
