import { alertRules, dashboard, toYaml } from 'recloser/grafana';
import { describe, expect, it } from 'vitest';
import type { Surroundings } from '../../src/cli/answer.js';
import { runCommand } from '../../src/cli/command.js';

const FILES: Record<string, string> = {
  'good.json': '{ "names": { "orders": { "callTimeout": 1500 } } }',
  'bad.json': '{ "names": { "orders": { "calTimeout": 1500 } }, "breakers": {} }',
  'broken.json': '{ "names": ',
  'adaptive.json': '{ "defaults": { "detector": { "tolerate": 0.3 } }, "resilience": {}, "fleet": {} }',
};

const surroundings: Surroundings = {
  readFile: (path) => {
    if (FILES[path] !== undefined) return FILES[path];
    throw Object.assign(new Error(`ENOENT: ${path}`), { code: 'ENOENT' });
  },
  env: { ENVIRONMENT: 'staging', RECLOSER_ORDERS_MODE: 'observe' },
  version: () => '1.2.3',
};

const run = (line: string) => runCommand(line === '' ? [] : line.split(' '), surroundings);

describe('recloser grafana', () => {
  it('prints the dashboard as JSON', async () => {
    const { status, stdout, stderr } = await run('grafana');

    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(JSON.parse(stdout)).toEqual(dashboard());
  });

  it('takes each option as a flag', async () => {
    const { stdout } = await run(
      'grafana --title Shop --uid 42 --datasource main --refresh 1m --range 6h --prefix p_ --matchers.env prod --by cluster,name',
    );

    expect(JSON.parse(stdout)).toEqual(
      dashboard({
        title: 'Shop',
        uid: '42',
        datasource: 'main',
        refresh: 60_000,
        range: 21_600_000,
        prefix: 'p_',
        matchers: { env: 'prod' },
        by: ['cluster', 'name'],
      }),
    );
  });

  it('takes `false` for never', async () => {
    expect(JSON.parse((await run('grafana --refresh false')).stdout)).toEqual(dashboard({ refresh: false }));
  });
});

describe('recloser alerts', () => {
  it('prints the rules as YAML', async () => {
    expect(await run('alerts')).toEqual({ status: 0, stdout: toYaml(alertRules()), stderr: '' });
  });

  it('takes figures, durations and labels as flags', async () => {
    const { stdout } = await run(
      'alerts --failureRate.above 0.4 --failureRate.over 10m --health false --openTooLong.severity page --labels.team shop --flapping.over 1500ms --open.for 500',
    );

    expect(stdout).toBe(
      toYaml(
        alertRules({
          failureRate: { above: 0.4, over: 600_000 },
          health: false,
          openTooLong: { severity: 'page' },
          labels: { team: 'shop' },
          flapping: { over: 1_500 },
          open: { for: 500 },
        }),
      ),
    );
  });

  it('takes the value after an equals sign as well, with what follows', async () => {
    const { stdout } = await run('alerts --matchers.path=a=b --flapping=false');

    expect(stdout).toBe(toYaml(alertRules({ matchers: { path: 'a=b' }, flapping: false })));
  });

  it('takes the last one of a flag that is given twice', async () => {
    const { stdout } = await run('alerts --flapping false --flapping.opened 7');

    expect(stdout).toBe(toYaml(alertRules({ flapping: { opened: 7 } })));
  });
});

describe('help', () => {
  it.each(['--help', '-h'])('is printed for %s', async (flag) => {
    const { status, stdout } = await run(flag);

    expect(status).toBe(0);
    expect(stdout).toContain('recloser grafana');
    expect(stdout).toContain('recloser alerts');
  });

  it('tells the flags of a command, and what holds without them', async () => {
    const { status, stdout } = await run('alerts --flapping false --help');

    expect(status).toBe(0);
    for (const flag of ['prefix <text>', 'matchers.<label> <text>', 'by <list>', 'flapping <true|false>']) {
      expect(stdout).toContain(`  --${flag} `);
    }
    for (const figure of ['above <number>', 'over <duration>', 'minimumCalls <number>', 'for <duration>']) {
      expect(stdout).toContain(`  --failureRate.${figure} `);
    }
    expect(stdout).toContain('(5m)');
  });
});

describe('arguments that make no sense', () => {
  it('are answered with the usage where there are none', async () => {
    expect(await run('')).toEqual({ status: 2, stdout: '', stderr: (await run('--help')).stdout });
  });

  it.each([
    ['grafan', 'unknown command "grafan", did you mean "grafana"?'],
    ['toString', expect.stringMatching(/^unknown command "toString"/)],
    ['alerts --flaping false', 'unknown flag "--flaping", did you mean "--flapping"?'],
    ['alerts --title x', expect.stringMatching(/^unknown flag "--title"/)],
    ['alerts --__proto__.x 1', expect.stringMatching(/^unknown flag "--__proto__\.x"/)],
    ['alerts --toString 1', expect.stringMatching(/^unknown flag "--toString"/)],
    ['alerts extra', 'unexpected "extra", see `recloser alerts --help`'],
    ['grafana --title', '--title needs a value'],
    [
      'alerts --health maybe',
      'Cannot create alert rules: `health` must be true or false, or an object, received "maybe"',
    ],
    [
      'alerts --health.below low',
      'Cannot create alert rules: `health.below` must be a number from 0 to 1, received "low"',
    ],
    [
      'alerts --health.below=',
      'Cannot create alert rules: `health.below` must be a number from 0 to 1, received ""',
    ],
    ['alerts --health.for 5x', expect.stringContaining('received "5x"')],
    [
      'alerts --labels.__proto__ x',
      expect.stringContaining('`labels` must be an object of well-formed strings'),
    ],
    ['grafana --range 1500ms', expect.stringContaining('`range` must be whole seconds')],
  ])('are refused on stderr: %s', async (line, message) => {
    const { status, stdout, stderr } = await run(line);

    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr.replace(/^recloser: (.*)\n$/, '$1')).toEqual(message);
  });
});

