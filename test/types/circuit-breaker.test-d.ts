import {
  type CallContext,
  type CallOptions,
  type CallResult,
  CircuitBreaker,
  type CircuitBreakerOptions,
  type CircuitMetrics,
  type CircuitMode,
  type CircuitSnapshot,
  CircuitState,
  type Clock,
  type FallbackOn,
  type Outcome,
  type Permit,
  type ResolvedOptions,
  type SyncCallOptions,
  type UpdatableOptions,
  type WindowOptions,
} from 'recloser';
import { describe, expectTypeOf, test } from 'vitest';

declare const breaker: CircuitBreaker;
declare const snapshot: CircuitSnapshot;

describe('the constructor', () => {
  test('takes nothing, or any of the options', () => {
    new CircuitBreaker();
    new CircuitBreaker({});
    new CircuitBreaker({
      name: 'users',
      failureThreshold: false,
      failureRateThreshold: 0.5,
      slowCallDuration: 100,
      slowCallRateThreshold: 1,
      minimumCalls: 10,
      window: { type: 'time', duration: 60_000, buckets: 10 },
      shouldTrip: ({ consecutiveFailures }) => consecutiveFailures > 2,
      recoveryTimeout: (attempt, error) => (error instanceof Error ? attempt * 1_000 : 0),
      halfOpenMaxCalls: 3,
      successThreshold: 3,
      probeTimeout: 1_000,
      callTimeout: 500,
      maxConcurrentCalls: Number.POSITIVE_INFINITY,
      excludedErrors: [TypeError, (error) => error === null],
      trackedErrors: [Error],
      isFailure: ({ value, error }) => (error === undefined ? value === 503 : 'ignore'),
      fallback: (error, context) => [error, context.signal],
      fallbackOn: 'rejection',
      rejectionStackTrace: true,
      mode: 'observe',
      clock: { now: () => 0 },
      snapshot,
      onTransition: ({ from, to }) => [from, to],
      onOpen: ({ reason }) => reason,
      onClose: ({ at }) => at,
      onHalfOpen: ({ breaker }) => breaker,
    });
  });

  test('takes `undefined` for every option', () => {
    type Members = { [Key in keyof CircuitBreakerOptions]-?: undefined };

    expectTypeOf<Members>().toExtend<CircuitBreakerOptions>();
  });

  test('takes options that are read-only', () => {
    const options = { failureThreshold: 3, window: { type: 'count' }, excludedErrors: [Error] } as const;

    new CircuitBreaker(options);
  });

  test('refuses what is no option or out of range', () => {
    // @ts-expect-error an unknown key
    new CircuitBreaker({ timeot: 5 });
    // @ts-expect-error no duration
    new CircuitBreaker({ callTimeout: '5s' });
    // @ts-expect-error true turns nothing on
    new CircuitBreaker({ failureThreshold: true });
    // @ts-expect-error null is never "not given"
    new CircuitBreaker({ callTimeout: null });
    // @ts-expect-error a mode that only `forceOpen()` brings about
    new CircuitBreaker({ mode: 'forced-open' });
    // @ts-expect-error an unknown word
    new CircuitBreaker({ fallbackOn: 'timeout' });
    // @ts-expect-error a count window has no duration
    new CircuitBreaker({ window: { type: 'count', duration: 5 } });
    // @ts-expect-error a time window has no size
    new CircuitBreaker({ window: { type: 'time', size: 5 } });
    // @ts-expect-error a window has a type
    new CircuitBreaker({ window: { size: 5 } });
    // @ts-expect-error a string is no error class
    new CircuitBreaker({ excludedErrors: ['TypeError'] });
    // @ts-expect-error a rule answers a boolean
    new CircuitBreaker({ shouldTrip: () => 'yes' });
    // @ts-expect-error a backoff answers a number
    new CircuitBreaker({ recoveryTimeout: () => '5s' });
    // @ts-expect-error Date.now is no clock
    new CircuitBreaker({ clock: Date.now });
    // @ts-expect-error a name is a string
    new CircuitBreaker({ name: 5 });
    // @ts-expect-error options are an object
    new CircuitBreaker('users');
  });
});

