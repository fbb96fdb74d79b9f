import { describe, expect, test } from 'vitest';
import { Flights } from '../../src/adaptive/flights.js';

const WIDTH = 25;

/** Calls that ask and start then. */
function start(flights: Flights, ...times: readonly number[]): void {
  for (const now of times) {
    flights.passTo(now);
    flights.add(now, WIDTH);
  }
}

/** What a judge is told: how many calls, and their start. */
function judged(run: (judge: (calls: number, start: number) => void) => void) {
  const told: [number, number][] = [];
  run((calls, from) => told.push([calls, from]));
  return told;
}

const passTo = (flights: Flights, ...times: readonly number[]) => {
  for (const now of times) flights.passTo(now);
};

describe('calls in flight', () => {
  test('are one cohort within its width, and another from there on', () => {
    const flights = new Flights();

    start(flights, 0, 24);
    const within = [flights.cohorts, flights.size];
    start(flights, 25);

    expect([within, flights.cohorts, flights.size]).toEqual([[1, 2], 2, 3]);
  });

  test('age by 100 ms between two that ask, at most', () => {
    const flights = new Flights();
    start(flights, 0);

    passTo(flights, 1_000, 1_000);
    expect([flights.areOverdue(100), flights.areOverdue(101)]).toEqual([true, false]);
    passTo(flights, 1_050);

    expect([flights.areOverdue(150), flights.areOverdue(151)]).toEqual([true, false]);
  });

  test('are late at an age, the oldest first, and told apart from the young', () => {
    const flights = new Flights();
    start(flights, 0, 50, 100);
    passTo(flights, 149);
    expect([flights.areLate(149), flights.areLate(150)]).toEqual([true, false]);
    passTo(flights, 150);

    const late = judged((judge) => flights.judgeLate(100, 50, judge));

    expect(late).toEqual([
      [1, 0],
      [1, 50],
    ]);
    expect([flights.cohorts, flights.areLate(51), flights.areLate(50)]).toEqual([3, false, true]);
    expect([flights.take(100), flights.take(50), flights.take(49), flights.take(49)]).toEqual([
      'young',
      'late',
      'late',
      'unknown',
    ]);
  });

  test('that are late are one cohort where they began within a grain', () => {
    const flights = new Flights();
    start(flights, 0, 50, 100, 150);
    passTo(flights, 200, 250);

    const late = judged((judge) => flights.judgeLate(100, 51, judge));

    expect(late).toEqual([
      [1, 0],
      [1, 50],
      [1, 100],
      [1, 150],
    ]);
    // 50 began within it of 0, 100 did not, 150 did of 100.
    expect([flights.cohorts, flights.size, flights.areLate(0)]).toEqual([2, 4, false]);
    expect(flights.take(150)).toBe('late');
  });

  test('that are young stand beside those that are late', () => {
    const flights = new Flights();
    start(flights, 0);
    passTo(flights, 20);
    flights.judgeLate(20, 10, () => {});

    start(flights, 21);

    expect([flights.cohorts, flights.take(21), flights.take(21)]).toEqual([2, 'young', 'late']);
  });

  test('are overdue at an age, once, and what comes of them is gone', () => {
    const flights = new Flights();
    start(flights, 0, 50);
    passTo(flights, 100, 200, 300);

    const first = judged((judge) => flights.takeOverdue(300, 300, judge));
    const fates = [flights.take(0), flights.take(49), flights.take(50)];
    const second = judged((judge) => flights.takeOverdue(250, 300, judge));

    expect([first, fates, second]).toEqual([[[1, 0]], ['gone', 'gone', 'young'], []]);
    expect([flights.cohorts, flights.take(299), flights.take(300)]).toEqual([0, 'gone', 'unknown']);
  });

  test('that were late are overdue later', () => {
    const flights = new Flights();
    start(flights, 0, 100);
    passTo(flights, 200);
    flights.judgeLate(150, 10, () => {});

    const overdue = judged((judge) => flights.takeOverdue(200, 200, judge));
    passTo(flights, 250);

    expect(overdue).toEqual([[1, 0]]);
    expect(flights.areLate(150)).toBe(true);
    expect(flights.take(100)).toBe('young');
  });

  test('are counted without a time where the newest are young', () => {
    const flights = new Flights();
    const none = flights.addUnread();
    start(flights, 0);

    const one = flights.addUnread();
    flights.judgeLate(0, 10, () => {});
    const late = flights.addUnread();

    expect([none, one, late, flights.size]).toEqual([false, true, false, 2]);
  });

  test('are sixteen cohorts at most: one that is empty goes first, else the oldest two are one', () => {
    const flights = new Flights();
    start(flights, ...Array.from({ length: 16 }, (_, at) => at * 30));
    expect(flights.cohorts).toBe(16);
    flights.take(150);

    start(flights, 480);
    const emptied = [flights.cohorts, flights.size];
    start(flights, 510);

    expect([emptied, flights.cohorts, flights.size]).toEqual([[16, 16], 16, 17]);
    expect(judged((judge) => flights.takeOverdue(450, 510, judge))).toEqual([
      [2, 0],
      [1, 60],
    ]);
  });

  test('began at the present where the clock has begun anew', () => {
    const flights = new Flights();
    start(flights, 1_000, 1_050, 1_100);
    passTo(flights, 1_150, 1_250);
    flights.takeOverdue(250, 1_250, () => {});

    passTo(flights, 500);

    expect([flights.size, flights.take(499)]).toEqual([2, 'unknown']);
    expect([flights.take(500), flights.take(500), flights.take(500)]).toEqual(['young', 'young', 'unknown']);
  });

  test('began when they did where the clock stands still', () => {
    const flights = new Flights();
    start(flights, 0, 50);
    passTo(flights, 300);
    flights.takeOverdue(150, 300, () => {});

    passTo(flights, 300);

    expect([flights.take(49), flights.take(60)]).toEqual(['gone', 'young']);
  });

  test('are none after a clear, and nothing of before is gone', () => {
    const flights = new Flights();
    start(flights, 0, 50);
    passTo(flights, 100, 200);
    flights.judgeLate(120, 10, () => {});
    flights.takeOverdue(200, 200, () => {});

    flights.clear();

    expect([flights.size, flights.take(0), flights.addUnread()]).toEqual([0, 'unknown', false]);
    start(flights, 210);
    expect([flights.addUnread(), flights.take(210)]).toEqual([true, 'young']);
  });
});
