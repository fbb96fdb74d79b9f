import { CircuitBreaker } from 'recloser';
import { describe, expect, test, vi } from 'vitest';
import { succeedTimes } from '../support/breakers.js';

/** Runs something with ever less of the stack left to it. */
function at(depth: number, run: () => unknown): unknown {
  return depth === 0 ? run() : [at(depth - 1, run)];
}

describe('a recursion to the limit of the stack', () => {
  test('loses no place in flight and leaves no listener deaf, at any depth', async () => {
    // What a listener throws where the stack is full is reported, which vitest would take for its own.
    vi.spyOn(globalThis, 'queueMicrotask').mockImplementation(() => {});
    const breaker = new CircuitBreaker({ failureThreshold: false, failureRateThreshold: false });
    const told = vi.fn();
    breaker.on('failure', () => {});
    const visit = (): unknown => breaker.callSync(() => visit());

    for (let depth = 0; depth < 50; depth++) {
      try {
        at(depth * 7, visit);
      } catch {}
    }
    expect(breaker.metrics.inFlight).toBe(0);
    breaker.on('success', told);
    await succeedTimes(breaker, 10);

    expect(told).toHaveBeenCalledTimes(10);
    expect(breaker.metrics.inFlight).toBe(0);
  });
});
