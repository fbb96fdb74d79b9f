import { CircuitBreaker, type Clock } from 'recloser';
import { Resilience } from 'recloser/resilience';
import { type Phase, type SimulationSettings, simulate } from 'recloser/testing';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { digestOf, GOLDEN, goldenSettings } from '../runtimes/behaviours.mjs';
import { errorOf } from '../support/breakers.js';

const EVEN = { rate: 100, arrivals: 'even' } as const;
const WELL: Phase = { for: 10_000, latency: 20 };
const DOWN: Phase = { for: 10_000, failures: 1 };

const OUTAGE: SimulationSettings = {
  breaker: { failureThreshold: 5, recoveryTimeout: 2_000, successThreshold: 1 },
  traffic: EVEN,
  dependency: [WELL, DOWN, WELL],
};

describe('a simulation', () => {
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  it('runs the real breaker through an outage', async () => {
    const { figures, incidents, transitions, duration, seed } = await simulate(OUTAGE);

    expect([seed, duration]).toEqual([1, 30_000]);
    // A call each 10 ms. The last success is told at 10.01 s, so that the fifth failure in a row is at 10.05 s. A probe fails
    // each 2 s, 4 times; that of 20.05 s succeeds 20 ms later. The 5 calls before it would have succeeded.
    expect(figures).toEqual({
      offered: 3_000,
      ok: 1_995,
      fallbacks: 0,
      rejected: 995,
      failed: 10,
      pending: 0,
      sent: 2_005,
      failingCallsSent: 10,
      lost: 5,
      goodput: 0.665,
      trips: 1,
      falseTrips: 0,
      timeToOpen: 50,
      timeToClose: 70,
      longestOpen: 10_020,
      waitP99: 20,
    });
    expect(incidents).toEqual([
      { from: 10_000, to: 20_000, instances: [0], failingCallsSent: 10, timeToOpen: 50, timeToClose: 70 },
    ]);
    expect(transitions.at(0)).toEqual({
      at: 10_050,
      instance: 0,
      from: 'CLOSED',
      to: 'OPEN',
      reason: 'consecutive-failures',
    });
    expect(transitions.at(-1)?.reason).toBe('recovered');
  });

  it('adds up, to the call, whatever happens', async () => {
    const { figures, timeline } = await simulate({
      ...OUTAGE,
      breaker: { callTimeout: 300, recoveryTimeout: 1_000, fallback: () => 'kept', fallbackOn: 'rejection' },
      traffic: { rate: (t) => (t < 5_000 ? 20 : 200) },
      dependency: [
        { for: 10_000, latency: { p50: 20, p99: 400 }, failures: 0.05, hang: 0.02 },
        { for: 5_000, hang: 0.7, failures: 0.3 },
        { for: 5_000, latency: 20, capacity: 50 },
      ],
      drain: 0,
    });

    const sum = (row: typeof figures | (typeof timeline)[number]) =>
      row.ok + row.fallbacks + row.rejected + row.failed + row.pending;
    expect(sum(figures)).toBe(figures.offered);
    for (const row of timeline) expect(sum(row)).toBe(row.offered);
    expect(timeline.reduce((all, { offered }) => all + offered, 0)).toBe(figures.offered);
    expect(timeline.reduce((all, { sent }) => all + sent, 0)).toBe(figures.sent);
    expect(figures.fallbacks).toBeGreaterThan(0);
    expect(figures.failed).toBeGreaterThan(0);
  });

  it.each(GOLDEN)('gives the same figures, to the byte: seed $seed', async (golden) => {
    const run = await simulate(goldenSettings(golden.seed));

    expect(JSON.stringify(run.figures)).toBe(golden.figures);
    expect(digestOf(JSON.stringify(run))).toBe(golden.digest);
  });

  it('gives the same figures where timers belong to requests', async () => {
    vi.stubGlobal('navigator', { userAgent: 'Cloudflare-Workers' });
    const [golden] = GOLDEN;

    const run = await simulate(goldenSettings(1));

    expect(JSON.stringify(run.figures)).toBe(golden?.figures);
  });

  it('brings the same calls whatever the breaker does', async () => {
    const dependency: Phase[] = [{ for: 20_000, latency: { p50: 20, p99: 300 }, failures: 0.3 }];
    const traffic = { rate: 50 };

    const lenient = await simulate({
      breaker: { failureThreshold: false, failureRateThreshold: false },
      traffic,
      dependency,
    });
    const strict = await simulate({
      breaker: { failureThreshold: 2, recoveryTimeout: 1_000 },
      traffic,
      dependency,
    });

    expect(strict.figures.offered).toBe(lenient.figures.offered);
    expect(strict.figures.ok + strict.figures.lost).toBe(lenient.figures.ok);
    expect(strict.figures.falseTrips).toBe(strict.figures.trips);
  });

  it('is as long as it is asked to be, with as many calls as arrive by chance', async () => {
    const run = await simulate({ traffic: { rate: 100 }, dependency: [{ for: 100_000, latency: 1 }] });

    expect(run.figures.offered).toBeGreaterThan(9_700);
    expect(run.figures.offered).toBeLessThan(10_300);
    expect(run.figures.ok).toBe(run.figures.offered);
    expect(run.timeline.map(({ from }) => from).slice(0, 2)).toEqual([0, 2_000]);
    expect(run.timeline.length).toBe(50);
  });

  it('goes by rates that change', async () => {
    const rate = (t: number) => (t < 5_000 ? 10 : t < 8_000 ? 0 : 100);
    const { timeline } = await simulate({
      traffic: { rate, arrivals: 'even' },
      dependency: [{ for: 10_000 }],
    });

    expect(timeline.map(({ offered }) => offered)).toEqual([10, 10, 10, 10, 10, 0, 0, 0, 100, 100]);
  });

  it('queues what is beyond the capacity, those too that nobody waits for', async () => {
    const run = await simulate({
      breaker: { failureThreshold: false, failureRateThreshold: false, callTimeout: 1_000 },
      traffic: EVEN,
      dependency: [{ for: 10_000, latency: 10, capacity: 50 }],
    });

    // The queue grows by 10 ms with each call: after a second's worth, every call is given up.
    expect(run.figures.ok).toBeGreaterThan(95);
    expect(run.figures.ok).toBeLessThan(105);
    expect(run.figures.failed).toBe(1_000 - run.figures.ok);
  });

  it('leaves calls pending that do not end in the time there is', async () => {
    const { figures } = await simulate({
      breaker: { failureThreshold: false },
      traffic: EVEN,
      dependency: [{ for: 1_000, hang: 1 }],
    });

    expect([figures.pending, figures.waitP99, figures.timeToOpen]).toEqual([100, 0, null]);
  });

  it('has an outage of some instances', async () => {
    const run = await simulate({
      ...OUTAGE,
      dependency: [WELL, { ...DOWN, only: [1] }, WELL],
      instances: 2,
    });

    expect(new Set(run.transitions.map(({ instance }) => instance))).toEqual(new Set([1]));
    expect([run.incidents[0]?.instances, run.figures.falseTrips]).toEqual([[1], 0]);
  });

  it('makes what calls go through once for each instance, and what they share once', async () => {
    const stopped: number[] = [];
    let shares = 0;
    const run = await simulate({
      ...OUTAGE,
      instances: 3,
      shared: async ({ clock }) => ({ number: ++shares, clock }),
      breaker: ({ clock, instance, shared, random }) => {
        expect([shared.number, random() < 1, clock.now()]).toEqual([1, true, 0]);
        const breaker = new CircuitBreaker({ clock });
        return { breaker, stop: () => stopped.push(instance) };
      },
    });

    expect([run.figures.offered, shares, stopped]).toEqual([3_000, 1, [0, 1, 2]]);
  });

  it('counts attempts of what tries again', async () => {
    const run = await simulate({
      traffic: EVEN,
      dependency: [{ for: 10_000, failures: 0.5, incident: false }],
      breaker: () => ({
        async call(task) {
          const signal = new AbortController().signal;
          return task({ signal }).catch(() => task({ signal }));
        },
      }),
    });

    expect(run.figures.sent).toBeGreaterThan(1_400);
    expect(run.figures.goodput).toBeGreaterThan(0.7);
    expect([run.incidents, run.figures.timeToOpen, run.figures.trips]).toEqual([[], null, 0]);
  });

  it('plays recorded calls, whose retries succeed', async () => {
    const trace = Array.from({ length: 1_000 }, (_, n) => ({
      t: 5_000 + n * 10,
      ok: n < 300 || n >= 600,
      ms: 5,
      breaker: 'a',
    }));

    const run = await simulate({
      breaker: { recoveryTimeout: 500, successThreshold: 1 },
      trace,
      incidents: [{ from: 8_000, to: 11_000 }],
    });

    expect([run.figures.offered, run.figures.trips, run.figures.falseTrips]).toEqual([1_000, 1, 0]);
    expect(run.incidents[0]?.timeToOpen).toBe(45);
    expect(run.timeline[0]?.from).toBe(5_000);
  });

  it('is plain data, and a text', async () => {
    const run = await simulate(OUTAGE);
    const { text, ...data } = run;

    expect(JSON.parse(JSON.stringify(run))).toEqual(data);
    expect(text()).toMatch(
      /incident 10 s to 20 s: open after 50 ms, closed 70 ms after its end, 10 failing calls sent/,
    );
    expect(text()).toMatch(/^goodput {11}66\.5 %$/m);
    expect(text()).toMatch(/^ {7}11 {7}100 {9}· {9}· {7}100 .* OPEN 1$/m);
  });

  it('takes a moment only', async () => {
    const settings = { ...goldenSettings(1), traffic: { rate: 100 } };
    await simulate(settings);
    await simulate(settings);

    const start = performance.now();
    const { figures } = await simulate(settings);
    const took = performance.now() - start;

    expect(figures.offered).toBeGreaterThan(5_000);
    // 0.3 s at rest; machines are busy.
    expect(took).toBeLessThan(3_000);
  });
});

