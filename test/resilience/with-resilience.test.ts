import { CircuitBreaker, CircuitBreakerRegistry } from 'recloser';
import { Resilience, ResilienceRegistry, withResilience } from 'recloser/resilience';
import { describe, expect, it } from 'vitest';

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

  it('takes one for each key', async () => {
    const registry = fresh();
    const get = withResilience((host: string) => host, { registry })(async (host: string) => host);
    await get('a');

    expect(get.resilienceFor('a').metrics.totals.calls).toBe(1);
    expect(get.breakerFor('b').name).toBe('b');
  });

  it('resolves to a result where it is to', async () => {
    const get = withResilience('users', { result: true, registry: fresh() }, async () => {
      throw new Error('down');
    });

    expect(await get()).toMatchObject({ ok: false, rejected: false, attempts: 1 });
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
