import type { Clock } from 'recloser';
import { describe, expect, it } from 'vitest';
import { Queue } from '../../src/resilience/queue.js';
import { Wait } from '../../src/resilience/wait.js';
import { timedClock } from './timed-clock.js';

describe('a wait', () => {
  it('ends by what comes first, and tells who is second', async () => {
    const clock = timedClock();
    const wait = new Wait(clock, undefined).endAfter(50);

    const answers = [wait.end('turn'), wait.end('open')];

    expect([answers, await wait.ended, clock.timers]).toEqual([[true, false], 'turn', 0]);
  });

  it('ends after its time, of which a fraction of a millisecond is a whole one', async () => {
    const clock = timedClock();
    const wait = new Wait(clock, undefined).endAfter(49.5);
    let end: string | undefined;
    wait.ended.then((it) => {
      end = it;
    });

    await clock.advance(49);
    const before = end;
    await clock.advance(1);

    expect([before, end, clock.timers]).toEqual([undefined, 'time', 0]);
  });

  it('tells its room of every end but its turn', () => {
    const left: Wait[] = [];
    const room = { left: (wait: Wait) => left.push(wait) };
    const waits = [1, 2, 3].map(() => new Wait(timedClock(), undefined, room));

    waits[0]?.end('turn');
    waits[1]?.end('open');
    waits[2]?.abandon();

    expect(left).toEqual([waits[1], waits[2]]);
  });

  /** A clock on the platform's timers, that is so much ahead whenever a timer fires. */
  function lateClock(late: number): Clock {
    let now = 0;
    return {
      now: () => now,
      setTimeout: (run, ms) =>
        setTimeout(() => {
          now += ms + (ms > 0 ? late : 0);
          run();
        }),
      clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
    };
  }

  it.each([
    [5, 'time'],
    [6, 'turn'],
  ])('whose timer comes %i ms too late ends by `%s`: what has arrived is read first', async (late, by) => {
    const wait = new Wait(lateClock(late), undefined).endAfter(10);
    setTimeout(() => wait.end('turn'));

    expect(await wait.ended).toBe(by);
  });

  it('whose timer comes late ends by its time where nothing has arrived', async () => {
    const wait = new Wait(lateClock(1_000), undefined).endAfter(10);

    expect(await wait.ended).toBe('time');
  });
});

describe('a queue', () => {
  it('lets go of who leaves, and tells so once', () => {
    let left = 0;
    const queue = new Queue({ queue: 2 }, () => left++);
    const [one, two] = [queue.join(timedClock(), undefined), queue.join(timedClock(), undefined)];
    const isFull = queue.isFull;

    one.end('time');
    const shifted = queue.shift();
    two.end('time');

    expect([isFull, queue.isFull, shifted, queue.places, left]).toEqual([true, false, two, [], 1]);
  });

  it('takes in nobody who has gone already', () => {
    const queue = new Queue({ queue: 2 }, () => {});

    const gone = queue.join(timedClock(), AbortSignal.abort());

    expect([gone.hasEnded, queue.length, queue.places, queue.shift()]).toEqual([true, 0, [], undefined]);
  });

  it('keeps places of those who have gone, beside those who wait, for as many and a few more', () => {
    const queue = new Queue({ queue: 20 }, () => {});
    const places = Array.from({ length: 20 }, () => queue.join(timedClock(), undefined));

    const kept = places.slice(0, 19).map((place) => {
      place.end('time');
      return queue.places.length;
    });

    expect(kept).toEqual([...new Array(18).fill(20), 1]);
    expect([queue.length, queue.shift()]).toEqual([1, places[19]]);
  });

  it('keeps none where nobody waits', () => {
    const queue = new Queue({ queue: 2 }, () => {});
    const places = [queue.join(timedClock(), undefined), queue.join(timedClock(), undefined)];

    const kept = places.map((place) => {
      place.end('time');
      return queue.places.length;
    });

    expect(kept).toEqual([2, 0]);
  });

  it('has no room and a wait of a second unless it is said', () => {
    const queue = new Queue({}, () => {});

    expect([queue.size, queue.maxWait, queue.isFull]).toEqual([0, 1_000, true]);
  });

  it('takes other figures where they are given', () => {
    const queue = new Queue({ queue: 1, maxWait: 10 }, () => {});

    queue.update({ queue: 5 });
    const first = [queue.size, queue.maxWait];
    queue.update({ maxWait: 70 });

    expect([first, queue.size, queue.maxWait]).toEqual([[5, 10], 5, 70]);
  });
});
