/** What goes well is thrown nowhere: an error of our own that was caught and reported would end a user's process. */
import { CircuitBreaker } from 'recloser';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { SEAM } from '../../src/core/seam.js';
import { createBreaker, createHalfOpen, hanging, RECOVERY, succeedTimes } from '../support/breakers.js';
import { fakeGate } from '../support/fake-gate.js';
import { quiet, type RuntimeReports, watchRuntime } from '../support/runtime.js';

let reports: RuntimeReports;

beforeEach(() => {
  reports = watchRuntime();
});

afterEach(async () => {
  vi.useRealTimers();
  await quiet();
  expect([reports.uncaught, reports.unhandled]).toEqual([[], []]);
});

test('a circuit that heals', async () => {
  const { breaker } = createHalfOpen({ successThreshold: 1 });

  await succeedTimes(breaker, 1);

  expect(breaker.state).toBe('CLOSED');
});

test.each([true, false])('a rule of the user that answers %s', async (answer) => {
  const breaker = new CircuitBreaker({ shouldTrip: () => answer });

  await succeedTimes(breaker, 1);

  expect(breaker.state).toBe(answer ? 'OPEN' : 'CLOSED');
});

test('timeouts of several calls', async () => {
  vi.useFakeTimers();
  const breaker = new CircuitBreaker({ callTimeout: 100 });
  const calls = [100, 100, 150].map((callTimeout) => breaker.tryCall(hanging, { callTimeout }));

  await vi.advanceTimersByTimeAsync(200);

  expect((await Promise.all(calls)).map(({ ok }) => ok)).toEqual([false, false, false]);
});

test('a call that others bar before its time', async () => {
  const { breaker } = createBreaker();
  breaker[SEAM]().open(RECOVERY, 1, fakeGate(), 'others');

  const result = await breaker.tryCall(async () => 'unreached');

  expect(result).toMatchObject({ ok: false, rejected: true });
});

test('a signal that is followed by a call alone', async () => {
  const caller = new AbortController();
  const breaker = new CircuitBreaker();

  await breaker.call(async () => 'fine', { signal: caller.signal });
  caller.abort();

  expect(breaker.metrics.inFlight).toBe(0);
});
