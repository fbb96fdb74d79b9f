import { existsSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { entry, subpaths } from '../../tsup.config.js';
import { installedFiles } from '../support/consumer.js';
import { fromRoot } from '../support/root.js';

/** Folders of src/ that belong to no subpath: the core, what subpaths share, and the command. */
const SHARED_SOURCES = ['cli', 'config', 'core'];

/** Folders of test/ that belong to no subpath. */
const SHARED_TESTS = [
  'cli',
  'clients',
  'compilers',
  'core',
  'docs',
  'examples',
  'model',
  'mutation',
  'observability',
  'package',
  'runtimes',
  'soak',
  'support',
  'types',
];

const names = subpaths.filter((subpath) => subpath !== '.').map((subpath) => subpath.slice(2));

function foldersOf(path: string): string[] {
  return readdirSync(fromRoot(path), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name);
}

describe('the subpaths', () => {
  it('are the folders of src beside the core', () => {
    const folders = foldersOf('src').filter((folder) => !SHARED_SOURCES.includes(folder));

    expect(folders.sort()).toEqual([...names].sort());
  });

  it('are the folders of test beside the shared ones', () => {
    const folders = foldersOf('test').filter((folder) => !SHARED_TESTS.includes(folder));

    expect(folders.sort()).toEqual([...names].sort());
  });

  it.each(['circuit-breaker', ...names])('have a page: docs/%s.md', (page) => {
    expect(existsSync(fromRoot(`docs/${page}.md`))).toBe(true);
  });

  it.each(Object.entries(entry))('are built: dist/%s, for both module systems, with types', (file) => {
    const built = installedFiles();

    const missing = ['.js', '.cjs', '.d.ts', '.d.cts'].filter((end) => !built.includes(`dist/${file}${end}`));

    expect(missing).toEqual([]);
  });

  it.each(Object.entries(manifest.exports).filter(([key]) => !key.endsWith('.json')))(
    'are exported, types first: %s',
    (subpath, target) => {
      const file = `./dist/${subpath === '.' ? 'index' : subpath.slice(2)}`;

      expect(JSON.stringify(target)).toBe(
        JSON.stringify({
          import: { types: `${file}.d.ts`, default: `${file}.js` },
          require: { types: `${file}.d.cts`, default: `${file}.cjs` },
        }),
      );
    },
  );

  it('are found by compilers that know no `exports`', () => {
    const expected = names.map((name) => [name, [`./dist/${name}.d.cts`]]);

    expect(manifest.typesVersions).toEqual({ '*': Object.fromEntries(expected) });
  });
});
