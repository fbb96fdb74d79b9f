import type * as recloser from 'recloser';
import {
  CallTimeoutError,
  CircuitBreaker,
  CircuitBreakerError,
  CircuitBreakerOpenError,
  InvalidOptionsError,
  isCallTimeoutError,
  isCircuitBreakerError,
  isCircuitBreakerOpenError,
  type CircuitBreakerOpenError as OpenError,
} from 'recloser';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import {
  createBreaker,
  createOpen,
  errorOf,
  failTimes,
  hanging,
  refusalOf,
  thrownBy,
} from '../support/breakers.js';

afterEach(() => {
  vi.useRealTimers();
  vi.resetModules();
});

const openErrorOf = (breaker: CircuitBreaker) => thrownBy(() => breaker.acquire()) as OpenError;

async function timeoutError(): Promise<CallTimeoutError> {
  vi.useFakeTimers();
  const { breaker } = createBreaker({ callTimeout: 5 });
  const call = errorOf(breaker.call(hanging));
  await vi.advanceTimersByTimeAsync(5);
  return (await call) as CallTimeoutError;
}

const invalidOptionsError = () => refusalOf(() => new CircuitBreaker({ callTimeout: -1 }));

describe('CircuitBreakerOpenError', () => {
  test('extends CircuitBreakerError and Error', () => {
    const error = openErrorOf(createOpen().breaker);

    expect(error).toBeInstanceOf(CircuitBreakerOpenError);
    expect(error).toBeInstanceOf(CircuitBreakerError);
    expect(error).toBeInstanceOf(Error);
  });

  test('tells name, code, breaker, state, reason and when to try again', () => {
    const error = openErrorOf(createOpen({ name: 'users' }).breaker);

    expect(error).toMatchObject({
      name: 'CircuitBreakerOpenError',
      code: 'ERR_CIRCUIT_OPEN',
      breaker: 'users',
      state: 'OPEN',
      reason: 'open',
      retryAfter: 1_000,
    });
    expect(error.message).toContain('"users"');
  });

  test('has the last failure as its cause', async () => {
    const { breaker } = createBreaker({ failureThreshold: 2 });
    const last = new Error('last');
    await failTimes(breaker, 1, new Error('first'));
    await failTimes(breaker, 1, last);

    expect(openErrorOf(breaker).cause).toBe(last);
  });

  test('has no cause where nothing failed', () => {
    expect(openErrorOf(createOpen().breaker)).not.toHaveProperty('cause');
  });

  test('has a cause that is not listed with its properties', async () => {
    const { breaker } = createBreaker({ failureThreshold: 1 });
    await failTimes(breaker, 1);

    expect(Object.keys(openErrorOf(breaker))).not.toContain('cause');
  });

  test('never tells a negative time, however long ago it could have been tried', () => {
    const { breaker, clock } = createOpen({ halfOpenMaxCalls: 1, maxConcurrentCalls: 1 });
    clock.advance(50_000);
    breaker.acquire();

    const { retryAfter } = openErrorOf(breaker);

    expect(retryAfter === null || retryAfter >= 0).toBe(true);
  });

  test('has no stack by default, but says what it is', () => {
    const { stack } = openErrorOf(createOpen().breaker);

    expect(stack ?? '').not.toMatch(/\n\s+at /);
    expect(String(openErrorOf(createOpen().breaker))).toMatch(/^CircuitBreakerOpenError: .*"test"/);
  });

  test('has a stack on request', () => {
    const { stack } = openErrorOf(createOpen({ rejectionStackTrace: true }).breaker);

    expect(stack).toMatch(/^CircuitBreakerOpenError: /);
    expect(stack).toMatch(/\n\s+at .*errors\.test\.ts/);
  });

  test('has a first line where a stack would be', () => {
    const error = openErrorOf(createOpen().breaker);

    expect(error.stack).toBe(`CircuitBreakerOpenError: ${error.message}`);
    expect(Object.keys(error)).toEqual(['code', 'breaker', 'state', 'reason', 'retryAfter']);
  });

  test('is new for each rejection', () => {
    const { breaker } = createOpen();

    expect(openErrorOf(breaker)).not.toBe(openErrorOf(breaker));
  });

  test('leaves the depth of other stacks alone', () => {
    const before = Error.stackTraceLimit;

    openErrorOf(createOpen().breaker);

    expect(Error.stackTraceLimit).toBe(before);
    expect(new Error('other').stack).toMatch(/\n\s+at /);
  });

  test('is made where the depth of stacks cannot be set', () => {
    const descriptor = Object.getOwnPropertyDescriptor(Error, 'stackTraceLimit') as PropertyDescriptor;
    Object.defineProperty(Error, 'stackTraceLimit', { ...descriptor, writable: false });

    const error = openErrorOf(createOpen().breaker);
    Object.defineProperty(Error, 'stackTraceLimit', descriptor);

    expect(error.code).toBe('ERR_CIRCUIT_OPEN');
  });

  test('keeps a depth of stacks that somebody has set', () => {
    const before = Error.stackTraceLimit;
    Error.stackTraceLimit = 3;

    openErrorOf(createOpen().breaker);
    const after = Error.stackTraceLimit;
    Error.stackTraceLimit = before;

    expect(after).toBe(3);
  });
});

