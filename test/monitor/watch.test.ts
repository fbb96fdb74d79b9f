import { CircuitBreaker, type CircuitBreakerOptions, type CircuitBreakerRegistry } from 'recloser';
import { ALERT_CONDITIONS, type Alert, type AlertRules, history, watch } from 'recloser/monitor';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { createBreaker, failTimes, play, refusalOf, succeedTimes } from '../support/breakers.js';
import { breakMetrics, mend } from '../support/broken.js';
import { collectGarbage } from '../support/garbage.mjs';
import { createRegistry, registryOf } from '../support/registries.js';
import { quiet, watchRuntime } from '../support/runtime.js';

const TOLERANT = { failureThreshold: false, failureRateThreshold: false } as const;

/** Every condition is off but one. */
function only<Name extends keyof AlertRules>(name: Name, rule: AlertRules[Name] = true): AlertRules {
  const off = Object.fromEntries(Object.keys(ALERT_CONDITIONS).map((it) => [it, false]));
  return { ...off, [name]: rule };
}

/** A watched breaker on a manual clock, with its alerts as `open firing`. */
function watched(rules: true | AlertRules, options: CircuitBreakerOptions = {}) {
  const { breaker, clock } = createBreaker(options);
  const alerts: Alert[] = [];
  const watching = watch(breaker, rules, (alert) => alerts.push(alert), { every: false });
  return {
    breaker,
    clock,
    watching,
    alerts,
    told: () => alerts.map(({ alert, status }) => `${alert} ${status}`),
    /** Lets time pass with a check every 10 s, as the interval makes them. */
    pass(ms: number) {
      for (const end = clock.time + ms; clock.time < end; watching.check()) {
        clock.advance(Math.min(10_000, end - clock.time));
      }
    },
    check: () => watching.check(),
  };
}

describe('open', () => {
  test('fires at once and resolves when the circuit is closed', () => {
    const { breaker, told } = watched(only('open'));

    breaker.trip();
    const whileOpen = told();
    breaker.reset();

    expect(whileOpen).toEqual(['open firing']);
    expect(told()).toEqual(['open firing', 'open resolved']);
  });

  test('goes on while probes fail', async () => {
    const { breaker, told, pass } = watched(only('open'), { recoveryTimeout: 1_000 });

    breaker.trip();
    for (let i = 0; i < 3; i++) {
      pass(1_000);
      await failTimes(breaker, 1);
    }

    expect(told()).toEqual(['open firing']);
  });

  test('fires for a circuit that is OPEN when the watch begins, at the first check', () => {
    const breaker = new CircuitBreaker();
    breaker.trip();
    const alerts: Alert[] = [];

    watch(breaker, only('open'), (alert) => alerts.push(alert), { every: false }).check();

    expect(alerts).toMatchObject([{ alert: 'open', status: 'firing' }]);
  });

  test('tells who, since when, how long and why', () => {
    const { breaker, alerts, pass } = watched(only('open'), { name: 'pay\nments' });

    breaker.trip('by hand');
    pass(90_000);
    breaker.reset();

    expect(alerts).toEqual([
      {
        alert: 'open',
        status: 'firing',
        breaker: 'pay\nments',
        since: 5_000,
        at: 5_000,
        time: 1_700_000_000_000,
        value: 1,
        threshold: 1,
        text: 'pay ments: circuit open. OPEN for 0 ms: trip() was called, "by hand"; probes in 1 s',
      },
      {
        alert: 'open',
        status: 'resolved',
        breaker: 'pay\nments',
        since: 5_000,
        at: 95_000,
        time: 1_700_000_090_000,
        value: 0,
        threshold: 1,
        text: 'pay ments: resolved after 1 min 30 s: circuit open. CLOSED for 0 ms: it was reset; no call is in its window',
      },
    ]);
    expect(JSON.parse(JSON.stringify(alerts))).toEqual(alerts);
  });
});

