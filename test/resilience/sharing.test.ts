/** What calls of one dependency share: by whom it was made, what counts as the same, and what a change leaves alone. */
import { CircuitBreakerRegistry } from 'recloser';
import { applyConfig } from 'recloser/presets';
import {
  Bulkhead,
  RateLimiter,
  ResilienceRegistry,
  type ResilienceRegistryOptions,
  RetryBudget,
  resilienceFromConfig,
} from 'recloser/resilience';
import { describe, expect, it, vi } from 'vitest';
import { quiet } from '../support/runtime.js';
import { hanging } from './made.js';
import { timedClock } from './timed-clock.js';

const around = (options: Omit<ResilienceRegistryOptions, 'breakers'> = {}) => {
  const breakers = new CircuitBreakerRegistry();
  const registry = new ResilienceRegistry({ breakers, ...options });
  const apply = (resilience: object) =>
    applyConfig(breakers, { resilience }, { env: {}, resilience: registry });
  return { breakers, registry, apply };
};

/** What is told of options that are not in force. */
function conflictsOf(first: object, second: object): unknown[] {
  vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
  const { registry } = around();
  const told: unknown[] = [];
  registry.getOrCreate('users', first).on('conflict', ({ options }) => told.push(...options));
  registry.getOrCreate('users', second);
  return told;
}

describe('options of a dependency are the same', () => {
  const bulkhead = new Bulkhead(5);

  it.each<[object, object]>([
    [{ bulkhead: 5 }, { bulkhead: { limit: 5, queue: 0 } }],
    [{ bulkhead: { queue: 1, limit: 5 } }, { bulkhead: { limit: 5, queue: 1, maxWait: 1_000 } }],
    [
      { rateLimit: { limit: 5 } },
      { rateLimit: { limit: 5, per: 1_000, spacing: 0, queue: 0, maxWait: 1_000 } },
    ],
    [{}, { retryBudget: { capacity: 100, ratio: 0.2, perSecond: 0.1 } }],
    [{}, { bulkhead: false, rateLimit: false, retryBudget: {}, breakerCounts: 'attempts' }],
    [{ bulkhead }, { bulkhead }],
    [{ breakerCounts: 'calls' }, { breakerCounts: 'calls' }],
  ])('%j and %j', (first, second) => {
    expect(conflictsOf(first, second)).toEqual([]);
  });
});

describe('options of a dependency differ, and that is told', () => {
  const [bulkhead, limiter, budget] = [new Bulkhead(5), new RateLimiter({ limit: 5 }), new RetryBudget()];

  it.each<[object, object, string, unknown]>([
    [{}, { breakerCounts: 'calls' }, 'breakerCounts', 'attempts'],
    [{ breakerCounts: 'calls' }, { breakerCounts: 'attempts' }, 'breakerCounts', 'calls'],
    [{}, { bulkhead: 5 }, 'bulkhead', false],
    [{ bulkhead: 5 }, { bulkhead: false }, 'bulkhead', { limit: 5 }],
    [{}, { retryBudget: false }, 'retryBudget', {}],
    [{ retryBudget: { ratio: 0.5 } }, { retryBudget: {} }, 'retryBudget', { ratio: 0.5 }],
    [{ bulkhead }, { bulkhead: new Bulkhead(5) }, 'bulkhead', bulkhead],
    [{ bulkhead }, { bulkhead: 5 }, 'bulkhead', bulkhead],
    [{ rateLimit: limiter }, { rateLimit: new RateLimiter({ limit: 5 }) }, 'rateLimit', limiter],
    [{ retryBudget: budget }, { retryBudget: new RetryBudget() }, 'retryBudget', budget],
    [{ rateLimit: { limit: 5 } }, { rateLimit: { limit: 5, per: 999 } }, 'rateLimit', { limit: 5 }],
  ])('%j and %j', (first, second, option, inForce) => {
    const told = conflictsOf(first, second) as { option: string; inForce: unknown }[];

    expect(told.map((it) => it.option)).toEqual([option]);
    expect(told[0]?.inForce).toEqual(inForce);
  });
});