describe('the properties', () => {
  test('are of these types', () => {
    expectTypeOf(breaker.name).toEqualTypeOf<string>();
    expectTypeOf(breaker.state).toEqualTypeOf<CircuitState>();
    expectTypeOf(breaker.mode).toEqualTypeOf<CircuitMode>();
    expectTypeOf(breaker.options).toEqualTypeOf<ResolvedOptions>();
    expectTypeOf(breaker.metrics).toEqualTypeOf<CircuitMetrics>();
  });

  test('cannot be written', () => {
    // @ts-expect-error a name is for good
    breaker.name = 'other';
    // @ts-expect-error states are not set
    breaker.state = CircuitState.OPEN;
    // @ts-expect-error modes are not set
    breaker.mode = 'observe';
    // @ts-expect-error options are changed by `update()`
    breaker.options.failureThreshold = 3;
    // @ts-expect-error metrics are read
    breaker.metrics.totals.calls = 0;
  });

  test('have states that can be told apart', () => {
    expectTypeOf<CircuitState>().toEqualTypeOf<'CLOSED' | 'OPEN' | 'HALF_OPEN'>();
    expectTypeOf(CircuitState.OPEN).toEqualTypeOf<'OPEN'>();
    expectTypeOf<CircuitMode>().toEqualTypeOf<'active' | 'observe' | 'forced-open' | 'forced-closed'>();
    // @ts-expect-error there is no such state
    void CircuitState.DISABLED;
    // @ts-expect-error the states are frozen
    CircuitState.OPEN = 'CLOSED';
    // @ts-expect-error a comparison that is never true
    void (breaker.state === 'open');
  });

  test('have every option filled in', () => {
    expectTypeOf<undefined>().not.toExtend<ResolvedOptions['callTimeout']>();
    expectTypeOf(breaker.options.callTimeout).toEqualTypeOf<number | false>();
    expectTypeOf(breaker.options.clock).toEqualTypeOf<Clock>();
    expectTypeOf(breaker.options.fallbackOn).toEqualTypeOf<FallbackOn>();
  });
});

describe('call', () => {
  test('resolves to what the task answers', () => {
    expectTypeOf(breaker.call(() => 1)).toEqualTypeOf<Promise<number>>();
    expectTypeOf(breaker.call(async () => 'x')).toEqualTypeOf<Promise<string>>();
    expectTypeOf(breaker.call(async () => {})).toEqualTypeOf<Promise<void>>();
    expectTypeOf(breaker.call((): PromiseLike<Date> => Promise.resolve(new Date()))).toEqualTypeOf<
      Promise<Date>
    >();
    expectTypeOf(breaker.call((): number | Promise<number> => 1)).toEqualTypeOf<Promise<number>>();
  });

  test('gives the task its context', () => {
    breaker.call((context) => {
      expectTypeOf(context).toEqualTypeOf<CallContext>();
      expectTypeOf(context.signal).toEqualTypeOf<AbortSignal>();
      expectTypeOf(context.breaker).toEqualTypeOf<string>();
      expectTypeOf(context.state).toEqualTypeOf<CircuitState>();
    });
  });

  test('takes a fallback of the same type', () => {
    const value = breaker.call(async () => 'x', {
      fallback: (error, context) => {
        expectTypeOf(error).toEqualTypeOf<unknown>();
        expectTypeOf(context).toEqualTypeOf<CallContext>();
        return 'y';
      },
    });

    expectTypeOf(value).toEqualTypeOf<Promise<string>>();
    breaker.call(async () => 'x', { fallback: async () => 'y' });
  });

  test('takes a fallback of another type if the type of both is said', () => {
    const value = breaker.call<string | undefined>(async () => 'x', { fallback: () => undefined });

    expectTypeOf(value).toEqualTypeOf<Promise<string | undefined>>();
  });

  test('takes the options of a call', () => {
    const { signal } = new AbortController();

    breaker.call(() => 1, { signal, callTimeout: 5, fallbackOn: (error) => error instanceof Error });
    breaker.call(() => 1, { signal: undefined, callTimeout: false, fallback: undefined });
    expectTypeOf(breaker.call<number>)
      .parameter(1)
      .toEqualTypeOf<CallOptions<number> | undefined>();
  });

  test('refuses what is no task or no option', () => {
    // @ts-expect-error a promise has started already
    breaker.call(Promise.resolve(1));
    // @ts-expect-error there is nothing to call
    breaker.call();
    // @ts-expect-error a task gets its context alone
    breaker.call((_context: CallContext, _id: string) => 1);
    // @ts-expect-error a task is no function of something else
    breaker.call((id: string) => id);
    // @ts-expect-error an unknown key
    breaker.call(() => 1, { timeot: 5 });
    // @ts-expect-error an option of the breaker
    breaker.call(() => 1, { failureThreshold: 5 });
    // @ts-expect-error a controller is no signal
    breaker.call(() => 1, { signal: new AbortController() });
    // @ts-expect-error a fallback is a function
    breaker.call(() => 1, { fallback: 1 });
    // @ts-expect-error the fallback answers another type
    breaker.call<number>(() => 1, { fallback: () => 'one' });
  });
});