describe('failureRate', () => {
  const rule = only('failureRate', { above: 0.25, over: 300_000, minimumCalls: 20 });

  test.each<[outcomes: string, fires: boolean]>([
    ['sss'.repeat(5) + 'f'.repeat(5), false],
    ['sss'.repeat(5) + 'f'.repeat(6), true],
    ['f'.repeat(19), false],
    ['f'.repeat(20), true],
  ])('after %s fires: %s', async (outcomes, fires) => {
    const { breaker, told, check } = watched(rule, TOLERANT);

    await play(breaker, outcomes);
    check();

    expect(told()).toEqual(fires ? ['failureRate firing'] : []);
  });

  test('fires once for an episode', async () => {
    const { breaker, told, pass } = watched(rule, TOLERANT);

    for (let i = 0; i < 20; i++) {
      await failTimes(breaker, 5);
      pass(20_000);
    }

    expect(told()).toEqual(['failureRate firing']);
  });

  test('resolves when the calls are well again', async () => {
    const { breaker, told, pass } = watched(rule, TOLERANT);
    await failTimes(breaker, 20);
    pass(10_000);

    await succeedTimes(breaker, 60);
    pass(10_000);

    expect(told()).toEqual(['failureRate firing', 'failureRate resolved']);
  });

  test('resolves when nobody calls any more', async () => {
    const { breaker, told, pass } = watched(rule, TOLERANT);
    await failTimes(breaker, 20);
    pass(290_000);
    const before = told();

    pass(60_000);

    expect(before).toEqual(['failureRate firing']);
    expect(told()).toEqual(['failureRate firing', 'failureRate resolved']);
  });

  test('resolves when nobody has looked for a period', async () => {
    const { clock, told, check, pass, breaker } = watched(rule, TOLERANT);
    await failTimes(breaker, 30);
    pass(10_000);
    const before = told();

    clock.advance(3_600_000);
    check();

    expect(before).toEqual(['failureRate firing']);
    expect(told()).toEqual(['failureRate firing', 'failureRate resolved']);
  });

  test('knows nothing of calls from before the watch', async () => {
    const { breaker } = createBreaker(TOLERANT);
    await failTimes(breaker, 100);
    const alerts: Alert[] = [];

    watch(breaker, rule, (alert) => alerts.push(alert), { every: false }).check();

    expect(alerts).toEqual([]);
  });

  test('is told with its figures', async () => {
    const { breaker, alerts, check } = watched(rule, TOLERANT);
    await play(breaker, 's'.repeat(10) + 'f'.repeat(10));

    check();

    expect(alerts).toMatchObject([{ value: 0.5, threshold: 0.25 }]);
    expect(alerts[0]?.text).toContain('test: failure rate above 25 % within 5 min (50 %). CLOSED for 0 ms: ');
  });
});

describe('openTooLong', () => {
  const rule = only('openTooLong', { margin: 60_000 });

  test.each<[what: string, options: CircuitBreakerOptions, limit: number]>([
    ['a number', { recoveryTimeout: 30_000 }, 90_000],
    ['a backoff', { recoveryTimeout: () => 10_000 }, 70_000],
  ])('fires after the recovery time, given as %s, and the margin', (_, options, limit) => {
    const { breaker, told, pass } = watched(rule, options);
    breaker.trip();

    pass(limit);
    const before = told();
    pass(1);

    expect(before).toEqual([]);
    expect(told()).toEqual(['openTooLong firing']);
  });

  test('counts from when CLOSED was left, and resolves when it is reached', async () => {
    const { breaker, told, pass } = watched(rule, { recoveryTimeout: 50_000, successThreshold: 1 });
    breaker.trip();
    pass(50_000);
    await failTimes(breaker, 1);
    pass(61_000);
    const before = told();

    await succeedTimes(breaker, 1);

    expect(before).toEqual(['openTooLong firing']);
    expect(told()).toEqual(['openTooLong firing', 'openTooLong resolved']);
  });

  test('begins anew after CLOSED', () => {
    const { breaker, told, pass } = watched(rule, { recoveryTimeout: 0 });
    for (let i = 0; i < 3; i++) {
      breaker.trip();
      pass(59_000);
      breaker.reset();
    }

    expect(told()).toEqual([]);
  });
});