describe('what is handed in', () => {
  it('is what is used, each part', () => {
    const { registry } = around();
    const parts = {
      bulkhead: new Bulkhead(5),
      rateLimit: new RateLimiter({ limit: 5 }),
      retryBudget: new RetryBudget(),
    };

    const users = registry.getOrCreate('users', parts);

    expect(users.bulkhead).toBe(parts.bulkhead);
    expect(users.rateLimiter).toBe(parts.rateLimit);
    expect(users.retryBudget).toBe(parts.retryBudget);
  });

  it('is left alone by a configuration, which has one of its own made', () => {
    const { registry, apply } = around();
    const bulkhead = new Bulkhead(5);
    const users = registry.getOrCreate('users', { bulkhead });

    apply({ defaults: { bulkhead: 3 } });
    const [configured, limit] = [users.bulkhead, bulkhead.limit];
    apply({});

    expect([configured === bulkhead, configured?.limit, limit]).toEqual([false, 3, 5]);
    expect(users.bulkhead).toBe(bulkhead);
  });
});

describe('a configuration that is applied', () => {
  it('tells what it changes, and nothing the second time', () => {
    const { registry, apply } = around();
    registry.getOrCreate('users', { bulkhead: false, rateLimit: false, retryBudget: false });
    registry.breakers.getOrCreate('alone');
    const config = {
      defaults: {
        retry: { maxAttempts: 2, backoff: { initial: 5 } },
        bulkhead: 1,
        rateLimit: { limit: 2 },
        retryBudget: { capacity: 3 },
        hedge: { delay: { initial: 5 } },
        breakerCounts: 'calls',
      },
    };

    expect(apply(config)).toEqual([
      { breaker: 'users', option: 'bulkhead', from: false, to: { limit: 1 } },
      { breaker: 'users', option: 'rateLimit', from: false, to: { limit: 2 } },
      { breaker: 'users', option: 'retryBudget', from: false, to: { capacity: 3 } },
      {
        breaker: 'users',
        option: 'retry',
        from: 'none',
        to: { maxAttempts: 2, backoff: { initial: 5 } },
      },
      { breaker: 'users', option: 'hedge', from: false, to: { delay: { initial: 5 } } },
      { breaker: 'users', option: 'breakerCounts', from: 'attempts', to: 'calls' },
    ]);
    expect(apply(config)).toEqual([]);
    expect(
      apply({
        defaults: {
          ...config.defaults,
          retry: { backoff: { initial: 5 }, maxAttempts: 2 },
          rateLimit: { per: 1_000, limit: 2 },
        },
      }),
    ).toEqual([]);
    expect(apply({ defaults: { ...config.defaults, hedge: { delay: { initial: 6 } } } })).toEqual([
      {
        breaker: 'users',
        option: 'hedge',
        from: { delay: { initial: 5 } },
        to: { delay: { initial: 6 } },
      },
    ]);
  });

  it('leaves a part as it is that it says nothing new of, however it was changed by hand', () => {
    const { registry, apply } = around();
    const users = registry.getOrCreate('users', { bulkhead: 5, rateLimit: { limit: 5 } });
    users.bulkhead?.update({ limit: 9 });
    users.rateLimiter?.update({ limit: 8 });
    users.retryBudget?.update({ capacity: 7 });

    apply({ defaults: { totalTimeout: 50 } });

    expect([users.bulkhead?.limit, users.rateLimiter?.limit, users.retryBudget?.capacity]).toEqual([9, 8, 7]);
  });

  it('changes functions with functions inside, as they are', () => {
    const retryOn = () => true;
    const { registry, apply } = around({ defaults: { retry: { maxAttempts: 2, retryOn } } });
    registry.getOrCreate('users');

    expect(apply({ defaults: { bulkhead: 1 } }).map(({ option }) => option)).toEqual(['bulkhead']);
    expect(
      apply({ defaults: { bulkhead: 1, retry: { maxAttempts: 2 } } }).map(({ option }) => option),
    ).toEqual(['retry']);
  });

  it('stands in the place of one before it, and over what the code says', () => {
    const { registry, apply } = around(
      resilienceFromConfig({ resilience: { defaults: { bulkhead: 1 } } }, { env: {} }),
    );
    const [users, jobs] = [registry.getOrCreate('users', { bulkhead: 9 }), registry.getOrCreate('jobs')];
    const limits = () => [users.bulkhead?.limit, jobs.bulkhead?.limit];
    const before = limits();

    apply({ names: { jobs: { bulkhead: 4 } } });

    expect([before, limits()]).toEqual([
      [9, 1],
      [9, 4],
    ]);
  });

  it('that does not fit what is made later is told, and left out', async () => {
    const emit = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const { registry, apply } = around();
    apply({ names: { users: { retry: 'patient', bulkhead: 3 } } });

    const users = registry.getOrCreate('users', { bulkhead: 5 });

    expect([users.bulkhead?.limit, await users.call(() => 'fine')]).toEqual([5, 'fine']);
    expect(emit.mock.calls.map(([message]) => String(message))).toEqual([
      expect.stringMatching(
        /^A configuration was not applied to a new resilience: .*needs a `totalTimeout`: a circuit may stay open for long$/,
      ),
    ]);
  });

  it('is no matter to options that do not fit by themselves', () => {
    const { registry } = around();

    expect(() => registry.getOrCreate('users', { retry: 'patient' })).toThrow('needs a `totalTimeout`');
    expect([...registry]).toEqual([]);
  });
});

