/** When a fleet polls, and when it is on its own. */
import { createManualClock } from 'recloser/testing';
import { describe, expect, it } from 'vitest';
import { Pulse } from '../../src/redis/pulse.js';

const INTERVAL = 2_000;

interface Given {
  readonly interval?: number | false;
  /** The dice, from 0 to 1. */
  readonly roll?: number;
  /** What becomes of each poll, of which the last goes for all others. */
  readonly polls?: readonly ('answered' | 'failed' | 'silent')[];
  /** When something else is due. */
  readonly chores?: number[];
}

/** A pulse on a manual clock, and what it has done at what time. */
function createPulse({ interval = INTERVAL, roll = 0.5, polls = ['answered'], chores = [] }: Given = {}) {
  const clock = createManualClock();
  const done: string[] = [];
  const note = (what: string) => done.push(`${what} ${clock.now()}`);
  const waits: (boolean | undefined)[] = [];
  const timers = {
    ...clock,
    setTimeout: (run: () => void, ms?: number) => {
      const timer = clock.setTimeout(run, ms);
      const at = waits.push(undefined) - 1;
      return Object.assign(timer as object, {
        unref: () => {
          waits[at] = true;
        },
      });
    },
  };
  let count = 0;
  const pulse = new Pulse(timers, () => roll, interval, {
    poll() {
      note('poll');
      const becomes = polls[Math.min(count++, polls.length - 1)];
      pulse.sent();
      if (becomes === 'answered') pulse.answered();
      if (becomes === 'failed') pulse.failed();
    },
    doChores: (now) => {
      if (now < (chores[0] ?? Number.POSITIVE_INFINITY)) return;
      chores.shift();
      note('chores');
    },
    nextChore: () => chores[0] ?? Number.POSITIVE_INFINITY,
    lost: () => note('lost'),
  });
  void pulse.ready.then(() => note('ready'));
  pulse.arm();
  return { clock, pulse, done, waits };
}

const timesOf = (done: readonly string[], what: string) =>
  done.filter((it) => it.startsWith(`${what} `)).map((it) => Number(it.split(' ')[1]));

describe('the first poll', () => {
  it.each([
    [2_000, 0, 0],
    [2_000, 0.5, 500],
    [2_000, 1, 1_000],
    [400, 0.5, 200],
    [60_000, 0.25, 250],
  ])('with an interval of %i ms and dice of %d comes after %i ms', async (interval, roll, at) => {
    const { clock, done } = createPulse({ interval, roll });

    await clock.advance(1_000);

    expect(timesOf(done, 'poll')[0]).toBe(at);
  });
});

describe('polls', () => {
  it.each([
    [0, [0, 1_800, 3_600, 5_400]],
    [0.5, [500, 2_500, 4_500, 6_500]],
    [1, [1_000, 3_200, 5_400]],
  ])('that are answered come in the interval, a tenth more or less: dice of %d', async (roll, times) => {
    const { clock, done } = createPulse({ roll });

    await clock.advance(7_000);

    expect(timesOf(done, 'poll').slice(0, times.length)).toEqual(times);
  });

  it.each([
    [0.5, [500, 4_500, 12_500, 28_500, 44_500]],
    [1, [1_000, 5_400, 14_200, 30_200, 46_200]],
    [0, [0, 3_600, 10_800, 25_200, 39_600]],
  ])('that fail come twice, four and eight times as late: dice of %d', async (roll, times) => {
    const { clock, done } = createPulse({ roll, polls: ['failed'] });

    await clock.advance(50_000);

    expect(timesOf(done, 'poll').slice(0, 5)).toEqual(times);
  });

  it('come in the interval again after an answer', async () => {
    const { clock, done } = createPulse({ polls: ['failed', 'failed', 'answered'] });

    await clock.advance(17_000);

    expect(timesOf(done, 'poll')).toEqual([500, 4_500, 12_500, 14_500, 16_500]);
  });

  it('that nobody answers go on in the interval', async () => {
    const { clock, done } = createPulse({ polls: ['silent'] });

    await clock.advance(6_000);

    expect(timesOf(done, 'poll')).toEqual([500, 2_500, 4_500]);
  });
});

describe('who waits to be ready', () => {
  it('waits for an answer', async () => {
    const { clock, done } = createPulse();

    await clock.advance(400);
    expect(done).toEqual([]);
    await clock.advance(100);

    expect(done).toEqual(['poll 500', 'ready 500']);
  });

  it('waits for a second at most', async () => {
    const { clock, done } = createPulse({ polls: ['silent'] });

    await clock.advance(999);
    expect(timesOf(done, 'ready')).toEqual([]);
    await clock.advance(1);

    expect(timesOf(done, 'ready')).toEqual([1_000]);
  });

  it('keeps the process alive so long, and no longer', async () => {
    const { clock, waits } = createPulse({ polls: ['silent', 'silent', 'answered'] });

    await clock.advance(999);
    expect(waits).not.toContain(true);
    await clock.advance(9_000);

    const first = waits.indexOf(true);
    expect(first).toBeGreaterThan(0);
    expect(waits.slice(first).filter((it) => it === undefined)).toEqual([]);
  });

  it('does not wait where polls are made by hand', async () => {
    const { clock, done } = createPulse({ interval: false });

    await clock.advance(0);

    expect(done).toEqual(['ready 0']);
    expect(clock.timers).toBe(0);
  });
});

