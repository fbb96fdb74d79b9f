import { describe, expect, test, vi } from 'vitest';
import { deferred } from '../support/deferred.js';
import { guarded } from './fixtures.js';

const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('a health check while the circuit is OPEN', () => {
  test('is started by a rejected call, and lets the next one probe when it succeeds', async () => {
    const run = vi.fn(async () => 'well');
    const { breaker, play } = guarded({ healthCheck: { run } });
    breaker.trip();
    expect(run).not.toHaveBeenCalled();

    expect(play('s', 1)).toBe('r');
    await settled();

    expect(run).toHaveBeenCalledTimes(1);
    expect(play('s', 1)).toBe('s');
    expect(breaker.state).toBe('HALF_OPEN');
  });

  test('changes nothing when it fails, by throwing as well', async () => {
    const run = vi.fn(() => {
      throw new Error('down');
    });
    const { play, breaker } = guarded({ healthCheck: { run } });
    breaker.trip();

    play('s', 1);
    await settled();

    expect(play('s', 1)).toBe('r');
    expect(run).toHaveBeenCalledTimes(1);
  });

  test('runs once at a time, and again after its time', async () => {
    const checks = [deferred<void>(), deferred<void>()];
    let runs = 0;
    const { breaker, play } = guarded(
      { healthCheck: { run: () => checks[runs++]?.promise as never, every: 100 } },
      { recoveryTimeout: 60_000 },
    );
    breaker.trip();

    play('sss', 90);
    expect(runs).toBe(1);
    checks[0]?.reject(new Error('down'));
    await settled();
    play('s', 90);

    expect(runs).toBe(2);
  });

  test('is aborted when the circuit is OPEN no more, and has no say then', async () => {
    const check = deferred<void>();
    let signal: AbortSignal | undefined;
    const { breaker, play } = guarded(
      {
        healthCheck: {
          run: (its) => {
            signal = its;
            return check.promise;
          },
        },
      },
      { recoveryTimeout: 60_000 },
    );
    breaker.trip();
    play('s', 1);

    breaker.reset();
    expect(signal?.aborted).toBe(true);
    breaker.trip();
    check.resolve();
    await settled();

    expect(play('s', 1)).toBe('r');
  });

  test('is not asked while the circuit is forced open', () => {
    const run = vi.fn(async () => 'well');
    const { breaker, play } = guarded({ healthCheck: { run } });
    breaker.forceOpen();

    play('sss');

    expect(run).not.toHaveBeenCalled();
  });
});

describe('a health function that answers nonsense', () => {
  test.each([
    [
      'throws',
      () => {
        throw new Error('broken');
      },
    ],
    ['answers no number', () => Number.NaN],
    ['answers a promise', () => Promise.resolve(1) as never],
  ])('is as if absent, and reported once: %s', (_, health) => {
    const reported = vi.spyOn(globalThis, 'queueMicrotask').mockImplementation(() => {});
    const { play } = guarded({ health });

    expect(play('f'.repeat(10))).toBe(`${'f'.repeat(9)}r`);

    expect(reported).toHaveBeenCalledTimes(1);
  });
});
