import { type CallContext, CircuitBreaker, CircuitBreakerRegistry } from 'recloser';
import { Resilience, ResilienceRegistry, withResilience } from 'recloser/resilience';
import { describe, expect, it, vi } from 'vitest';

const fresh = (options = {}) =>
  new ResilienceRegistry({ breakers: new CircuitBreakerRegistry(), ...options });

describe('withResilience', () => {
  it('retries what it wraps, and keeps name, length and `this`', async () => {
    const registry = fresh();
    let runs = 0;
    const get = withResilience('users', { retry: { maxAttempts: 2, backoff: 0 }, registry })(
      async function load(this: { id: number }, more: number) {
        if (++runs === 1) throw new Error('once');
        return this.id + more;
      },
    );

    expect(await get.call({ id: 7 }, 1)).toBe(8);
    expect([get.name, get.length, runs]).toEqual(['load', 1, 2]);
    expect(get.resilience).toBe(registry.get('users'));
    expect(get.breaker).toBe(registry.breakers.get('users'));
  });

  it('lets functions that share a dependency have retries of their own', async () => {
    const registry = fresh();
    let runs = 0;
    const fail = async () => {
      runs++;
      throw new Error('down');
    };
    const read = withResilience('users', { retry: { maxAttempts: 3, backoff: 0 }, registry }, fail);
    const write = withResilience('users', { registry }, fail);

    await read().catch(() => {});
    const ofRead = runs;
    await write().catch(() => {});

    expect([ofRead, runs - ofRead]).toEqual([3, 1]);
    expect(read.resilience).toBe(write.resilience);
  });

  it('decorates methods, with one for each class', async () => {
    const registry = fresh();
    class Users {
      runs = 0;
      @withResilience('users', { retry: { maxAttempts: 2, backoff: 0 }, registry })
      async get(id: string) {
        if (++this.runs === 1) throw new Error('once');
        return id;
      }
    }

    expect(await new Users().get('7')).toBe('7');
    expect(registry.get('users')?.metrics.totals.recovered).toBe(1);
  });

  it('takes one for each object where it is to', async () => {
    const get = withResilience('users', { scope: 'instance' }, async function (this: object) {
      return 1;
    });
    const [one, other] = [{}, {}];
    await get.call(one);

    expect(get.resilienceFor(one)).not.toBe(get.resilienceFor(other));
    expect(get.breakerFor(one).metrics.totals.calls).toBe(1);
  });

  it('tells once where methods of one object want different things of one dependency', async () => {
    const emit = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const wants = (options: object) =>
      withResilience('users', { scope: 'instance', ...options }, async () => 1);
    const [get, same, more, other] = [
      wants({ bulkhead: 5, failureThreshold: 3 }),
      wants({ bulkhead: { limit: 5 }, failureThreshold: 3, retry: 'network' }),
      wants({ bulkhead: 6 }),
      wants({ failureThreshold: 4 }),
    ];
    const users = {};
    const told: unknown[] = [];
    get.resilienceFor(users).on('conflict', ({ options }) => told.push(...options));

    for (const fn of [same, more, more, other]) await fn.call(users);
    await more.call({});

    expect(told).toEqual([
      { option: 'bulkhead', inForce: { limit: 5 }, given: { limit: 6 } },
      { option: 'failureThreshold', inForce: 3, given: 4 },
    ]);
    expect(emit.mock.calls.map(([, options]) => (options as { code?: string }).code)).toEqual([
      'RECLOSER_CONFLICT',
      'RECLOSER_CONFLICT',
    ]);
    expect(get.resilienceFor(users).bulkhead?.limit).toBe(5);
  });

  it.each<[string, () => unknown, string]>([
    [
      'a key that is no string',
      () => withResilience((() => 7) as unknown as () => string, {}, async () => 1)(),
      'key',
    ],
    [
      'a registry beside a breaker',
      () => withResilience(new CircuitBreaker(), { registry: fresh() }),
      'registry',
    ],
    ['a scope beside a breaker', () => withResilience(new CircuitBreaker(), { scope: 'class' }), 'registry'],
    [
      'a registry for each object',
      () => withResilience('a', { scope: 'instance', registry: fresh() }),
      'scope',
    ],
    [
      'keys for each object',
      () => withResilience(((a: string) => a) as never, { scope: 'instance' }),
      'scope',
    ],
    ['what the dependency has', () => withResilience(new Resilience(), { bulkhead: 5 }), 'bulkhead'],
    [
      'an option of a breaker beside one',
      () => withResilience(new CircuitBreaker(), { failureThreshold: 5 }),
      'failureThreshold',
    ],
    ['a registry that is none', () => withResilience('a', { registry: {} } as never), 'registry'],
    [
      'a breaker as an option',
      () => withResilience('a', { breaker: new CircuitBreaker() } as never),
      'breaker',
    ],
    ['no result but true or false', () => withResilience('a', { result: 1 } as never), 'result'],
  ])('refuses %s', async (_, wrap, option) => {
    const refusal = { code: 'ERR_INVALID_OPTIONS', option };

    await expect((async () => await wrap())()).rejects.toMatchObject(refusal);
  });

  it.each([
    [{}, 'sync'],
    [{ result: true }, 'async'],
  ])('makes no decorator of what resolves to results: %j', (options, kind) => {
    const legacy = withResilience('users', { registry: fresh(), ...options } as object) as unknown as (
      target: object,
      key: string,
      descriptor: PropertyDescriptor,
    ) => PropertyDescriptor;
    const decorate = () => legacy({}, 'get', { value: async () => 1, configurable: true });

    if (kind === 'sync') expect(decorate().value).toBeTypeOf('function');
    else expect(decorate).toThrow(TypeError);
  });

  it('takes one for each key', async () => {
    const registry = fresh();
    const get = withResilience((host: string) => host, { registry })(async (host: string) => host);
    await get('a');

    expect(get.resilienceFor('a').metrics.totals.calls).toBe(1);
    expect(get.breakerFor('b').name).toBe('b');
  });

  it.each([{}, { result: true }, { scope: 'instance' }, { totalTimeout: 5_000, retry: 'none' }] as const)(
    'gives a fallback what the function was given, and its `this`: %j',
    async (options) => {
      const seen: unknown[] = [];
      const registry = 'scope' in options ? {} : { registry: fresh() };
      const get = withResilience(
        'users',
        {
          ...options,
          ...registry,
          fallback(this: unknown, error: unknown, { breaker }: CallContext, ...args: unknown[]) {
            seen.push(this, (error as Error).message, breaker, args);
            return 'instead';
          },
        } as object,
        async (_: string, __: number) => {
          throw new Error('down');
        },
      );
      const [one, other] = [{ id: 1 }, { id: 2 }];

      const answers = [await get.call(one, 'a', 1), await get.call(other, 'b', 2)];

      expect(answers).toMatchObject(
        'result' in options ? [{ value: 'instead' }, { value: 'instead' }] : ['instead', 'instead'],
      );
      expect(seen).toEqual([one, 'down', 'users', ['a', 1], other, 'down', 'users', ['b', 2]]);
      expect([seen[0] === one, seen[4] === other]).toEqual([true, true]);
    },
  );

  it('tells a result of how many attempts, a fallback’s too', async () => {
    const get = withResilience(
      'users',
      { result: true, retry: { maxAttempts: 2, backoff: 0 }, fallback: () => 'instead', registry: fresh() },
      async () => {
        throw new Error('down');
      },
    );

    expect(await get()).toEqual({ ok: true, value: 'instead', attempts: 2 });
  });

  it('resolves to a result where it is to', async () => {
    const get = withResilience('users', { result: true, registry: fresh() }, async () => {
      throw new Error('down');
    });

    expect(await get()).toMatchObject({ ok: false, rejected: false, attempts: 1 });
  });

  it.each<[string, () => unknown]>([
    [
      'whose key function throws',
      () => {
        throw new Error('no key');
      },
    ],
    ['whose key is no string', () => 7],
    ['whose name the registry refuses', () => 'bad'],
  ])('resolves to a result with all of its members %s', async (_, key) => {
    const registry = fresh({
      configure: (name: string) => (name === 'bad' ? ({ bulkhead: 0 } as never) : undefined),
    });
    const get = withResilience(key as () => string, { result: true, registry }, async () => 1);

    expect(await get()).toEqual({ ok: false, error: expect.any(Error), rejected: true, attempts: 0 });
  });

  it('resolves to a result with all of its members where it is called on no object', async () => {
    const get = withResilience('users', { result: true, scope: 'instance' } as object, async () => 1);

    expect(await get()).toEqual({ ok: false, error: expect.any(TypeError), rejected: true, attempts: 0 });
  });

  it('takes a Resilience, or a breaker', async () => {
    const users = new Resilience({ name: 'users' });
    const breaker = new CircuitBreaker({ name: 'orders' });

    expect(withResilience(users, {}, async () => 1).resilience).toBe(users);
    expect(withResilience(breaker, {}, async () => 1).breaker).toBe(breaker);
  });

  it.each([
    [{ retri: 1 }, 'did you mean "retry"'],
    [{ name: 'x' }, 'the first argument says'],
    [{ bulkhead: 0 }, '`bulkhead` must be a limit of at least 1'],
    [{ retry: { maxAttempts: 101 } }, '`retry.maxAttempts` must be an integer from 1 to 100'],
  ])('refuses %j', (options, message) => {
    expect(() => withResilience('users', options as object)).toThrow(message);
  });
});

