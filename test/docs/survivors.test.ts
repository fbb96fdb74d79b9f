/** `test/mutation/survivors.json` knows mutants by their source: what names code that is gone accepts nothing. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

interface Survivor {
  readonly file: string;
  readonly line: string;
  readonly original: string;
  readonly reason: string;
}

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const squeeze = (code: string): string => code.replace(/\s+/g, ' ').trim();

const survivors: readonly Survivor[] = JSON.parse(read('test/mutation/survivors.json'));

test('each mutant that is accepted is one of code that is there, with a reason', () => {
  const stale = survivors.filter(({ file, line, original, reason }) => {
    const source = read(file);
    return (
      reason === '' || !source.split('\n').map(squeeze).includes(line) || !squeeze(source).includes(original)
    );
  });

  expect(survivors.length).toBeGreaterThan(0);
  expect(stale).toEqual([]);
});
