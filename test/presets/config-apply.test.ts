import fc from 'fast-check';
import {
  type CircuitBreakerOptions,
  CircuitBreakerRegistry,
  type ResolvedOptions,
  type UpdatableOptions,
} from 'recloser';
import {
  applyConfig,
  type ConfigContext,
  type ConfigOptions,
  type ConfigurableBreaker,
  type ConfigurableRegistry,
  fromConfig,
  preset,
  presets,
} from 'recloser/presets';
import { describe, expect, it, vi } from 'vitest';
import { play, refusalOf, thrownBy } from '../support/breakers.js';
import { registryOf } from '../support/registries.js';

/** No variables, and an environment that does not depend on where the tests run. */
const CONTEXT: ConfigContext = { environment: 'production', env: {} };

const apply = (registry: ConfigurableRegistry, config: unknown) => applyConfig(registry, config, CONTEXT);

const claude = preset('claude', { environment: 'production' });

/** A breaker that takes no update. */
function unwilling(name: string, options: ResolvedOptions): ConfigurableBreaker {
  return {
    name,
    options,
    update() {
      throw new Error(`${name} takes no update`);
    },
  };
}

describe('applyConfig', () => {
  it('changes the breakers that exist', () => {
    const { registry } = registryOf(['orders', 'users']);

    apply(registry, { defaults: { callTimeout: 700 }, names: { users: { failureThreshold: 9 } } });

    expect(registry.get('orders')?.options).toMatchObject({ callTimeout: 700, failureThreshold: 5 });
    expect(registry.get('users')?.options).toMatchObject({ callTimeout: 700, failureThreshold: 9 });
  });

  it('tells what it changed', () => {
    const { registry } = registryOf(['orders', 'users'], { defaults: { callTimeout: 300 } });

    const changes = apply(registry, {
      defaults: { callTimeout: 300 },
      names: { orders: { successThreshold: 1, recoveryTimeout: { initial: 50 } } },
    });

    expect(changes).toEqual([
      {
        breaker: 'orders',
        option: 'recoveryTimeout',
        from: 60_000,
        to: { initial: 50, factor: 2, max: 300_000, jitter: 0.2 },
      },
      { breaker: 'orders', option: 'successThreshold', from: 3, to: 1 },
    ]);
  });

  it('has nothing to tell when the same is applied again', () => {
    const { registry } = registryOf(['orders']);
    const config = {
      defaults: {
        recoveryTimeout: { initial: 50 },
        window: { type: 'count' },
        maxConcurrentCalls: 'Infinity',
      },
    };
    apply(registry, config);

    expect(apply(registry, config)).toEqual([]);
  });

  it('goes before what the code gave, and keeps what the configuration does not name', () => {
    const fallback = () => 'cached';
    const registry = new CircuitBreakerRegistry();
    const isFailure = () => false;
    const breaker = registry.getOrCreate('orders', {
      callTimeout: 200,
      halfOpenMaxCalls: 7,
      fallback,
      isFailure,
    });

    apply(registry, { defaults: { callTimeout: 900 }, names: { orders: { preset: 'claude' } } });

    expect(breaker.options).toMatchObject({ callTimeout: 900, halfOpenMaxCalls: 7, fallback, isFailure });
  });

  it('puts an option that is no longer named back to what the code gave', () => {
    const registry = new CircuitBreakerRegistry();
    const breaker = registry.getOrCreate('orders', { callTimeout: 200 });

    apply(registry, { defaults: { callTimeout: 900 } });
    apply(registry, { defaults: { callTimeout: 800 } });
    apply(registry, {});

    expect(breaker.options.callTimeout).toBe(200);
  });

  it('puts an option that is no longer named back to its preset', () => {
    const registry = new CircuitBreakerRegistry(
      fromConfig({ services: { claude: { callTimeout: 900 } } }, CONTEXT),
    );
    const breaker = registry.getOrCreate('claude');

    apply(registry, {});

    expect(breaker.options.callTimeout).toBe(claude.callTimeout);
  });

  it('leaves what was changed by hand, unless it is named', () => {
    const { registry } = registryOf(['orders']);
    const breaker = registry.getOrCreate('orders');
    apply(registry, { defaults: { callTimeout: 900, successThreshold: 2 } });

    breaker.update({ callTimeout: 50, successThreshold: 8 });
    apply(registry, { defaults: { successThreshold: 2 } });

    expect(breaker.options).toMatchObject({ callTimeout: 50, successThreshold: 2 });
  });

  it('brings a registry to where a restart with the new configuration would', () => {
    const before = {
      defaults: { callTimeout: 900, window: { type: 'count', size: 8 }, minimumCalls: 4 },
      names: { orders: { preset: 'claude' }, users: { mode: 'observe', recoveryTimeout: { initial: 5 } } },
    };
    const after = { defaults: { slowCallDuration: 70 }, names: { users: { callTimeout: 40 } } };
    const names = ['orders', 'users', 'claude', 'orders-db'];
    const reloaded = new CircuitBreakerRegistry(fromConfig(before, CONTEXT));
    for (const name of names) reloaded.getOrCreate(name, { halfOpenMaxCalls: 9 });

    apply(reloaded, after);

    const restarted = new CircuitBreakerRegistry(fromConfig(after, CONTEXT));
    for (const name of names) restarted.getOrCreate(name, { halfOpenMaxCalls: 9 });
    const optionsIn = (registry: CircuitBreakerRegistry) =>
      Array.from(registry, ({ options: { clock, ...rest } }) => rest);
    expect(optionsIn(reloaded)).toEqual(optionsIn(restarted));
  });

  it('lets the probe timeout and the minimum of calls follow as the core does', () => {
    const { registry } = registryOf(['orders']);
    const { options } = registry.getOrCreate('orders');

    apply(registry, { defaults: { callTimeout: 900, window: { type: 'count', size: 4 } } });
    expect(registry.get('orders')?.options).toMatchObject({ probeTimeout: 900, minimumCalls: 4 });

    apply(registry, { defaults: { probeTimeout: 70, minimumCalls: 3 } });
    apply(registry, { defaults: { callTimeout: 30, window: { type: 'count', size: 2 } } });
    expect(registry.get('orders')?.options).toMatchObject({ probeTimeout: 30, minimumCalls: 2 });

    apply(registry, {});
    expect(registry.get('orders')?.options).toEqual(options);
  });

  it('keeps the probe timeout that is named, whatever the call timeout becomes', () => {
    const { registry } = registryOf(['orders']);
    const { probeTimeout } = registry.getOrCreate('orders').options;

    apply(registry, { defaults: { callTimeout: 900, probeTimeout } });

    expect(registry.get('orders')?.options).toMatchObject({ callTimeout: 900, probeTimeout });
  });

  it('changes to the preset that is named, and back', () => {
    const registry = new CircuitBreakerRegistry({
      configure: presets({ environment: 'production', env: {} }),
    });
    const breaker = registry.getOrCreate('orders');
    const before = breaker.options;

    apply(registry, { names: { orders: { preset: 'claude' } } });
    expect(breaker.options).toMatchObject({ callTimeout: claude.callTimeout, isFailure: claude.isFailure });

    apply(registry, {});
    expect(breaker.options).toEqual(before);
  });

  it('leaves the environment and the overrides of presets to the code that chose them', () => {
    const configure = presets({ environment: 'testing', overrides: { successThreshold: 6 }, env: {} });
    const registry = new CircuitBreakerRegistry({ configure });
    registry.getOrCreate('claude');

    expect(applyConfig(registry, {}, { env: {} })).toEqual([]);
  });

  it('takes its sections from the environment of the presets that the code chose', () => {
    const registry = new CircuitBreakerRegistry({ configure: presets({ environment: 'staging', env: {} }) });
    const early = registry.getOrCreate('claude');
    const config = {
      environments: { staging: { successThreshold: 7 }, production: { successThreshold: 8 } },
    };

    applyConfig(registry, config, { env: { NODE_ENV: 'production' } });

    expect(early.options).toMatchObject({ failureThreshold: 3, successThreshold: 7 });
    expect(registry.getOrCreate('claude-2').options).toMatchObject({
      failureThreshold: 3,
      successThreshold: 7,
    });
  });

  it.each([
    ['the configuration', { environment: 'testing' }, { env: {} }],
    ['the context', {}, { environment: 'testing', env: {} }],
  ] as const)('takes presets and sections from the environment that %s names', (_, named, context) => {
    const registry = new CircuitBreakerRegistry({ configure: presets({ environment: 'staging', env: {} }) });
    const breaker = registry.getOrCreate('claude');

    applyConfig(registry, { ...named, environments: { testing: { successThreshold: 7 } } }, context);

    expect(breaker.options).toMatchObject({ failureThreshold: 5, successThreshold: 7 });
  });

  it('keeps the environment that the code named for `fromConfig`', () => {
    const registry = new CircuitBreakerRegistry(fromConfig({}, { environment: 'testing', env: {} }));
    registry.getOrCreate('claude');

    expect(applyConfig(registry, {}, { env: {} })).toEqual([]);
  });

  it('forgets an environment that only the former configuration named', () => {
    const registry = new CircuitBreakerRegistry(fromConfig({ environment: 'testing' }, { env: {} }));
    const breaker = registry.getOrCreate('claude');

    applyConfig(registry, {}, { env: {} });

    expect(breaker.options.failureThreshold).toBe(2);
  });

  it('refuses what does not go with the overrides of the presets that the code chose', () => {
    const overrides = { window: { type: 'count', size: 20 } } as const;
    const registry = new CircuitBreakerRegistry({ configure: presets({ overrides, env: {} }) });
    const { options } = registry.getOrCreate('orders');

    const error = refusalOf(() => apply(registry, { defaults: { minimumCalls: 50 } }));

    expect(error.message).toBe(
      "names.orders.minimumCalls: must be at most the window's size, 20, received 50",
    );
    expect(registry.get('orders')?.options).toEqual(options);
  });

  it('takes presets away where the configuration turns them off', () => {
    const registry = new CircuitBreakerRegistry({ configure: presets({ env: {} }) });
    const breaker = registry.getOrCreate('claude', { successThreshold: 6 });

    apply(registry, { presets: false });

    expect(breaker.options).toMatchObject({ failureThreshold: 5, callTimeout: false, successThreshold: 6 });
  });

  it('gives no preset that is not named to a registry that was made without presets', () => {
    const { registry } = registryOf(['claude']);

    expect(apply(registry, {})).toEqual([]);
  });

  it('takes a preset away where the code gave no `isFailure`', async () => {
    const { registry } = registryOf(['orders']);
    const breaker = registry.getOrCreate('orders');
    apply(registry, { names: { orders: { preset: 'http' } } });

    apply(registry, {});
    await play(breaker, 'fs');

    expect(breaker.metrics.totals).toMatchObject({ failures: 1, successes: 1 });
  });

  it('gives a preset again that it took away', () => {
    const { registry } = registryOf(['orders']);
    const config = { names: { orders: { preset: 'claude' } } };
    apply(registry, config);
    apply(registry, {});
    expect(apply(registry, {})).toEqual([]);

    apply(registry, config);

    expect(registry.get('orders')?.options.isFailure).toBe(claude.isFailure);
  });

  it('gives probes the time of a call, after a change by hand too', () => {
    const { registry } = registryOf(['orders']);
    const breaker = registry.getOrCreate('orders');
    apply(registry, { defaults: { callTimeout: 900 } });
    breaker.update({ callTimeout: 50 });

    apply(registry, { defaults: { callTimeout: 2_000 } });

    expect(breaker.options.probeTimeout).toBe(2_000);
  });

  it('switches a breaker to observe, and back', () => {
    const { registry } = registryOf(['orders']);

    apply(registry, { names: { orders: { mode: 'observe' } } });
    expect(registry.get('orders')?.mode).toBe('observe');

    apply(registry, {});
    expect(registry.get('orders')?.mode).toBe('active');
  });

  it('keeps a mode for the time after a forced one', () => {
    const { registry } = registryOf(['orders']);
    const breaker = registry.getOrCreate('orders');
    breaker.forceOpen();

    apply(registry, { defaults: { mode: 'observe' } });
    expect(breaker.mode).toBe('forced-open');

    breaker.reset();
    expect(breaker.mode).toBe('observe');
  });

  it('lets a variable go before the configuration', () => {
    const { registry } = registryOf(['orders']);

    applyConfig(
      registry,
      { names: { orders: { callTimeout: 5 } } },
      { env: { RECLOSER_ORDERS_CALL_TIMEOUT: '6' } },
    );

    expect(registry.get('orders')?.options.callTimeout).toBe(6);
  });

  it('keeps the content of a window whose shape stays', async () => {
    const { registry } = registryOf(['orders']);
    const breaker = registry.getOrCreate('orders');
    await play(breaker, 'sfs');

    apply(registry, { defaults: { failureThreshold: 9, window: { type: 'count', size: 100 } } });

    expect(breaker.metrics.window.calls).toBe(3);
  });

  it('changes breakers that are OPEN without closing them', () => {
    const { registry } = registryOf(['orders']);
    const breaker = registry.getOrCreate('orders');
    breaker.trip();

    apply(registry, { defaults: { failureThreshold: 9 } });

    expect(breaker.state).toBe('OPEN');
  });
});