describe('a registry', () => {
  it('makes one with defaults, what it configures and what is asked for', () => {
    const registry = fresh({
      defaults: { bulkhead: 5, failureThreshold: 7 },
      configure: (name: string) => (name === 'orders' ? { bulkhead: 6 } : undefined),
    });

    expect(registry.getOrCreate('users').bulkhead?.limit).toBe(5);
    expect(registry.getOrCreate('users').breaker.options.failureThreshold).toBe(7);
    expect(registry.getOrCreate('orders').bulkhead?.limit).toBe(6);
    expect(registry.getOrCreate('mail', { bulkhead: 8 }).bulkhead?.limit).toBe(8);
    expect([...registry].map(({ name }) => name)).toEqual(['users', 'orders', 'mail']);
  });

  it('tells once of options of the dependency that are not in force', () => {
    const registry = fresh();
    const users = registry.getOrCreate('users', { bulkhead: 5 });
    const told: unknown[] = [];
    users.on('conflict', ({ options }) => told.push(options));

    registry.getOrCreate('users', { bulkhead: { limit: 5 } });
    registry.getOrCreate('users', { bulkhead: 6 });
    registry.getOrCreate('users', { bulkhead: 7 });

    expect(told).toEqual([[{ option: 'bulkhead', inForce: { limit: 5 }, given: { limit: 6 } }]]);
    expect(users.bulkhead?.limit).toBe(5);
  });

  it('forgets what the registry of breakers forgets', () => {
    const registry = fresh();
    const users = registry.getOrCreate('users');
    registry.breakers.delete('users');

    expect(registry.get('users')).toBeUndefined();
    expect(registry.getOrCreate('users')).not.toBe(users);
  });
});
