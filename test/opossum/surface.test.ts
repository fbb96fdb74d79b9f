/** What docs/opossum.md says of opossum's API is proved row by row: a row without a scenario that exists fails. */
import { describe, expect, it } from 'vitest';
import { DIFFERENT, DIFFERENT_AT_THE_EDGES, SAME } from './all.js';
import { SURFACE } from './surface.js';

const namesOf = (scenarios: readonly { readonly name: string }[]) => scenarios.map(({ name }) => name);

describe('the surface of opossum', () => {
  const same = new Set(namesOf(SAME));
  const better = new Set(namesOf([...DIFFERENT, ...DIFFERENT_AT_THE_EDGES]));

  it.each(SURFACE)('is proved: $row', ({ same: alike = [], better: otherwise = [] }) => {
    expect(alike.length + otherwise.length).toBeGreaterThan(0);
    expect(alike.filter((name) => !same.has(name))).toEqual([]);
    expect(otherwise.filter((name) => !better.has(name))).toEqual([]);
  });

  it('has no scenario twice, so that a name says which', () => {
    const all = namesOf([...SAME, ...DIFFERENT, ...DIFFERENT_AT_THE_EDGES]);

    expect(all.filter((name, at) => all.indexOf(name) !== at)).toEqual([]);
  });
});
