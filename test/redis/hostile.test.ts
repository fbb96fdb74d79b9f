import { CircuitBreakerRegistry } from 'recloser';
import { shareState } from 'recloser/redis';
import { createManualClock } from 'recloser/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parseRecord, parseRound, parseSteer, parseSync } from '../../src/redis/record.js';

/** The same dice for every run. */
function dice(seed: number) {
  const { random } = createManualClock({ seed });
  const below = (n: number) => Math.floor(random() * n);
  const pick = <T>(list: readonly T[]): T => list[below(list.length)] as T;
  return { below, pick };
}

const NOW = 1_000_000_000_000;
const NUMBERS = [
  '0',
  '1',
  '2',
  '-1',
  '1e9',
  '9'.repeat(16),
  '9'.repeat(400),
  'NaN',
  '',
  '1.5',
  String(NOW),
  String(NOW + 1e4),
];
const WORDS = ['', '2 of 3', '__proto__', '\u202e\n\r\0', '\ud800', 'x'.repeat(5_000), 'o 1 2 3'];

function hostileRecord({ pick, below }: ReturnType<typeof dice>): string {
  const state = pick(['c', 'r', 'o', 'h', 'f', 'u', 'x', '', 'o o', 'O']);
  const numbers = Array.from({ length: pick([6, 6, 6, 5, 7]) }, () => pick(NUMBERS));
  const record = [state, ...numbers, pick(WORDS)].join(pick([' ', ' ', ' ', '\t']));
  return below(10) === 0 ? record.slice(0, below(record.length)) : record;
}

function hostileValue(random: ReturnType<typeof dice>, depth = 0): unknown {
  const { pick, below } = random;
  switch (below(depth > 2 ? 7 : 10)) {
    case 0:
      return pick([null, undefined, true, Number.NaN, -1, 1e300, 2n ** 70n, Symbol('x')]);
    case 1:
      return pick(NUMBERS);
    case 2:
      return pick([0, 1, 2, NOW, NOW + 5]);
    case 3:
      return hostileRecord(random);
    case 4:
      return new TextEncoder().encode(hostileRecord(random));
    case 5:
      return pick(['__proto__', 'constructor', 'payments', '', 'x'.repeat(600), '\ud800']);
    case 6:
      return pick(['c', 'o', 'h', 'f']);
    default:
      return Array.from({ length: below(12) }, () => hostileValue(random, depth + 1));
  }
}

describe('10,000 hostile records and answers', () => {
  it('are no records unless they are sound, and never throw', () => {
    const random = dice(7);
    let sound = 0;
    for (let n = 0; n < 10_000; n++) {
      const view = parseRecord(hostileRecord(random), NOW, 0);
      if (view === undefined) continue;
      sound++;
      expect(view.words.length).toBeLessThanOrEqual(200);
      expect(view.words).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}]/u);
      expect(view.until).toBeLessThanOrEqual(31 * 86_400_000);
      expect(view.epoch).toBeLessThanOrEqual(NOW + 86_400_000);
    }
    expect(sound).toBeGreaterThan(5);
  });

  it('are read, or refused with a TypeError', () => {
    const random = dice(8);
    for (let n = 0; n < 10_000; n++) {
      const value = hostileValue(random);
      for (const parse of [(it: unknown) => parseSync(it, 0), parseRound, parseSteer]) {
        try {
          parse(value);
        } catch (error) {
          expect(error).toBeInstanceOf(TypeError);
        }
      }
    }
  });

  it('open nothing and change no prototype, whatever a fleet is answered', async () => {
    const random = dice(9);
    const clock = createManualClock();
    const registry = new CircuitBreakerRegistry({ clock });
    const fleet = shareState(registry, {
      client: async () => {
        const value = hostileValue(random);
        if (random.below(4) === 0) throw value;
        return value;
      },
      namespace: 'shop',
      clock,
      pollInterval: false,
    });
    onTestFinished(() => clock.settle(fleet.stop()));
    const breaker = registry.getOrCreate('payments');
    const before = Object.getOwnPropertyNames(Object.prototype);

    for (let n = 0; n < 300; n++) await fleet.sync();

    expect(breaker.state).toBe('CLOSED');
    expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(before);
    expect(() => JSON.stringify(fleet.status())).not.toThrow();
  });
});
