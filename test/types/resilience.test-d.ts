import type { CircuitBreaker, CircuitBreakerRegistry } from 'recloser';
import {
  type AttemptContext,
  type Attempts,
  attemptsOf,
  Bulkhead,
  type ConfiguredResilience,
  isBulkheadFullError,
  isRateLimitError,
  isTotalTimeoutError,
  RateLimiter,
  Resilience,
  type ResilienceMetrics,
  ResilienceRegistry,
  RetryBudget,
  resilienceFromConfig,
  type Stopped,
  withResilience,
} from 'recloser/resilience';
import { describe, expectTypeOf, test } from 'vitest';

interface User {
  id: string;
}

declare function fetchUser(id: string, fields?: string[]): Promise<User>;
declare const users: Resilience;

describe('a call', () => {
  test('answers what its task does, and tells it of the attempt', async () => {
    const user = users.call((context) => {
      expectTypeOf(context).toEqualTypeOf<AttemptContext>();
      expectTypeOf(context.attempt).toEqualTypeOf<number>();
      expectTypeOf(context.remaining).toEqualTypeOf<number>();
      expectTypeOf(context.isHedge).toEqualTypeOf<boolean>();
      expectTypeOf(context.signal).toEqualTypeOf<AbortSignal>();
      return fetchUser('7');
    });

    expectTypeOf(user).toEqualTypeOf<Promise<User>>();
    expectTypeOf(users.call(() => 5)).toEqualTypeOf<Promise<number>>();
    // @ts-expect-error the attempt is told, not set
    users.call((context) => (context.attempt = 2));
  });

  test('takes what belongs to a function, and nothing of the dependency', () => {
    users.call(() => 5, { retry: 'network', totalTimeout: 5, callTimeout: false, hedge: { delay: 5 } });
    users.call(() => 5, { signal: new AbortController().signal, fallback: () => 6, fallbackOn: 'rejection' });
    // @ts-expect-error there is no such policy
    users.call(() => 5, { retry: 'often' });
    // @ts-expect-error a bulkhead is the dependency's
    users.call(() => 5, { bulkhead: 5 });
    // @ts-expect-error a hedge needs a delay
    users.call(() => 5, { hedge: {} });
    // @ts-expect-error the wait of a quantile begins somewhere
    users.call(() => 5, { hedge: { delay: { quantile: 0.9 } } });
  });

  test('tells by its result how it ended', async () => {
    const result = await users.tryCall(() => fetchUser('7'));

    expectTypeOf(result.attempts).toEqualTypeOf<number>();
    if (result.ok) expectTypeOf(result.value).toEqualTypeOf<User>();
    else expectTypeOf(result.rejected).toEqualTypeOf<boolean>();
  });

  test('keeps the type of what it wraps', () => {
    const wrapped = users.wrap(fetchUser);

    expectTypeOf(wrapped).parameters.toEqualTypeOf<[id: string, fields?: string[] | undefined]>();
    expectTypeOf(wrapped).returns.toEqualTypeOf<Promise<User>>();
  });
});

describe('the options', () => {
  test('are those of a breaker, and what stands around it', () => {
    new Resilience({ name: 'users', failureThreshold: 3, retry: false, retryBudget: false, bulkhead: false });
    new Resilience({
      retry: { maxAttempts: 2, backoff: (attempt, _error, random = Math.random) => attempt * random() },
    });
    new Resilience({
      bulkhead: new Bulkhead(5),
      rateLimit: new RateLimiter({ limit: 5 }),
      retryBudget: new RetryBudget(),
    });
    new Resilience({ breaker: users.breaker, breakerCounts: 'calls' });
    // @ts-expect-error a rate is no number
    new Resilience({ rateLimit: 5 });
    // @ts-expect-error a bulkhead has a limit
    new Resilience({ bulkhead: { queue: 5 } });
    // @ts-expect-error inside the clock is the breaker's
    new Resilience({ retryBudget: { clock: { now: () => 0 } } });
    // @ts-expect-error there is no such option
    new Resilience({ retries: 5 });
  });

  test('of retries are asked with outcomes', () => {
    new Resilience({
      retry: {
        retryOn: (outcome) => {
          expectTypeOf(outcome.error).toEqualTypeOf<unknown>();
          return outcome.error instanceof TypeError;
        },
        retryAfter: (_, attempt) => attempt * 5,
      },
    });
  });
});

