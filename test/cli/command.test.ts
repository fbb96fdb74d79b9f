import { alertRules, dashboard, toYaml } from 'recloser/grafana';
import { describe, expect, it } from 'vitest';
import { runCommand } from '../../src/cli/command.js';

const run = (line: string) => runCommand(line === '' ? [] : line.split(' '));

describe('recloser grafana', () => {
  it('prints the dashboard as JSON', () => {
    const { status, stdout, stderr } = run('grafana');

    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(JSON.parse(stdout)).toEqual(dashboard());
  });

  it('takes each option as a flag', () => {
    const { stdout } = run(
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

  it('takes `false` for never', () => {
    expect(JSON.parse(run('grafana --refresh false').stdout)).toEqual(dashboard({ refresh: false }));
  });
});

describe('recloser alerts', () => {
  it('prints the rules as YAML', () => {
    expect(run('alerts')).toEqual({ status: 0, stdout: toYaml(alertRules()), stderr: '' });
  });

  it('takes figures, durations and labels as flags', () => {
    const { stdout } = run(
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

  it('takes the value after an equals sign as well, with what follows', () => {
    const { stdout } = run('alerts --matchers.path=a=b --flapping=false');

    expect(stdout).toBe(toYaml(alertRules({ matchers: { path: 'a=b' }, flapping: false })));
  });

  it('takes the last one of a flag that is given twice', () => {
    const { stdout } = run('alerts --flapping false --flapping.opened 7');

    expect(stdout).toBe(toYaml(alertRules({ flapping: { opened: 7 } })));
  });
});

describe('help', () => {
  it.each(['--help', '-h'])('is printed for %s', (flag) => {
    const { status, stdout } = run(flag);

    expect(status).toBe(0);
    expect(stdout).toContain('recloser grafana');
    expect(stdout).toContain('recloser alerts');
  });

  it('tells the flags of a command, and what holds without them', () => {
    const { status, stdout } = run('alerts --flapping false --help');

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
  it('are answered with the usage where there are none', () => {
    expect(run('')).toEqual({ status: 2, stdout: '', stderr: run('--help').stdout });
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
  ])('are refused on stderr: %s', (line, message) => {
    const { status, stdout, stderr } = run(line);

    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr.replace(/^recloser: (.*)\n$/, '$1')).toEqual(message);
  });
});
