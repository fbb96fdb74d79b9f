/** The scenarios of test/opossum, run against opossum itself, and opossum-prometheus on our class. */
import { createRequire } from 'node:module';
import { Registry } from 'prom-client';
import CircuitBreaker, { sideBySide } from 'recloser/opossum';
import { describe, expect, it } from 'vitest';
import { type AnyClass, SCENARIOS } from '../opossum/scenarios.js';

const require = createRequire(import.meta.url);

describe.each(['opossum-8', 'opossum-9', 'opossum-10'])('%s', (name) => {
  const Opossum: AnyClass = require(name);

  it.each(SCENARIOS.filter(({ differs }) => !differs))('does the same: $name', async ({ run, expected }) => {
    expect(await run(Opossum)).toEqual(expected);
  });

  it.each(SCENARIOS.filter(({ differs }) => differs))('does not: $name', async ({ run, expected }) => {
    expect(await run(Opossum)).not.toEqual(expected);
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
    const metrics = new Metrics({ circuits: [breaker], registry: new Registry() });

    await breaker.fire();

    const text = await metrics.metrics;
    expect(text).toContain('circuit{name="prices",event="success"} 1');
    expect(text).toContain('circuit{name="prices",event="fire"} 1');
  });
});