describe('what the functions of a simulation answer', () => {
  const SOME = { ...OUTAGE, traffic: EVEN };

  it.each<[string, object, string]>([
    [
      'a latency',
      { latency: () => 'soon' },
      '`dependency[1].latency` must answer a finite number of milliseconds of at least 0, received "soon"',
    ],
    [
      'a latency below 0',
      { latency: () => -1 },
      '`dependency[1].latency` must answer a finite number of milliseconds of at least 0, received -1',
    ],
  ])('is refused once, with the path: %s', async (_, phase, message) => {
    const error = await errorOf(simulate({ ...SOME, dependency: [WELL, { for: 5_000, ...phase }] } as never));

    expect(error).toMatchObject({ name: 'InvalidOptionsError', option: 'dependency[1].latency' });
    expect((error as Error).message).toBe(`Cannot simulate: ${message}`);
  });

  it('is refused where only a second attempt hears of it', async () => {
    let asked = 0;
    const settings = {
      breaker: ({ clock }: { clock: Clock }) =>
        new Resilience({ clock, retry: { maxAttempts: 2, backoff: 10 }, failureThreshold: false }),
      traffic: { rate: 1, arrivals: 'even' },
      dependency: [{ for: 2_000, failures: 1, latency: () => (++asked > 2 ? Number.NaN : 1) }],
    };

    const error = await errorOf(simulate(settings as never));

    expect(error).toMatchObject({ option: 'dependency[0].latency' });
  });

  it('ends it with what a function throws', async () => {
    const broken = () => {
      throw new Error('no rate');
    };
    let asked = 0;

    const errors = [
      await errorOf(simulate({ ...SOME, traffic: { rate: broken } })),
      await errorOf(simulate({ ...SOME, traffic: { rate: () => (++asked > 100 ? broken() : 10) } })),
      await errorOf(simulate({ ...SOME, dependency: [{ for: 5_000, latency: broken }] })),
    ];

    expect(errors.map((it) => (it as Error).message)).toEqual(['no rate', 'no rate', 'no rate']);
  });

  it('is what an attempt fails with, thrown too', async () => {
    const seen: unknown[] = [];
    const run = (error: () => unknown) =>
      simulate({
        breaker: () => ({
          call: async (task) => task({ signal: new AbortController().signal }).catch((it) => seen.push(it)),
        }),
        traffic: { rate: 1, arrivals: 'even' },
        dependency: [{ for: 1_000, failures: 1, error }],
      });

    await run(() => 'answered');
    await run(() => {
      throw 'thrown';
    });

    expect(seen).toEqual(['answered', 'thrown']);
  });
});

