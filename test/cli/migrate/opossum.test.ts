import { describe, expect, it } from 'vitest';
import { migrated, project } from './project.js';

/** A source in which `@` stands for the module's name. */
async function expectChanged(source: string, file?: string) {
  const { text, report } = await migrated('opossum', source.replaceAll('@', 'opossum'), file);
  expect(text).toBe(source.replaceAll('@', 'recloser/opossum'));
  return report;
}

describe("the module's name", () => {
  it.each([
    "import X from '@';",
    'import X from "@"',
    "import * as X from '@';",
    "import { default as X } from '@';",
    "import type { Options } from '@';",
    "import { type Options } from '@';",
    "import '@';",
    "import X = require('@');",
    "export import X = require('@');",
    "export { default } from '@';",
    "export * from '@';",
    "export type { Options } from '@';",
    "const X = require('@');",
    'const X = require(`@`);',
    "const X = module.require('@');",
    "const at = require.resolve('@');",
    "const at = import.meta.resolve('@');",
    "const X = (require('@') as any).default || require('@');",
    "import { createRequire } from 'node:module';\nconst load = createRequire(import.meta.url);\nload('@');",
    "const m = await import('@');",
    "const m = import(/* a */ '@' /* b */);",
    "type O = import('@').Options;",
    "let X: typeof import('@');",
    "let X: Map<string, import('@')<[string], number>>;",
    "f<import('@').Options>('other');",
  ])('changes in its quotes: %s', async (source) => {
    await expectChanged(source);
  });

  it.each([
    "import x from 'opossum-prometheus';",
    "import x from './opossum';",
    "import x from '../opossum.js';",
    "import x from '@scope/opossum';",
    '// import("opossum")',
    "/* import('opossum') */",
    "/** as in opossum, see require('opossum') */",
    'const opossum = { opossum: 1 };',
    'const text = `opossum \u0024{1}`;',
    "const text = 'an opossum';",
    "// const b = require('opossum')",
  ])('stays, and nothing is told: %s', async (source) => {
    const { text, report } = await migrated('opossum', source);

    expect({ text, report }).toEqual({ text: source, report: [] });
  });

  it('changes in types of JSDoc, in each of its quotes, and in its imports', async () => {
    const source = [
      '/** @type {import(\'@\').Options} @see import("@") */',
      '/**',
      " * @import { Options } from '@'",
      ' */',
      'x();',
    ].join('\n');
    const named = (name: string) => source.replaceAll("'@'", `'${name}'`).replaceAll('"@"', `"${name}"`);

    const { text } = await migrated('opossum', named('opossum'), 'a.js');

    expect(text).toBe(named('recloser/opossum'));
  });

  it.each([
    ["jest.mock('@');", []],
    ["jest.mock('@', () => jest.fn());", [[1, 'mock-factory']]],
    ["jest.doMock('@', factory, { virtual: true });", [[1, 'mock-factory']]],
    ["jest.setMock('@', { fire() {} });", [[1, 'mock-factory']]],
    ["jest.unmock('@'); jest.dontMock('@'); jest.requireActual('@'); jest.requireMock('@');", []],
    ["jest.mock('a').mock('@');", []],
    ["jest.createMockFromModule('@');", []],
    ["jest.unstable_mockModule('@', async () => ({}));", [[1, 'mock-factory']]],
    ["vi.mock('@', { spy: true });", []],
    ["vi.mock(import('@'), () => ({}));", [[1, 'mock-factory']]],
    ["vi.doUnmock('@'); await vi.importActual('@'); await vi.importMock('@');", []],
    ["mock.module('@', { defaultExport: Fake });", [[1, 'mock-factory']]],
    ["t.mock.module('@', { defaultExport: Fake });", [[1, 'mock-factory']]],
    ["td.replace('@', fake);", [[1, 'mock-factory']]],
  ] as const)('changes where it is mocked: %s', async (source, expected) => {
    expect(await expectChanged(source)).toEqual(expected);
  });

  it.each([
    ["proxyquire('./a', { 'opossum': Fake });", "proxyquire('./a', { 'recloser/opossum': Fake });"],
    ["proxyquire('./a', { opossum: Fake, b });", "proxyquire('./a', { 'recloser/opossum': Fake, b });"],
    ['proxyquire("./a", { opossum: Fake });', 'proxyquire("./a", { "recloser/opossum": Fake });'],
    ["proxyquire('./a', { opossum });", "proxyquire('./a', { 'recloser/opossum': opossum });"],
    [
      "proxyquire.noCallThru().load('./a', { opossum: Fake });",
      "proxyquire.noCallThru().load('./a', { 'recloser/opossum': Fake });",
    ],
    [
      "const pq = require('proxyquire').noCallThru();\npq('./a', { opossum: Fake });",
      "const pq = require('proxyquire').noCallThru();\npq('./a', { 'recloser/opossum': Fake });",
    ],
    [
      "const stubs = { opossum: Fake };\nproxyquire('./a', stubs);",
      "const stubs = { 'recloser/opossum': Fake };\nproxyquire('./a', stubs);",
    ],
    ['var x = x(y);\nx("./a", { opossum });', 'var x = x(y);\nx("./a", { opossum });'],
    [
      "await esmock('./a.js', { opossum: { default: Fake } });",
      "await esmock('./a.js', { 'recloser/opossum': { default: Fake } });",
    ],
  ])('changes as the key of a stub: %s', async (source, expected) => {
    const { text, report } = await migrated('opossum', source, 'a.js');

    expect({ text, report }).toEqual({ text: expected, report: [] });
  });
});

