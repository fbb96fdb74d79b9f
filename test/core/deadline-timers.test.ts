/** Deadlines beside timers that a test fires by hand: late, lost, taken back in vain, of a clock that goes back. */
import { CircuitBreaker } from 'recloser';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { Deadline, Deadlines } from '../../src/core/deadlines.js';
import { Heap } from '../../src/core/heap.js';
import { hanging } from '../support/breakers.js';
import { quiet, watchRuntime } from '../support/runtime.js';

afterEach(() => {
  vi.restoreAllMocks();
});

interface HandTimer {
  readonly run: () => void;
  readonly ms: number;
  isSet: boolean;
}

/** A clock whose time and timers move only as a test says. */
function createHandClock() {
  const timers: HandTimer[] = [];
  const clock = {
    time: 0,
    timers,
    now: () => clock.time,
    setTimeout: (run: () => void, ms: number) => {
      const timer = { run, ms, isSet: true };
      timers.push(timer);
      return timer;
    },
    clearTimeout: (timer: unknown) => {
      (timer as HandTimer).isSet = false;
    },
    /** Fires what is set, at the time that the clock has. */
    fire: () => {
      for (const timer of timers.filter(({ isSet }) => isSet)) {
        timer.isSet = false;
        timer.run();
      }
    },
  };
  return clock;
}

function setUp() {
  const clock = createHandClock();
  const deadlines = new Deadlines(clock);
  const expired: string[] = [];
  class Named extends Deadline {
    readonly name: string;
    constructor(name: string, duration: number) {
      super(clock.time, duration);
      this.name = name;
    }
    expire(now: number) {
      expired.push(`${this.name} at ${now}`);
    }
  }
  const create = (name: string, duration: number) => new Named(name, duration);
  const add = (name: string, duration: number) => {
    const deadline = create(name, duration);
    deadlines.add(deadline, clock.time);
    return deadline;
  };
  return { clock, deadlines, expired, create, add };
}

describe('a timer that comes a little late', () => {
  test('ends at once what has become due since it was set', () => {
    const { clock, expired, add } = setUp();
    add('first', 100);
    clock.time = 1;
    add('second', 102);

    clock.time = 103;
    clock.fire();

    expect(expired).toEqual(['first at 103', 'second at 103']);
  });

  test.each([
    [105, ['call at 105'], []],
    [105.5, [], [0]],
  ])('lets what has arrived be read first where that is more than 5 ms: at %d', (time, ended, next) => {
    const { clock, expired, add } = setUp();
    add('call', 100);

    clock.time = time;
    clock.fire();

    expect(expired).toEqual(ended);
    expect(clock.timers.filter(({ isSet }) => isSet).map(({ ms }) => ms)).toEqual(next);
    clock.fire();
    expect(expired).toEqual([`call at ${time}`]);
  });
});

describe('where the clock stands still', () => {
  test.each([
    ['of the same moment', 0.5, ['first at 100', 'second at 100']],
    ['of a millisecond later', 1, ['first at 100']],
  ])('a timer of its own speaks for deadlines %s', (_, later, ended) => {
    const passed = vi.spyOn(performance, 'now').mockReturnValue(7);
    const { clock, expired, add } = setUp();
    add('first', 100);
    passed.mockReturnValue(7 + later);
    add('second', 100);

    clock.fire();

    expect(expired).toEqual(ended);
    clock.fire();
    expect(expired).toEqual(['first at 100', 'second at 100']);
  });
});

describe('where the clock has gone back', () => {
  test('deadlines of all lengths end, each in its time and once', () => {
    const { clock, expired, add } = setUp();
    clock.time = 1_000;
    add('long', 100);
    add('short', 50);
    clock.time = 500;
    add('early', 100);

    for (const time of [600, 1_050, 1_100]) {
      clock.time = time;
      clock.fire();
    }

    expect(expired).toEqual(['early at 600', 'short at 1050', 'long at 1100']);
  });
});

describe('a timer that does not come', () => {
  test.each([
    [1_100, 1],
    [1_101, 2],
  ])('is set again by who begins more than a second after it was due: at %d', (time, set) => {
    const { clock, add } = setUp();
    add('first', 100);

    clock.time = time;
    add('second', 100);

    expect(clock.timers).toHaveLength(set);
  });
});