describe('CallTimeoutError', () => {
  test('tells name, code, breaker and timeout, and extends CircuitBreakerError', async () => {
    const error = await timeoutError();

    expect(error).toBeInstanceOf(CallTimeoutError);
    expect(error).toBeInstanceOf(CircuitBreakerError);
    expect(error).toMatchObject({
      name: 'CallTimeoutError',
      code: 'ERR_CALL_TIMEOUT',
      breaker: 'test',
      timeout: 5,
    });
    expect(error.message).toMatch(/"test".*5 ms/);
  });
});

describe('InvalidOptionsError', () => {
  test('tells name, breaker and message, and extends CircuitBreakerError', () => {
    const error = refusalOf(() => new CircuitBreaker({ name: 'payments', failureRateThreshold: 50 }));

    expect(error).toBeInstanceOf(InvalidOptionsError);
    expect(error).toBeInstanceOf(CircuitBreakerError);
    expect(error).toMatchObject({ name: 'InvalidOptionsError', breaker: 'payments' });
    expect(error.message).toMatch(
      /^Cannot create circuit breaker "payments": `failureRateThreshold` must be a number from 0 to 1.*, received 50$/,
    );
  });
});

describe('the guards', () => {
  const made: [string, () => Promise<unknown> | unknown, boolean, boolean, boolean][] = [
    ['a rejection', () => openErrorOf(createOpen().breaker), true, true, false],
    ['a timeout', timeoutError, true, false, true],
    ['bad options', invalidOptionsError, true, false, false],
    ['an error', () => new Error(), false, false, false],
    ['an object with the code of a rejection', () => ({ code: 'ERR_CIRCUIT_OPEN' }), false, false, false],
    [
      'an error with the name of a timeout',
      () => Object.assign(new Error(), { name: 'CallTimeoutError' }),
      false,
      false,
      false,
    ],
    ['undefined', () => undefined, false, false, false],
    ['null', () => null, false, false, false],
    ['a string', () => 'ERR_CIRCUIT_OPEN', false, false, false],
    ['a function', () => () => {}, false, false, false],
  ];

  test.each(made)('know %s', async (_, make, isOurs, isOpen, isTimeout) => {
    const error = await make();

    expect([
      isCircuitBreakerError(error),
      isCircuitBreakerOpenError(error),
      isCallTimeoutError(error),
    ]).toEqual([isOurs, isOpen, isTimeout]);
  });

  test.each([
    [
      'a proxy that throws',
      new Proxy(
        {},
        {
          get: () => {
            throw new Error('trap');
          },
        },
      ),
    ],
    ['a revoked proxy', revoked()],
  ])('answer false for %s', (_, error) => {
    expect([
      isCircuitBreakerError(error),
      isCircuitBreakerOpenError(error),
      isCallTimeoutError(error),
    ]).toEqual([false, false, false]);
  });

  test('know the errors of another copy of the package, where `instanceof` fails', async () => {
    vi.resetModules();
    const other: typeof recloser = await import('recloser');
    const breaker = new other.CircuitBreaker();
    breaker.trip();

    const open = thrownBy(() => breaker.acquire());
    const timeout = new other.CallTimeoutError('users', 5);
    const invalid = thrownBy(() => new other.CircuitBreaker({ callTimeout: -1 }));

    expect(open).not.toBeInstanceOf(CircuitBreakerOpenError);
    expect([isCircuitBreakerError(open), isCircuitBreakerOpenError(open), isCallTimeoutError(open)]).toEqual([
      true,
      true,
      false,
    ]);
    expect([isCircuitBreakerError(timeout), isCallTimeoutError(timeout)]).toEqual([true, true]);
    expect(isCircuitBreakerError(invalid)).toBe(true);
  });

  test('make the timeout of another copy count as a timeout', async () => {
    vi.resetModules();
    const other: typeof recloser = await import('recloser');
    const { breaker } = createBreaker({ trackedErrors: [RangeError] });

    await failTimes(breaker, 1, new other.CallTimeoutError('users', 5));

    expect(breaker.metrics.totals).toMatchObject({ failures: 1, timeouts: 1 });
  });
});

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