describe('recloser --version', () => {
  it('prints the version', async () => {
    expect(await run('--version')).toEqual({ status: 0, stdout: '1.2.3\n', stderr: '' });
  });

  it('is meant by what is near to it', async () => {
    expect((await run('--versoin')).stderr).toBe(
      'recloser: unknown flag "--versoin", did you mean "--version"?\n',
    );
  });
});

describe('recloser check', () => {
  it('ends with 0 for a configuration without mistakes', async () => {
    expect(await run('check good.json')).toEqual({
      status: 0,
      stdout: 'good.json: no mistakes\n',
      stderr: '',
    });
    expect((await run('check adaptive.json')).status).toBe(0);
  });

  it('ends with 1 for mistakes, and prints a line for each', async () => {
    const { status, stdout, stderr } = await run('check bad.json');

    expect({ status, stderr }).toEqual({ status: 1, stderr: '' });
    expect(stdout.trimEnd().split('\n')).toEqual([
      'bad.json: breakers: unknown section "breakers", did you mean "names"?',
      expect.stringMatching(/^bad\.json: names\.orders\.calTimeout: unknown option "calTimeout"/),
    ]);
  });

  it('ends with 1 for what is no JSON', async () => {
    const { status, stdout } = await run('check broken.json');

    expect(status).toBe(1);
    expect(stdout).toMatch(/^broken\.json: is no JSON: /);
  });

  it('prints JSON and nothing else with --json', async () => {
    const good = await run('check good.json --json');
    const bad = await run('check --json bad.json');

    expect(JSON.parse(good.stdout)).toEqual({ file: 'good.json', mistakes: [] });
    expect(JSON.parse(bad.stdout).mistakes).toHaveLength(2);
    expect([good.status, bad.status]).toEqual([0, 1]);
  });

  it.each([
    ['check', 'check needs a file: recloser check breakers.json'],
    ['check none.json', 'cannot read "none.json": there is no such file'],
    ['check good.json bad.json', 'unexpected "bad.json", see `recloser check --help`'],
    ['check good.json --jsn', 'unknown flag "--jsn", did you mean "--json"?'],
    ['check good.json --json=1', '--json takes no value'],
  ])('ends with 2 for arguments that make no sense: %s', async (line, message) => {
    expect(await run(line)).toEqual({ status: 2, stdout: '', stderr: `recloser: ${message}\n` });
  });
});

describe('recloser explain-config', () => {
  it('tells where each figure comes from', async () => {
    const { status, stdout } = await run('explain-config orders --config good.json');

    const lines = stdout.split('\n');
    expect(status).toBe(0);
    expect(lines[0]).toBe('"orders" gets the preset "http", since its name says nothing that is known.');
    expect(lines[1]).toBe('The environment is staging, as the variable ENVIRONMENT says.');
    expect(lines).toContain('- callTimeout: 1500 (names.orders.callTimeout), not 10000 (http)');
    expect(lines).toContain('- mode: observe (RECLOSER_ORDERS_MODE)');
    expect(lines).toContain('- failureThreshold: 5 (staging)');
    expect(lines).toContain('- isFailure: isHttpFailure (http)');
    expect(lines).toContain('- successThreshold: 3 (default)');
  });

  it('does without a file, and takes the environment', async () => {
    const { stdout } = await run('explain-config orders --environment production');

    expect(stdout).toContain('- failureThreshold: 3 (production)');
  });

  it('prints JSON and nothing else with --json', async () => {
    const { stdout } = await run('explain-config orders --config good.json --json');

    const { name, preset, values } = JSON.parse(stdout);
    expect({ name, preset }).toEqual({ name: 'orders', preset: 'http' });
    expect(values).toContainEqual({
      option: 'maxConcurrentCalls',
      value: 'Infinity',
      source: 'default',
      overruled: [],
    });
  });

  it.each([
    ['explain-config', /^recloser: explain-config needs the name of a breaker/],
    ['explain-config orders --config none.json', /^recloser: cannot read "none.json"/],
    ['explain-config orders --config broken.json', /^recloser: "broken.json" is no JSON/],
    ['explain-config orders --config bad.json', /^recloser: breakers: unknown section/],
    ['explain-config orders --environment mars', /unknown environment "mars"/],
  ])('ends with 2 for arguments that make no sense: %s', async (line, message) => {
    const { status, stdout, stderr } = await run(line);

    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(message);
  });
});

describe('help', () => {
  it.each(['grafana', 'alerts', 'check', 'explain-config'])('is there for %s', async (name) => {
    const { status, stdout } = await run(`${name} --help`);

    expect(status).toBe(0);
    expect(stdout).toMatch(new RegExp(`^Usage: recloser ${name}`));
  });
});
