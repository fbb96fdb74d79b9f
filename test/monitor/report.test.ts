import { formatReport, history, report } from 'recloser/monitor';
import { describe, expect, test } from 'vitest';
import { createBreaker, failing, failTimes, play, refusalOf, succeedTimes } from '../support/breakers.js';
import { BRITTLE, createRegistry, registryOf } from '../support/registries.js';

const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });

describe('a report', () => {
  test('tells the worst breakers first', async () => {
    const names = ['well', 'b', 'a', 'failing', 'half', 'open'];
    const { registry, clock } = registryOf(names, { defaults: { failureThreshold: 4 } });
    registry.get('half')?.trip();
    clock.advance(60_000);
    registry.get('half')?.acquire();
    registry.get('open')?.trip();
    await failTimes(registry.getOrCreate('failing'), 2);

    const { breakers } = report(registry);

    expect(breakers.map(({ breaker }) => breaker)).toEqual(['open', 'half', 'failing', 'a', 'b', 'well']);
  });

  test('counts the states and has the mean of the healths', () => {
    const { registry } = registryOf(['a', 'b']);
    registry.get('a')?.trip();

    expect(report(registry)).toMatchObject({ total: 2, open: 1, halfOpen: 0, closed: 1, health: 0.5 });
  });

  test('of no breakers is healthy', () => {
    expect(report(createRegistry().registry)).toMatchObject({ total: 0, health: 1, breakers: [] });
  });

  test('of a single breaker tells of that', () => {
    const { breaker } = createBreaker();

    expect(report(breaker).breakers.map((it) => it.breaker)).toEqual(['test']);
  });

  test('has what a history knows', async () => {
    const { registry } = registryOf(['a', 'b'], { defaults: { failureThreshold: 2 } });
    const past = history(registry);
    await failTimes(registry.getOrCreate('a'), 2, refused);
    await play(registry.getOrCreate('b'), 'sf');

    const { breakers, failures, transitions } = past.report();

    expect(breakers.map((it) => it.failures)).toEqual([
      [{ type: 'ECONNREFUSED', count: 2 }],
      [{ type: 'Error', count: 1 }],
    ]);
    expect(breakers.map(({ percentiles }) => percentiles?.count)).toEqual([2, 2]);
    expect(failures.map(({ breaker }) => breaker)).toEqual(['b', 'a', 'a']);
    expect(transitions.map(({ to }) => to)).toEqual(['OPEN']);
  });

  test('says of each breaker what an explanation with the same history says', async () => {
    const { registry } = registryOf(['a', 'b'], { defaults: { failureThreshold: 2 } });
    const past = history(registry);
    await failTimes(registry.getOrCreate('a'), 2, refused);
    await play(registry.getOrCreate('b'), 'sf');

    for (const told of past.report().breakers) expect(told).toMatchObject(past.explain(told.breaker) ?? {});
  });

  test('has what the history knows that is kept of the same registry', async () => {
    const { registry } = registryOf(['a'], { defaults: { failureThreshold: 2 } });
    const past = history(registry);
    await failTimes(registry.getOrCreate('a'), 2, refused);

    const { time: _, ...made } = report(registry);

    expect(made.failures).toHaveLength(2);
    expect(past.report()).toMatchObject(made);
  });

  test('has nothing of a history that was stopped', async () => {
    const { registry } = registryOf(['a'], { defaults: BRITTLE });
    const past = history(registry);
    await failTimes(registry.getOrCreate('a'), 1, refused);

    past.stop();

    expect(report(registry)).toMatchObject({ failures: [], breakers: [{ failures: [], percentiles: null }] });
  });

  test('has at most the last 20 failures and changes', async () => {
    const { registry } = registryOf(['a'], { defaults: BRITTLE });
    const past = history(registry);
    for (let i = 0; i < 30; i++) {
      await failTimes(registry.getOrCreate('a'), 1);
      registry.get('a')?.reset();
    }

    const { failures, transitions } = past.report();

    expect([failures.length, transitions.length]).toEqual([20, 20]);
  });

  test('is the same after a trip through JSON, whatever has failed', async () => {
    const { registry } = registryOf(['__proto__', 'b'], {
      defaults: { ...BRITTLE, recoveryTimeout: Number.MAX_VALUE },
    });
    const past = history(registry);
    const cyclic = Object.assign(new Error('cyclic'), { self: {} as unknown });
    cyclic.self = cyclic;
    await registry.getOrCreate('__proto__').tryCall(failing(cyclic));
    await registry.getOrCreate('b').tryCall(failing(10n));

    const made = past.report();

    expect(JSON.parse(JSON.stringify(made))).toEqual(made);
  });

  test('changes no breaker', () => {
    const { registry, clock } = registryOf(['a']);
    registry.get('a')?.trip();
    clock.advance(60_000);
    const before = registry.toJSON();

    report(registry);

    expect(registry.toJSON()).toEqual(before);
  });

  test.each([null, { failures: () => [] }])('with anything but a history is one clear error: %j', (past) => {
    const error = refusalOf(() => report(createBreaker().breaker, past as never));

    expect(error.message).toMatch(/^Cannot report: `history` must be a history, received /);
  });

  test('of anything else is one clear error', () => {
    const error = refusalOf(() => report({} as never));

    expect(error.message).toBe(
      'Cannot report: `source` must be a circuit breaker or a registry, received an object',
    );
  });
});

