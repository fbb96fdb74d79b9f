/** What arrives in a simulation and what becomes of it, in worlds that are small enough to be worked out by hand. */
import { CircuitBreaker } from 'recloser';
import { type Phase, type SimulatedInstance, type SimulationSettings, simulate } from 'recloser/testing';
import { describe, expect, it } from 'vitest';

const EVEN = { rate: 10, arrivals: 'even' } as const;
const PATIENT = { failureThreshold: false, failureRateThreshold: false, callTimeout: false } as const;

const run = (dependency: readonly Phase[], more: Partial<SimulationSettings> = {}) =>
  simulate({ breaker: PATIENT, traffic: EVEN, dependency, ...more });

/** What calls go through that tries so many times, and writes down what it gets. */
const trying = (times: number, seen: unknown[] = []) => ({
  seen,
  breaker: () => ({
    async call(task: (context: { signal: AbortSignal }) => Promise<unknown>) {
      const { signal } = new AbortController();
      for (let left = times; ; left--) {
        try {
          const value = await task({ signal });
          seen.push(value);
          return value;
        } catch (error) {
          seen.push(error);
          if (left <= 1) throw error;
        }
      }
    },
  }),
});

describe('traffic', () => {
  it('arrives at equal distances', async () => {
    const { timeline } = await run([{ for: 1_000 }], { step: 100 });

    expect(timeline.map(({ from, offered }) => [from, offered])).toEqual(
      Array.from({ length: 10 }, (_, index) => [index * 100, 1]),
    );
  });

  it('arrives at distances that follow its rate', async () => {
    const rate = (t: number) => (t < 500 ? 10 : 20);
    const { timeline, figures } = await run([{ for: 1_000 }], {
      step: 100,
      traffic: { rate, arrivals: 'even' },
    });

    expect(timeline.map(({ offered }) => offered)).toEqual([1, 1, 1, 1, 1, 2, 2, 2, 2, 2]);
    expect(figures.offered).toBe(15);
  });

  it('arrives by chance unless it is said, as its seed tells', async () => {
    const of = async (seed: number, arrivals?: 'poisson') =>
      (await run([{ for: 5_000 }], { seed, step: 100, traffic: { rate: 20, arrivals } })).timeline.map(
        ({ offered }) => offered,
      );
    const first = await of(1);

    expect(await of(1, 'poisson')).toEqual(first);
    expect(await of(2)).not.toEqual(first);
    expect(new Set(first).size).toBeGreaterThan(3);
  });

  it('is none where its rate is 0', async () => {
    expect((await run([{ for: 1_000 }], { traffic: { rate: 0 } })).figures.offered).toBe(0);
  });

  it.each<[string, 'even' | 'poisson']>([
    ['in turn', 'even'],
    ['by chance', 'poisson'],
  ])('is shared by instances: %s', async (_, arrivals) => {
    const calls = [0, 0, 0];
    const breaker = ({ instance }: SimulatedInstance) => ({
      call: async (task: (context: never) => Promise<unknown>) => {
        calls[instance] = (calls[instance] as number) + 1;
        return task({} as never);
      },
    });

    const { figures } = await run([{ for: 10_000 }], {
      breaker,
      instances: 3,
      traffic: { rate: 30, arrivals },
    });

    expect(calls.reduce((sum, count) => sum + count, 0)).toBe(figures.offered);
    if (arrivals === 'even') expect(calls).toEqual([100, 100, 100]);
    else for (const count of calls) expect(count).toBeGreaterThan(60);
  });
});

describe('arrivals', () => {
  const timesOf = async (rate: number | (() => number)) => {
    const times: number[] = [];
    const breaker = ({ clock }: SimulatedInstance) => ({
      call: async () => void times.push(clock.now()),
    });
    const { figures } = await run([{ for: 100 }], { breaker, traffic: { rate, arrivals: 'even' } });
    return [times, figures.fallbacks, figures.longestOpen];
  };

  it('are to the microsecond, by a rate and by a function', async () => {
    const times = [0, 33.333, 66.667];

    expect([await timesOf(30), await timesOf(() => 30)]).toEqual([
      [times, 3, 0],
      [times, 3, 0],
    ]);
  });
});