describe('callSync', () => {
  test('answers what the task answers', () => {
    expectTypeOf(breaker.callSync(() => 1)).toEqualTypeOf<number>();
    expectTypeOf(breaker.callSync(() => 1, { fallback: () => 2 })).toEqualTypeOf<number>();
    expectTypeOf<SyncCallOptions<number>['fallback']>().toEqualTypeOf<
      ((error: unknown) => number) | undefined
    >();
  });

  test('refuses options that mean nothing to it', () => {
    // @ts-expect-error nothing can time it out
    breaker.callSync(() => 1, { callTimeout: 5 });
    // @ts-expect-error nothing can abort it
    breaker.callSync(() => 1, { signal: new AbortController().signal });
    // @ts-expect-error a task without a context
    breaker.callSync((context: CallContext) => context);
    // @ts-expect-error the fallback answers another type
    breaker.callSync<number>(() => 1, { fallback: () => 'one' });
  });
});

describe('tryCall', () => {
  test('never rejects: it resolves to a result', () => {
    expectTypeOf(breaker.tryCall(async () => 1)).toEqualTypeOf<Promise<CallResult<number>>>();
    expectTypeOf(breaker.tryCall(() => 'x', { callTimeout: 5 })).toEqualTypeOf<Promise<CallResult<string>>>();
  });

  test('has a result that `ok` tells apart', async () => {
    const result = await breaker.tryCall(async () => 1);

    if (result.ok) {
      expectTypeOf(result.value).toEqualTypeOf<number>();
      // @ts-expect-error a success has no error
      void result.error;
    } else {
      expectTypeOf(result.error).toEqualTypeOf<unknown>();
      expectTypeOf(result.rejected).toEqualTypeOf<boolean>();
      // @ts-expect-error a failure has no value
      void result.value;
    }
    // @ts-expect-error nobody knows yet
    void result.value;
  });
});