describe('the guards', () => {
  const branded = (target: object) => Object.assign(target, { [Symbol.for('recloser.error')]: true });

  test('know the errors of another copy by their brand', () => {
    expect(isCircuitBreakerError(branded({ code: 'ERR_CIRCUIT_OPEN' }))).toBe(true);
  });

  test.each<[string, unknown]>([
    ['null', null],
    ['undefined', undefined],
    ['a function', branded(() => {})],
    ['another brand', { [Symbol.for('other.error')]: true }],
    ['an error', new Error('boom')],
  ])('know nothing else: %s', (_, value) => {
    expect(isCircuitBreakerError(value)).toBe(false);
  });
});

test('the name of an error class can be changed, and is no property of the error', () => {
  const error = new CircuitBreakerError('ERR_OTHER', 'users', 'boom');

  expect(error.name).toBe('CircuitBreakerError');
  expect(Object.getOwnPropertyDescriptor(CircuitBreakerError.prototype, 'name')).toEqual({
    value: 'CircuitBreakerError',
    writable: true,
    configurable: true,
    enumerable: false,
  });
});

describe('the status of an error', () => {
  const rejection = new CircuitBreakerOpenError({
    breaker: 'users',
    state: 'OPEN',
    reason: 'forced-open',
    retryAfter: null,
    detail: 'INC-43\nask "the ledger team"',
  });

  test.each<[string, Error & { status: number; statusCode: number }, number]>([
    ['503 for a rejection', rejection, 503],
    ['504 for a timeout', new CallTimeoutError('users', 5), 504],
  ])('is %s, and no member of its own', (_, error, status) => {
    expect([error.status, error.statusCode]).toEqual([status, status]);
    expect(Object.keys(error)).not.toContain('status');
    expect(JSON.stringify(error)).not.toContain(`${status}`);
  });

  test('can be written, as some frameworks do', () => {
    const error = new CallTimeoutError('users', 5);

    error.status = 500;

    expect([error.status, new CallTimeoutError('users', 5).status]).toEqual([500, 504]);
  });

  test('is not alone: what somebody said of the opening is in the message, on one line', () => {
    expect(rejection.detail).toBe('INC-43\nask "the ledger team"');
    expect(rejection.message).toBe(
      'Circuit breaker "users" is forced open until it is reset: "INC-43\\nask \\"the ledger team\\""',
    );
  });

  test('goes without words where nobody said any', () => {
    const { detail: _, ...details } = rejection;

    expect(Object.keys(new CircuitBreakerOpenError(details))).not.toContain('detail');
  });
});

test.each(['\n', '\r', '\u001b[2J', '\u009b', '\u2028', '\u202e', '\u2066', '\u200b', '\ufeff', '\u0000'])(
  'a name with %j in it is escaped in messages',
  (unsafe) => {
    const breaker = `tenant${unsafe}7`;
    const errors = [
      new CallTimeoutError(breaker, 5),
      new CircuitBreakerOpenError({ breaker, state: 'OPEN', reason: 'open', retryAfter: 5 }),
    ];

    for (const { message } of errors) {
      expect(message).not.toContain(unsafe);
      expect(message).toMatch(/"tenant\\.+7"/);
    }
  },
);

test('the status of a rejection may be written to', () => {
  const { breaker } = createOpen();
  const error = thrownBy(() => breaker.acquire()) as CircuitBreakerOpenError;

  (error as { status: number }).status = 429;
  (error as { statusCode: number }).statusCode = 429;

  expect(error).toMatchObject({ status: 429, statusCode: 429 });
});

test.each([null, 'text', undefined, 7])('an error that was caused by %j is a failure', async (cause) => {
  const { breaker } = createBreaker({ failureThreshold: 1 });

  await breaker.tryCall(async () => {
    throw Object.assign(new Error('outer'), { cause });
  });

  expect(breaker.state).toBe('OPEN');
});

test('a rejection is made where there is no limit of stack traces, and makes none', () => {
  const errors = Error as { stackTraceLimit?: number | undefined };
  const limit = errors.stackTraceLimit;
  onTestFinished(() => {
    errors.stackTraceLimit = limit;
  });
  const { breaker } = createOpen();
  delete errors.stackTraceLimit;

  expect(thrownBy(() => breaker.acquire())).toBeInstanceOf(CircuitBreakerOpenError);

  expect(Object.hasOwn(errors, 'stackTraceLimit')).toBe(false);
});
