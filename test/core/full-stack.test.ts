import type { CircuitBreakerOptions } from 'recloser';
import { expect, test, vi } from 'vitest';
import { createBreaker, createOpen, RECOVERY, thrownBy } from '../support/breakers.js';

const full = new RangeError('Maximum call stack size exceeded');

/** Where the stack is full, what a listener throws cannot even be reported. */
function fillStack(): void {
  vi.spyOn(globalThis, 'queueMicrotask').mockImplementation(() => {
    throw full;
  });
}

const deafen = () => {
  throw new Error('broken listener');
};

test.each<[string, number]>([
  ['as it was admitted', 0],
  ['that a listener has ended by a reset', 1],
])('a probe whose telling fails is none, and takes no place: %s', (_, resets) => {
  const { breaker, clock } = createOpen({ maxConcurrentCalls: 1 });
  clock.advance(RECOVERY);
  const off = breaker.on('halfOpen', () => {
    for (let i = 0; i < resets; i++) breaker.reset();
    deafen();
  });
  fillStack();

  expect(thrownBy(() => breaker.acquire())).toBe(full);
  off();

  const { inFlight, totals } = breaker.metrics;
  expect(inFlight).toBe(0);
  expect(totals).toMatchObject({ calls: 1, ignored: 1 });
  expect(breaker.tryAcquire()).toBeDefined();
  expect(breaker.tryAcquire()).toBeUndefined();
});

test.each<[CircuitBreakerOptions['mode'], object]>([
  ['observe', { calls: 1, ignored: 1, wouldReject: 1, rejected: 0 }],
  ['active', { calls: 0, ignored: 0, wouldReject: 0, rejected: 1 }],
])('a rejection whose telling fails leaves no call behind: %s', (mode, totals) => {
  const { breaker } = createOpen({ mode: mode ?? 'active' });
  breaker.on('reject', deafen);
  fillStack();

  expect(thrownBy(() => breaker.acquire())).toBe(full);

  expect(breaker.metrics.inFlight).toBe(0);
  expect(breaker.metrics.totals).toMatchObject(totals);
});

test('words that came with a reset are none of a rejection', () => {
  const { breaker } = createBreaker({ maxConcurrentCalls: 1 });
  breaker.reset('all is well');
  breaker.acquire();

  const rejection = thrownBy(() => breaker.acquire());

  expect(rejection).toMatchObject({ reason: 'concurrency' });
  expect((rejection as { detail?: string }).detail).toBeUndefined();
});

test('what was not told when the stack was full is told with what comes next', () => {
  const { breaker } = createBreaker();
  const told: string[] = [];
  const off = breaker.on('transition', deafen);
  breaker.on('open', () => told.push('open'));
  breaker.on('close', () => told.push('close'));
  fillStack();
  expect(thrownBy(() => breaker.trip())).toBe(full);
  off();
  const before = [...told];

  breaker.reset();

  expect([before, told]).toEqual([[], ['open', 'close']]);
});

test('a call whose promise the stack has no room for is told so, and takes no place', () => {
  const { breaker } = createBreaker();
  vi.stubGlobal(
    'Promise',
    class Stillborn extends Promise<never> {
      constructor() {
        super(() => {});
      }
    },
  );

  try {
    expect(thrownBy(() => breaker.call(() => 1, { callTimeout: 100 }))).toEqual(full);
  } finally {
    vi.unstubAllGlobals();
  }
  expect(breaker.metrics.inFlight).toBe(0);
});
