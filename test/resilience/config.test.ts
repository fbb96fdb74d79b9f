import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { CircuitBreakerRegistry } from 'recloser';
import { applyConfig, fromConfig } from 'recloser/presets';
import { Bulkhead, ResilienceRegistry, resilienceFromConfig } from 'recloser/resilience';
import { describe, expect, it } from 'vitest';
import { runCommand } from '../../src/cli/command.js';
import { deferred } from '../support/deferred.js';
import { fromRoot } from '../support/root.js';

const around = (config: unknown, context = {}) =>
  new ResilienceRegistry({
    breakers: new CircuitBreakerRegistry(),
    ...resilienceFromConfig(config, { env: {}, ...context }),
  });

const linesFor = (read: () => unknown): string[] => {
  try {
    read();
  } catch (error) {
    return (error as Error).message.split('\n');
  }
  return [];
};

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
    expect(registry.get('orders')?.bulkhead?.queue).toBe(5);
    expect(registry.get('mail')?.rateLimiter?.limit).toBe(7);
    expect(() => fromConfig(config, { env })).not.toThrow();
  });

  it('takes the environment that the file names', () => {
    const config = { environment: 'testing', resilience: { environments: { testing: { bulkhead: 2 } } } };

    expect(around(config).getOrCreate('users').bulkhead?.limit).toBe(2);
  });

  it('gives way to what the code gives', () => {
    const registry = around({ resilience: { defaults: { bulkhead: 2, rateLimit: { limit: 3 } } } });

    const users = registry.getOrCreate('users', { bulkhead: 9 });

    expect([users.bulkhead?.limit, users.rateLimiter?.limit]).toEqual([9, 3]);
  });

  it('tells all mistakes at once, with their paths', () => {
    const config = {
      resilience: {
        defaults: { retry: 'netwrk', bulkhed: 1 },
        names: {
          orders: { bulkhead: { queue: -1, limit: 0 }, retryBudget: { ratio: 2 }, rateLimit: { per: 0 } },
          'a.b': { hedge: { delay: { quantile: 2, initial: -1 }, maxHedges: 20 } },
        },
        environments: { prodution: {} },
        services: { postgres: {} },
        nmaes: {},
      },
    };
    const env = { RECLOSER_MAIL_TOTAL_TIMEOUT: 'soon' };

    const lines = linesFor(() => resilienceFromConfig(config, { env }));

    expect(lines).toEqual([
      expect.stringMatching(/^resilience\.nmaes: unknown section "nmaes", did you mean "names"/),
      expect.stringMatching(/^resilience\.defaults\.retry: must be "none", .* did you mean "network"\?$/),
      expect.stringMatching(
        /^resilience\.defaults\.bulkhed: unknown option "bulkhed", did you mean "bulkhead"/,
      ),
      expect.stringMatching(/^resilience\.environments\.prodution: unknown environment "prodution"/),
      'resilience.services.postgres: unknown preset "postgres", did you mean "postgresql"?',
      'resilience.names.orders.bulkhead.queue: must be an integer of at least 0, received -1',
      'resilience.names.orders.bulkhead.limit: must be an integer of at least 1, received 0',
      'resilience.names.orders.retryBudget.ratio: must be a number from 0 to 1, received 2',
      'resilience.names.orders.rateLimit.per: must be a number of milliseconds from 1 to 2147483647, received 0',
      'resilience.names.orders.rateLimit.limit: must be an integer from 1 to 100000, received undefined',
      expect.stringMatching(
        /^resilience\.names\["a\.b"\]\.hedge\.maxHedges: must be an integer from 1 to 10/,
      ),
      expect.stringMatching(/^resilience\.names\["a\.b"\]\.hedge\.delay\.quantile: must be .*, received 2$/),
      expect.stringMatching(/^resilience\.names\["a\.b"\]\.hedge\.delay\.initial: must be .*, received -1$/),
      expect.stringMatching(/^RECLOSER_MAIL_TOTAL_TIMEOUT: must be .*, received a text$/),
    ]);
  });

  it.each([
    ['a function', { retry: { retryOn: () => true } }],
    ['what was made', { bulkhead: new Bulkhead(1) }],
  ])('takes no %s', (_, defaults) => {
    expect(() => around({ resilience: { defaults } })).toThrow('must be plain data');
  });

  it.each([[undefined], [5], [[]], [{ resilience: 5 }], [{ resilience: { names: [] } }]])(
    'is refused where it is %o',
    (config) => {
      expect(() => resilienceFromConfig(config)).toThrow(/must be an object, received/);
    },
  );

  it('says of a text how to read it, and of an option beside the sections where it goes', () => {
    expect(() => resilienceFromConfig('{}')).toThrow(
      'config: must be an object, received a string: read it with `JSON.parse` first',
    );
    expect(() => resilienceFromConfig({ resilience: { retry: 'network' } })).toThrow(
      'resilience.retry: unknown section "retry", did you mean "resilience.defaults.retry"?',
    );
  });

  it('is read in a context whose options it knows', () => {
    expect(() => resilienceFromConfig({}, { enviroment: 'staging' } as never)).toThrow(
      'context.enviroment: unknown option "enviroment", did you mean "environment"',
    );
    expect(() => resilienceFromConfig({}, { env: 'staging' } as never)).toThrow('context.env: must be');
  });

  it('is checked by the command, with what the breakers have of it', async () => {
    const file = '{ "defaults": { "calTimeout": 5 }, "resilience": { "defaults": { "bulkhead": 0 } } }';
    const surroundings = { readFile: () => file, env: {}, version: () => '1' };

    const { status, stdout } = await runCommand(['check', 'x.json'], surroundings);

    expect(status).toBe(1);
    expect(stdout).toContain('x.json: defaults.calTimeout: unknown option');
    expect(stdout).toContain('x.json: resilience.defaults.bulkhead: must be a limit of at least 1');
  });
});

