import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { adaptive } from 'recloser/adaptive';
import { simulate } from 'recloser/testing';
import { describe, expect, it } from 'vitest';
import { runCommand } from '../../src/cli/command.js';
import { fromRoot } from '../support/root.js';

const TRAFFIC = { rate: 50, arrivals: 'even' } as const;
const DEPENDENCY = [
  { for: 5_000, latency: 20 },
  { for: 5_000, failures: 1 },
  { for: 5_000, latency: { p50: 20, p99: 90 } },
];
const OPTIONS = { failureThreshold: 3, recoveryTimeout: 2_000, successThreshold: 1 };
const OUTAGE = { defaults: OPTIONS, traffic: TRAFFIC, dependency: DEPENDENCY };

const run = (content: unknown, ...flags: string[]) =>
  runCommand(['simulate', 'outage.json', ...flags], {
    readFile: () => (typeof content === 'string' ? content : JSON.stringify(content)),
    env: { RECLOSER_SIMULATED_FAILURE_THRESHOLD: '99' },
    version: () => '1.2.3',
  });

const dataOf = async (content: unknown, ...flags: string[]) =>
  JSON.parse((await run(content, '--json', ...flags)).stdout);

describe('recloser simulate', () => {
  it('tells what simulate tells of the same settings', async () => {
    const settings = { breaker: OPTIONS, traffic: TRAFFIC, dependency: DEPENDENCY };
    const { text, ...data } = await simulate(settings);

    const { status, stdout, stderr } = await run({ ...OUTAGE, presets: false });

    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: text(), stderr: '' });
    expect(data.figures.trips).toBe(1);
    expect(await dataOf({ ...OUTAGE, presets: false })).toEqual(JSON.parse(JSON.stringify(data)));
  });

  it('runs the detector of the file, as code that hands it in does', async () => {
    const detector = { tolerate: 0.25, ramp: 2_000 };
    const { text, ...data } = await simulate({
      breaker: { detector: adaptive(detector) },
      traffic: TRAFFIC,
      dependency: DEPENDENCY,
    });

    const ofFile = await dataOf({
      defaults: { detector },
      presets: false,
      traffic: TRAFFIC,
      dependency: DEPENDENCY,
    });

    expect(ofFile).toEqual(JSON.parse(JSON.stringify(data)));
    expect(ofFile.transitions[0]).toMatchObject({ to: 'OPEN', reason: 'detector' });
  });

  it('tells of a detector that makes no sense where it stands', async () => {
    const { status, stderr } = await run({ ...OUTAGE, names: { orders: { detector: { tolerate: 2 } } } });

    expect(status).toBe(2);
    expect(stderr).toMatch(/^recloser: outage\.json: .*tolerate.*0\.01 to 0\.9/);
  });

  it('goes by the seed of the file, before which goes that of the flag', async () => {
    const file = { ...OUTAGE, traffic: { rate: 50 }, seed: 7 };

    const ofFile = await dataOf(file);
    const ofFlag = await dataOf(file, '--seed', '3');

    expect([ofFile.seed, ofFlag.seed]).toEqual([7, 3]);
    expect(ofFlag).toEqual(await dataOf({ ...file, seed: 3 }));
    expect(ofFlag.figures).not.toEqual(ofFile.figures);
  });

  it('simulates the breaker that the file names, with what the layers say of it', async () => {
    const names = { orders: { failureThreshold: 10 }, users: { failureThreshold: 2 } };
    const sentWith = async (name: string) =>
      (await dataOf({ ...OUTAGE, names, name })).incidents[0].failingCallsSent;

    const [orders, users] = [await sentWith('orders'), await sentWith('users')];

    // The threshold, and a probe after two and after four seconds.
    expect([orders, users]).toEqual([12, 4]);
  });

  it('simulates the only breaker of the file without being told', async () => {
    const { incidents } = await dataOf({ ...OUTAGE, names: { orders: { failureThreshold: 10 } } });

    expect(incidents[0].failingCallsSent).toBe(12);
  });

  it('simulates what is around the breaker, too', async () => {
    const flaky = {
      ...OUTAGE,
      dependency: [{ for: 10_000, failures: 0.2 }],
      defaults: { failureThreshold: false },
    };
    const retry = { maxAttempts: 3, backoff: 10 };

    const alone = await dataOf(flaky);
    const retried = await dataOf({ ...flaky, resilience: { defaults: { retry, retryBudget: false } } });

    expect(alone.figures.sent).toBe(500);
    expect(retried.figures.sent).toBeGreaterThan(550);
    expect(retried.figures.ok).toBeGreaterThan(alone.figures.ok);
  });

  it('plays a trace', async () => {
    const trace = Array.from({ length: 100 }, (_, n) => ({ t: n * 100, ok: n < 30 || n >= 60, ms: 5 }));

    const { figures } = await dataOf({ defaults: OPTIONS, trace, incidents: [{ from: 3_000, to: 6_000 }] });

    expect([figures.offered, figures.trips, figures.falseTrips]).toEqual([100, 1, 0]);
  });

  it.each([
    [
      'a mistake in the configuration',
      { ...OUTAGE, defaults: { callTimeout: '5s' } },
      /^recloser: outage.json: defaults.callTimeout: must be .*"5s"/,
    ],
    [
      'a mistake in the outage',
      { ...OUTAGE, dependency: [{ for: 5_000, failures: 2 }] },
      /outage.json: .*`dependency\[0\].failures` must be .*received 2/,
    ],
    ['a seed that is none', { ...OUTAGE, seed: -1 }, /outage.json: .*`seed` must be .*received -1/],
    ['no outage', { defaults: OPTIONS }, /outage.json: .*`traffic/],
    [
      'a misspelt member',
      { ...OUTAGE, trafic: {} },
      /outage.json: trafic: unknown member "trafic", did you mean "traffic"\?/,
    ],
    [
      'several names',
      { ...OUTAGE, names: { a: {}, b: {} } },
      /outage.json: name: must say which breaker is simulated, one of "a", "b"/,
    ],
    [
      'a name that is none',
      { ...OUTAGE, name: 7 },
      /outage.json: name: must be the name of a breaker, received 7/,
    ],
    ['a fleet', { ...OUTAGE, fleet: {} }, /outage.json: fleet: is not simulated by the command/],
    ['a list', [], /outage.json: must be an object with `traffic` and `dependency`, received/],
    ['no JSON', '{', /"outage.json" is no JSON/],
  ])('refuses %s with what is wrong', async (_, content, message) => {
    const { status, stdout, stderr } = await run(content);

    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(message);
  });

  it('refuses a call without a file, and a seed that is no number', async () => {
    const surroundings = { readFile: () => JSON.stringify(OUTAGE), env: {}, version: () => '' };

    const without = await runCommand(['simulate'], surroundings);
    const word = await run(OUTAGE, '--seed', 'lucky');

    expect(without).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('recloser simulate settings.json'),
    });
    expect(word).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/`seed` must be .*received "lucky"/),
    });
  });

  it('tells its flags', async () => {
    const { status, stdout } = await run(OUTAGE, '--help');

    expect(status).toBe(0);
    expect(stdout).toMatch(/--seed <number>.*\n.*--json/);
  });
});

describe('the schema of simulations', () => {
  const read = (path: string) => JSON.parse(readFileSync(fromRoot(path), 'utf8'));
  const ajv = new Ajv({ strict: true, strictRequired: false, allowUnionTypes: true });
  ajv.addSchema(read('src/presets/config/config.schema.json'), 'config.schema.json');
  const schema = read('src/cli/simulation.schema.json');
  const accepts = ajv.compile(schema);

  const phase = (members: object) => ({ ...OUTAGE, dependency: [{ for: 10, ...members }] });
  const trace = [{ t: 5, ok: true, ms: 3 }];

  it.each([
    OUTAGE,
    { ...OUTAGE, $schema: 'x', names: { orders: { preset: 'http' } }, name: 'orders', instances: 2, seed: 0 },
    { ...OUTAGE, grace: 0, step: 1, drain: 0, resilience: { defaults: { retry: 'none' } } },
    phase({ latency: 0, failures: 0.5, hang: 0.5, capacity: 0.1, only: [0], incident: false }),
    phase({ latency: { p50: 1, p99: 1 } }),
    { trace },
    { trace: [{ ...trace[0], who: 'me' }], incidents: [{ from: 1, to: 1 }] },
  ])('takes what the command takes: %j', async (settings) => {
    expect([accepts(settings), (await run(settings)).stderr]).toEqual([true, '']);
  });

  it.each([
    {},
    { ...OUTAGE, traffic: undefined },
    { ...OUTAGE, traffic: { rate: -1 } },
    { ...OUTAGE, traffic: { arrivals: 'even' } },
    { ...OUTAGE, traffic: { rate: 1, arrivals: 'odd' } },
    { ...OUTAGE, dependency: [] },
    { ...OUTAGE, trace },
    { ...OUTAGE, incidents: [] },
    { ...OUTAGE, fleet: {} },
    { ...OUTAGE, breaker: {} },
    { ...OUTAGE, instances: 0 },
    { ...OUTAGE, seed: 1.5 },
    { ...OUTAGE, step: 0 },
    { ...OUTAGE, drain: -1 },
    { ...OUTAGE, grace: 'long' },
    { ...OUTAGE, name: '' },
    { ...OUTAGE, defaults: { calTimeout: 5 } },
    phase({ for: undefined }),
    phase({ latency: -1 }),
    phase({ latency: { p50: 0, p99: 1 } }),
    phase({ latency: { p50: 1 } }),
    phase({ failures: 1.1 }),
    phase({ hang: -0.1 }),
    phase({ capacity: 0 }),
    phase({ only: [-1] }),
    phase({ incident: 'yes' }),
    phase({ error: 'boom' }),
    { trace: [] },
    { trace: [{ t: 1, ok: true }] },
    { trace, incidents: [{ from: 1 }] },
  ])('refuses what the command refuses: %j', async (settings) => {
    const content = JSON.parse(JSON.stringify(settings));

    expect([accepts(content), (await run(content)).status]).toEqual([false, 2]);
  });

  it('names the members that the command reads', async () => {
    const { stderr } = await run({ ...OUTAGE, '': 1 });

    expect(stderr).toMatch(/unknown member/);
    for (const member of Object.keys(schema.properties)) {
      const answer = await run({ ...OUTAGE, [member]: Number.NaN });
      expect(answer.stderr, member).not.toMatch(/unknown member/);
    }
  });
});
