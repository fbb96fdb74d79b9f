import { CircuitBreakerRegistry } from 'recloser';
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

  test('refuses what it cannot listen to', () => {
    expect(refusalOf(() => record({} as never, () => {})).message).toContain('`source` must be');
    expect(refusalOf(() => record(new CircuitBreakerRegistry(), undefined as never)).message).toContain(
      '`sink` must be a function',
    );
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
  ])('refuses what makes no sense: %#', (trace, options, problem) => {
    expect(refusalOf(() => tune(trace as RecordedCall[], options)).message).toContain(problem);
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
    expect(stdout).toMatch(/calls more failed or lost|false trips a day|ms to open/);
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