const schema = JSON.parse(readFileSync(fromRoot('src/presets/config/config.schema.json'), 'utf8'));
const accepts = new Ajv({ strict: true, allowUnionTypes: true }).compile(schema);

const VALUES: Readonly<Record<string, readonly unknown[]>> = {
  retry: [
    'none',
    'network',
    'aggressive',
    'patient',
    false,
    {},
    { maxAttempts: 1 },
    { maxAttempts: 101 },
    'often',
  ]
    .concat([
      { backoff: 5 },
      { backoff: {} },
      { backoff: { jitter: 2 } },
      { backoff: { initial: 1, factor: 1 } },
    ] as never)
    .concat([
      { whenOpen: 'wait' },
      { whenOpen: 'stay' },
      { maxRetryAfter: -1 },
      { attempts: 3 },
      true,
      3,
      null,
    ] as never),
  totalTimeout: [1, 0, 0.5, 2_147_483_647, 2_147_483_648, false, true, '5', null],
  bulkhead: [
    1,
    0,
    1.5,
    false,
    { limit: 1 },
    {},
    { limit: 1, queue: 0, maxWait: 0 },
    { limit: 1, name: 'x' },
    { queue: 1 },
  ],
  rateLimit: [
    1,
    false,
    { limit: 100_000 },
    { limit: 100_001 },
    { limit: 1, per: 0 },
    { limit: 1, spacing: 5 },
    {},
  ],
  retryBudget: [
    false,
    {},
    { ratio: 0 },
    { ratio: 1.1 },
    { capacity: 0 },
    { capacity: 5, initial: 5 },
    { perSecond: 1e7 },
    1,
  ],
  hedge: [
    false,
    { delay: 5 },
    {},
    { delay: { initial: 5 } },
    { delay: {} },
    { delay: { initial: 5, quantile: 0.4 } },
    5,
  ].concat([
    { delay: 5, maxHedges: 11 },
    { delay: { initial: 5, min: 1, max: 9, minimumCalls: 1 } },
  ] as never),
  breakerCounts: ['attempts', 'calls', 'both', 1],
};

describe('the schema', () => {
  it.each(Object.entries(VALUES))('takes what the code takes of `%s`', (option, values) => {
    for (const value of values) {
      const config = { resilience: { names: { orders: { [option]: value } } } };

      const takes = linesFor(() => resilienceFromConfig(config, { env: {} })).length === 0;

      expect([value, accepts(config)]).toEqual([value, takes]);
    }
  });
});