/** Some values of each option, defaults among them. */
const VALUES: Record<Exclude<keyof ConfigOptions, 'detector'>, readonly unknown[]> = {
  failureThreshold: [41, false],
  failureRateThreshold: [0.41, false],
  slowCallDuration: [410, false],
  slowCallRateThreshold: [0.42],
  minimumCalls: [2, 4],
  window: [
    { type: 'count', size: 43 },
    { type: 'time', duration: 4_300 },
  ],
  recoveryTimeout: [4_100, { initial: 41 }],
  halfOpenMaxCalls: [42],
  successThreshold: [42],
  probeTimeout: [4_200, 60_000],
  callTimeout: [4_300, false],
  maxConcurrentCalls: [42, 'Infinity'],
  fallbackOn: ['rejection', 'any'],
  rejectionStackTrace: [true, false],
  mode: ['observe', 'active'],
};

const optionsArbitrary = fc.record(
  Object.fromEntries(Object.entries(VALUES).map(([option, values]) => [option, fc.constantFrom(...values)])),
  { requiredKeys: [] },
);

const configArbitrary = fc.record(
  {
    presets: fc.boolean(),
    defaults: optionsArbitrary,
    services: fc.record({ claude: optionsArbitrary, http: optionsArbitrary }, { requiredKeys: [] }),
    names: fc.record(
      {
        claude: optionsArbitrary,
        orders: fc.record({ preset: fc.constantFrom('claude', 'http'), callTimeout: fc.constant(4_400) }),
      },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: [] },
);

/** What the code may give: no value that a configuration here gives too. */
const CODE: readonly CircuitBreakerOptions[] = [
  {},
  { callTimeout: 5_100, isFailure: () => true },
  { window: { type: 'count', size: 51 }, successThreshold: 51 },
  { minimumCalls: 5, probeTimeout: 5_100 },
];

/** Options to be compared: a backoff by what it was made of alone, an `isFailure` by who gave it. */
function plain({ clock, recoveryTimeout, isFailure, ...options }: ResolvedOptions): object {
  const givers = [claude, preset('http', { environment: 'production' }), ...CODE];
  return {
    ...options,
    recoveryTimeout: typeof recoveryTimeout === 'number' ? recoveryTimeout : 'a backoff',
    isFailure: givers.findIndex((giver) => giver.isFailure !== undefined && giver.isFailure === isFailure),
  };
}

describe('any number of configurations', () => {
  it('leave a registry as it would be with the last one alone', () => {
    fc.assert(
      fc.property(
        fc.array(configArbitrary, { minLength: 1, maxLength: 4 }),
        fc.constantFrom(...CODE),
        fc.constantFrom('configuration', 'presets', 'nothing'),
        (configs, given, origin) => {
          const last = configs.at(-1);
          const registryMadeBy = (config: unknown) => {
            if (origin === 'configuration') return new CircuitBreakerRegistry(fromConfig(config, CONTEXT));
            return new CircuitBreakerRegistry(origin === 'presets' ? { configure: presets(CONTEXT) } : {});
          };
          const optionsIn = (registry: CircuitBreakerRegistry) =>
            Array.from(registry, ({ options }) => plain(options));
          const make = (registry: CircuitBreakerRegistry) => {
            for (const name of ['claude', 'orders', 'mail']) registry.getOrCreate(name, given);
          };
          const reloaded = registryMadeBy(configs[0]);
          make(reloaded);
          for (const config of configs) apply(reloaded, config);
          const restarted = registryMadeBy(last);
          apply(restarted, last);
          make(restarted);

          expect(optionsIn(reloaded)).toEqual(optionsIn(restarted));
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('breakers that are made later', () => {
  it('get the configuration that was applied last', () => {
    const registry = new CircuitBreakerRegistry(
      fromConfig({ defaults: { callTimeout: 900, successThreshold: 8 } }, CONTEXT),
    );
    apply(registry, { defaults: { successThreshold: 7 } });
    apply(registry, { defaults: { successThreshold: 2 } });

    const { options } = registry.getOrCreate('claude');

    expect(options).toMatchObject({ callTimeout: claude.callTimeout, successThreshold: 2 });
  });

  it('are waited for once, however often a configuration was applied', () => {
    const listeners = new Set<unknown>();
    const registry: ConfigurableRegistry = {
      [Symbol.iterator]: () => [][Symbol.iterator](),
      on(_event, listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    };

    for (let times = 0; times < 5; times++) apply(registry, { defaults: { callTimeout: 900 + times } });

    expect(listeners.size).toBe(1);
  });

  it('have what the code gave them put back as well', () => {
    const { registry } = registryOf([]);
    apply(registry, { defaults: { callTimeout: 900 } });
    const breaker = registry.getOrCreate('orders', { callTimeout: 200 });
    expect(breaker.options.callTimeout).toBe(900);

    apply(registry, {});

    expect(breaker.options.callTimeout).toBe(200);
  });

  it('stay as they were made, with a warning, where the configuration does not go with what the code gave', () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const { registry } = registryOf([]);
    apply(registry, { defaults: { minimumCalls: 50, callTimeout: 900 } });

    const breaker = registry.getOrCreate('orders', { window: { type: 'count', size: 20 } });

    expect(breaker.options).toMatchObject({ minimumCalls: 10, callTimeout: false });
    expect(warn.mock.calls).toEqual([
      [
        "A configuration was not applied to a new circuit breaker: names.orders.minimumCalls: must be at most the window's size, 20, received 50",
        { type: 'CircuitBreakerWarning', code: 'RECLOSER_CONFIG' },
      ],
    ]);
  });
});

describe('all or nothing', () => {
  it('changes nothing when the configuration has a mistake', () => {
    const { registry } = registryOf(['orders', 'users']);
    apply(registry, { defaults: { callTimeout: 900 } });

    const error = refusalOf(() =>
      apply(registry, { defaults: { callTimeout: 5 }, names: { users: { mode: 'x' } } }),
    );

    expect(error.message).toBe('names.users.mode: must be "active" or "observe", received "x"');
    expect(Array.from(registry, ({ options }) => options.callTimeout)).toEqual([900, 900]);
    expect(registry.getOrCreate('new').options.callTimeout).toBe(900);
  });

  it('changes nothing when an option does not go with what the code gave a breaker', () => {
    const registry = new CircuitBreakerRegistry();
    for (const name of ['orders', 'users', 'mail']) registry.getOrCreate(name);
    for (const name of ['small', 'tiny']) registry.getOrCreate(name, { window: { type: 'count', size: 20 } });

    const error = refusalOf(() => apply(registry, { defaults: { minimumCalls: 50 } }));

    expect(error.message.split('\n')).toEqual([
      "names.small.minimumCalls: must be at most the window's size, 20, received 50",
      "names.tiny.minimumCalls: must be at most the window's size, 20, received 50",
    ]);
    expect(registry.get('orders')?.options.minimumCalls).toBe(10);
  });

  it('puts back those that were changed when a breaker refuses all the same', () => {
    const registry = new CircuitBreakerRegistry();
    const orders = registry.getOrCreate('orders', { callTimeout: 200 });
    const before = orders.options;
    const breakers = [orders, unwilling('users', before), registry.getOrCreate('mail')];
    const mixed = { [Symbol.iterator]: () => breakers[Symbol.iterator](), on: () => () => {} };

    const error = thrownBy(() => apply(mixed, { defaults: { callTimeout: 5, mode: 'observe' } }));

    expect((error as Error).message).toBe('users takes no update');
    expect(orders.options).toEqual(before);
    expect(registry.getOrCreate('mail').options.callTimeout).toBe(false);
  });

  it('takes a failed attempt for no configuration', () => {
    const { registry } = registryOf([]);
    const willing = registry.getOrCreate('orders');
    const refusing: { update: (options: UpdatableOptions) => void } = {
      update: () => {
        throw new Error('busy');
      },
    };
    const late: ConfigurableBreaker = {
      name: 'late',
      options: willing.options,
      update: (it) => refusing.update(it),
    };
    const mixed = { [Symbol.iterator]: () => [willing, late][Symbol.iterator](), on: () => () => {} };
    thrownBy(() => apply(mixed, { defaults: { callTimeout: 5 } }));

    refusing.update = () => {};
    apply(mixed, {});

    expect(willing.options.callTimeout).toBe(false);
  });

  it.each([undefined, null, {}, [], 'registry'])('refuses %j for a registry', (registry) => {
    const { option } = refusalOf(() => apply(registry as unknown as ConfigurableRegistry, {}));

    expect(option).toBe('registry');
  });
});
