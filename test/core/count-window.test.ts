import { describe, expect, test } from 'vitest';
import { CountWindow } from '../../src/core/count-window.js';

const figures = ({ calls, failures, slowCalls }: CountWindow) => ({ calls, failures, slowCalls });

describe('CountWindow', () => {
  test('is empty at first', () => {
    expect(figures(new CountWindow(5))).toEqual({ calls: 0, failures: 0, slowCalls: 0 });
  });

  test('counts calls, failures and slow calls apart', () => {
    const window = new CountWindow(5);

    window.record(false, false);
    window.record(true, false);
    window.record(false, true);
    window.record(true, true);

    expect(figures(window)).toEqual({ calls: 4, failures: 2, slowCalls: 2 });
  });

  test('forgets the oldest call when it is full', () => {
    const window = new CountWindow(2);

    window.record(true, true);
    window.record(false, false);
    window.record(false, false);

    expect(figures(window)).toEqual({ calls: 2, failures: 0, slowCalls: 0 });
  });

  test('can hold a single call', () => {
    const window = new CountWindow(1);

    window.record(true, false);
    window.record(false, true);

    expect(figures(window)).toEqual({ calls: 1, failures: 0, slowCalls: 1 });
  });

  test.each([1, 2, 3, 7, 64, 100, 1_000])('agrees with counting the last %d calls by hand', (size) => {
    const window = new CountWindow(size);
    const calls: [boolean, boolean][] = [];

    for (let i = 0; i < 3 * size + 5; i++) {
      const call: [boolean, boolean] = [(i * 7) % 5 < 2, (i * 11) % 7 < 3];
      calls.push(call);
      window.record(...call);
      const last = calls.slice(-size);
      expect(figures(window)).toEqual({
        calls: last.length,
        failures: last.filter(([failed]) => failed).length,
        slowCalls: last.filter(([, slow]) => slow).length,
      });
    }
  });

  test('is empty again after clear', () => {
    const window = new CountWindow(3);
    for (let i = 0; i < 5; i++) window.record(true, true);

    window.clear();
    expect(figures(window)).toEqual({ calls: 0, failures: 0, slowCalls: 0 });
    for (let i = 0; i < 5; i++) window.record(false, false);

    expect(figures(window)).toEqual({ calls: 3, failures: 0, slowCalls: 0 });
  });

  test.each([0, 1, 2, 3, 4, 5, 6, 7, 8])(
    'comes back from a snapshot after %d calls and goes on alike',
    (count) => {
      const window = new CountWindow(3);
      for (let i = 0; i < count; i++) window.record(i % 2 === 0, i % 3 === 0);
      const copy = new CountWindow(3);

      copy.restore(JSON.parse(JSON.stringify(window.snapshot())));

      for (let i = 0; i < 5; i++) {
        expect(figures(copy)).toEqual(figures(window));
        window.record(i % 3 === 0, i % 2 === 0);
        copy.record(i % 3 === 0, i % 2 === 0);
      }
    },
  );
});