describe('applyConfig', () => {
  it('changes the limits of what is in use, and goes back', async () => {
    const breakers = new CircuitBreakerRegistry();
    const registry = new ResilienceRegistry({ breakers, defaults: { retry: 'network' } });
    const users = registry.getOrCreate('users', { bulkhead: 1, rateLimit: { limit: 5 } });
    const { bulkhead, rateLimiter, retryBudget } = users;
    const held = deferred<number>();
    const first = users.call(() => held.promise);
    const apply = (names: object) =>
      applyConfig(breakers, { resilience: { names } }, { env: {}, resilience: registry });

    const changes = apply({
      users: {
        bulkhead: 2,
        rateLimit: { limit: 7 },
        retryBudget: { capacity: 5 },
        retry: 'patient',
        totalTimeout: 9,
      },
    });

    expect(changes).toEqual([
      { breaker: 'users', option: 'retry', from: 'network', to: 'patient' },
      { breaker: 'users', option: 'bulkhead', from: { limit: 1 }, to: { limit: 2 } },
      { breaker: 'users', option: 'rateLimit', from: { limit: 5 }, to: { limit: 7 } },
      { breaker: 'users', option: 'retryBudget', from: {}, to: { capacity: 5 } },
      { breaker: 'users', option: 'totalTimeout', from: false, to: 9 },
    ]);
    expect([users.bulkhead, users.rateLimiter, users.retryBudget]).toEqual([
      bulkhead,
      rateLimiter,
      retryBudget,
    ]);
    expect([bulkhead?.limit, rateLimiter?.limit, retryBudget?.capacity]).toEqual([2, 7, 5]);
    expect(await users.call(() => 'beside it')).toBe('beside it');

    apply({});

    expect([bulkhead?.limit, rateLimiter?.limit, retryBudget?.capacity]).toEqual([1, 5, 100]);
    held.resolve(1);
    expect(await first).toBe(1);
    expect([bulkhead?.running, users.metrics.running]).toEqual([0, 0]);
  });

  it('gives a limit to what has none, and takes it away, with calls in flight', async () => {
    const breakers = new CircuitBreakerRegistry();
    const registry = new ResilienceRegistry({ breakers });
    const users = registry.getOrCreate('users');
    const apply = (config: object) =>
      applyConfig(breakers, { resilience: config }, { env: {}, resilience: registry });
    const held = deferred<number>();

    const before = users.call(() => held.promise);
    apply({ defaults: { bulkhead: 1 } });
    const { bulkhead } = users;
    const within = users.call(() => held.promise);
    const refused = await users.tryCall(() => 1);
    apply({});
    const after = await users.call(() => 'free');
    held.resolve(1);
    await Promise.all([before, within]);

    expect([refused.ok, after, bulkhead?.running, users.bulkhead]).toEqual([false, 'free', 0, undefined]);
  });

  it('holds for what is made later, and for functions that say something of their own', async () => {
    const breakers = new CircuitBreakerRegistry();
    const registry = new ResilienceRegistry({
      breakers,
      ...resilienceFromConfig({ resilience: { defaults: { bulkhead: 1 } } }, { env: {} }),
    });

    applyConfig(
      breakers,
      { resilience: { names: { users: { rateLimit: { limit: 3 } } } } },
      { env: {}, resilience: registry },
    );

    const users = registry.getOrCreate('users', { rateLimit: { limit: 9 } });
    expect([users.bulkhead, users.rateLimiter?.limit]).toEqual([undefined, 3]);
  });

  it('changes all or nothing, and tells the mistakes of breakers too', () => {
    const breakers = new CircuitBreakerRegistry();
    const registry = new ResilienceRegistry({ breakers });
    const users = registry.getOrCreate('users', { bulkhead: 1, failureThreshold: 3 });
    const jobs = registry.getOrCreate('jobs');
    const apply = (config: object) =>
      linesFor(() => applyConfig(breakers, config, { env: {}, resilience: registry }));

    const lines = apply({ defaults: { failureThreshold: 0 }, resilience: { defaults: { bulkhead: 0 } } });
    const patient = apply({
      resilience: { defaults: { bulkhead: 5 }, names: { jobs: { retry: 'patient' } } },
    });

    expect(lines.map((line) => line.slice(0, line.indexOf(':')))).toEqual([
      'defaults.failureThreshold',
      'resilience.defaults.bulkhead',
    ]);
    expect(patient).toEqual([
      expect.stringMatching(
        /^resilience\.names\.jobs\.totalTimeout: `whenOpen: 'wait'` .* needs a `totalTimeout`/,
      ),
    ]);
    expect([users.bulkhead?.limit, users.breaker.options.failureThreshold, jobs.bulkhead]).toEqual([
      1,
      3,
      undefined,
    ]);
  });

  it('may be called by who is told of a rejection: the place goes back to where it was taken', async () => {
    const breakers = new CircuitBreakerRegistry();
    const registry = new ResilienceRegistry({ breakers });
    const users = registry.getOrCreate('users');
    const apply = (limit: number | false) =>
      applyConfig(
        breakers,
        { resilience: { defaults: { bulkhead: limit } } },
        { env: {}, resilience: registry },
      );
    const held = deferred<number>();
    users.breaker.forceOpen();
    users.once('reject', () => apply(1));

    const limited = await users.call(() => 1).catch((it) => it.code);
    users.breaker.reset();
    const first = users.call(() => held.promise);
    const beside = await users.call(() => 1).catch((it) => it.code);
    const { bulkhead } = users;
    held.resolve(1);
    await first;

    expect([limited, beside, bulkhead?.running]).toEqual(['ERR_CIRCUIT_OPEN', 'ERR_BULKHEAD_FULL', 0]);
  });

  it('refuses what is around the breakers of another registry', () => {
    const registry = new ResilienceRegistry({ breakers: new CircuitBreakerRegistry() });

    expect(() => applyConfig(new CircuitBreakerRegistry(), {}, { resilience: registry })).toThrow(
      '`resilience` must be around the breakers of this registry',
    );
    expect(() => applyConfig(new CircuitBreakerRegistry(), {}, { resilience: new Map() as never })).toThrow(
      '`resilience` must be a ResilienceRegistry',
    );
  });
});
