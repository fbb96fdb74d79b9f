import { describe, expect, it } from 'vitest';
import { installedFiles, installedManifest } from '../support/consumer.js';

describe('the packed tarball', () => {
  it('holds the built files and the four files that a reader looks for, nothing else', () => {
    const files = installedFiles();

    const others = files.filter((file) => !/^dist\/[\w-]+\.(js|cjs|d\.ts|d\.cts)$/.test(file));

    expect(others).toEqual(['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json']);
  });

  it('depends on no other package', () => {
    const manifest = installedManifest();

    const fields = Object.keys(manifest).filter((field) => /dependencies$/i.test(field));

    expect(fields).toEqual(['devDependencies']);
  });

  it('runs nothing when it is installed', () => {
    const { scripts } = installedManifest();

    const atInstall = Object.keys(scripts as object).filter((name) => /install$|^prepare$/.test(name));

    expect(atInstall).toEqual([]);
  });
});
