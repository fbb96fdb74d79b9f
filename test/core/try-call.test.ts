import { CallTimeoutError, CircuitBreakerOpenError } from 'recloser';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { createBreaker, createOpen, failing, hanging } from '../support/breakers.js';

afterEach(() => {
  vi.useRealTimers();
});

describe('tryCall', () => {
  test('resolves to the value of a task that succeeds', async () => {
    const { breaker } = createBreaker();

    const result = await breaker.tryCall(async () => 42);

    expect(result).toEqual({ ok: true, value: 42 });
  });

  test('resolves to the error of a task that fails', async () => {
    const { breaker } = createBreaker();
    const error = new Error('boom');

    const result = await breaker.tryCall(failing(error));

    expect(result).toEqual({ ok: false, error, rejected: false });
    expect(breaker.metrics.totals.failures).toBe(1);
  });

  test('resolves to the error of a task that throws', async () => {
    const { breaker } = createBreaker();
    const error = new Error('boom');

    const result = await breaker.tryCall(() => {
      throw error;
    });

    expect(result).toEqual({ ok: false, error, rejected: false });
  });

  test('tells a rejection by the breaker from a failure', async () => {
    const { breaker } = createOpen();

    const result = await breaker.tryCall(async () => 42);

    expect(result).toMatchObject({ ok: false, rejected: true, error: expect.any(CircuitBreakerOpenError) });
    expect(breaker.metrics.totals.rejected).toBe(1);
  });

  test('takes a rejection that the task itself got from another breaker for a failure', async () => {
    const { breaker: inner } = createOpen();
    const { breaker: outer } = createBreaker();

    const result = await outer.tryCall(() => inner.call(async () => 1));

    expect(result).toMatchObject({ ok: false, rejected: false, error: expect.any(CircuitBreakerOpenError) });
  });

  test('resolves to the value of the fallback', async () => {
    const { breaker } = createOpen({ fallback: () => 'instead' });

    const result = await breaker.tryCall(async () => 'unreached');

    expect(result).toEqual({ ok: true, value: 'instead' });
  });

  test('resolves to the error of a fallback that fails', async () => {
    const { breaker } = createBreaker({ fallback: failing(new Error('no help')) });

    const result = await breaker.tryCall(failing());

    expect(result).toMatchObject({ ok: false, rejected: false, error: { message: 'no help' } });
  });

  test('resolves to the timeout of a task that hangs', async () => {
    vi.useFakeTimers();
    const { breaker } = createBreaker({ callTimeout: 100 });
    const call = breaker.tryCall(hanging);

    await vi.advanceTimersByTimeAsync(100);

    expect(await call).toMatchObject({ ok: false, rejected: false, error: expect.any(CallTimeoutError) });
  });

  test('resolves to the reason of a signal that was aborted already', async () => {
    const { breaker } = createBreaker();
    const reason = new Error('gone');

    const result = await breaker.tryCall(async () => 42, { signal: AbortSignal.abort(reason) });

    expect(result).toEqual({ ok: false, error: reason, rejected: false });
  });

  test.each<[string, unknown, unknown]>([
    ['a task that is no function', 'task', undefined],
    ['options that are null', () => 1, null],
    ['a bad option', () => 1, { callTimeout: -1 }],
  ])('never rejects, not for %s either', async (_, task, options) => {
    const { breaker } = createBreaker();

    const result = await breaker.tryCall(task as never, options as never);

    expect(result).toMatchObject({ ok: false, rejected: false, error: expect.any(Error) });
  });
});