describe('wrap', () => {
  interface Client {
    base: string;
  }

  async function get(this: Client, path: string, page?: number): Promise<string[]> {
    return [this.base, path, String(page)];
  }

  test('keeps `this`, the parameters and the result', () => {
    const wrapped = breaker.wrap(get);

    expectTypeOf(wrapped).toEqualTypeOf<
      (this: Client, path: string, page?: number | undefined) => Promise<string[]>
    >();
    wrapped.call({ base: '' }, '/users');
    // @ts-expect-error it needs a client to be called on
    wrapped('/users');
    // @ts-expect-error a path is a string
    wrapped.call({ base: '' }, 5);
    // @ts-expect-error a path is needed
    wrapped.call({ base: '' });
  });

  test('turns the answer of a synchronous function into a promise', () => {
    expectTypeOf(breaker.wrap((n: number) => n * 2)).returns.toEqualTypeOf<Promise<number>>();
  });

  test('takes any number of parameters', () => {
    const wrapped = breaker.wrap(async (first: string, ...rest: number[]) => [first, ...rest]);

    expectTypeOf(wrapped).parameters.toEqualTypeOf<[first: string, ...rest: number[]]>();
  });

  test('keeps a function generic', async () => {
    const wrapped = breaker.wrap(async <T>(value: T) => [value]);

    expectTypeOf(await wrapped(5)).toEqualTypeOf<number[]>();
    expectTypeOf(await wrapped('x')).toEqualTypeOf<string[]>();
  });

  test('takes the options of a call', () => {
    breaker.wrap(async () => 1, { callTimeout: 5, fallback: () => 2 });
    // @ts-expect-error an unknown key
    breaker.wrap(async () => 1, { timeot: 5 });
    // @ts-expect-error no function
    breaker.wrap(Promise.resolve(1));
  });

  test('has a synchronous form', () => {
    const wrapped = breaker.wrapSync(function (this: Client, path: string) {
      return this.base.length + path.length;
    });

    expectTypeOf(wrapped).toEqualTypeOf<(this: Client, path: string) => number>();
    // @ts-expect-error nothing can time it out
    breaker.wrapSync(() => 1, { callTimeout: 5 });
  });
});

describe('permits', () => {
  test('are given or not', () => {
    expectTypeOf(breaker.acquire()).toEqualTypeOf<Permit>();
    expectTypeOf(breaker.tryAcquire()).toEqualTypeOf<Permit | undefined>();
    // @ts-expect-error there may be none
    breaker.tryAcquire().success();
  });

  test('are settled with or without a result', () => {
    const permit = breaker.acquire();

    permit.success();
    permit.success(5);
    permit.failure();
    permit.failure(new Error('boom'));
    permit.ignore();
    // @ts-expect-error to ignore needs no reason
    permit.ignore('because');
  });

  test('may be used', () => {
    using permit = breaker.acquire();

    expectTypeOf(permit).toExtend<Disposable>();
  });
});

describe('control', () => {
  test('takes words', () => {
    expectTypeOf(breaker.trip).toEqualTypeOf<(reason?: string) => void>();
    expectTypeOf(breaker.forceOpen).toEqualTypeOf<(reason?: string) => void>();
    expectTypeOf(breaker.forceClosed).toEqualTypeOf<(reason?: string) => void>();
    expectTypeOf(breaker.reset).toEqualTypeOf<(reason?: string) => void>();
  });

  test('updates every option but the name, the clock, the snapshot and the listeners', () => {
    breaker.update({ failureThreshold: 3, window: { type: 'count' }, fallback: undefined });
    expectTypeOf<Exclude<keyof CircuitBreakerOptions, keyof UpdatableOptions>>().toEqualTypeOf<
      'name' | 'clock' | 'snapshot' | 'onTransition' | 'onOpen' | 'onClose' | 'onHalfOpen'
    >();
    // @ts-expect-error a name is for good
    breaker.update({ name: 'other' });
    // @ts-expect-error so is the clock
    breaker.update({ clock: { now: () => 0 } });
    // @ts-expect-error listeners are added by `on`
    breaker.update({ onOpen: () => {} });
    // @ts-expect-error something is to be updated
    breaker.update();
  });

  test('gives snapshots and takes them', () => {
    expectTypeOf(breaker.snapshot()).toEqualTypeOf<CircuitSnapshot>();
    expectTypeOf(breaker.toJSON()).toEqualTypeOf<CircuitSnapshot>();
    breaker.restore(snapshot);
    // @ts-expect-error JSON is to be parsed first
    breaker.restore(JSON.stringify(snapshot));
  });
});

describe('windows and outcomes', () => {
  test('are unions that can be told apart', () => {
    expectTypeOf<WindowOptions['type']>().toEqualTypeOf<'count' | 'time'>();
    expectTypeOf<CircuitSnapshot['window']['type']>().toEqualTypeOf<'count' | 'time'>();

    const outcome = {} as Outcome;
    expectTypeOf(outcome.error).toEqualTypeOf<unknown>();
    expectTypeOf(outcome.value).toEqualTypeOf<unknown>();
  });
});