describe('a dependency', () => {
  it('takes up so many in a second, one after the other', async () => {
    const { figures } = await run([{ for: 1_000, capacity: 5, latency: 1 }]);

    // Each waits 100 ms longer than the one before it.
    expect(figures).toMatchObject({ ok: 10, waitP99: 901 });
  });

  it('takes as long as it is told, well or not', async () => {
    const { figures } = await run([{ for: 1_000, latency: 30, failures: 1 }]);

    expect(figures).toMatchObject({ ok: 0, failed: 10, waitP99: 30 });
  });

  it('fails, hangs and answers in the shares that it is told', async () => {
    const { figures } = await run([{ for: 30_000, failures: 0.3, hang: 0.2 }], { drain: 0 });

    expect(figures.failed).toBeGreaterThan(70);
    expect(figures.failed).toBeLessThan(110);
    expect(figures.pending).toBeGreaterThan(40);
    expect(figures.pending).toBeLessThan(80);
    expect(figures.ok + figures.failed + figures.pending).toBe(300);
  });

  it('fails with an error of its own, and answers what tells the attempt', async () => {
    const { seen, breaker } = trying(2);
    await simulate({
      breaker,
      trace: [
        { t: 0, ok: true, ms: 5 },
        { t: 50, ok: false, ms: 1 },
      ],
    });

    expect(seen).toEqual([
      { call: 0, attempt: 0 },
      new Error('The simulated dependency has failed'),
      { call: 1, attempt: 1 },
    ]);
  });

  it.each([
    [undefined, { ok: 1, pending: 0 }],
    [29_999, { ok: 0, pending: 1 }],
    [30_000, { ok: 1, pending: 0 }],
  ])('has time to answer after the end: %s ms', async (drain, figures) => {
    const it = await run([{ for: 100, latency: 30_100 }], drain === undefined ? {} : { drain });

    expect(it.figures).toMatchObject({ offered: 1, ...figures });
  });
});

describe('phases', () => {
  it('that are for some are none for the others, the first one too', async () => {
    const { figures, timeline } = await run([{ for: 1_000, failures: 1, only: [1] }], {
      instances: 2,
      step: 100,
    });

    expect(figures).toMatchObject({ offered: 10, ok: 5, failed: 5 });
    expect(timeline.map(({ failed }) => failed)).toEqual([0, 1, 0, 1, 0, 1, 0, 1, 0, 1]);
  });

  it('go on for others as the one before', async () => {
    const { timeline } = await run(
      [
        { for: 400, failures: 1, only: [0] },
        { for: 400, only: [1] },
        { for: 400, only: [1], failures: 1 },
      ],
      { instances: 2, step: 400 },
    );

    expect(timeline.map(({ ok, failed }) => [ok, failed])).toEqual([
      [2, 2],
      [2, 2],
      [0, 4],
    ]);
  });

  it('end with one that goes on, for attempts that come later', async () => {
    const breaker = ({ clock }: SimulatedInstance) => ({
      call: async (task: (context: never) => Promise<unknown>) => {
        await new Promise<void>((resolve) => clock.setTimeout?.(resolve, 500));
        return task({} as never);
      },
    });

    const failing = await run([{ for: 100 }, { for: 100, failures: 1 }], { breaker });

    expect(failing.figures).toMatchObject({ offered: 2, failed: 2 });
  });

  it('begin and end to the millisecond', async () => {
    const { timeline } = await run([{ for: 300 }, { for: 300, failures: 1 }, { for: 300 }], { step: 300 });

    expect(timeline.map(({ ok }) => ok)).toEqual([3, 0, 3]);
  });
});

describe('incidents', () => {
  const of = async (dependency: Phase[], instances = 2) =>
    (await run(dependency, { instances, drain: 0 })).incidents.map((it) => [it.from, it.to, it.instances]);

  it('are runs of phases in which half at least fails or hangs', async () => {
    expect(
      await of([
        { for: 100, failures: 0.25, hang: 0.25 },
        { for: 100, failures: 0.49 },
        { for: 100, hang: 0.5 },
        { for: 100, failures: 1 },
        { for: 100 },
        { for: 100, incident: true },
        { for: 100, failures: 1, incident: false },
      ]),
    ).toEqual([
      [0, 100, [0, 1]],
      [200, 400, [0, 1]],
      [500, 600, [0, 1]],
    ]);
  });

  it('hit whom one of their phases hits, in order', async () => {
    expect(
      await of(
        [
          { for: 100, failures: 1, only: [11] },
          { for: 100, failures: 1, only: [2, 11] },
        ],
        12,
      ),
    ).toEqual([[0, 200, [2, 11]]]);
  });

  it('count what is sent in them and fated to fail, of those that they hit', async () => {
    const failing = await run([
      { for: 500, failures: 0.4 },
      { for: 500, failures: 1 },
      { for: 500, hang: 1, only: [0] },
    ]);
    const some = await run(
      [
        { for: 500, failures: 1, incident: false },
        { for: 1_000, failures: 1, only: [1], incident: true },
        { for: 500, failures: 1, incident: false },
      ],
      { instances: 2 },
    );

    expect(failing.figures.failingCallsSent).toBe(10);
    expect(some.incidents.map((it) => it.failingCallsSent)).toEqual([5]);
  });

  it.each([
    [100, undefined, 1],
    [3_000, undefined, 0],
    [100, 2_500, 0],
    [3_000, 2_499, 1],
  ])('have a grace of the timeout, a second at least: %i, %s', async (callTimeout, grace, falseTrips) => {
    const breaker = ({ clock }: SimulatedInstance) => {
      const it = new CircuitBreaker({ ...PATIENT, clock, callTimeout });
      clock.setTimeout?.(() => it.trip(), 3_500);
      return { breaker: it };
    };

    const { figures } = await run([{ for: 1_000, failures: 1 }, { for: 4_000 }], {
      breaker,
      ...(grace !== undefined && { grace }),
    });

    expect(figures).toMatchObject({ trips: 1, falseTrips });
  });
});

