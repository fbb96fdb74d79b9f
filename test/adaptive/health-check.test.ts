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
    ['answers less than none', () => -0.1],
    ['answers more than all', () => 1.1],
    ['answers a text', () => '0' as never],
    ['answers a promise', () => Promise.resolve(1) as never],
  ])('is as if absent, and reported once: %s', (_, health) => {
    const reported = vi.spyOn(globalThis, 'queueMicrotask').mockImplementation(() => {});
    const { play } = guarded({ health });

    expect(play('f'.repeat(10))).toBe(`${'f'.repeat(9)}r`);

    expect(reported).toHaveBeenCalledTimes(1);
  });

  test('is reported anew in another stay, with what it answered', () => {
    const told: unknown[] = [];
    vi.spyOn(globalThis, 'queueMicrotask').mockImplementation((run) => {
      try {
        run();
      } catch (error) {
        told.push((error as Error).message);
      }
    });
    const { breaker, play } = guarded({ health: () => 7 });

    play('fff');
    breaker.reset();
    play('fff');

    const words = '`health` must return a number from 0 to 1, received 7';
    expect(told).toEqual([words, words]);
  });
});

describe('the latest health', () => {
  const limits = (health: () => number, tolerate = 0.5) => {
    const it = guarded({ health, tolerate, normal: 0.05 });
    it.play('f');
    return it.breaker.metrics.detector?.thresholds as number[];
  };

  test('takes off up to a half of the evidence that it takes, in whole steps', () => {
    const [whole] = limits(() => 1) as [number];

    expect(limits(() => 0)).toEqual([Math.ceil(whole / 2)]);
    expect(limits(() => 0.5)).toEqual([Math.ceil(whole * 0.75)]);
  });

  test('leaves more than two failures, on each line', () => {
    const whole = limits(() => 1, 1 / 7);
    const halves = limits(() => 0, 1 / 7);

    expect(halves).toEqual([
      Math.max(Math.ceil(whole[0]! / 2), 13),
      Math.max(Math.ceil(whole[1]! / 2), 7),
      Math.max(Math.ceil(whole[2]! / 2), 3),
    ]);
  });

  test('leaves more than two failures where it takes few', () => {
    const options = { health: () => 0, normal: 0 } as const;
    const thresholdsOf = (others: object) => {
      const it = guarded({ ...options, ...others });
      it.play('f');
      return it.breaker.metrics.detector?.thresholds;
    };

    expect(thresholdsOf({ minimumFailures: 4 })).toEqual([3]);
    expect(thresholdsOf({ minimumFailures: 3, tolerate: 0.25 })).toEqual([7, 3]);
    expect(thresholdsOf({ minimumFailures: 2 })).toEqual([2]);
  });

  test('is forgotten with the stay', () => {
    const it = guarded({ health: () => 0 });
    it.play('f');
    const half = it.breaker.metrics.detector?.thresholds;

    it.breaker.reset();

    expect([half, it.breaker.metrics.detector?.thresholds]).toEqual([[5], [9]]);
  });
});

describe('the time between two checks', () => {
  test('is from start to start, to the millisecond', async () => {
    const run = vi.fn(async () => {
      throw new Error('down');
    });
    const { breaker, play } = guarded({ healthCheck: { run, every: 100 } }, { recoveryTimeout: 60_000 });
    breaker.trip();
    play('s', 10);
    await settled();

    play('s', 99);
    const early = run.mock.calls.length;
    play('s', 1);

    expect([early, run.mock.calls.length]).toEqual([1, 2]);
  });

  test('begins anew with the clock', async () => {
    const run = vi.fn(async () => {
      throw new Error('down');
    });
    const { breaker, clock, play } = guarded(
      { healthCheck: { run, every: 1_000 } },
      { recoveryTimeout: 60_000 },
    );
    breaker.trip();
    play('s', 10);
    await settled();

    clock.advance(-5_000);
    play('s', 0);

    expect(run).toHaveBeenCalledTimes(2);
  });
});