describe('health', () => {
  const rule = only('health', { below: 0.5, for: 120_000 });

  test('fires when it was low for so long, and resolves when it is not', async () => {
    const { breaker, told, pass } = watched(rule, { failureThreshold: 4, failureRateThreshold: false });
    await failTimes(breaker, 3);

    pass(120_000);
    const before = told();
    pass(10_000);
    const after = told();
    await succeedTimes(breaker, 1);
    pass(10_000);

    expect(before).toEqual([]);
    expect(after).toEqual(['health firing']);
    expect(told()).toEqual(['health firing', 'health resolved']);
  });

  test('is not low at the figure itself', async () => {
    const { breaker, told, pass } = watched(rule, { failureThreshold: 4, failureRateThreshold: false });
    await failTimes(breaker, 2);

    pass(500_000);

    expect(told()).toEqual([]);
  });

  test('counts anew when it was well for a moment', async () => {
    const { breaker, told, pass } = watched(rule, { failureThreshold: 4, failureRateThreshold: false });
    for (let i = 0; i < 3; i++) {
      await failTimes(breaker, 3);
      pass(100_000);
      await succeedTimes(breaker, 1);
      pass(10_000);
    }

    expect(told()).toEqual([]);
  });
});

describe('fallbacks', () => {
  const rule = only('fallbacks', { above: 0.1, over: 300_000, minimumCalls: 20 });

  test.each<[answered: number, fires: boolean]>([
    [2, false],
    [3, true],
  ])('%i of 20 calls: fires %s', async (answered, fires) => {
    const { breaker, told, check } = watched(rule, { ...TOLERANT, fallback: () => 'cached' });
    await failTimes(breaker, answered);
    await succeedTimes(breaker, 20 - answered);

    check();

    expect(told()).toEqual(fires ? ['fallbacks firing'] : []);
  });

  test('count for rejected calls too', async () => {
    const { breaker, told, check } = watched(rule, { fallback: () => 'cached' });
    breaker.trip();

    await succeedTimes(breaker, 20);
    check();

    expect(told()).toEqual(['fallbacks firing']);
  });
});

describe('flapping', () => {
  const rule = only('flapping', { opened: 3, over: 900_000 });

  test('fires at the third opening and resolves when the first is long ago', () => {
    const { breaker, told, pass } = watched(rule);
    for (let i = 0; i < 3; i++) {
      pass(100_000);
      breaker.trip();
      breaker.reset();
    }
    const before = told();

    pass(690_000);
    const still = told();
    pass(10_000);

    expect(before).toEqual(['flapping firing']);
    expect(still).toEqual(['flapping firing']);
    expect(told()).toEqual(['flapping firing', 'flapping resolved']);
  });

  test('does not fire for one outage whose probes fail', async () => {
    const { breaker, told, pass } = watched(rule, { recoveryTimeout: 1_000 });
    breaker.trip();

    for (let i = 0; i < 10; i++) {
      pass(1_000);
      await failTimes(breaker, 1);
    }

    expect(breaker.metrics.totals.opened).toBe(11);
    expect(told()).toEqual([]);
  });

  test('does not fire for openings that are far apart', () => {
    const { breaker, told, pass } = watched(rule);

    for (let i = 0; i < 10; i++) {
      breaker.trip();
      breaker.reset();
      pass(450_000);
    }

    expect(told()).toEqual([]);
  });
});

