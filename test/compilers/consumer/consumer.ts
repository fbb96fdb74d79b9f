/** What a TypeScript user writes: compiled by every compiler against the packed types. */
import {
  type CallContext,
  type CallResult,
  CircuitBreaker,
  type CircuitBreakerOptions,
  CircuitBreakerRegistry,
  type CircuitMetrics,
  type CircuitSnapshot,
  CircuitState,
  exponentialBackoff,
  isCallTimeoutError,
  isCircuitBreakerOpenError,
  type Permit,
  protect,
  type RegistrySummary,
  type Transition,
  withCircuitBreaker,
} from 'recloser';

interface Price {
  readonly cents: number;
}

/** Members that are read from elsewhere may be `undefined`, also with `exactOptionalPropertyTypes`. */
export function optionsFrom(settings: { timeout?: number; name: string | undefined }): CircuitBreakerOptions {
  return {
    name: settings.name,
    callTimeout: settings.timeout,
    window: { type: 'time', duration: 30_000, buckets: 6 },
    recoveryTimeout: exponentialBackoff({ initial: 500 }),
    excludedErrors: [RangeError, (error) => error === null],
    isFailure: (outcome) => ('error' in outcome ? true : outcome.value === undefined ? 'ignore' : false),
    onOpen: (transition: Transition) => transition.metrics.totals.opened,
  };
}

const breaker = new CircuitBreaker(optionsFrom({ name: 'prices' }));

export async function price(id: number): Promise<Price> {
  return breaker.call(async ({ signal, state }: CallContext): Promise<Price> => {
    signal.throwIfAborted();
    return { cents: state === CircuitState.HALF_OPEN ? 0 : id };
  });
}

export async function priceOr<T>(instead: T): Promise<Price | T> {
  const result: CallResult<Price> = await breaker.tryCall(() => ({ cents: 1 }));
  if (result.ok) return result.value;
  if (isCircuitBreakerOpenError(result.error))
    console.log(result.error.retryAfter?.toFixed(), result.error.reason);
  if (isCallTimeoutError(result.error)) console.log(result.error.timeout.toFixed());
  return instead;
}

export function byHand(): void {
  const permit: Permit | undefined = breaker.tryAcquire();
  permit?.success();
  breaker.acquire().failure(new Error('down'));
}

export const sum: (a: number, b: number) => Promise<number> = breaker.wrap((a: number, b: number) => a + b);
export const snapshot: CircuitSnapshot = breaker.snapshot();
export const metrics: CircuitMetrics = breaker.metrics;
breaker.on('transition', ({ from, to, reason }) => console.log(from, to, reason));

const registry = new CircuitBreakerRegistry({ defaults: { failureThreshold: 3 }, maxSize: 100 });
export const summary: RegistrySummary = registry.summary();
export const stop: () => void = registry.on('conflict', ({ differences }) =>
  console.log(differences[0]?.option),
);

const find = withCircuitBreaker('users', { callTimeout: 500 })(async (id: number) => ({ id }));
export const found: Promise<{ id: number }> = find(7);
export const state: CircuitState = find.breaker.state;

const get = withCircuitBreaker((url: string) => url)(async (url: string, retries?: number) => [url, retries]);
export const got = get('a').then(([url]) => url);
export const one: CircuitBreaker = get.breakerFor('a');

export class Users {
  readonly #names = new Map<number, string>();

  @withCircuitBreaker('users')
  async find(id: number): Promise<string | undefined> {
    return this.#names.get(id);
  }

  // @ts-expect-error: a synchronous method cannot have a breaker
  @withCircuitBreaker('users')
  has(id: number): boolean {
    return this.#names.has(id);
  }
}

const users = protect(new Users(), { name: 'users', methods: ['find'] });
export const name: Promise<string | undefined> = users.find(7);

// @ts-expect-error: there is no such option
new CircuitBreaker({ callTimeot: 500 });
// @ts-expect-error: only asynchronous methods can be named
protect(new Users(), { name: 'users', methods: ['has'] });