test('a timer stays where the stack is too full to set an earlier one', () => {
  const { clock, expired, add } = setUp();
  add('first', 100);
  const set = vi.spyOn(clock, 'setTimeout').mockImplementation(() => {
    throw new RangeError('Maximum call stack size exceeded');
  });
  expect(() => add('second', 50)).toThrow(RangeError);
  set.mockRestore();

  clock.time = 100;
  clock.fire();

  expect(expired).toContain('first at 100');
});

describe('a timer that was taken back in vain', () => {
  test('does nothing when it comes', async () => {
    const { uncaught } = watchRuntime();
    const clock = createHandClock();
    const breaker = new CircuitBreaker({ callTimeout: 100, clock: { ...clock, clearTimeout: () => {} } });
    await breaker.call(async () => 'fine');
    await quiet();

    clock.time = 100;
    clock.fire();
    await quiet();

    expect(breaker.metrics.totals).toMatchObject({ successes: 1, timeouts: 0 });
    expect(uncaught).toEqual([]);
  });
});

test('no timer is set for calls that end while those of a timeout are told of', async () => {
  const { uncaught, unhandled } = watchRuntime();
  const clock = createHandClock();
  const breaker = new CircuitBreaker({ clock });
  const caller = new AbortController();
  breaker.on('failure', () => {
    queueMicrotask(() => caller.abort());
  });
  const calls = [
    breaker.tryCall(hanging, { callTimeout: 100 }),
    breaker.tryCall(hanging, { callTimeout: 150, signal: caller.signal }),
  ];

  clock.time = 100;
  clock.fire();
  await Promise.all(calls);
  await quiet();

  expect(clock.timers.map(({ ms }) => ms)).toEqual([100, 50]);
  expect(clock.timers.filter(({ isSet }) => isSet)).toEqual([]);
  expect([uncaught, unhandled]).toEqual([[], []]);
});

test('a deadline that was never set can be taken back', () => {
  const { clock, deadlines, expired, create, add } = setUp();
  add('set', 100);

  deadlines.remove(create('never set', 50));
  clock.time = 100;
  clock.fire();

  expect(expired).toEqual(['set at 100']);
});

describe('lengths of which no deadline is left', () => {
  /** How often they are looked for while `rounds` of `each` deadlines pass, each round of a length of its own. */
  function countSearches({ deadlines, add }: ReturnType<typeof setUp>, rounds: number, each: number): number {
    const keep = vi.spyOn(Heap.prototype, 'keep');
    for (let round = 0; round < rounds; round++) {
      const added = Array.from({ length: each }, (_, n) => add(`${round} ${n}`, 1_000 + round));
      for (const deadline of added) deadlines.remove(deadline);
    }
    const searches = keep.mock.calls.length;
    keep.mockRestore();
    return searches;
  }

  test.each([1, 3])('are forgotten whenever there are many of them, by %d', (each) => {
    const fixture = setUp();
    fixture.add('one', 100);
    fixture.add('two', 200);

    expect(countSearches(fixture, 110, each)).toBe(10);
    // Nothing that is in use has been forgotten, so that the next take as long.
    fixture.add('one more', 100);
    fixture.add('two more', 200);
    expect(countSearches(fixture, 110, each)).toBe(10);
  });

  test('leave nothing behind, and those in use all they had', () => {
    const fixture = setUp();
    const { clock, expired, add } = fixture;
    add('one', 100);
    add('two', 200);
    countSearches(fixture, 11, 1);
    const removeTop = vi.spyOn(Heap.prototype, 'removeTop');

    for (const time of [100, 200]) {
      clock.time = time;
      clock.fire();
    }

    expect(expired).toEqual(['one at 100', 'two at 200']);
    expect(removeTop).toHaveBeenCalledTimes(2);
  });

  test('are not looked for where all have one, however many begin at one time', () => {
    const { add } = setUp();
    const keep = vi.spyOn(Heap.prototype, 'keep');

    for (let call = 0; call < 20; call++) add(`${call}`, 100);

    expect(keep).not.toHaveBeenCalled();
  });
});