describe('a restored snapshot', () => {
  const shares = { ...only('failureRate'), fallbacks: true };

  /** What a breaker of another process tells after ten successes and 90 failures, each answered by a fallback. */
  async function otherSnapshot(options: CircuitBreakerOptions = TOLERANT) {
    const { breaker, clock } = createBreaker({ ...options, fallback: () => 'cached' });
    clock.advance(100);
    breaker.reset();
    await play(breaker, 's'.repeat(10) + 'f'.repeat(90));
    return breaker.snapshot();
  }

  test.each<[what: string, options: CircuitBreakerOptions]>([
    ['CLOSED', TOLERANT],
    ['OPEN', { failureThreshold: 90, failureRateThreshold: false }],
  ])('in which it is %s is no traffic', async (state, options) => {
    const snapshot = await otherSnapshot(options);
    const { breaker, clock, told, check, pass } = watched(shares, TOLERANT);
    pass(10_000);

    breaker.restore({ ...snapshot, takenAt: clock.epoch() });
    check();
    pass(20_000);

    expect(breaker.metrics).toMatchObject({ state, totals: { failures: 90 } });
    expect(told()).toEqual([]);
  });

  test('for a breaker of a registry is no traffic', async () => {
    const { registry, clock } = registryOf(['test'], { defaults: TOLERANT });
    const told: string[] = [];
    const watching = watch(registry, shares, ({ alert }) => told.push(alert), { every: false });
    clock.advance(1_000);

    registry.restore({ version: 1, breakers: [await otherSnapshot()] });
    watching.check();

    expect(told).toEqual([]);
  });

  test('does not hide the calls that come after the next look', async () => {
    const { breaker, told, pass } = watched(shares, { ...TOLERANT, fallback: () => 'cached' });
    pass(10_000);
    breaker.restore(await otherSnapshot());
    await failTimes(breaker, 30);
    pass(10_000);
    const before = told();

    await failTimes(breaker, 20);
    pass(10_000);

    expect(before).toEqual([]);
    expect(told()).toEqual(['failureRate firing', 'fallbacks firing']);
  });

  test('does not stop the count where its stay goes on', async () => {
    const { breaker, told, pass } = watched(only('failureRate'), TOLERANT);
    pass(10_000);
    breaker.restore(await otherSnapshot());
    pass(10_000);

    for (let i = 0; i < 4; i++) {
      await failTimes(breaker, 5);
      pass(10_000);
    }

    expect(told()).toEqual(['failureRate firing']);
  });

  test('is no opening that counts as flapping', () => {
    const { breaker: other } = createBreaker();
    other.trip();
    const { breaker, told, check } = watched(only('flapping', { opened: 1 }));

    breaker.restore(other.snapshot());
    check();

    expect(told()).toEqual([]);
  });

  test('of an OPEN circuit, taken over while OPEN, is no second opening', () => {
    const { breaker: other } = createBreaker();
    for (let i = 0; i < 5; i++) {
      other.reset();
      other.trip();
    }
    const { breaker, told, check } = watched(only('flapping', { opened: 2 }));
    breaker.trip();

    breaker.restore(other.snapshot());
    check();

    expect(told()).toEqual([]);
  });
});

describe('a change of state', () => {
  test.each<[what: string, change: (breaker: CircuitBreaker) => void]>([
    ['trip()', (breaker) => breaker.trip()],
    ['forceOpen()', (breaker) => breaker.forceOpen()],
    [
      'reset() while OPEN',
      (breaker) => {
        breaker.trip();
        breaker.reset();
      },
    ],
  ])('by %s does not hide the calls before it', async (_, change) => {
    const { breaker, clock, told, check } = watched(only('failureRate'), TOLERANT);
    await failTimes(breaker, 30);
    clock.advance(1_000);

    change(breaker);
    check();

    expect(told()).toEqual(['failureRate firing']);
  });

  test('that is none, reset() while CLOSED, begins the count anew', async () => {
    const { breaker, clock, told, check } = watched(only('failureRate'), TOLERANT);
    await failTimes(breaker, 30);
    check();
    clock.advance(1_000);

    breaker.reset();
    check();

    expect(told()).toEqual(['failureRate firing', 'failureRate resolved']);
  });
});

