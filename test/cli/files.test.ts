/** What commands say to a file that is not what they need. */
import { describe, expect, it } from 'vitest';
import { runCommand } from '../../src/cli/command.js';

const FILES: Readonly<Record<string, string>> = {
  'empty.json': '\n',
  'text.json': '{bad',
  'list.json': '[]',
  'breaker.json': '{ "breaker": { "callTimeout": 5 } }',
  'bare.json': '{ "callTimeout": 5 }',
  'bare-retry.json': '{ "retry": "network" }',
  'retry.json': '{ "resilience": { "retry": "network" } }',
  'good.json': '{ "defaults": { "callTimeout": 5000 } }',
};

/** A file system as Node has it, with a folder `src` and a file that may not be read. */
function readFile(path: string): string {
  const refuse = (code: string): never => {
    throw Object.assign(new Error(`${code}: said by the platform, read`), { code });
  };
  if (path === 'src') return refuse('EISDIR');
  if (path === 'secret.json') return refuse('EACCES');
  if (path.startsWith('good.json/')) return refuse('ENOTDIR');
  return FILES[path] ?? refuse('ENOENT');
}

const run = (line: string) => runCommand(line.split(' '), { readFile, env: {}, version: () => '1.2.3' });

describe('a file that cannot be read', () => {
  const commands = ['check', 'simulate', 'tune', 'explain-config users --config'];

  it.each(commands)('is told of in one line: %s', async (command) => {
    const said = async (file: string) => (await run(`${command} ${file}`)).stderr;

    expect(await said('none.json')).toBe('recloser: cannot read "none.json": there is no such file\n');
    expect(await said('good.json/x')).toBe('recloser: cannot read "good.json/x": there is no such file\n');
    expect(await said('src')).toBe('recloser: cannot read "src": it is a folder, and a file is needed\n');
    expect(await said('secret.json')).toBe(
      'recloser: cannot read "secret.json": this user may not read it\n',
    );
  });
});

describe('a configuration', () => {
  it.each([
    ['check empty.json', 'empty.json: is empty: a configuration without anything is {}'],
    ['check list.json', 'list.json: config: must be an object, received an array'],
    ['check breaker.json', 'breaker.json: breaker: unknown section "breaker", did you mean "defaults"?'],
    [
      'check bare.json',
      'bare.json: callTimeout: unknown section "callTimeout", did you mean "defaults.callTimeout"?',
    ],
    [
      'check bare-retry.json',
      'bare-retry.json: retry: unknown section "retry", did you mean "resilience.defaults.retry"?',
    ],
    [
      'check retry.json',
      'retry.json: resilience.retry: unknown section "retry", did you mean "resilience.defaults.retry"?',
    ],
  ])('with a mistake is told where things go: %s', async (line, message) => {
    expect(await run(line)).toEqual({ status: 1, stdout: `${message}\n`, stderr: '' });
  });

  it.each([
    ['simulate empty.json', '"empty.json" is empty: a configuration without anything is {}'],
    ['simulate breaker.json', 'breaker.json: breaker: unknown member "breaker", did you mean "defaults"?'],
    [
      'simulate bare.json',
      'bare.json: callTimeout: unknown member "callTimeout", did you mean "defaults.callTimeout"?',
    ],
    [
      'simulate good.json',
      'good.json: has nothing to simulate: it needs `traffic` and `dependency`, or a `trace`',
    ],
    [
      'explain-config good.json',
      '"good.json" is the name of a file: recloser explain-config <name of a breaker> --config good.json',
    ],
  ])('that cannot be used is told of in one line: %s', async (line, message) => {
    expect(await run(line)).toEqual({ status: 2, stdout: '', stderr: `recloser: ${message}\n` });
  });
});

describe('what is no trace', () => {
  const written = 'a trace is what `record` of recloser/adaptive wrote';

  it.each([
    ['empty.json', `empty.json has no calls; ${written}`],
    ['list.json', `list.json, line 1 is no call of a breaker; ${written}`],
    ['good.json', `good.json, line 1 is no call of a breaker; ${written}`],
  ])('is told of with its line, and where traces come from: %s', async (file, message) => {
    expect(await run(`tune ${file}`)).toEqual({ status: 2, stdout: '', stderr: `recloser: ${message}\n` });
  });

  it('of which a line is no JSON says so', async () => {
    const { stderr } = await run('tune text.json');

    expect(stderr).toMatch(/^recloser: text\.json, line 1 is no JSON: .*; a trace is what `record`/);
  });
});
