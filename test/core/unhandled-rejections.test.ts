import { CircuitBreaker, type CircuitBreakerOptions, InvalidOptionsError } from 'recloser';
import { describe, expect, test } from 'vitest';
import { createBreaker, createOpen, failing, failTimes, hanging } from '../support/breakers.js';
import { quiet, watchRuntime } from '../support/runtime.js';

const boom = new Error('boom');
const thrower = () => {
  throw boom;
};

describe('a rejected call that somebody handles', () => {
  const tasks: [string, () => unknown][] = [
    ['throws', thrower],
    ['rejects', failing(boom)],
    ['rejects with undefined', failing(undefined)],
    ['is a thenable that throws', () => ({ then: thrower })],
    [
      'is a thenable that rejects twice',
      () => ({
        then(_: unknown, reject: (error: unknown) => void) {
          reject(boom);
          reject(new Error('again'));
        },
      }),
    ],
    ['returns a promise that was rejected long ago', () => Promise.reject(boom)],
  ];
  const settings: [string, CircuitBreakerOptions, { signal?: AbortSignal }][] = [
    ['as it is', {}, {}],
    ['with a timeout', { callTimeout: 10_000 }, {}],
    ['with a signal', {}, { signal: new AbortController().signal }],
    ['with a fallback that throws', { fallback: thrower }, {}],
    ['with a fallback that rejects', { fallback: failing(boom) }, {}],
    [
      'with a timeout, a signal and a fallback that rejects',
      { callTimeout: 10_000, fallback: failing(boom) },
      { signal: new AbortController().signal },
    ],
    ['while OPEN with a fallback that rejects', { fallback: failing(boom) }, {}],
  ];

  test.each(
    settings.flatMap(([setting, options, call]) =>
      tasks.map(([name, task]) => [setting, name, options, call, task] as const),
    ),
  )('leaves nothing unhandled %s, whose task %s', async (setting, _, options, call, task) => {
    const { unhandled, uncaught } = watchRuntime();
    const { breaker } = (setting.startsWith('while OPEN') ? createOpen : createBreaker)(options);

    await breaker.call(task, call).catch(() => {});
    await breaker.tryCall(task, call);
    await quiet();

    expect([unhandled, uncaught]).toEqual([[], []]);
  });

  test('leaves nothing unhandled when tryCall is never awaited', async () => {
    const { unhandled } = watchRuntime();
    const { breaker } = createBreaker({ fallback: failing(boom) });

    void breaker.tryCall(failing(boom));
    void breaker.tryCall(failing(boom), { signal: new AbortController().signal });
    void breaker.tryCall('no function' as never);
    await quiet();

    expect(unhandled).toEqual([]);
  });

  test('leaves nothing unhandled when every function that was handed in throws', async () => {
    const { unhandled, uncaught } = watchRuntime();
    const { breaker } = createBreaker({
      isFailure: thrower,
      shouldTrip: thrower,
      fallback: thrower,
      fallbackOn: thrower,
      recoveryTimeout: thrower,
      onTransition: thrower,
      onOpen: thrower,
    });
    for (const event of ['success', 'failure', 'ignore', 'reject', 'fallback', 'mode'] as const)
      breaker.on(event, thrower);

    await breaker.tryCall(failing(boom));
    await breaker.tryCall(async () => 1);
    breaker.trip();
    await breaker.tryCall(async () => 1);
    breaker.forceOpen();
    breaker.reset();
    await quiet();

    expect(unhandled).toEqual([]);
    expect(uncaught.length).toBeGreaterThan(5);
    expect(breaker.metrics.inFlight).toBe(0);
  });
});

describe('a rejected call that nobody handles', () => {
  test.each<[string, (breaker: CircuitBreaker) => unknown]>([
    ['rejects', (breaker) => breaker.call(failing(boom))],
    ['throws', (breaker) => breaker.call(thrower)],
    [
      'rejects, with a signal',
      (breaker) => breaker.call(failing(boom), { signal: new AbortController().signal }),
    ],
    ['rejects, with a timeout', (breaker) => breaker.call(failing(boom), { callTimeout: 10_000 })],
    [
      'has a fallback that throws the error on',
      (breaker) => breaker.call(failing(boom), { fallback: thrower }),
    ],
    [
      'has a fallback for other errors',
      (breaker) => breaker.call<unknown>(failing(boom), { fallback: () => 1, fallbackOn: 'rejection' }),
    ],
    ['has an aborted signal', (breaker) => breaker.call(hanging, { signal: AbortSignal.abort(boom) })],
    ['is wrapped', (breaker) => breaker.wrap(failing(boom))()],
  ])('is reported once: its task %s', async (_, call) => {
    const { unhandled } = watchRuntime();
    const { breaker } = createBreaker();

    call(breaker);
    await quiet();

    expect(unhandled).toEqual([boom]);
  });

  test.each([1, 2])('is reported once: it failed after %i others', async (before) => {
    const { unhandled } = watchRuntime();
    const { breaker } = createBreaker();
    await failTimes(breaker, before);

    void breaker.call(failing(boom));
    await quiet();

    expect(unhandled).toEqual([boom]);
  });

  test('is reported once: it was rejected by the breaker', async () => {
    const { unhandled } = watchRuntime();
    const { breaker } = createOpen();

    void breaker.call(async () => 1);
    await quiet();

    expect(unhandled).toMatchObject([{ code: 'ERR_CIRCUIT_OPEN' }]);
  });

  test('is reported once: its options are bad', async () => {
    const { unhandled } = watchRuntime();
    const { breaker } = createBreaker();

    void breaker.call(async () => 1, { callTimeout: -1 });
    await quiet();

    expect(unhandled).toEqual([expect.any(InvalidOptionsError)]);
  });

  test('is reported once: its caller aborted', async () => {
    const { unhandled } = watchRuntime();
    const { breaker } = createBreaker();
    const caller = new AbortController();

    void breaker.call(hanging, { signal: caller.signal });
    caller.abort(boom);
    await quiet();

    expect(unhandled).toEqual([boom]);
  });

  test('is reported once: it timed out', async () => {
    const { unhandled } = watchRuntime();
    const breaker = new CircuitBreaker({ callTimeout: 0 });

    await new Promise<void>((resolve) => {
      breaker.on('failure', () => resolve());
      void breaker.call(hanging);
    });
    await quiet();

    expect(unhandled).toMatchObject([{ code: 'ERR_CALL_TIMEOUT' }]);
  });
});