describe('the rules', () => {
  test('are all on, with the published figures, for `true` and for `{}`', () => {
    const counts = [true, {}].map((rules) => {
      const { breaker, told, pass } = watched(rules as AlertRules);
      for (let i = 0; i < 3; i++) {
        breaker.trip();
        breaker.reset();
      }
      breaker.trip();
      pass(200_000);
      return told().filter((it) => it.endsWith('firing'));
    });

    const expected = ['open', 'open', 'flapping', 'open', 'open', 'openTooLong', 'health'];
    expect(counts.map((it) => it.sort())).toEqual(Array(2).fill(expected.map((it) => `${it} firing`).sort()));
  });

  test('that are given keep the other figures', async () => {
    const { breaker, told, check } = watched(only('failureRate', { minimumCalls: 1 }), TOLERANT);

    await failTimes(breaker, 1);
    check();

    expect(told()).toEqual(['failureRate firing']);
  });

  test.each<[unknown, string, string]>([
    [undefined, 'rules', 'Cannot watch: `rules` must be true, or an object, received undefined'],
    [false, 'rules', 'Cannot watch: `rules` must be true, or an object, received false'],
    [
      { failureRates: {} },
      'failureRates',
      'Cannot watch: unknown option "failureRates", did you mean "failureRate"?',
    ],
    [{ open: 1 }, 'open', 'Cannot watch: `open` must be true or false, or an object, received 1'],
    [{ open: { for: 1 } }, 'open.for', 'Cannot watch: unknown option "open.for"'],
    [
      { health: { bellow: 1 } },
      'health.bellow',
      'Cannot watch: unknown option "health.bellow", did you mean "health.below"?',
    ],
    [
      { health: { below: 50 } },
      'health.below',
      'Cannot watch: `health.below` must be a number from 0 to 1, received 50',
    ],
    [
      { flapping: { opened: 0 } },
      'flapping.opened',
      'Cannot watch: `flapping.opened` must be an integer from 1 to 1000, received 0',
    ],
    [
      { fallbacks: { over: Number.NaN } },
      'fallbacks.over',
      'Cannot watch: `fallbacks.over` must be a finite number of milliseconds of at least 1, received NaN',
    ],
  ])('%j are one clear error', (rules, option, message) => {
    const error = refusalOf(() => watch(new CircuitBreaker(), rules as AlertRules, () => {}));

    expect(error).toMatchObject({ option, message });
  });

  test.each<[unknown, unknown, unknown, string]>([
    [{}, () => {}, {}, 'Cannot watch: `source` must be a circuit breaker or a registry, received an object'],
    [new CircuitBreaker(), undefined, {}, 'Cannot watch: `onAlert` must be a function, received undefined'],
    [
      new CircuitBreaker(),
      () => {},
      { every: 0 },
      'Cannot watch: `every` must be a number of milliseconds from 1 to 2147483647, received 0',
    ],
    [
      new CircuitBreaker(),
      () => {},
      { history: {} },
      'Cannot watch: `history` must be a history, received an object',
    ],
    [
      new CircuitBreaker(),
      () => {},
      { evry: 5 },
      'Cannot watch: unknown option "evry", did you mean "every"?',
    ],
  ])('and the rest of bad input is too: %#', (source, onAlert, options, message) => {
    const error = refusalOf(() =>
      watch(source as CircuitBreaker, true, onAlert as () => void, options as object),
    );

    expect(error.message).toBe(message);
  });
});

describe('a registry', () => {
  function watchRegistry(registry: CircuitBreakerRegistry, rules: AlertRules = only('open')) {
    const told: string[] = [];
    const watching = watch(
      registry,
      rules,
      ({ breaker, alert, status }) => told.push(`${breaker} ${alert} ${status}`),
      {
        every: false,
      },
    );
    return { told, watching };
  }

  test('is watched with the breakers that are made later', () => {
    const { registry } = registryOf(['a']);
    const { told } = watchRegistry(registry);

    registry.getOrCreate('__proto__').trip();

    expect(told).toEqual(['__proto__ open firing']);
  });

  test('that deletes a breaker has its alerts resolved', () => {
    const { registry } = registryOf(['a', 'b']);
    const { told, watching } = watchRegistry(registry);
    registry.get('a')?.trip();
    registry.get('b')?.trip();

    registry.delete('a');

    expect(told).toEqual(['a open firing', 'b open firing', 'a open resolved']);
    expect(watching.firing.map(({ breaker }) => breaker)).toEqual(['b']);
  });

  test('that makes a breaker again has it judged anew', () => {
    const { registry } = registryOf(['a']);
    const { told } = watchRegistry(registry, only('flapping', { opened: 2 }));
    registry.getOrCreate('a').trip();
    registry.delete('a');

    registry.getOrCreate('a').trip();

    expect(told).toEqual([]);
  });
});

