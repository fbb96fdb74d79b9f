import { CircuitBreakerRegistry } from 'recloser';
import { report } from 'recloser/monitor';
import { METRIC_NAMES } from 'recloser/prometheus';
import { ResilienceRegistry } from 'recloser/resilience';
import { describe, expect, it } from 'vitest';
import { exported, readMetric } from '../prometheus/exposition.js';

const fail = async () => {
  throw new Error('down');
};

describe('what stands around breakers', () => {
  it('is told to Prometheus and to the monitor by the registry that is handed in', async () => {
    const breakers = new CircuitBreakerRegistry();
    const around = new ResilienceRegistry({ breakers });
    const metrics = exported(breakers, { resilience: around, cost: 2 });
    const users = around.getOrCreate('users', {
      retry: { maxAttempts: 3, backoff: 0 },
      retryBudget: { initial: 3, capacity: 10, perSecond: 0 },
      failureThreshold: false,
      failureRateThreshold: false,
      bulkhead: 1,
    });

    let runs = 0;
    await users.call(async () => {
      if (++runs === 1) await fail();
    });
    await users.tryCall(fail);
    await users.tryCall(fail);
    const held = users.call(() => new Promise<void>((resolve) => setTimeout(resolve)));
    await users.tryCall(fail);
    await held;

    const of = (metric: string) => readMetric(metrics, metric, 'users');
    expect(await of(METRIC_NAMES.attempts)).toEqual({
      'kind="first"': 4,
      'kind="retry"': 3,
      'kind="hedge"': 0,
    });
    expect(await of(METRIC_NAMES.recoveredCalls)).toEqual({ '': 1 });
    expect(await of(METRIC_NAMES.retriesStopped)).toEqual({ 'reason="attempts"': 1, 'reason="budget"': 1 });
    expect(await of(METRIC_NAMES.limited)).toMatchObject({ 'by="bulkhead"': 1 });
    expect((await of(METRIC_NAMES.retryBudget))['']).toBeCloseTo(0.04);
    expect(await of(METRIC_NAMES.callsSaved)).toEqual({ '': 1 });
    const { cost } = report(breakers, undefined, { cost: 2, resilience: around });
    expect(cost?.saved).toMatchObject({ calls: 1, cost: 2, byBudget: 1 });
    metrics.stop();
  });
});
