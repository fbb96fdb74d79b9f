import {
  type Backoff,
  type BackoffOptions,
  CallTimeoutError,
  CircuitBreaker,
  type CircuitBreakerError,
  CircuitBreakerOpenError,
  type CircuitMetrics,
  type CircuitTotals,
  type Clock,
  exponentialBackoff,
  type FailureSnapshot,
  type InvalidOptionsError,
  isCallTimeoutError,
  isCircuitBreakerError,
  isCircuitBreakerOpenError,
  type LastFailure,
  type RejectionDetails,
  type RejectionReason,
  systemClock,
  type WindowMetrics,
} from 'recloser';
import { describe, expectTypeOf, test } from 'vitest';

const problem: unknown = undefined;

describe('errors', () => {
  test('have codes that tell them apart', () => {
    expectTypeOf<CircuitBreakerOpenError['code']>().toEqualTypeOf<'ERR_CIRCUIT_OPEN'>();
    expectTypeOf<CallTimeoutError['code']>().toEqualTypeOf<'ERR_CALL_TIMEOUT'>();
    expectTypeOf<InvalidOptionsError['code']>().toEqualTypeOf<'ERR_INVALID_OPTIONS'>();
    expectTypeOf<CircuitBreakerError['code']>().toEqualTypeOf<string>();
  });

  test('extend the one base', () => {
    expectTypeOf<CircuitBreakerError>().toExtend<Error>();
    expectTypeOf<CircuitBreakerOpenError>().toExtend<CircuitBreakerError>();
    expectTypeOf<CallTimeoutError>().toExtend<CircuitBreakerError>();
    expectTypeOf<InvalidOptionsError>().toExtend<CircuitBreakerError>();
    expectTypeOf<CallTimeoutError>().not.toExtend<CircuitBreakerOpenError>();
  });

  test('are narrowed by the guards', () => {
    if (isCircuitBreakerError(problem)) {
      expectTypeOf(problem).toEqualTypeOf<CircuitBreakerError>();
      expectTypeOf(problem.breaker).toEqualTypeOf<string>();
    }
    if (isCircuitBreakerOpenError(problem)) {
      expectTypeOf(problem).toEqualTypeOf<CircuitBreakerOpenError>();
      expectTypeOf(problem.reason).toEqualTypeOf<RejectionReason>();
      expectTypeOf(problem.retryAfter).toEqualTypeOf<number | null>();
    }
    if (isCallTimeoutError(problem)) expectTypeOf(problem.timeout).toEqualTypeOf<number>();
    // @ts-expect-error not narrowed yet
    void problem.code;
  });

  test('can be made, for tests', () => {
    const details: RejectionDetails = { breaker: 'users', state: 'OPEN', reason: 'open', retryAfter: 5 };

    new CircuitBreakerOpenError(details);
    new CircuitBreakerOpenError({ ...details, retryAfter: null, cause: 'anything' });
    new CallTimeoutError('users', 500);
    // @ts-expect-error a rejection has a reason
    new CircuitBreakerOpenError({ breaker: 'users', state: 'OPEN', retryAfter: 5 });
    // @ts-expect-error a timeout is a number
    new CallTimeoutError('users', '500');
  });

  test('cannot be written', () => {
    // @ts-expect-error a code is for good
    new CallTimeoutError('users', 500).code = 'ERR_OTHER';
  });
});

describe('exponentialBackoff', () => {
  test('answers what `recoveryTimeout` takes', () => {
    expectTypeOf(exponentialBackoff()).toEqualTypeOf<Backoff>();
    expectTypeOf<Backoff>().toEqualTypeOf<
      (attempt: number, error: unknown, random?: () => number) => number
    >();
    new CircuitBreaker({ recoveryTimeout: exponentialBackoff({ initial: 500, max: 60_000 }) });
  });

  test('takes its options alone', () => {
    expectTypeOf<keyof BackoffOptions>().toEqualTypeOf<'initial' | 'factor' | 'max' | 'jitter' | 'random'>();
    exponentialBackoff({ initial: 1, factor: 2, max: 3, jitter: 0, random: () => 0.5 });
    // @ts-expect-error an unknown key
    exponentialBackoff({ base: 5 });
    // @ts-expect-error jitter is a share
    exponentialBackoff({ jitter: true });
    // @ts-expect-error random answers a number
    exponentialBackoff({ random: () => '0.5' });
  });
});

describe('clocks', () => {
  test('tell the time, and may tell the wall-clock time', () => {
    expectTypeOf(systemClock).toEqualTypeOf<Clock>();
    expectTypeOf(systemClock.now()).toEqualTypeOf<number>();
    expectTypeOf<{ now(): number }>().toExtend<Clock>();
    expectTypeOf<Performance>().toExtend<Clock>();
    // @ts-expect-error a clock tells numbers
    new CircuitBreaker({ clock: { now: () => new Date() } });
    // @ts-expect-error epoch is a function
    new CircuitBreaker({ clock: { now: () => 0, epoch: 5 } });
  });
});

describe('metrics', () => {
  test('have these members', () => {
    expectTypeOf<keyof CircuitMetrics>().toEqualTypeOf<
      | 'name'
      | 'state'
      | 'mode'
      | 'since'
      | 'attempt'
      | 'retryAfter'
      | 'consecutiveFailures'
      | 'inFlight'
      | 'lastFailure'
      | 'lastTransition'
      | 'health'
      | 'window'
      | 'totals'
      | 'shared'
      | 'detector'
    >();
    expectTypeOf<keyof CircuitTotals>().toEqualTypeOf<
      | 'calls'
      | 'successes'
      | 'failures'
      | 'timeouts'
      | 'slow'
      | 'ignored'
      | 'rejected'
      | 'wouldReject'
      | 'fallbacks'
      | 'opened'
    >();
    expectTypeOf<WindowMetrics>().toEqualTypeOf<{
      readonly calls: number;
      readonly failures: number;
      readonly slowCalls: number;
      readonly failureRate: number;
      readonly slowCallRate: number;
    }>();
  });

  test('may lack a failure and a time', () => {
    expectTypeOf<CircuitMetrics['lastFailure']>().toEqualTypeOf<LastFailure | null>();
    expectTypeOf<CircuitMetrics['retryAfter']>().toEqualTypeOf<number | null>();
    expectTypeOf<LastFailure>().toEqualTypeOf<{ readonly error: unknown; readonly at: number }>();
    expectTypeOf<FailureSnapshot['code']>().toEqualTypeOf<string | null>();
  });
});