describe('the listener', () => {
  test('that throws or rejects disturbs neither the call nor other alerts', async () => {
    const { uncaught } = watchRuntime();
    const { breaker } = createBreaker({ failureThreshold: 1 });
    let alerts = 0;
    watch(
      breaker,
      { ...only('open'), failureRate: { minimumCalls: 1 } },
      () => {
        if (++alerts === 1) throw new Error('first');
        return Promise.reject(new Error('second'));
      },
      { every: false },
    );

    const result = await breaker.tryCall(() => {
      throw new Error('boom');
    });
    await quiet();

    expect(result).toMatchObject({ ok: false, error: { message: 'boom' } });
    expect(uncaught).toMatchObject([{ message: 'first' }, { message: 'second' }]);
  });

  test('is told everything in order, also what it causes', () => {
    const { breaker, clock } = createBreaker();
    const told: string[] = [];
    const rules = { ...only('open'), health: { for: 0 } };
    const watching = watch(
      breaker,
      rules,
      ({ alert, status }) => {
        told.push(`${alert} ${status}`);
        if (told.length === 1) breaker.reset();
      },
      { every: false },
    );
    breaker.on('open', () => clock.advance(1));

    breaker.forceOpen();
    watching.check();

    expect(told).toEqual(['open firing', 'health firing', 'open resolved', 'health resolved']);
  });

  test('may cause alerts while all breakers are looked at', () => {
    const { registry } = createRegistry();
    for (const name of ['a', 'b']) registry.getOrCreate(name).trip();
    const told: string[] = [];
    const watching = watch(
      registry,
      only('open'),
      ({ breaker, status }) => {
        told.push(`${breaker} ${status}`);
        registry.clear();
      },
      { every: false },
    );

    watching.check();

    expect(told).toEqual(['a firing', 'a resolved']);
  });

  test('may stop the watch, and is told nothing after that', () => {
    const { breaker } = createBreaker();
    const told: string[] = [];
    const watching = watch(breaker, { ...only('open'), health: { for: 0 } }, ({ alert }) => {
      told.push(alert);
      watching.stop();
    });

    breaker.trip();
    breaker.reset();
    watching.check();

    expect(told).toEqual(['open']);
  });
});

describe('a history', () => {
  test('gives the texts the failures by type', async () => {
    const { breaker } = createBreaker({ failureThreshold: 2 });
    history(breaker);
    const alerts: Alert[] = [];
    watch(breaker, only('open'), (alert) => alerts.push(alert), { every: false });

    await failTimes(breaker, 2, Object.assign(new Error('boom'), { code: 'ECONNREFUSED' }));

    expect(alerts[0]?.text).toContain('2 calls in a row failed (2 ≥ 2); 2 ECONNREFUSED; ');
  });

  test('that is given is asked instead of the one that is kept', async () => {
    const { breaker } = createBreaker({ failureThreshold: 2 });
    history(breaker);
    const past = { failures: () => [], opening: () => undefined };
    const alerts: Alert[] = [];
    watch(breaker, only('open'), (alert) => alerts.push(alert), { every: false, history: past });

    await failTimes(breaker, 2, Object.assign(new Error('boom'), { code: 'ECONNREFUSED' }));

    expect(alerts[0]?.text).not.toContain('2 ECONNREFUSED');
  });
});