describe('a report as text', () => {
  test('is an aligned table with what happened last', async () => {
    const { registry, clock } = registryOf(['users', 'payments'], { defaults: { failureThreshold: 2 } });
    const past = history(registry);
    await succeedTimes(registry.getOrCreate('users'), 1);
    await registry.getOrCreate('payments').tryCall(async () => {
      clock.advance(40);
      throw refused;
    });
    await failTimes(registry.getOrCreate('payments'), 1, refused);
    await succeedTimes(registry.getOrCreate('payments'), 3);

    expect(formatReport(past.report())).toBe(
      [
        '2 breakers: 1 OPEN, 0 HALF_OPEN, 1 CLOSED; health 0.5',
        '',
        'BREAKER   FAILED  REJECTED  P50   P99    STATE',
        'payments  100 %   3         0 ms  40 ms  OPEN for 0 ms: 2 calls in a row failed (2 ≥ 2); 2 ECONNREFUSED; probes in 1 min',
        'users     0 %     0         0 ms  0 ms   CLOSED for 40 ms: 0 of the last 1 call failed (0 %, threshold 50 %); rates count from 10 calls on',
        '',
        'Last changes',
        '2023-11-14 22:13:20Z  payments  CLOSED → OPEN  consecutive-failures',
        '',
        'Last failures',
        '2023-11-14 22:13:20Z  payments  ECONNREFUSED  connect ECONNREFUSED',
        '2023-11-14 22:13:20Z  payments  ECONNREFUSED  connect ECONNREFUSED',
      ].join('\n'),
    );
  });

  test('of breakers without calls and without a history has dashes', () => {
    const { breaker } = createBreaker();

    expect(formatReport(report(breaker)).split('\n').slice(2)).toEqual([
      'BREAKER  FAILED  REJECTED  P50  P99  STATE',
      'test     –       0         –    –    CLOSED for 0 ms: no call is in its window',
    ]);
  });

  test('has as many lines as are asked for, and says how many more there are', () => {
    const { registry } = registryOf(Array.from({ length: 30 }, (_, index) => `b${index}`));

    const lines = formatReport(report(registry), { rows: 5 }).split('\n');

    expect(lines).toHaveLength(2 + 1 + 5 + 1);
    expect(lines.at(-1)).toBe('… and 25 more');
  });

  test('with bad options is one clear error', () => {
    const error = refusalOf(() => formatReport(report(createBreaker().breaker), { rows: -1 }));

    expect(error.message).toBe(
      'Cannot format the report: `rows` must be an integer of at least 0, received -1',
    );
  });

  test('is made of a report that came as JSON, too', () => {
    const { registry } = registryOf(['a']);
    const made = report(registry);

    expect(formatReport(JSON.parse(JSON.stringify(made)))).toBe(formatReport(made));
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, 9e15])(
    'is made where a clock tells the time %d',
    async (time) => {
      const { registry } = registryOf(['a'], {
        defaults: { ...BRITTLE, clock: { now: () => 0, epoch: () => time } },
      });
      const past = history(registry);
      await failTimes(registry.getOrCreate('a'), 1);
      const made = past.report();

      for (const given of [made, JSON.parse(JSON.stringify(made))]) {
        expect(formatReport(given)).toMatch(/Last failures\n\S+ {2}a {2}Error/);
      }
    },
  );

  test.each([undefined, null, {}, 'report'])('is made of nothing but a report: %j', (given) => {
    expect(() => formatReport(given as never)).toThrow(
      'Cannot format the report: `report` must be what report() answers, received ',
    );
  });

  test('has nothing from outside that steers a terminal or breaks a line', async () => {
    const name = 'a\n\u001b[2J\u202eb\u0000'.repeat(1_000);
    const { registry } = registryOf([name], { defaults: BRITTLE });
    const past = history(registry);
    await failTimes(registry.getOrCreate(name), 1, new Error('x\r\n\u001b[31m'));

    const lines = formatReport(past.report()).split('\n');

    expect(lines).toHaveLength(10);
    expect(lines.join('')).toMatch(/^[^\p{Cc}\p{Cf}]+$/u);
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThan(300);
  });
});