describe('a fleet is on its own', () => {
  it('after three intervals without an answer, told once', async () => {
    const { clock, done } = createPulse({ polls: ['answered', 'silent'] });

    await clock.advance(6_499);
    expect(timesOf(done, 'lost')).toEqual([]);
    await clock.advance(60_000);

    expect(timesOf(done, 'lost')).toEqual([6_500]);
  });

  it('not before an interval has passed since the first poll that was not answered', async () => {
    const { clock, done } = createPulse({ polls: ['answered', 'silent'] });
    await clock.advance(600);

    clock.freeze(60_000);
    await clock.advance(0);
    const at = clock.now();
    await clock.advance(10_000);

    expect(timesOf(done, 'poll')[1]).toBe(at);
    expect(timesOf(done, 'lost')).toEqual([at + INTERVAL]);
  });

  it('not where the answer has arrived and was not read yet', async () => {
    const { clock, pulse, done } = createPulse({ polls: ['answered', 'silent'] });
    await clock.advance(2_600);

    clock.setTimeout(() => pulse.answered(), 3_900);
    clock.freeze(4_000);
    await clock.advance(0);

    expect(timesOf(done, 'lost')).toEqual([]);
  });

  it('once more after an answer', async () => {
    const { clock, done } = createPulse({
      polls: ['silent', 'silent', 'silent', 'silent', 'answered', 'silent'],
    });

    await clock.advance(20_000);

    expect(timesOf(done, 'lost')).toEqual([6_000, 14_500]);
  });

  it('by hand with the first poll that fails after so long', async () => {
    const { clock, pulse, done } = createPulse({ interval: false });
    const fail = () => {
      pulse.sent();
      pulse.failed();
    };

    for (const at of [0, 5_999, 6_000, 6_001]) {
      await clock.advance(at - clock.now());
      fail();
    }

    expect(timesOf(done, 'lost')).toEqual([6_000]);
    expect(clock.timers).toBe(0);
  });
});

describe('a poll that comes early', () => {
  it('comes after its time, and the next one an interval later', async () => {
    const { clock, pulse, done } = createPulse();
    await clock.advance(600);

    pulse.soon(100);
    await clock.advance(2_500);

    expect(timesOf(done, 'poll')).toEqual([500, 700, 2_700]);
  });

  it('comes at once where it has no time to wait', async () => {
    const { clock, pulse, done } = createPulse();
    await clock.advance(600);

    pulse.soon(0);

    expect(timesOf(done, 'poll')).toEqual([500, 600]);
  });

  it('is the one that comes anyway, if that is sooner', async () => {
    const { clock, pulse, done } = createPulse();
    await clock.advance(600);

    pulse.soon(5_000);
    pulse.soon(1_900);
    await clock.advance(1_950);

    expect(timesOf(done, 'poll')).toEqual([500, 2_500]);
  });

  it('comes a quarter of a second after another one, at the earliest', async () => {
    const { clock, pulse, done } = createPulse();
    await clock.advance(600);

    for (let n = 0; n < 3; n++) pulse.soon(0);
    await clock.advance(100);
    pulse.soon(0);
    await clock.advance(1_000);

    expect(timesOf(done, 'poll')).toEqual([500, 600, 850]);
  });

  it('is no reason for the ones in the interval to wait', async () => {
    const { clock, pulse, done } = createPulse();
    await clock.advance(2_400);
    pulse.soon(0);
    await clock.advance(2_000);

    pulse.soon(10);
    await clock.advance(10);

    expect(timesOf(done, 'poll')).toEqual([500, 2_400, 4_400, 4_410]);
  });

  it('is none by hand, and none when it has ended', async () => {
    const byHand = createPulse({ interval: false });
    const ended = createPulse();
    ended.pulse.stop();

    for (const { pulse, clock } of [byHand, ended]) {
      pulse.soon(0);
      pulse.soon(10);
      await clock.advance(5_000);
    }

    expect([timesOf(byHand.done, 'poll'), timesOf(ended.done, 'poll')]).toEqual([[], []]);
  });
});

describe('chores', () => {
  it('are done in time, between the polls', async () => {
    const { clock, done } = createPulse({ chores: [1_200, 3_000] });

    await clock.advance(4_000);

    expect(timesOf(done, 'chores')).toEqual([1_200, 3_000]);
    expect(timesOf(done, 'poll')).toEqual([500, 2_500]);
  });
});

describe('the end', () => {
  it('leaves no timer and no poll, and nobody who waits', async () => {
    const { clock, pulse, done } = createPulse({ polls: ['silent'] });
    await clock.advance(600);

    pulse.stop();
    pulse.arm();
    await clock.advance(20_000);

    expect(done).toEqual(['poll 500', 'ready 600']);
    expect(clock.timers).toBe(0);
  });

  it('comes while it looks once more', async () => {
    const { clock, pulse, done } = createPulse({ polls: ['silent'] });
    await clock.advance(5_999);

    clock.setTimeout(() => pulse.stop(), 1);
    await clock.advance(10_000);

    expect(timesOf(done, 'lost')).toEqual([]);
    expect(clock.timers).toBe(0);
  });
});