describe('the end', () => {
  const stopping = (stopped: number[], late = () => {}) => ({
    breaker: ({ clock }: SimulatedInstance) => {
      clock.setTimeout?.(late, 20_000);
      return { breaker: new CircuitBreaker({ ...PATIENT, clock }), stop: () => stopped.push(clock.now()) };
    },
  });

  it.each([
    [0, 1_000],
    [2_000, 2_900],
  ])('is when the last call has: answers take %i ms', async (latency, end) => {
    const stopped: number[] = [];

    await run([{ for: 1_000, latency }], stopping(stopped));

    expect(stopped).toEqual([end]);
  });

  it('is none where a timer throws that a call waits beyond', async () => {
    const broken = stopping([], () => {
      throw new Error('late');
    });

    await expect(run([{ for: 100, latency: 30_000 }], broken)).rejects.toThrow('late');
  });

  it('has rows of whole seconds, sixty at most', async () => {
    const { timeline } = await run([{ for: 119_000 }], { traffic: { rate: 0.1 } });

    expect([timeline.length, timeline[1]?.from]).toEqual([60, 2_000]);
  });
});

describe('what calls go through', () => {
  it('may have a breaker that tells no options', async () => {
    const breaker = () => ({ call: async () => 1, breaker: { state: 'CLOSED', on: () => () => {} } });

    expect((await run([{ for: 1_000 }], { breaker })).figures).toMatchObject({ fallbacks: 10, trips: 0 });
  });

  it('may begin open', async () => {
    const breaker = ({ clock }: SimulatedInstance) => {
      const it = new CircuitBreaker({ clock });
      it.forceOpen();
      return { breaker: it };
    };

    const { figures, timeline } = await run([{ for: 1_000 }], { breaker });

    expect(figures).toMatchObject({ rejected: 10, lost: 10, longestOpen: 1_000, trips: 0 });
    expect(timeline).toMatchObject([{ open: 1 }]);
  });

  it('fails otherwise than by being rejected, once something was sent', async () => {
    const { figures } = await run([{ for: 1_000, failures: 1 }], { breaker: trying(3).breaker });

    expect(figures).toMatchObject({ failed: 10, rejected: 0, sent: 30, lost: 0 });
  });

  it('is given the time, its number, and dice of its own; what is shared has the time, too', async () => {
    const told: unknown[] = [];
    await run([{ for: 100 }], {
      instances: 2,
      shared: ({ clock }) => ({ now: clock.now() }),
      breaker: ({ clock, instance, shared, random }) => {
        told.push([clock.now(), instance, shared, random() === clock.random?.()]);
        return { breaker: new CircuitBreaker({ clock }) };
      },
    });

    expect(told).toEqual([
      [0, 0, { now: 0 }, false],
      [0, 1, { now: 0 }, false],
    ]);
  });
});

describe('a trace', () => {
  it('is played in order of its time, from its first call to its last or the end of an incident', async () => {
    const trace = [
      { t: 7_000, ok: true, ms: 1 },
      { t: 5_000, ok: true, ms: 1 },
      { t: 6_000, ok: false, ms: 1 },
    ];

    const plain = await simulate({ breaker: PATIENT, trace });
    const longer = await simulate({
      breaker: PATIENT,
      trace,
      incidents: [
        { from: 8_000, to: 9_000 },
        { from: 5_500, to: 6_500 },
      ],
    });

    expect([plain.duration, longer.duration, plain.incidents]).toEqual([2_000, 4_000, []]);
    expect(plain.timeline.map(({ from, ok, failed }) => [from, ok, failed])).toEqual([
      [5_000, 1, 0],
      [6_000, 1, 1],
    ]);
    expect(
      longer.incidents.map(({ from, failingCallsSent, instances }) => [from, failingCallsSent, instances]),
    ).toEqual([
      [5_500, 1, [0]],
      [8_000, 0, [0]],
    ]);
  });

  it('has the time of its calls, and instances that share them', async () => {
    const [begun, calls]: [number[], number[]] = [[], [0, 0]];
    const trace = Array.from({ length: 50 }, (_, index) => ({
      t: 5_000 + index,
      ok: true,
      ms: index === 49 ? 4_000 : 1,
    }));
    const { figures } = await simulate({
      trace,
      instances: 2,
      drain: 0,
      breaker: ({ clock, instance }) => {
        begun.push(clock.now());
        return {
          call: (task) => {
            calls[instance] = (calls[instance] as number) + 1;
            return task({ signal: new AbortController().signal });
          },
        };
      },
    });

    expect([begun, figures.pending]).toEqual([[5_000, 5_000], 1]);
    expect(Math.min(...calls)).toBeGreaterThan(10);
  });

  it('has retries that take as long as the good call before', async () => {
    const { figures } = await simulate({
      breaker: trying(2).breaker,
      trace: [
        { t: 0, ok: true, ms: 5 },
        { t: 50, ok: false, ms: 200 },
      ],
    });

    expect(figures).toMatchObject({ ok: 2, sent: 3, waitP99: 205 });
  });
});
