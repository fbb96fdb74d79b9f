import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { fromRoot } from '../../support/root.js';
import { project } from './project.js';

/** The sources of this package, which are as long and as dense as anybody's. */
const SOURCES = readdirSync(fromRoot('src'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => readFileSync(fromRoot(`src/${file}`), 'utf8'))
  .filter((source) => !source.startsWith('#!'));

const HEAD = `import Opossum from 'opossum';
export const guarded = new Opossum(async () => 1, { timeout: 300, capacity: 5 });
`;

const files = Array.from({ length: 1_000 }, (_, n) => {
  const source = SOURCES[n % SOURCES.length] as string;
  return [`src/${n % 37}/file-${n}.ts`, n % 4 === 0 ? HEAD + source : source] as const;
});

describe('a thousand files', () => {
  it('are read in seconds, a quarter of them changed', { timeout: 120_000 }, async () => {
    const { json } = project(Object.fromEntries(files));
    const start = performance.now();

    const { totals } = await json('opossum src');

    const seconds = (performance.now() - start) / 1_000;
    console.info(`1,000 files, 250 of them parsed and changed: ${seconds.toFixed(1)} s`);
    expect(totals).toMatchObject({ files: 1_000, failed: 0 });
    expect(totals.changed).toBeGreaterThanOrEqual(250);
    // A tenth of this on a machine that is not busy: it is a bound against what grows with the square of the files.
    expect(seconds).toBeLessThan(60);
  });
});