describe('places to look at', () => {
  const IMPORT = "import CircuitBreaker from 'opossum';\n";

  it.each([
    ["import Status from 'opossum/lib/status';", [[1, 'deep-import']]],
    ["jest.mock('opossum/lib/circuit');", [[1, 'deep-import']]],
    ["const { Status } = require('opossum');", [[1, 'named-require']]],
    ["let X;\n({ default: X } = require('opossum'));", [[2, 'named-require']]],
    ["const X = require('opossum').default;", []],
    ["load('opossum');", [[1, 'string']]],
    ["const kinds = ['cat',\n 'opossum'];", [[2, 'string']]],
    ["declare module 'opossum' { }", [[1, 'string']]],
    ["type Animal = 'cat' | 'opossum';", [[1, 'string']]],
    ['/// <reference types="opossum" />', [[1, 'string']]],
    [`${IMPORT}new CircuitBreaker(f).fire(1);`, [[2, 'per-call']]],
    [`${IMPORT}await (new CircuitBreaker(f, {}) as any)!\n.fire(1);`, [[2, 'per-call']]],
    [`${IMPORT}new Other(f).fire(1);`, []],
    [`${IMPORT}breaker.status.window[0].fires = 1;`, [[2, 'window-write']]],
    [`${IMPORT}breaker.status.window.push({});`, [[2, 'window-write']]],
    [`${IMPORT}read(breaker.status.window[0].fires);`, []],
  ] as const)('%s', async (source, expected) => {
    expect((await migrated('opossum', source)).report).toEqual(expected);
  });

  it.each([
    ['{ errorThresholdPercentage: 100 }', ['threshold-100']],
    ["{ errorThresholdPercentage: '100' }", ['threshold-100']],
    ['{ errorThresholdPercentage: 99 }', []],
    ['{ errorThresholdPercentage: 101 }', []],
    ['{ maxFailures: 3 }', ['max-failures']],
    ['{ abortController: new AbortController(), autoRenewAbortController: true }', ['abort-controller']],
    ['{ capacity: 10 }', ['capacity']],
    ['{ rotateBucketController: ticker }', ['rotate']],
    ['{ "retries": 1 }', ['unknown-option']],
    ['{ [computed]: 1 }', []],
    ['{ timeout: Number(process.env.T) }', ['env-number']],
    ['{ timeout: Number.parseInt(process.env["T"]!, 10) }', ['env-number']],
    ['{ timeout: +process.env.T }', ['env-number']],
    ['{ timeout: parseFloat(process.env.T) * 1000 }', ['env-number']],
    ['{ timeout: Number(process.env.T) || 300 }', []],
    ["{ timeout: Number(process.env.T ?? '300') }", []],
    ['{ timeout: process.env.T ? Number(process.env.T) : 300 }', []],
    ['{ timeout: 300 }', []],
    ['OPTIONS', ['capacity']],
    ['{ ...OPTIONS }', ['capacity']],
    ['ALL.search', ['max-failures']],
    ['FROZEN', ['rotate']],
    ['Object.assign({}, OPTIONS, { maxFailures: 3 })', ['capacity', 'max-failures']],
    ['{ ...Object.assign({}, OPTIONS) }', ['capacity']],
    ['{ errorThresholdPercentage: ALWAYS }', ['threshold-100']],
    ['imported', ['options-elsewhere']],
    ['config.breaker', ['options-elsewhere']],
    ['handed', ['options-elsewhere']],
    ['undefined', []],
    ['{ ...imported }', []],
    ['made', []],
  ])('in the options %s', async (options, rules) => {
    const source = `${IMPORT}import { imported, config } from './config';
const OPTIONS = { capacity: 10 } as const;
const ALL = { search: { maxFailures: 1 } };
const FROZEN = Object.freeze({ rotateBucketController: t });
const ALWAYS = 100;
const made = make();
function f(handed) { return new CircuitBreaker(g, ${options}); }`;

    const { report } = await migrated('opossum', source);

    expect(report.map(([, rule]) => rule)).toEqual(rules);
  });

  it.each([
    "import * as O from 'opossum';\nnew O(f, { capacity: 1 });",
    "import * as O from 'opossum';\nnew O.default(f, { capacity: 1 });",
    "import O = require('opossum');\nnew O(f, { capacity: 1 });",
    "const O = require('opossum');\nnew O(f, { capacity: 1 });",
    "const m = await import('opossum'); const O = m.default || m;\nnew O(f, { capacity: 1 });",
    "const { default: O } = await import('opossum');\nnew O(f, { capacity: 1 });",
    "import X from 'opossum'; const O = (X as any).default ?? X;\nnew O(f, { capacity: 1 });",
  ])('are found however the class is imported: %s', async (source) => {
    expect((await migrated('opossum', source)).report).toEqual([[2, 'capacity']]);
  });

  it('are found where a class extends it', async () => {
    const source = `import X from 'opossum';
class Mine extends X {
  constructor(f) {
    super(f, { capacity: 1 });
  }
}`;

    expect((await migrated('opossum', source)).report).toEqual([[4, 'capacity']]);
  });

  it('are found in a field of the class around', async () => {
    const source = `import X from 'opossum';
class Prices {
  private readonly options = { timeout: 300, capacity: 1 };
  private readonly breaker = new X(get, this.options);
}`;

    expect((await migrated('opossum', source)).report).toEqual([[3, 'capacity']]);
  });

  it("are not looked for in another library's options", async () => {
    const source =
      "import { Status } from 'opossum';\nnew Pool({}, { capacity: 1 });\nnew Status({}, { capacity: 2 });";

    expect((await migrated('opossum', source)).report).toEqual([]);
  });
});

describe('a file where both run side by side', () => {
  const SOURCE = `import Opossum from 'opossum';
import { sideBySide } from 'recloser/opossum';
export const CircuitBreaker = sideBySide(Opossum, { use: 'shadow' });
`;

  it.each(['opossum .', 'opossum . --undo'])('stays as it is: %s', async (line) => {
    const { json, read } = project({ 'a.ts': SOURCE });

    const { files } = await json(line);

    expect(read('a.ts')).toBe(SOURCE);
    expect(files[0]!.report.map(({ line, rule }) => [line, rule])).toEqual([[2, 'side-by-side']]);
  });
});
