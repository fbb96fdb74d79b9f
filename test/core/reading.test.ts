import type { Clock } from 'recloser';
import { describe, expect, test, vi } from 'vitest';
import { systemClock } from '../../src/core/clock.js';
import { firstReading, readClock, readingOf, soundClock } from '../../src/core/reading.js';
import { refusalOf, thrownBy } from '../support/breakers.js';

const SUBJECT = { breaker: '', action: 'watch' };
const telling = (reading: unknown): Clock => ({ now: () => reading as number });
const broken = new Error('no battery');
const throwing = (): Clock => ({
  now: () => {
    throw broken;
  },
});

describe('the first reading of a clock', () => {
  test.each([0, -5, 1e15])('is what it tells: %d', (reading) => {
    expect(firstReading(telling(reading), SUBJECT)).toBe(reading);
  });

  test.each([
    [Number.NaN, 'NaN'],
    [Number.POSITIVE_INFINITY, 'Infinity'],
    ['12', '"12"'],
    [5n, '5n'],
  ])('is refused where it is no number: %s', (reading, received) => {
    expect(refusalOf(() => firstReading(telling(reading), SUBJECT))).toMatchObject({
      option: 'clock',
      message: `Cannot watch: \`clock.now()\` must return a finite number of milliseconds, received ${received}`,
    });
  });

  test('is refused where the clock throws, with what it threw', () => {
    expect(refusalOf(() => firstReading(throwing(), SUBJECT))).toMatchObject({
      option: 'clock',
      message: 'Cannot watch: `clock.now()` threw',
      cause: broken,
    });
  });
});

describe('a later reading', () => {
  test.each<[string, Clock, string]>([
    ['no number', telling(Number.NaN), 'told NaN in place of a finite number'],
    ['a text', telling('12'), 'told "12" in place of a finite number'],
    ['an error', throwing(), 'threw Error: no battery'],
  ])('stands for the one before where it is %s, and the process is warned once', (_, clock, problem) => {
    const emitWarning = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});

    expect([readingOf(clock, 7), readingOf(clock, 8)]).toEqual([7, 8]);

    expect(emitWarning.mock.calls).toHaveLength(1);
    const [message, options] = emitWarning.mock.calls[0] as unknown as [string, unknown];
    expect(message).toBe(`The clock of a circuit breaker ${problem}: the circuit stays as it is meanwhile`);
    expect(JSON.stringify(options)).toContain('RECLOSER_CONFIG');
  });
});

describe('a clock as bookkeeping reads it', () => {
  test('is the platform’s where there is none, or where it is that', () => {
    expect(readClock(undefined, SUBJECT)).toBe(systemClock);
    expect(soundClock(systemClock)).toBe(systemClock);
  });

  test('is refused where it tells no time', () => {
    expect(refusalOf(() => readClock(telling('soon'), SUBJECT))).toMatchObject({ option: 'clock' });
  });

  test('tells the last time that was one', () => {
    vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const clock = { time: 5, now: () => clock.time };
    const sound = readClock(clock, SUBJECT);

    const readings = [5, Number.NaN, 9].map((time) => {
      clock.time = time;
      return sound.now();
    });

    expect(readings).toEqual([5, 5, 9]);
  });

  test('is one for each clock', () => {
    const clock = telling(5);

    expect(soundClock(clock)).toBe(soundClock(clock));
    expect(soundClock(clock)).not.toBe(soundClock(telling(5)));
  });

  test('has the other members that the clock has, asked as its own', () => {
    const clock = {
      wall: 12,
      now: () => 5,
      epoch() {
        return this.wall;
      },
      setTimeout: vi.fn(() => 'timer'),
    };
    const sound = soundClock(clock as unknown as Clock);
    const run = () => {};

    expect(Object.keys(sound)).toEqual(['now', 'epoch', 'setTimeout']);
    expect(sound.epoch?.()).toBe(12);
    expect(sound.setTimeout?.(run, 30)).toBe('timer');
    expect(clock.setTimeout).toHaveBeenCalledWith(run, 30);
  });

  test('survives a member that goes', () => {
    const clock: { now(): number; random?: () => number } = { now: () => 5, random: () => 0.5 };
    const sound = soundClock(clock);

    delete clock.random;

    expect(sound.random?.()).toBeUndefined();
  });
});

test('a clock that throws is not found out by its own error', () => {
  expect(thrownBy(() => readClock(throwing(), SUBJECT))).not.toBe(broken);
});