describe('a breaker that cannot be read', () => {
  test('takes nothing from the others, is reported once, and is watched when it can be read', async () => {
    const { uncaught } = watchRuntime();
    const { registry } = createRegistry();
    for (let i = 0; i < 2_000; i++) registry.getOrCreate(`b${i}`);
    breakMetrics(registry.get('b700'));
    const told: string[] = [];
    const watching = watch(registry, only('open'), ({ breaker }) => told.push(breaker), { every: false });
    registry.get('b1999')?.trip();

    watching.check();
    watching.check();
    mend(registry.get('b700'));
    registry.get('b700')?.trip();
    watching.check();

    expect(told).toEqual(['b1999', 'b700']);
    await quiet();
    expect(uncaught).toMatchObject([{ message: 'a broken clock' }]);
  });

  test('keeps the alert that it could not make for the next look', async () => {
    watchRuntime();
    const { breaker } = createBreaker();
    const told: string[] = [];
    let isBroken = true;
    const past = {
      failures: () => [],
      opening: () => {
        if (isBroken) throw new Error('a broken history');
        return undefined;
      },
    };
    const watching = watch(breaker, only('open'), ({ alert }) => told.push(alert), {
      every: false,
      history: past,
    });

    breaker.trip();
    const before = [...told];
    isBroken = false;
    watching.check();

    expect([before, told]).toEqual([[], ['open']]);
    await quiet();
  });
});

describe('the timers of a clock', () => {
  /** A clock whose timers run when its time passes. */
  function clockWithTimers() {
    const timers = new Map<number, { readonly at: number; run(): void }>();
    let time = 0;
    let last = 0;
    return {
      timers,
      now: () => time,
      setTimeout: (run: () => void, ms: number) => {
        timers.set(++last, { at: time + ms, run });
        return last;
      },
      clearTimeout: (timer: unknown) => void timers.delete(timer as number),
      pass(ms: number) {
        const end = time + ms;
        for (;;) {
          const [next] = [...timers].filter(([, { at }]) => at <= end).sort(([, a], [, b]) => a.at - b.at);
          if (next === undefined) break;
          timers.delete(next[0]);
          time = next[1].at;
          next[1].run();
        }
        time = end;
      },
    };
  }

  test('make the rounds, each set when the one before has ended', () => {
    const clock = clockWithTimers();
    const breaker = new CircuitBreaker({ clock });
    const told: string[] = [];
    const watching = watch(breaker, only('health', { for: 20_000 }), ({ status }) => told.push(status));
    breaker.trip();

    clock.pass(15_000);
    const before = [...told];
    clock.pass(15_000);

    expect([before, told]).toEqual([[], ['firing']]);
    expect(clock.timers.size).toBe(1);
    watching.stop();
    expect(clock.timers.size).toBe(0);
  });

  test('are set again when they were taken along by somebody', () => {
    const clock = clockWithTimers();
    const breaker = new CircuitBreaker({ clock });
    const watching = watch(breaker, only('open'), () => {});
    clock.timers.clear();

    clock.pass(30_000);
    breaker.trip();

    expect(clock.timers.size).toBe(1);
    watching.stop();
  });

  test('are left where they are as long as they may fire', () => {
    const clock = clockWithTimers();
    const breaker = new CircuitBreaker({ clock });
    const watching = watch(breaker, only('open'), () => {});
    const [before] = [...clock.timers.keys()];

    clock.pass(5_000);
    breaker.trip();

    expect([...clock.timers.keys()]).toEqual([before]);
    watching.stop();
  });
});

