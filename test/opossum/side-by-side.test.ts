import { CircuitBreaker, sideBySide } from 'recloser/opossum';
import { describe, expect, it, vi } from 'vitest';

/** Stands for opossum: of its API, and another class. */
class Opossum extends CircuitBreaker<never[], unknown> {}

describe('two classes side by side', () => {
  it('are the class that was handed in, by default', () => {
    expect(sideBySide(Opossum)).toBe(Opossum);
  });

  it('are asked for by name, once for each breaker', () => {
    const use = vi.fn((name: string) => (name === 'new' ? 'recloser' : 'opossum'));
    const Both = sideBySide(Opossum, { use });

    const [old, other] = [new Both(async () => 1, { name: 'old' }), new Both(async () => 1, { name: 'new' })];

    expect(old).toBeInstanceOf(Opossum);
    expect(other).not.toBeInstanceOf(Opossum);
    expect(other).toBeInstanceOf(CircuitBreaker);
    expect(use.mock.calls).toEqual([['old'], ['new']]);
  });

  it('refuse a word that is none of the three', () => {
    expect(() => sideBySide(Opossum, { use: 'recloserr' })).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_OPTIONS', option: 'use' }),
    );
  });

  it('refuse an option that they do not know, with the nearest one', () => {
    expect(() => sideBySide(Opossum, { onDiference: () => {} } as never)).toThrow(
      /onDiference.*onDifference/s,
    );
  });

  it('tell of options that ours refuses, and leave the call to the other', async () => {
    const differences: unknown[] = [];
    class Lenient {
      readonly name = 'prices';
      readonly fire: (...args: unknown[]) => unknown;
      constructor(action: (...args: unknown[]) => unknown) {
        this.fire = action;
      }
    }
    const Both = sideBySide(Lenient as never, {
      use: 'shadow',
      onDifference: (it) => differences.push(it),
    }) as unknown as new (
      ...args: unknown[]
    ) => Lenient;

    const breaker = new Both(async () => 'answer', { name: 'prices', timeout: -1 });

    expect(await breaker.fire()).toBe('answer');
    expect(differences).toEqual([
      { breaker: 'prices', kind: 'options', error: expect.objectContaining({ option: 'timeout' }) },
    ]);
  });

  it('run an action once in the shadow, and hand its promise on', async () => {
    const action = vi.fn(async (..._: unknown[]) => 'answer');
    const Both = sideBySide(Opossum, { use: 'shadow' });

    const breaker = new Both(action, { name: 'prices' });

    expect(breaker).toBeInstanceOf(Opossum);
    expect(await breaker.fire()).toBe('answer');
    expect(action).toHaveBeenCalledTimes(1);
  });

  it('tell once of states that go on differing', async () => {
    vi.useFakeTimers();
    try {
      const differences: unknown[] = [];
      const Both = sideBySide(Opossum, { use: 'shadow', onDifference: (it) => differences.push(it) });
      const breaker = new Both(async () => 1, { name: 'prices' });

      breaker.open();
      vi.advanceTimersByTime(49);
      expect(differences).toEqual([]);
      vi.advanceTimersByTime(500);

      expect(differences).toEqual([
        { breaker: 'prices', kind: 'state', opossum: 'OPEN', recloser: 'CLOSED' },
      ]);
    } finally {
      vi.useRealTimers();
    }
  });
});