describe('a registry', () => {
  it('is the one of the default registry, for all copies of the package', async () => {
    vi.resetModules();
    const [first, { defaultRegistry: registry }] = [
      await import('recloser/resilience'),
      await import('recloser'),
    ];
    vi.resetModules();
    const second = await import('recloser/resilience');

    expect(second.defaultResilience).toBe(first.defaultResilience);
    expect(second.ResilienceRegistry).not.toBe(first.ResilienceRegistry);
    expect(first.defaultResilience.constructor.name).toBe('ResilienceRegistry');
    expect(first.defaultResilience.breakers).toBe(registry);
  });

  it('makes a breaker of all that is said of it, defaults too', () => {
    const { registry } = around({ defaults: { callTimeout: 50, failureThreshold: 3 } });

    const { breaker } = registry.getOrCreate('users', { failureThreshold: 7 });

    expect(breaker.options).toMatchObject({ callTimeout: 50, failureThreshold: 7 });
  });

  it('leaves a breaker its options that somebody else has made, tells so, and keeps to its own', async () => {
    const emit = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const { breakers, registry } = around();
    const clock = timedClock();
    const breaker = breakers.getOrCreate('users', { clock, callTimeout: 100, failureThreshold: 3 });
    const told: unknown[] = [];
    breakers.on('conflict', (it) => told.push(it));

    const users = registry.getOrCreate('users', { callTimeout: 20, failureThreshold: 9 });
    const late = users.call(hanging).catch((it) => it.timeout);
    await clock.advance(20);

    expect([await late, breaker.options.callTimeout, breaker.options.failureThreshold]).toEqual([20, 100, 3]);
    expect(told.length).toBe(1);
    await quiet();
    expect(emit).toHaveBeenCalled();
  });

  it('finds what is around a breaker again, the very same', () => {
    const { breakers, registry } = around();
    const breaker = breakers.getOrCreate('users');

    const users = registry.of(breaker, { bulkhead: 5 });

    expect(registry.of(breaker)).toBe(users);
    expect(registry.getOrCreate('users')).toBe(users);
    expect(registry.get('users')).toBe(users);
  });
});
