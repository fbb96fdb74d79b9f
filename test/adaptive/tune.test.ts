import { CircuitBreaker, CircuitBreakerRegistry } from 'recloser';
import { adaptive, type RecordedCall, record, tune } from 'recloser/adaptive';
import { fromConfig } from 'recloser/presets';
import { describe, expect, test } from 'vitest';
import { createRandom } from '../../bench/simulations/chance.mjs';
import type { Surroundings } from '../../src/cli/answer.js';
import { runCommand } from '../../src/cli/command.js';
import { refusalOf } from '../support/breakers.js';
import { manualClock } from '../support/manual-clock.js';
import { guarded } from './fixtures.js';

const INCIDENT = { from: 30_000, to: 40_000 };

/** A minute at 20 calls a second, 3 % failing, and an outage between. */
function traffic(breaker = 'search'): RecordedCall[] {
  const random = createRandom(1);
  return Array.from({ length: 1_200 }, (_, call) => {
    const t = call * 50;
    const isDown = t >= INCIDENT.from && t < INCIDENT.to;
    return { breaker, t, ok: !isDown && random() >= 0.03, ms: 20 };
  });
}

describe('record', () => {
  test('tells each call that settles, by its start', () => {
    const { breaker, clock } = guarded({}, { name: 'search', mode: 'observe' });
    const calls: RecordedCall[] = [];
    const stop = record(breaker, (call) => calls.push(call));

    const from = clock.time;
    const [first, second] = [breaker.acquire(), breaker.acquire()];
    clock.advance(30);
    first.success();
    second.failure();
    breaker.acquire().ignore();
    stop();
    breaker.acquire().success();

    expect(calls).toEqual([
      { breaker: 'search', t: from, ok: true, ms: 30 },
      { breaker: 'search', t: from, ok: false, ms: 30 },
    ]);
  });

  test('hears all breakers of a registry, on its clock', () => {
    const clock = manualClock();
    const registry = new CircuitBreakerRegistry({ clock });
    const calls: RecordedCall[] = [];
    record(registry, (call) => calls.push(call));

    for (const name of ['one', 'other']) registry.getOrCreate(name).acquire().success();

    expect(calls.map(({ breaker, t }) => [breaker, t])).toEqual([
      ['one', clock.time],
      ['other', clock.time],
    ]);
  });

  test('goes by the clock of the platform where a breaker has none of its own', () => {
    const calls: RecordedCall[] = [];
    const breaker = new CircuitBreaker({ name: 'search' });
    record(breaker, (call) => calls.push(call));

    const before = performance.now();
    breaker.acquire().success();
    const after = performance.now();

    expect(calls).toHaveLength(1);
    expect(calls[0]?.t).toBeGreaterThanOrEqual(before);
    expect(calls[0]?.t).toBeLessThanOrEqual(after);
  });

  test('takes what is like a breaker, and has no clock', () => {
    const heard = new Map<string, (event: object) => void>();
    const on = (event: string, listener: (event: object) => void) => {
      heard.set(event, listener);
      return () => heard.delete(event);
    };
    const calls: RecordedCall[] = [];

    const stop = record({ name: 'search', metrics: {}, on } as never, (call) => calls.push(call));
    heard.get('failure')?.({ breaker: 'search', duration: 5 });
    stop();

    expect(calls).toMatchObject([{ breaker: 'search', t: expect.any(Number), ok: false, ms: 5 }]);
    expect(heard.size).toBe(0);
  });

  test('leaves out a call that began before anybody listened', async () => {
    const breaker = new CircuitBreaker({ name: 'search', clock: manualClock() });
    const calls: RecordedCall[] = [];
    const early = breaker.call(async () => 'early');

    record(breaker, (call) => calls.push(call));
    await early;
    expect(calls).toEqual([]);
    await breaker.call(async () => 'late');

    expect(calls).toHaveLength(1);
  });

  test('refuses what it cannot listen to', () => {
    expect(refusalOf(() => record({} as never, () => {})).message).toBe(
      'Cannot record: `source` must be a circuit breaker or a registry, received an object',
    );
    expect(refusalOf(() => record(new CircuitBreakerRegistry(), undefined as never))).toMatchObject({
      breaker: '',
      message: 'Cannot record: `sink` must be a function, received undefined',
    });
  });
});

