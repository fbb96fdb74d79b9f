import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { consumerFolder } from '../support/consumer.js';
import { fencesOf, readPages } from '../support/markdown.js';
import { installOnDemand } from '../support/on-demand.mjs';
import { fromRoot } from '../support/root.js';
import manifest from './package.json' with { type: 'json' };

/**
 * Consumers of the packed types: README's examples and `consumer/`, by every compiler, in every way of finding
 * modules, for browsers and for Node, with both forms of decorators. All are `strict`, with `exactOptionalPropertyTypes`, and check the package's
 * declarations as well (`skipLibCheck: false`).
 */
const COMPILERS = Object.keys(manifest.dependencies).filter((name) => name.startsWith('typescript-'));

const RESOLUTIONS = [
  { resolution: 'node16', module: 'node16' },
  { resolution: 'nodenext', module: 'nodenext' },
  { resolution: 'bundler', module: 'esnext' },
] as const;

const PLATFORMS = {
  browser: { lib: ['ES2022', 'DOM'], types: [] },
  node: { lib: ['ES2022'], types: ['node'] },
} as const;

/** Each platform with one form of decorators: what the one has to do with the other is nothing. */
const CASES = COMPILERS.flatMap((compiler) =>
  RESOLUTIONS.flatMap((resolution) => [
    { compiler, ...resolution, platform: 'browser' as const, decorators: 'TC39' },
    { compiler, ...resolution, platform: 'node' as const, decorators: 'experimental' },
  ]),
);

const folder = join(consumerFolder(), 'consumers');
const outcomes = new Map<string, boolean[]>();

beforeAll(() => {
  installOnDemand(fromRoot('test/compilers'));
  mkdirSync(folder);
  cpSync(fromRoot('test/compilers/consumer'), folder, { recursive: true });
  symlinkSync(fromRoot('test/compilers/node_modules/@types'), join(folder, '../node_modules/@types'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  for (const [line, code] of readmeExamples()) writeFileSync(join(folder, `readme-${line}.ts`), code);
});

describe.each(CASES)(
  '$compiler, $resolution, $platform, $decorators decorators',
  ({ compiler, ...consumer }) => {
    it.concurrent('compiles what users write', async ({ expect }) => {
      const config = writeConfig(compiler, consumer);

      const output = await compile(compiler, config);

      note(`${compiler} | ${consumer.resolution}`, output === '');
      expect(output).toBe('');
    });
  },
);

describe('a compiler that finds a mistake', () => {
  it('says so', async () => {
    writeFileSync(join(folder, 'mistake.ts'), "import { nothing } from 'recloser'; nothing();");
    const config = join(folder, 'tsconfig.mistake.json');
    writeFileSync(
      config,
      JSON.stringify({ compilerOptions: { noEmit: true, module: 'node16' }, files: ['mistake.ts'] }),
    );

    expect(await compile(COMPILERS.at(-1)!, config)).toContain("has no exported member 'nothing'");
  });
});

afterAll(() => {
  const rows = [...outcomes].map(
    ([row, all]) => `| ${row} | ${all.filter(Boolean).length} of ${all.length} |`,
  );
  console.info(['| compiler | moduleResolution | compiled |', '|---|---|---|', ...rows].join('\n'));
});

function note(row: string, compiled: boolean): void {
  outcomes.set(row, [...(outcomes.get(row) ?? []), compiled]);
}

function readmeExamples(): [line: number, code: string][] {
  const readme = readPages().find(({ path }) => path === 'README.md')!;
  return fencesOf(readme)
    .filter(({ language }) => language === 'ts')
    .map(({ line, start, end }) => [line, readme.lines.slice(start, end).join('\n')]);
}

type Consumer = Omit<(typeof CASES)[number], 'compiler'>;

function writeConfig(compiler: string, { resolution, module, platform, decorators }: Consumer): string {
  const path = join(folder, `tsconfig.${compiler}.${resolution}.${platform}.json`);
  const include = ['readme-*.ts', 'consumer.ts', 'subpaths.ts'];
  // `import x = require()` is for those who emit CommonJS, `using` for compilers from 5.2 on.
  if (resolution !== 'bundler') include.push('commonjs.cts');
  if (platform === 'node' && compiler !== 'typescript-5.0') include.push('using.ts');
  writeFileSync(
    path,
    JSON.stringify({
      compilerOptions: {
        ...PLATFORMS[platform],
        target: 'ES2022',
        module,
        moduleResolution: resolution,
        experimentalDecorators: decorators === 'experimental',
        strict: true,
        exactOptionalPropertyTypes: true,
        skipLibCheck: false,
        noEmit: true,
      },
      include,
    }),
  );
  return path;
}

/** What the compiler says, and its status if that alone tells of a failure. */
function compile(compiler: string, config: string): Promise<string> {
  const tsc = fromRoot(`test/compilers/node_modules/${compiler}/bin/tsc`);
  const child = spawn(process.execPath, [tsc, '-p', config], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.on('data', (text) => (output += text));
  child.stderr.on('data', (text) => (output += text));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => resolve(status === 0 || output !== '' ? output : `ended with ${status}`));
  });
}
