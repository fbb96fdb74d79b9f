import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fromRoot } from '../../support/root.js';
import { project } from './project.js';

const CASES = fromRoot('test/cli/migrate/cases');

interface Case {
  readonly from: string;
  readonly changed: boolean;
  readonly report: readonly (readonly [line: number, rule: string])[];
  /** The report has these places and no others. */
  readonly exact: boolean;
  /** `--undo` gives the input back. */
  readonly undo?: boolean;
}

describe.each(readdirSync(CASES))('%s', (name) => {
  const given: Case = JSON.parse(readFileSync(join(CASES, name, 'case.json'), 'utf8'));
  const input = readdirSync(join(CASES, name)).find((file) => file.startsWith('input.'))!;
  const before = readFileSync(join(CASES, name, input));
  const expected = readFileSync(join(CASES, name, input.replace('input', 'expected')));

  it('becomes what is expected, byte for byte, and is told', async () => {
    const { json, bytes } = project({ [input]: before });

    const { files, status } = await json(`${given.from} .`);

    expect(status).toBe(0);
    expect(bytes(input).equals(expected), bytes(input).toString()).toBe(true);
    expect(files.map(({ file, changed }) => ({ file, changed }))).toEqual([
      { file: input, changed: given.changed },
    ]);
    const places = files[0]!.report.map(({ line, rule }) => [line, rule]);
    if (given.exact) expect(places).toEqual(given.report);
    else {
      expect(places).toEqual(expect.arrayContaining([...given.report]));
      expect(places.filter(([, rule]) => rule !== 'by-hand')).toEqual([]);
    }
  });

  it('is the same after a second run', async () => {
    const { run, bytes } = project({ [input]: expected });

    const { status } = await run(`${given.from} . --check`);
    await run(`${given.from} .`);

    expect(status).toBe(0);
    expect(bytes(input).equals(expected)).toBe(true);
  });

  if (given.undo) {
    it('comes back by --undo', async () => {
      const { run, bytes } = project({ [input]: expected });

      await run(`${given.from} . --undo`);

      expect(bytes(input).equals(before)).toBe(true);
    });
  }
});
