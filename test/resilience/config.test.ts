import { CircuitBreakerRegistry } from 'recloser';
import { fromConfig } from 'recloser/presets';
import { ResilienceRegistry, resilienceFromConfig } from 'recloser/resilience';
import { describe, expect, it } from 'vitest';

const around = (config: unknown, context = {}) =>
  new ResilienceRegistry({
    breakers: new CircuitBreakerRegistry(),
    ...resilienceFromConfig(config, { env: {}, ...context }),
  });

describe('a configuration', () => {
  it('says what stands around breakers, the more specific before the others', () => {
    const config = {
      names: { ledger: { preset: 'postgresql' } },
      resilience: {
        defaults: { retry: 'network', bulkhead: 1 },
        environments: { staging: { bulkhead: 2 } },
        services: { postgresql: { bulkhead: 3 } },
        names: { orders: { bulkhead: { limit: 4, queue: 5 } } },
      },
    };
    const env = { RECLOSER_MAIL_BULKHEAD: '6', RECLOSER_MAIL_RATE_LIMIT: '{"limit":7}' };
    const registry = around(config, { environment: 'staging', env });

    const limitOf = (name: string) => registry.getOrCreate(name).bulkhead?.limit;

    expect(['users', 'ledger', 'orders', 'mail'].map(limitOf)).toEqual([2, 3, 4, 6]);
    expect(registry.get('mail')?.rateLimiter?.limit).toBe(7);
    expect(() => fromConfig(config, { env })).not.toThrow();
  });

  it('tells all mistakes at once, with their paths', () => {
    const config = {
      resilience: {
        defaults: { retry: 'netwrk', bulkhed: 1 },
        names: { orders: { bulkhead: { limit: 0 }, retryBudget: { ratio: 2 } } },
        environments: { prodution: {} },
        nmaes: {},
      },
    };
    const env = { RECLOSER_MAIL_TOTAL_TIMEOUT: 'soon' };

    const refuse = () => resilienceFromConfig(config, { env });

    expect(refuse).toThrow('resilience.defaults.retry: must be "none"');
    expect(refuse).toThrow('resilience.defaults.bulkhed: unknown option "bulkhed", did you mean "bulkhead"');
    expect(refuse).toThrow(
      'resilience.names.orders.bulkhead.limit: must be an integer of at least 1, received 0',
    );
    expect(refuse).toThrow(
      'resilience.names.orders.retryBudget.ratio: must be a number from 0 to 1, received 2',
    );
    expect(refuse).toThrow('resilience.environments.prodution: unknown environment "prodution"');
    expect(refuse).toThrow('resilience.nmaes: unknown section "nmaes", did you mean "names"');
    expect(refuse).toThrow('RECLOSER_MAIL_TOTAL_TIMEOUT: must be');
  });
});
