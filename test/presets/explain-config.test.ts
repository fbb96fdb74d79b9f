import { type ConfigContext, explainConfig } from 'recloser/presets';
import { describe, expect, it } from 'vitest';

const explain = (name: string, config: object, context: ConfigContext = {}) => {
  const { values, ...rest } = explainConfig(name, config, { environment: 'production', env: {}, ...context });
  return { ...rest, values: Object.fromEntries(values.map((it) => [it.option, it])) };
};

describe('explainConfig', () => {
  it('tells all ranks, the strongest first', () => {
    const config = {
      defaults: { callTimeout: 1 },
      environments: { production: { callTimeout: 2 } },
      services: { postgresql: { callTimeout: 3 } },
      names: { 'orders-postgres': { callTimeout: 4 } },
    };
    const env = { RECLOSER_ORDERS_POSTGRES_CALL_TIMEOUT: '5' };

    const { callTimeout } = explain('orders-postgres', config, { env }).values;

    expect(callTimeout).toEqual({
      option: 'callTimeout',
      value: 5,
      source: 'RECLOSER_ORDERS_POSTGRES_CALL_TIMEOUT',
      overruled: [
        { value: 4, source: 'names.orders-postgres.callTimeout' },
        { value: 3, source: 'services.postgresql.callTimeout' },
        { value: 2, source: 'environments.production.callTimeout' },
        { value: 1, source: 'defaults.callTimeout' },
        { value: 5_000, source: 'postgresql' },
        { value: false, source: 'default' },
      ],
    });
  });

  it('tells of a minimum of calls that gave way that the default holds', () => {
    const { minimumCalls } = explain('my-agent', { defaults: { window: { type: 'count', size: 3 } } }).values;

    expect(minimumCalls).toMatchObject({
      value: 3,
      source: 'default',
      overruled: [{ value: 5, source: 'agent' }],
    });
  });

  it('tells where the preset comes from', () => {
    const named = explain('orders', { names: { orders: { preset: 'cache' } } });
    const none = explain('orders', { presets: false });

    expect(named.text).toContain('"orders" gets the preset "cache", as the configuration says.');
    expect(none).toMatchObject({ preset: null, values: { callTimeout: { source: 'default' } } });
  });

  it('tells a backoff and a detector as they were written', () => {
    const adaptive = (options?: object) => ({ options });
    const config = { defaults: { recoveryTimeout: { initial: 5 }, detector: { tolerate: 0.2 } } };

    const { recoveryTimeout, detector } = explain('orders', config, { adaptive }).values;

    expect(recoveryTimeout?.value).toMatchObject({ initial: 5 });
    expect(detector).toMatchObject({ value: { tolerate: 0.2 }, source: 'defaults.detector' });
  });

  it('refuses what fromConfig refuses', () => {
    expect(() => explain('orders', { breakers: {} })).toThrow('did you mean "names"?');
  });
});