describe('the rounds', () => {
  function useFakeTimers(): void {
    vi.useFakeTimers();
    onTestFinished(() => {
      vi.useRealTimers();
    });
  }

  test('tells alerts when nobody calls any more', () => {
    useFakeTimers();
    const { breaker, clock } = createBreaker();
    const told: string[] = [];
    watch(breaker, only('health', { for: 20_000 }), ({ status }) => told.push(status));
    breaker.trip();

    for (let i = 0; i < 2; i++) {
      clock.advance(10_000);
      vi.advanceTimersByTime(10_000);
    }

    expect(told).toEqual(['firing']);
  });

  test('ends when the watch is stopped', () => {
    useFakeTimers();
    const { breaker } = createBreaker();

    watch(breaker, true, () => {}).stop();

    expect(vi.getTimerCount()).toBe(0);
  });

  test('is none where it is `false`', () => {
    useFakeTimers();

    watch(createBreaker().breaker, true, () => {}, { every: false });

    expect(vi.getTimerCount()).toBe(0);
  });

  test('keeps no process alive', () => {
    const set = vi.spyOn(globalThis, 'setTimeout');

    const watching = watch(new CircuitBreaker(), true, () => {});
    onTestFinished(() => watching.stop());

    expect((set.mock.results[0]!.value as NodeJS.Timeout).hasRef()).toBe(false);
  });

  test('looks at 10,000 breakers 500 at a time', () => {
    useFakeTimers();
    const { registry } = createRegistry();
    for (let i = 0; i < 10_000; i++) registry.getOrCreate(`b${i}`);
    let alerts = 0;
    const watching = watch(registry, only('open'), () => alerts++, { every: 10_000 });
    onTestFinished(() => watching.stop());
    for (const breaker of registry) breaker.trip();
    const before = alerts;
    for (const breaker of registry) breaker.reset();

    expect(before).toBe(10_000);
    expect(looksPerTurn(registry)).toEqual([...Array(20).fill(500), 0]);
  });

  /** How many breakers are looked at in each turn of the timers, from the next interval on. */
  function looksPerTurn(registry: CircuitBreakerRegistry): number[] {
    const [first] = registry;
    const now = vi.spyOn(first!.options.clock, 'now');
    const turns: number[] = [];
    vi.advanceTimersByTime(10_000);
    while (turns.at(-1) !== 0) {
      turns.push(Math.floor(now.mock.calls.length / READINGS_PER_LOOK)); // the rounds read it once themselves
      now.mockClear();
      vi.advanceTimersToNextTimer();
    }
    return turns;
  }

  const READINGS_PER_LOOK = 2;

  test('goes on with the others when a breaker cannot be read', async () => {
    const { uncaught } = watchRuntime();
    const { registry } = createRegistry();
    const broken = registry.getOrCreate('broken');
    const b = registry.getOrCreate('b');
    b.trip();
    const told: string[] = [];
    const watching = watch(registry, only('open'), ({ breaker }) => told.push(breaker), { every: false });
    Object.defineProperty(broken, 'metrics', {
      get() {
        throw new Error('no figures');
      },
    });

    watching.check();
    await quiet();

    expect(told).toEqual(['b']);
    expect(uncaught).toMatchObject([{ message: 'no figures' }]);
  });
});

describe('memory', () => {
  test('is given back when a registry is dropped whose watch was not stopped', async () => {
    const dropped = (() => {
      const { registry } = registryOf(['a']);
      watch(registry, true, () => {}, { every: 1_000_000 });
      return new WeakRef(registry);
    })();

    await collectGarbage();

    expect(dropped.deref()).toBeUndefined();
  });

  test('is given back when a watch was stopped whose registry lives on', async () => {
    const { registry } = registryOf(['a']);
    const dropped = (() => {
      const watching = watch(registry, true, () => {});
      watching.stop();
      return new WeakRef(watching);
    })();

    await collectGarbage();

    expect(dropped.deref()).toBeUndefined();
    expect(registry.size).toBe(1);
  });

  test('does not hold breakers that were deleted', async () => {
    const { registry } = createRegistry();
    const watching = watch(registry, true, () => {});
    onTestFinished(() => watching.stop());
    const dropped = (() => {
      const breaker = registry.getOrCreate('a');
      breaker.trip();
      registry.delete('a');
      return new WeakRef(breaker);
    })();

    await collectGarbage();

    expect(dropped.deref()).toBeUndefined();
  });
});
