import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { typeEntries } from '../../module-forms.mjs';
import { entry } from '../../tsup.config.js';
import { installedFiles, installedManifest } from '../support/consumer.js';
import { fromRoot } from '../support/root.js';

describe('the packed tarball', () => {
  it('holds the built files, the schemas, and what a reader looks for, nothing else', () => {
    const files = installedFiles();

    const others = files.filter((file) => !/^dist\/[\w-]+\.(js|cjs|d\.ts|d\.cts)$/.test(file));

    expect(others).toEqual([
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'dist/config.schema.json',
      'dist/simulation.schema.json',
      'package.json',
    ]);
  });

  it('holds nothing in dist but the entries, the command, the schemas and what they share', () => {
    const entries = [...Object.keys(entry), ...Object.keys(typeEntries(entry)), 'cli'].join('|');
    const expected = new RegExp(
      `^dist/(${entries}|[\\w-]+-[\\w-]{8})\\.(js|cjs|d\\.ts|d\\.cts)$|^dist/(config|simulation)\\.schema\\.json$`,
    );

    const others = installedFiles().filter((file) => file.startsWith('dist/') && !expected.test(file));

    expect(others).toEqual([]);
  });

  it('depends on no other package', () => {
    const manifest = installedManifest();

    const fields = Object.keys(manifest).filter((field) => /dependencies$/i.test(field));

    expect(fields.sort()).toEqual(['devDependencies', 'peerDependencies']);
  });

  it('demands no peer: what a subpath talks to is for those who use it', () => {
    const { peerDependencies, peerDependenciesMeta } = installedManifest();

    const optional = Object.keys(peerDependencies as object).map((peer) => [peer, { optional: true }]);

    expect(peerDependenciesMeta).toEqual(Object.fromEntries(optional));
  });

  it('runs nothing when it is installed', () => {
    const { scripts } = installedManifest();

    const atInstall = Object.keys(scripts as object).filter((name) =>
      /^(pre|post)?(install|uninstall|prepare|dependencies)$|^prepublish$/.test(name),
    );

    expect(atInstall).toEqual([]);
  });
});

describe('the lock files', () => {
  it('say what is installed by its hash, and no registry', () => {
    const locks = ['', 'bench/', 'test/clients/', 'test/compilers/', 'test/mutation/', 'test/runtimes/'].map(
      (folder) => ({
        folder,
        packages: JSON.parse(readFileSync(fromRoot(`${folder}package-lock.json`), 'utf8'))
          .packages as Packages,
      }),
    );

    const others = locks.flatMap(({ folder, packages }) =>
      Object.entries(packages)
        .filter(([path, { integrity, resolved }]) => path !== '' && (!integrity || resolved))
        .map(([path]) => folder + path),
    );

    expect(others).toEqual([]);
  });
});

type Packages = Record<string, { integrity?: string; resolved?: string }>;