describe('a dependency that answers after weeks', () => {
  it.each([2 ** 31, 1e12])('is slow, and does not fail: after %i ms', async (latency) => {
    const { figures } = await simulate({
      breaker: { callTimeout: false },
      traffic: { rate: 1, arrivals: 'even' },
      dependency: [{ for: 5_000, latency }],
    });

    expect(figures).toMatchObject({ offered: 5, sent: 5, pending: 5, failed: 0, trips: 0 });
  });
});

describe('settings of a simulation', () => {
  it.each([
    [{ ...OUTAGE, dependency: [WELL, { for: 1, hang: 2 }] }, 'dependency[1].hang'],
    [{ ...OUTAGE, dependency: [{ for: 1, hang: 0.7, failures: 0.7 }] }, 'dependency[0].hang'],
    [{ ...OUTAGE, dependency: [{ for: 1, latency: { p50: 0, p99: 1 } }] }, 'dependency[0].latency.p50'],
    [{ ...OUTAGE, dependency: [{ latency: 1 }] }, 'dependency[0].for'],
    [{ ...OUTAGE, dependency: [{ for: 1, only: [1] }] }, 'dependency[0].only[0]'],
    [{ ...OUTAGE, dependency: [{ for: 1, capacity: 0 }] }, 'dependency[0].capacity'],
    [{ ...OUTAGE, dependency: [{ for: 1, failure: 1 }] }, 'dependency[0].failure'],
    [{ ...OUTAGE, dependency: [] }, 'dependency'],
    [{ traffic: EVEN }, 'dependency'],
    [{ dependency: [WELL] }, 'traffic'],
    [{ ...OUTAGE, traffic: { rate: -1 } }, 'traffic.rate'],
    [{ ...OUTAGE, traffic: { rate: () => Number.NaN } }, 'traffic.rate'],
    [{ ...OUTAGE, traffic: {} }, 'traffic.rate'],
    [{ ...OUTAGE, breaker: { failureThreshold: 0 } }, 'failureThreshold'],
    [{ ...OUTAGE, breaker: { clock: { now: () => 0 } } }, 'breaker.clock'],
    [{ ...OUTAGE, breaker: () => ({}) }, 'breaker'],
    [{ ...OUTAGE, incidents: [] }, 'incidents'],
    [{ ...OUTAGE, trace: [{ t: 0, ok: true, ms: 1 }] }, 'traffic'],
    [{ trace: [{ t: 0, ok: 1, ms: 1 }] }, 'trace[0].ok'],
    [{ trace: [{ t: 0, ok: true, ms: 1 }], incidents: [{ from: 2, to: 1 }] }, 'incidents[0].to'],
    [{ trace: [] }, 'trace'],
    [{ ...OUTAGE, seed: -1 }, 'seed'],
    [{ ...OUTAGE, seeds: 1 }, 'seeds'],
    [5, 'options'],
  ])('are checked, with the path: %j', async (settings, option) => {
    const error = await errorOf(simulate(settings as never));

    expect([(error as Error).name, (error as { option?: string }).option]).toEqual([
      'InvalidOptionsError',
      option,
    ]);
  });
});
