import { CircuitBreaker } from 'recloser';
import { createManualClock } from 'recloser/testing';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Deadline, Deadlines } from '../../src/core/deadlines.js';
import { Heap } from '../../src/core/heap.js';
import { LinkedList } from '../../src/core/linked-list.js';
import { createBreaker, failing, hanging } from '../support/breakers.js';
import { deferred } from '../support/deferred.js';
import { quiet, watchRuntime } from '../support/runtime.js';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

async function letMicrotasksRun(): Promise<void> {
  for (let i = 0; i < 10; i++) await null;
}

/** Fake timers and the breaker's clock move together, in steps of a millisecond. */
async function pass(fixture: ReturnType<typeof createBreaker>, ms: number): Promise<void> {
  for (let i = 0; i < ms; i++) {
    fixture.clock.advance(1);
    await vi.advanceTimersByTimeAsync(1);
  }
}

describe('the deadlines of a breaker', () => {
  test('share one timer', () => {
    const { breaker } = createBreaker({ callTimeout: 100 });

    for (let i = 0; i < 1_000; i++) void breaker.tryCall(hanging);

    expect(vi.getTimerCount()).toBe(1);
  });

  test('set one timer after a rest, however many calls follow one another', async () => {
    const clock = createManualClock();
    const setTimeout = vi.fn(clock.setTimeout);
    const breaker = new CircuitBreaker({ callTimeout: 100, clock: { ...clock, setTimeout } });
    await breaker.call(async () => 'fine');
    await letMicrotasksRun();
    clock.advanceSync(5_000);
    setTimeout.mockClear();

    for (let i = 0; i < 20; i++) await breaker.call(async () => 'fine');

    expect(setTimeout.mock.calls.map(([, ms]) => ms)).toEqual([100]);
  });

  test('end each call in its own time', async () => {
    const fixture = createBreaker({ failureThreshold: false, failureRateThreshold: false });
    const ended: string[] = [];
    const start = (name: string, callTimeout: number) =>
      fixture.breaker
        .call(hanging, { callTimeout })
        .catch(() => ended.push(`${name} at ${fixture.clock.time - 5_000}`));

    for (const [name, callTimeout] of [
      ['c', 30],
      ['a', 10],
      ['d', 40],
      ['b', 20],
      ['a2', 10],
    ] as const)
      start(name, callTimeout);
    await pass(fixture, 5);
    start('e', 1);
    start('f', 100);
    await pass(fixture, 200);

    expect(ended).toEqual(['e at 6', 'a at 10', 'a2 at 10', 'b at 20', 'c at 30', 'd at 40', 'f at 105']);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('in any order end no call early and none late', async () => {
    const fixture = createBreaker({ failureThreshold: false, failureRateThreshold: false });
    const { breaker, clock } = fixture;
    const off: number[] = [];
    for (let i = 0; i < 60; i++) {
      const callTimeout = ((i * 37) % 50) + 1;
      const due = clock.time + callTimeout;
      breaker.call(hanging, { callTimeout }).catch(() => off.push(clock.time - due));
      await pass(fixture, i % 3);
    }

    await pass(fixture, 60);

    expect(off).toEqual(Array.from({ length: 60 }, () => 0));
  });

  test('go on when a call between them settles', async () => {
    const fixture = createBreaker({ callTimeout: 100, failureThreshold: false });
    const tasks = [deferred(), deferred(), deferred()] as const;
    const calls = tasks.map((task) => fixture.breaker.tryCall(() => task.promise));

    tasks[1].resolve('fine');
    await pass(fixture, 100);

    expect((await Promise.all(calls)).map(({ ok }) => ok)).toEqual([false, true, false]);
  });

  test('go on when the first call settles just before its own', async () => {
    const fixture = createBreaker({ callTimeout: 100, failureThreshold: false });
    const first = deferred();
    void fixture.breaker.tryCall(() => first.promise);
    await pass(fixture, 50);
    const ended = vi.fn();
    void fixture.breaker.tryCall(hanging).then(ended);

    await pass(fixture, 49);
    first.resolve('fine');
    await pass(fixture, 50);
    expect(ended).not.toHaveBeenCalled();
    await pass(fixture, 1);

    expect(ended).toHaveBeenCalledOnce();
  });

  test('give a call that starts when the timer is about to fire its full time', async () => {
    const fixture = createBreaker({ callTimeout: 100 });
    const first = deferred();
    const started = fixture.breaker.tryCall(() => first.promise);
    await pass(fixture, 99);
    first.resolve('fine');
    const second = vi.fn();
    void fixture.breaker.tryCall(hanging).then(second);
    await started;

    await pass(fixture, 99);
    expect(second).not.toHaveBeenCalled();
    await pass(fixture, 1);

    expect(second).toHaveBeenCalledOnce();
  });

  test('end the calls that listeners start on a timeout', async () => {
    const fixture = createBreaker({ callTimeout: 100, failureThreshold: false });
    const results: unknown[] = [];
    fixture.breaker.once('failure', () => {
      void fixture.breaker.tryCall(hanging).then((result) => results.push(result));
      void fixture.breaker.tryCall(hanging, { callTimeout: 10 }).then((result) => results.push(result));
    });
    void fixture.breaker.tryCall(hanging).then((result) => results.push(result));

    await pass(fixture, 200);

    expect(results).toMatchObject([
      { error: { timeout: 100 } },
      { error: { timeout: 10 } },
      { error: { timeout: 100 } },
    ]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('that fall due together all end, though a listener throws', async () => {
    // The listener's error is rethrown in a microtask, which vitest would take for its own.
    const queue = vi.spyOn(globalThis, 'queueMicrotask').mockImplementation(() => {});
    const fixture = createBreaker({ callTimeout: 100, failureThreshold: false });
    fixture.breaker.on('failure', () => {
      throw new Error('listener');
    });
    const calls = [1, 2, 3].map(() => fixture.breaker.tryCall(hanging));

    await pass(fixture, 100);

    expect((await Promise.all(calls)).map(({ ok }) => ok)).toEqual([false, false, false]);
    expect(queue).toHaveBeenCalledTimes(3);
  });
});

describe('the timer', () => {
  test('is gone a few microtasks after the last call has settled', async () => {
    const { breaker } = createBreaker({ callTimeout: 100 });

    await breaker.call(async () => 'fine');
    await letMicrotasksRun();

    expect(vi.getTimerCount()).toBe(0);
  });

  test('is gone a few microtasks after the last call has failed', async () => {
    const { breaker } = createBreaker({ callTimeout: 100 });

    await breaker.tryCall(failing());
    await letMicrotasksRun();

    expect(vi.getTimerCount()).toBe(0);
  });

  test('is gone after the last call has timed out', async () => {
    const { breaker } = createBreaker({ callTimeout: 100 });
    const call = breaker.tryCall(hanging);

    await vi.advanceTimersByTimeAsync(100);
    await call;

    expect(vi.getTimerCount()).toBe(0);
  });

  test('is gone after the last caller has aborted', async () => {
    const { breaker } = createBreaker({ callTimeout: 100 });
    const caller = new AbortController();
    const call = breaker.tryCall(hanging, { signal: caller.signal });

    caller.abort();
    await call;
    await letMicrotasksRun();

    expect(vi.getTimerCount()).toBe(0);
  });

  test('is gone while a fallback runs', async () => {
    const { breaker } = createBreaker({ callTimeout: 100, fallback: hanging });
    void breaker.call(failing());

    await letMicrotasksRun();

    expect(vi.getTimerCount()).toBe(0);
  });

  test('stays while another call is in flight', async () => {
    const { breaker } = createBreaker({ callTimeout: 100 });
    void breaker.tryCall(hanging);

    await breaker.call(async () => 'fine');
    await letMicrotasksRun();

    expect(vi.getTimerCount()).toBe(1);
  });

  test('is not set for calls that are rejected', async () => {
    const { breaker } = createBreaker({ callTimeout: 100 });
    breaker.trip();

    void breaker.tryCall(hanging);

    expect(vi.getTimerCount()).toBe(0);
  });

  test('is not set for calls without a timeout', async () => {
    const { breaker } = createBreaker();

    void breaker.tryCall(hanging);

    expect(vi.getTimerCount()).toBe(0);
  });

  test('is gone after a task that throws before it returns', async () => {
    const { breaker } = createBreaker({ callTimeout: 100 });

    await breaker.tryCall(() => {
      throw new Error('boom');
    });
    await quiet();

    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('the timer of a breaker that has just come to rest', () => {
  test('still ends a call that begins right then and hangs', async () => {
    const { breaker } = createBreaker({ callTimeout: 100 });
    await breaker.call(async () => 'fine');

    const call = breaker.tryCall(hanging);
    await letMicrotasksRun();
    await vi.advanceTimersByTimeAsync(100);

    expect(await call).toMatchObject({ ok: false, error: { code: 'ERR_CALL_TIMEOUT' } });
  });

  test('is not set for a call that has a signal and no timeout', async () => {
    const { breaker } = createBreaker();

    void breaker.tryCall(hanging, { signal: new AbortController().signal });

    expect(vi.getTimerCount()).toBe(0);
  });

  test('ends a call although another one could not be followed', async () => {
    const { breaker } = createBreaker({ callTimeout: 100 });
    const hung = breaker.tryCall(hanging);
    const signal = Object.assign(new EventTarget(), {
      aborted: false,
      addEventListener: () => {
        throw new Error('no signal');
      },
    }) as unknown as AbortSignal;

    await breaker.tryCall(async () => 'unreached', { signal });
    await vi.advanceTimersByTimeAsync(100);

    expect(await hung).toMatchObject({ ok: false, error: { code: 'ERR_CALL_TIMEOUT' } });
  });
});

describe('a timer that fake timers have dropped', () => {
  test('is set again by the next call: cleared', async () => {
    const { breaker } = createBreaker({ callTimeout: 100 });
    void breaker.tryCall(hanging);
    await letMicrotasksRun();

    vi.clearAllTimers();
    const call = breaker.tryCall(hanging);
    await vi.advanceTimersByTimeAsync(200);

    expect(await call).toMatchObject({ error: { code: 'ERR_CALL_TIMEOUT' } });
  });

  test('is set again by the next call: taken away and put back', async () => {
    const { breaker } = createBreaker({ callTimeout: 100 });
    void breaker.tryCall(hanging);
    await letMicrotasksRun();

    vi.useRealTimers();
    vi.useFakeTimers();
    const call = breaker.tryCall(hanging);
    await vi.advanceTimersByTimeAsync(200);

    expect(await call).toMatchObject({ error: { code: 'ERR_CALL_TIMEOUT' } });
  });

  test('does not stand in the way of real ones', async () => {
    const breaker = new CircuitBreaker({ callTimeout: 5 });
    void breaker.tryCall(hanging);
    await letMicrotasksRun();

    vi.useRealTimers();

    expect(await breaker.tryCall(hanging)).toMatchObject({ error: { code: 'ERR_CALL_TIMEOUT' } });
  });
});

describe('a timer that cannot be set', () => {
  function breakable(problem: Error) {
    const base = createManualClock();
    let isFull = true;
    const clock = {
      now: () => base.now(),
      setTimeout: (run: () => void, ms: number) => {
        if (isFull) throw problem;
        return base.setTimeout(run, ms);
      },
      clearTimeout: (timer: unknown) => base.clearTimeout(timer),
    };
    return { clock, base, heal: () => (isFull = false) };
  }

  test('for the stack is full tells who calls, and nobody else', async () => {
    const { uncaught } = watchRuntime();
    const { clock, base, heal } = breakable(new RangeError('Maximum call stack size exceeded'));
    const breaker = new CircuitBreaker({ clock, callTimeout: 100, failureThreshold: 1 });

    expect(() => breaker.tryCall(hanging)).toThrow(RangeError);
    heal();
    const next = breaker.tryCall(hanging);
    await base.advance(100);

    expect(await next).toMatchObject({ error: { code: 'ERR_CALL_TIMEOUT' } });
    await quiet();
    expect([breaker.metrics.inFlight, uncaught]).toEqual([0, []]);
  });
});

describe('a clock that stands still', () => {
  test('ends a call no earlier because another began before it', async () => {
    const { breaker } = createBreaker({ callTimeout: 100, failureThreshold: false });
    void breaker.tryCall(hanging);
    await vi.advanceTimersByTimeAsync(70);
    const settled = vi.fn();
    void breaker.tryCall(hanging).then(settled);

    await vi.advanceTimersByTimeAsync(99);
    expect(settled).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(100);

    expect(settled).toHaveBeenCalledOnce();
  });

  test('ends calls of one moment together, however long the process took to make them', async () => {
    vi.useRealTimers();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    let slowly = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => (slowly += 5));
    const { breaker } = createBreaker({ callTimeout: 100, failureThreshold: false });
    const settled = vi.fn();
    for (let call = 0; call < 3; call++) void breaker.tryCall(hanging).then(settled);

    await vi.advanceTimersByTimeAsync(99);
    expect(settled).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);

    expect(settled).toHaveBeenCalledTimes(3);
  });

  describe('for fake timers, and goes on by itself', () => {
    const createFake = () => {
      vi.useRealTimers();
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
      const clock = { real: 0 };
      vi.spyOn(performance, 'now').mockImplementation(() => clock.real);
      const { breaker } = createBreaker({ callTimeout: 100, failureThreshold: false, clock: undefined });
      return { clock, breaker };
    };

    test('ends calls soon after each other that were made so', async () => {
      const { clock, breaker } = createFake();
      const settled = vi.fn();
      void breaker.tryCall(hanging);
      clock.real = 3;
      void breaker.tryCall(hanging).then(settled);

      await vi.advanceTimersByTimeAsync(100);
      expect(settled).not.toHaveBeenCalled();
      await vi.advanceTimersByTimeAsync(3);

      expect(settled).toHaveBeenCalledOnce();
    });

    test('ends a call no earlier because another began before it', async () => {
      const { clock, breaker } = createFake();
      const settled = vi.fn();
      void breaker.tryCall(hanging);
      await vi.advanceTimersByTimeAsync(60);
      clock.real = 3;
      void breaker.tryCall(hanging).then(settled);

      await vi.advanceTimersByTimeAsync(99);
      expect(settled).not.toHaveBeenCalled();
      await vi.advanceTimersByTimeAsync(100);

      expect(settled).toHaveBeenCalledOnce();
    });
  });

  test('and one that goes back end every call in the end', async () => {
    const fixture = createBreaker({ callTimeout: 100, failureThreshold: false });
    void fixture.breaker.tryCall(hanging);

    fixture.clock.time -= 4_000;
    const call = fixture.breaker.tryCall(hanging);
    await pass(fixture, 100);

    expect(await call).toMatchObject({ error: { code: 'ERR_CALL_TIMEOUT' } });
  });
});

describe('deadlines of mixed lengths', () => {
  /** Members that are walked past or moved: the steps that could grow with what is in flight. */
  function countSteps(run: () => void): number {
    const before = vi.spyOn(LinkedList.prototype, 'add');
    const keep = vi.spyOn(Heap.prototype, 'keep');
    run();
    const steps = before.mock.calls.length + keep.mock.calls.length * 1_000;
    before.mockRestore();
    keep.mockRestore();
    return steps;
  }

  test('cost a step each beside 10,000 longer ones', () => {
    const { breaker } = createBreaker({ failureThreshold: false });
    for (let i = 0; i < 10_000; i++) void breaker.tryCall(hanging, { callTimeout: 600_000 + i });

    const steps = countSteps(() => {
      for (let i = 0; i < 1_000; i++) void breaker.tryCall(hanging, { callTimeout: 60_000 });
    });

    expect(steps).toBe(1_000);
  });

  test('cost a step each beside 10,000 that began before the clock went back', () => {
    const { breaker, clock } = createBreaker({ failureThreshold: false });
    for (let i = 0; i < 10_000; i++) void breaker.tryCall(hanging, { callTimeout: 600_000 + (i % 1_000) });
    clock.time -= 300_000;

    const steps = countSteps(() => {
      for (let i = 0; i < 1_000; i++) void breaker.tryCall(hanging, { callTimeout: 600_000 + i });
    });

    expect(steps).toBe(1_000);
  });

  test('walk past nobody where the clock has gone back', () => {
    let looks = 0;
    class Seen extends Deadline {
      override get at() {
        looks++;
        return super.at;
      }
      expire() {}
    }
    const deadlines = new Deadlines({ now: () => 0 });
    for (let i = 0; i < 1_000; i++) deadlines.add(new Seen(5_000 + i, 60_000), 5_000 + i);
    looks = 0;

    for (let i = 0; i < 1_000; i++) deadlines.add(new Seen(i, 60_000), i);

    expect(looks).toBeLessThanOrEqual(10_000);
  });

  test('leave few queues behind on a clock that goes to and fro', async () => {
    const { breaker, clock } = createBreaker({ failureThreshold: false, callTimeout: 1_000 });
    const add = vi.spyOn(Heap.prototype, 'add');
    void breaker.tryCall(hanging);

    for (let i = 0; i < 1_000; i++) {
      clock.time += i % 2 === 0 ? -1 : 1;
      await breaker.tryCall(async () => 1);
    }

    const [heap] = add.mock.contexts as [Heap<never>];
    add.mockRestore();
    expect(heap.size).toBeLessThan(20);
  });

  test('leave no queue behind that holds nobody', async () => {
    const { breaker } = createBreaker({ failureThreshold: false });
    const hung = breaker.tryCall(hanging, { callTimeout: 50 });

    for (let i = 0; i < 1_000; i++) await breaker.tryCall(async () => 1, { callTimeout: 1_000 + i });
    await vi.advanceTimersByTimeAsync(50);

    expect(await hung).toMatchObject({ error: { timeout: 50 } });
    await letMicrotasksRun();
    expect(vi.getTimerCount()).toBe(0);
  });
});

test('a deadline that is over holds none of those that came after it', () => {
  class Plain extends Deadline {
    expire() {}
  }
  const deadlines = new Deadlines({ now: () => 0 });
  const all = Array.from({ length: 3 }, () => new Plain(0, 100));
  for (const deadline of all) deadlines.add(deadline, 0);

  const [, second] = all as [Plain, Plain, Plain];
  deadlines.remove(second);

  expect([second.before, second.after]).toEqual([undefined, undefined]);
});

test('what a deadline throws leaves the others their timer', async () => {
  const clock = { now: () => performance.now() };
  const deadlines = new Deadlines(clock);
  const expired: string[] = [];
  class Probe extends Deadline {
    readonly run: () => void;
    constructor(duration: number, run: () => void) {
      super(clock.now(), duration);
      this.run = run;
    }
    expire() {
      this.run();
    }
  }
  const broken = new Probe(10, () => {
    throw new Error('broken');
  });
  deadlines.add(broken, clock.now());
  deadlines.add(new Probe(20, () => expired.push('second')), clock.now());

  expect(() => vi.advanceTimersByTime(10)).toThrow('broken');
  await vi.advanceTimersByTimeAsync(20);

  expect(expired).toEqual(['second']);
});