describe('tune', () => {
  test('tells what each set of options would have done, and which is best by the goals', () => {
    const report = tune(traffic(), {
      incidents: [INCIDENT],
      goals: { falseTripsPerDay: 1, detectWithin: 3_000 },
    });

    expect(report.rows).toHaveLength(17);
    expect(report.best).toMatchObject({ detected: 1, incidents: 1, falseTrips: 0, why: null });
    expect(report.best?.detection).toBeLessThan(1_000);
    expect(report.rows.filter(({ why }) => why === null)).toEqual([report.best]);
    expect(report.rows.find(({ name }) => name === 'half of the last 100')?.failingSent).toBeGreaterThan(50);
  });

  test('answers the same for the same trace, in any order', () => {
    const trace = traffic();

    expect(tune([...trace].reverse(), { incidents: [INCIDENT] })).toEqual(
      tune(trace, { incidents: [INCIDENT] }),
    );
  });

  test('has no best where none meets the goals, and says why', () => {
    const { best, rows } = tune(traffic(), { incidents: [INCIDENT], goals: { detectWithin: 1 } });

    expect(best).toBeNull();
    expect(rows.every(({ why }) => /^took \d+ ms to open$/.test(why ?? ''))).toBe(true);
  });

  test('takes candidates of yours, whose configuration the presets read back', () => {
    const config = { detector: { tolerate: 0.25, patience: 100 } };
    const { best } = tune(traffic(), { candidates: [{ name: 'mine', config }] });

    const registry = new CircuitBreakerRegistry(
      fromConfig({ names: { search: JSON.parse(JSON.stringify(best?.config)) } }, { adaptive }),
    );

    expect(registry.getOrCreate('search').metrics.detector?.lines).toEqual(['1/4', '1/2']);
  });

  test('reads candidates as the presets do: no detector, and a backoff', () => {
    const config = { detector: false, failureThreshold: 1, recoveryTimeout: { initial: 100, jitter: 0 } };
    const trace = [0, 90, 110, 200, 320].map((t) => ({ breaker: 'search', t, ok: t > 0 && t < 320, ms: 5 }));

    const { rows } = tune(trace, { candidates: [{ name: 'mine', config }] });

    expect(rows).toMatchObject([{ config, lost: 1, failingSent: 2 }]);
  });

  test('tries detectors, windows and failures in a row unless told otherwise', () => {
    const { rows, ...report } = tune(traffic().slice(10));

    expect(rows.map(({ name, config }) => [name, config])).toEqual([
      ...[0.5, 0.33, 0.25, 0.14].flatMap((tolerate) =>
        [0, 250, 1_000].map((patience) => [
          `adaptive, tolerate ${tolerate}, patience ${patience}`,
          { detector: { tolerate, patience } },
        ]),
      ),
      ...[10, 20, 50, 100].map((size) => [
        `half of the last ${size}`,
        {
          failureThreshold: false,
          failureRateThreshold: 0.5,
          window: { type: 'count', size },
          minimumCalls: size,
        },
      ]),
      ['5 in a row', { failureThreshold: 5, failureRateThreshold: false }],
    ]);
    expect(report).toMatchObject({
      calls: 1_190,
      lasts: 59_450,
      caveat:
        'The fate of a rejected call is known, for it was recorded; what less load would have done for the others is not.',
    });
  });

  test('counts what opens outside of incidents', () => {
    const candidates = [
      { name: 'one', config: { failureThreshold: 1, recoveryTimeout: 1_000, successThreshold: 1 } },
    ];

    const [row] = tune(traffic(), { incidents: [INCIDENT], candidates }).rows;

    expect(row?.falseTrips).toBeGreaterThan(15);
    expect(row?.falseTripsPerDay).toBeGreaterThan(10_000);
    expect(row?.goodput).toBeLessThan(0.9);
  });

  test.each<[unknown, object, string]>([
    [5, {}, '`trace` must be an array of recorded calls, received 5'],
    [[], {}, '`trace` has no calls'],
    [[{ breaker: 'a', t: 0, ok: true }], {}, '`trace[0].ms` must be'],
    [[{ breaker: 'a', t: 0, ok: 1, ms: 1 }], {}, '`trace[0].ok` must be true or false'],
    [
      [...traffic(), ...traffic('users')],
      {},
      '`trace` has calls of 2 breakers, give those of one: "search", "users"',
    ],
    [traffic(), { incidents: [{ from: 5, to: 5 }] }, '`incidents[0].to` must be later than its `from`'],
    [
      traffic(),
      { goals: { detectIn: 5 } },
      'unknown option "goals.detectIn", did you mean "goals.detectWithin"?',
    ],
    [traffic(), { candidates: [{ name: 'x', config: { detector: { tolerate: 2 } } }] }, '`tolerate` must be'],
    [
      traffic(),
      { candidates: [{ name: 'x', config: { detector: true } }] },
      'adaptive detector: `options` must',
    ],
    ['a trace', {}, 'Cannot tune: `trace` must be an array of recorded calls, received "a trace"'],
    [
      [{ breaker: 'a', t: Number.NaN, ok: true, ms: 1 }],
      {},
      '`trace[0].t` must be a finite number, received NaN',
    ],
    [traffic(), { incidents: [{ from: 1, to: 2 }, 5] }, '`incidents[1]` must be an object, received 5'],
    [traffic(), { candidates: [{ name: 'x' }] }, '`candidates[0].config` must be'],
  ])('refuses what makes no sense: %#', (trace, options, problem) => {
    expect(refusalOf(() => tune(trace as RecordedCall[], options)).message).toContain(problem);
  });

  test('names a few of many breakers, and of long names the beginning', () => {
    const trace = traffic()
      .slice(0, 6)
      .map((call, at) => ({ ...call, breaker: `${at}`.repeat(60) }));

    expect(refusalOf(() => tune(trace)).message).toBe(
      `Cannot tune: \`trace\` has calls of 6 breakers, give those of one: ${['0', '1', '2', '3', '4']
        .map((it) => `"${it.repeat(40)}"`)
        .join(', ')}`,
    );
  });

  test('says which option is at fault, and that a trace cannot be read', () => {
    const broken = {
      *[Symbol.iterator]() {
        yield* traffic().slice(0, 2);
        throw new Error('the disk is gone');
      },
    };

    expect(refusalOf(() => tune([]))).toMatchObject({ breaker: '', option: 'trace' });
    expect(refusalOf(() => tune([...traffic(), ...traffic('users')]))).toMatchObject({ option: 'trace' });
    expect(refusalOf(() => tune(broken)).message).toBe('Cannot tune: the trace cannot be read');
  });
});

