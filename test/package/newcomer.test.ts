/** What somebody meets who has just installed the package. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, it, onTestFinished } from 'vitest';
import { consumerFolder, runAsConsumer } from '../support/consumer.js';
import { fencesOf, readPages } from '../support/markdown.js';
import { fromRoot } from '../support/root.js';

const readme = readPages().find(({ path }) => path === 'README.md')!;

/** The first program of the README. */
function guardedFetch(): string {
  const { start, end } = fencesOf(readme).find(({ language }) => language === 'js')!;
  return readme.lines.slice(start, end).join('\n');
}

describe('the guarded fetch of the README, pasted into a new file', () => {
  it('opens on a server that answers 503, and then asks no more', async () => {
    let asked = 0;
    const server = createServer((_, response) => {
      asked++;
      response.writeHead(503).end();
    }).listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const folder = consumerFolder();
    const code = guardedFetch().replaceAll('https://prices.example', `http://127.0.0.1:${port}`);
    writeFileSync(join(folder, 'prices.mjs'), code);

    const printed = await new Promise<string>((resolve, reject) => {
      execFile(process.execPath, ['prices.mjs'], { cwd: folder, timeout: 20_000 }, (error, stdout) =>
        error ? reject(error) : resolve(stdout),
      );
    });

    const lines = printed.trim().split('\n');
    expect(lines.slice(-2)).toEqual(['OPEN', 'ERR_CIRCUIT_OPEN 503']);
    // Each `503` is what a request came to after its retries; five failures open the circuit.
    expect(lines.slice(0, -2)).toEqual(['503', '503']);
    expect(asked).toBe(5);
  });
});

describe('a stack trace', () => {
  it.each([
    ['module', "import { CircuitBreaker } from 'recloser';"],
    ['commonjs', "const { CircuitBreaker } = require('recloser');"],
  ] as const)('names what of the package it goes through: %s', (type, load) => {
    const { stderr } = runAsConsumer(type, `${load} new CircuitBreaker({ timeot: 5 });`);

    expect(stderr).toMatch(/recloser[\\/]dist[\\/]core-\w+\.c?js/);
    expect(stderr).not.toMatch(/chunk-/);
  });
});

/** What an editor shows where the mouse is over the end of each text, in a file of somebody who has the package. */
function hovers(code: string, ...texts: readonly string[]): string[] {
  const file = join(consumerFolder(), 'hover.mts');
  const host: ts.LanguageServiceHost = {
    getCompilationSettings: () => ({
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      target: ts.ScriptTarget.ES2022,
    }),
    getScriptFileNames: () => [file],
    getScriptVersion: () => '1',
    getScriptSnapshot: (path) => {
      const text = path === file ? code : ts.sys.readFile(path);
      return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text);
    },
    getCurrentDirectory: () => consumerFolder(),
    getDefaultLibFileName: ts.getDefaultLibFilePath,
    fileExists: (path) => path === file || ts.sys.fileExists(path),
    readFile: ts.sys.readFile,
    directoryExists: ts.sys.directoryExists,
  };
  const service = ts.createLanguageService(host);
  return texts.map((text) => {
    const shown = service.getQuickInfoAtPosition(file, code.indexOf(text) + text.length - 1);
    return ts.displayPartsToString(shown?.documentation);
  });
}

describe('an editor', () => {
  it('says in a few words what is under the mouse', () => {
    const code = [
      "import { CircuitBreaker } from 'recloser';",
      'const breaker = new CircuitBreaker({ callTimeout: 5, isFailure: () => true });',
      'breaker.forceOpen("INC-43");',
    ].join('\n');

    const [made, callTimeout, isFailure, forceOpen] = hovers(
      code,
      'new CircuitBreaker',
      'callTimeout',
      'isFailure',
      'forceOpen',
    );

    expect(made).toMatch(/every option has a default/);
    expect(callTimeout).toMatch(/^Milliseconds, 0 to 2,147,483,647, after which a call rejects/);
    expect(isFailure).toMatch(/true.*failure.*false.*success.*'ignore'/s);
    expect(forceOpen).toMatch(/reset\(\)/);
  });
});

describe('the repository', () => {
  it.each([
    'CONTRIBUTING.md',
    'CODE_OF_CONDUCT.md',
    'SECURITY.md',
    '.github/ISSUE_TEMPLATE/fault.yml',
    '.github/ISSUE_TEMPLATE/wish.yml',
    '.github/PULL_REQUEST_TEMPLATE.md',
  ])('has %s', (file) => {
    expect(existsSync(fromRoot(file))).toBe(true);
  });

  it('has hosted checks, which are those of .ci/run', () => {
    const workflow = readFileSync(fromRoot('.github/workflows/ci.yml'), 'utf8');

    expect(workflow).toContain('.ci/run');
  });
});
