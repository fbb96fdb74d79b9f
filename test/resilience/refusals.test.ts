/** What is refused, in whole sentences: what it is about, what is allowed, what was received, and the way out. */
import { CircuitBreaker, CircuitBreakerRegistry } from 'recloser';
import { Bulkhead, RateLimiter, Resilience, ResilienceRegistry, withResilience } from 'recloser/resilience';
import { describe, expect, it } from 'vitest';

const hostile = (option: string) =>
  Object.defineProperty({}, option, {
    enumerable: true,
    get() {
      throw new Error('no access');
    },
  }) as never;

/** Options that nobody can look at. */
const unreadable = new Proxy(
  {},
  {
    get() {
      throw new Error('no access');
    },
    getPrototypeOf() {
      throw new Error('no access');
    },
    ownKeys() {
      throw new Error('no access');
    },
  },
) as never;

const messageOf = async (create: () => unknown): Promise<string> => {
  try {
    await create();
  } catch (error) {
    return (error as Error).message;
  }
  return '';
};

describe('what cannot be is refused in words', () => {
  it.each<[string, () => unknown]>([
    [
      'Cannot use resilience "default": `retry` must be "none", "network", "aggressive", "patient", options or false, received true',
      () => new Resilience({ retry: true as never }),
    ],
    [
      'Cannot use resilience "default": `retry` must be "none", "network", "aggressive", "patient", options or false, received an array',
      () => new Resilience({ retry: ['network'] as never }),
    ],
    ['Cannot use resilience "default": options cannot be read', () => new Resilience(hostile('name'))],
    ['Cannot use resilience "default": options cannot be read', () => new Resilience(hostile('retry'))],
    [
      'Cannot use resilience "users": options cannot be read',
      () => new Resilience({ name: 'users', retry: hostile('backoff') }),
    ],
    [
      'Cannot use resilience "default": `name` must be a string, received 7',
      () => new Resilience({ name: 7 as never }),
    ],
    [
      'Cannot use resilience "default": `options` must be an object, received null',
      () => new Resilience(null as never),
    ],
    ['Cannot use resilience "default": options cannot be read', () => new Resilience(unreadable)],
    ['Cannot use withResilience: options cannot be read', () => withResilience('users', unreadable)],
    [
      'Cannot use resilience "default": unknown option "retry.zzzzzzzzzz", did you mean "retry.maxAttempts"?',
      () => new Resilience({ retry: { zzzzzzzzzz: 1 } as never }),
    ],
    [
      'Cannot use resilience "default": `hedge.delay.quantile` must be a number from 0.5 to 0.999, received "0.9"',
      () => new Resilience({ hedge: { delay: { initial: 1, quantile: '0.9' as never } } }),
    ],
    [
      'Cannot create bulkhead: `clock` must be an object with a function `now`, received an object',
      () => new Bulkhead({ limit: 1, clock: {} as never }),
    ],
    [
      'Cannot create rate limiter: `clock` must be an object with a function `now`, received null',
      () => new RateLimiter({ limit: 1, clock: null as never }),
    ],
    [
      'Cannot create resilience registry: `breakers` must be a CircuitBreakerRegistry, received an object',
      () => new ResilienceRegistry({ breakers: {} as never }),
    ],
    [
      'Cannot create resilience registry: unknown option "name", did you mean "breakers"?',
      () => new ResilienceRegistry({ name: 'users' } as never),
    ],
    [
      'Cannot create resilience registry: unknown option "breker", did you mean "breakers"?',
      () => new ResilienceRegistry({ breker: 1 } as never),
    ],
    [
      'Cannot create resilience registry: `breaker` is the one of this name',
      () => new ResilienceRegistry({ defaults: { breaker: new CircuitBreaker() } as never }),
    ],
    [
      'Cannot create resilience registry: `name` is given by the registry',
      () => new ResilienceRegistry({ defaults: { name: 'users' } as never }),
    ],
    [
      'Cannot use resilience "orders": `name` is given by the registry',
      () =>
        new ResilienceRegistry({ breakers: new CircuitBreakerRegistry() }).getOrCreate('orders', {
          name: 'users',
        } as never),
    ],
    [
      'Cannot create resilience registry: options cannot be read',
      () => new ResilienceRegistry(hostile('defaults')),
    ],
    [
      'Cannot use withResilience: `source` must be a name, a breaker, a Resilience, or a function that tells the name, received 7',
      () => withResilience(7 as never),
    ],
    ['Cannot use withResilience: options cannot be read', () => withResilience('users', hostile('retry'))],
    [
      'Cannot use withResilience: `registry` and `scope` are for what is given by name',
      () => withResilience(new CircuitBreaker(), { scope: 'instance' }),
    ],
    [
      'Cannot use withResilience: `bulkhead` is an option of the dependency, which is made already',
      () => withResilience(new Resilience(), { bulkhead: 5 }),
    ],
    [
      "Cannot use withResilience: `scope: 'instance'` needs a name, and no registry",
      () => withResilience(() => 'users', { scope: 'instance' }),
    ],
    [
      'Cannot use withResilience: `registry` must be a ResilienceRegistry, received an object',
      () => withResilience('users', { registry: new CircuitBreakerRegistry() as never }),
    ],
    [
      'Cannot use withResilience: `registry` must be a ResilienceRegistry, received an object',
      () => withResilience('users', { registry: { of() {} } as never }),
    ],
    [
      'withResilience needs a function or a method, received 7',
      () => withResilience('users', {}, 7 as never),
    ],
    ['wrap needs a function or a method, received 7', () => new Resilience().wrap(7 as never)],
    [
      'Cannot run through bulkhead: options cannot be read',
      () => new Bulkhead(1).run(() => 1, hostile('signal')),
    ],
    [
      'Cannot run through bulkhead: `signal` must be an AbortSignal, received an object',
      () => new Bulkhead(1).run(() => 1, { signal: { aborted: false } as never }),
    ],
    [
      'Cannot run through rate limit: `signal` must be an AbortSignal, received an object',
      () => new RateLimiter({ limit: 1 }).run(() => 1, { signal: { addEventListener() {} } as never }),
    ],
  ])('%s', async (message, create) => {
    expect(await messageOf(create)).toBe(message);
  });

  it.each(['filter', 'handle', 'on', 'retryExceptions', 'retryIf', 'shouldHandle', 'when'])(
    'and in our words, where other libraries have others: %s',
    (foreign) => {
      expect(() => new Resilience({ retry: { [foreign]: () => true } } as never)).toThrow(
        `unknown option "retry.${foreign}", did you mean "retry.retryOn"?`,
      );
    },
  );

  it.each<[string, string, string, () => unknown]>([
    ['a name', 'users', 'name', () => withResilience('users', { name: 'x' } as never)],
    [
      'a breaker',
      'users',
      'breaker',
      () => withResilience('users', { breaker: new CircuitBreaker() } as never),
    ],
    ['a source that is no name', '', 'retri', () => withResilience(() => 'users', { retri: 1 } as never)],
    ['a name of a registry', '', 'name', () => new ResilienceRegistry().getOrCreate(7 as never)],
    ['a registry', '', 'breakers', () => new ResilienceRegistry({ breakers: 7 } as never)],
    ['a breaker by default', '', 'breaker', () => fresh({ breaker: new CircuitBreaker() })],
    ['a name by default', '', 'name', () => fresh({ name: 'users' })],
  ])('and tells which option of whom: %s', (_, breaker, option, create) => {
    expect(create).toThrow(expect.objectContaining({ breaker, option }));
  });

  it('and in nobody’s name where a task is run by a part alone', async () => {
    const error = await new Bulkhead(1).run(() => 1, { signal: 7 as never }).catch((it) => it);

    expect([error.breaker, error.option]).toEqual(['', 'signal']);
  });

  it.each<[string, () => unknown]>([
    ['`whenOpen` that says what holds anyhow', () => new Resilience({ retry: { whenOpen: 'stop' } })],
    ['`result: false`', () => withResilience('users', { result: false })],
    ['a name in options that is the same', () => fresh().getOrCreate('users', { name: 'users' } as never)],
    ['no options of a run', () => new Bulkhead(1).run(() => 1, {})],
  ])('but not %s', async (_, create) => {
    expect(await messageOf(create)).toBe('');
  });
});

function fresh(defaults: object = {}) {
  return new ResilienceRegistry({ breakers: new CircuitBreakerRegistry(), defaults });
}
