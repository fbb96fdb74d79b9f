import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { alertRules, dashboard, toYaml } from 'recloser/grafana';
import { beforeAll, describe, expect, it } from 'vitest';
import { promtool } from './support/promtool.js';
import { installedFolder } from './support/service.js';

let cwd: string;

beforeAll(() => {
  cwd = installedFolder();
});

/** Runs a line of shell where the package is installed. */
function shell(line: string) {
  const { status, stdout, stderr } = spawnSync('sh', ['-c', line], {
    cwd,
    encoding: 'utf8',
    timeout: 30_000,
  });
  return { status, stdout, stderr };
}

const withoutWarningsOfNpm = (text: string) => text.replace(/^npm warn .*\n/gm, '');

describe('the installed command', () => {
  it('is found by npx', () => {
    const { status, stdout } = shell('npx --no-install recloser grafana --title Shop');

    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toEqual(dashboard({ title: 'Shop' }));
  });

  it('prints rules that Prometheus takes', () => {
    const { stdout } = shell('node_modules/.bin/recloser alerts --labels.team shop');
    const file = join(cwd, 'rules.yml');
    writeFileSync(file, stdout);

    expect(stdout).toBe(toYaml(alertRules({ labels: { team: 'shop' } })));
    expect(promtool(['check', 'rules', file]).isContent).toBe(true);
  });

  it('says on stderr what it does not understand, and ends with 2', () => {
    const { status, stdout, stderr } = shell('node_modules/.bin/recloser alert');

    expect({ status, stdout, stderr: withoutWarningsOfNpm(stderr) }).toEqual({
      status: 2,
      stdout: '',
      stderr: 'recloser: unknown command "alert", did you mean "alerts"?\n',
    });
  });

  it('takes it well when nobody reads what it prints', () => {
    const { stderr } = shell('{ node_modules/.bin/recloser grafana; echo "ended with $?" >&2; } | true');

    expect(withoutWarningsOfNpm(stderr)).toBe('ended with 0\n');
  });
});