describe('recloser tune', () => {
  const files: Record<string, string> = {
    'trace.jsonl': `${traffic()
      .map((call) => JSON.stringify(call))
      .join('\n')}\n`,
    'two.jsonl': [...traffic().slice(0, 50), ...traffic('users').slice(0, 50)]
      .map((it) => JSON.stringify(it))
      .join('\n'),
    'broken.jsonl': '{"breaker":\n',
  };
  const surroundings: Surroundings = {
    readFile: (path) => {
      if (files[path] !== undefined) return files[path];
      throw Object.assign(new Error('ENOENT'), { code: 'ENOENT' });
    },
    env: {},
    version: () => '1.0.0',
  };
  const run = (line: string) => runCommand(line.split(' '), surroundings);

  test('prints a table, the winner, and why the others lost', async () => {
    const { status, stdout } = await run('tune trace.jsonl --incident 30000..40000 --detect-within 3s');

    expect(status).toBe(0);
    expect(stdout).toContain('1200 calls in 60 s');
    expect(stdout).toMatch(/^\* {2}\S.* 1 of 1 /m);
    expect(stdout).toMatch(/^Best: /m);
    expect(stdout).toMatch(/more failed or lost|false trips a day|ms to open/);
  });

  test('prints JSON alone, that the presets read back', async () => {
    const { stdout } = await run('tune trace.jsonl --incident 30s..40s --json');
    const { best, rows } = JSON.parse(stdout);

    expect(rows).toHaveLength(17);
    expect(() => fromConfig({ names: { search: best.config } }, { adaptive })).not.toThrow();
    for (const { config } of rows) expect(() => fromConfig({ defaults: config }, { adaptive })).not.toThrow();
  });

  test('takes several incidents, and the calls of one breaker', async () => {
    const { stdout } = await run('tune two.jsonl --breaker users --incident 0..10 --incident 20..30 --json');

    expect(JSON.parse(stdout)).toMatchObject({
      calls: 50,
      rows: [{ incidents: 2 }].concat(JSON.parse(stdout).rows.slice(1)),
    });
  });

  test.each([
    ['tune', 'tune needs a trace'],
    ['tune none.jsonl', 'cannot read "none.jsonl"'],
    ['tune broken.jsonl', 'broken.jsonl, line 1 is no JSON'],
    ['tune trace.jsonl --incident 5', '--incident needs two times, from..to, received "5"'],
    ['tune trace.jsonl --breaker nobody', 'trace.jsonl has no call of "nobody"'],
    ['tune two.jsonl', 'has calls of 2 breakers'],
  ])('ends with 2 for what makes no sense: %s', async (line, problem) => {
    const { status, stderr } = await run(line);

    expect({ status, told: stderr.includes(problem) ? problem : stderr }).toEqual({
      status: 2,
      told: problem,
    });
  });
});