describe('what is told', () => {
  test('has its types by event', () => {
    const stop = users.on('retry', ({ attempt, delay, breaker }) => {
      expectTypeOf([attempt, delay]).toEqualTypeOf<number[]>();
      expectTypeOf(breaker).toEqualTypeOf<string>();
    });
    expectTypeOf(stop).toEqualTypeOf<() => void>();
    users.once('stop', ({ reason }) => expectTypeOf(reason).toEqualTypeOf<Stopped>());
    users.off('wait', ({ queue }) => expectTypeOf(queue).toEqualTypeOf<'bulkhead' | 'rate-limit'>());
    // @ts-expect-error there is no such event
    users.on('open', () => {});
  });

  test('of errors is known by their guards', (error: unknown = undefined) => {
    expectTypeOf(attemptsOf(error)).toEqualTypeOf<Attempts | undefined>();
    if (isBulkheadFullError(error)) expectTypeOf(error.reason).toEqualTypeOf<'full' | 'wait'>();
    if (isRateLimitError(error)) expectTypeOf(error.retryAfter).toEqualTypeOf<number>();
    if (isTotalTimeoutError(error)) expectTypeOf(error.code).toEqualTypeOf<'ERR_TOTAL_TIMEOUT'>();
  });

  test('by metrics is plain', () => {
    expectTypeOf(users.metrics).toEqualTypeOf<ResilienceMetrics>();
    expectTypeOf(users.metrics.totals.refused.budget).toEqualTypeOf<number | undefined>();
  });
});

describe('withResilience', () => {
  test('keeps the type of a function, and tells what stands before it', () => {
    const getUser = withResilience('users', { retry: 'network' })(fetchUser);

    expectTypeOf(getUser).toExtend<typeof fetchUser>();
    expectTypeOf(getUser.resilience).toEqualTypeOf<Resilience>();
    expectTypeOf(getUser.breaker).toEqualTypeOf<CircuitBreaker>();
    // @ts-expect-error it does not depend on arguments
    getUser.resilienceFor('7');
  });

  test('finds one by a key', () => {
    const getUser = withResilience((id: string) => `users-${id}`, {}, fetchUser);

    expectTypeOf(getUser.resilienceFor('7')).toEqualTypeOf<Resilience>();
    // @ts-expect-error the key needs an id
    getUser.resilienceFor();
  });

  test('resolves to a result where it is to', async () => {
    const getUser = withResilience('users', { result: true })(fetchUser);

    const result = await getUser('7');
    const [other] = [await withResilience('users', { result: true }, fetchUser)('7')];

    expectTypeOf([result.attempts, other.attempts]).toEqualTypeOf<number[]>();
    if (result.ok) expectTypeOf(result.value).toEqualTypeOf<User>();
  });

  test('decorates asynchronous methods alone', () => {
    class Users {
      @withResilience('users', { retry: 'network' })
      async get(id: string): Promise<User> {
        return { id };
      }
    }
    expectTypeOf(new Users().get).returns.toEqualTypeOf<Promise<User>>();
  });
});

describe('a registry', () => {
  test('finds by name, and tells what there is', () => {
    const registry = new ResilienceRegistry({ defaults: { retry: 'network' }, ...resilienceFromConfig({}) });

    expectTypeOf(registry.getOrCreate('users')).toEqualTypeOf<Resilience>();
    expectTypeOf(registry.get('users')).toEqualTypeOf<Resilience | undefined>();
    expectTypeOf(registry.breakers).toEqualTypeOf<CircuitBreakerRegistry>();
    expectTypeOf([...registry]).toEqualTypeOf<Resilience[]>();
    expectTypeOf(resilienceFromConfig({})).toEqualTypeOf<ConfiguredResilience>();
    // @ts-expect-error the name is given by the registry
    registry.getOrCreate('users', { name: 'other' });
  });
});
