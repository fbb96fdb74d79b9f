import { describe, expect, it } from 'vitest';
import { typeEntries } from '../../module-forms.mjs';
import { entry } from '../../tsup.config.js';
import { apiReport } from '../support/api-report.js';
import { installedFile } from '../support/consumer.js';

/** `index` is `recloser`, `name` is `recloser/name`. */
const entries = Object.keys(entry).map((file) => ({
  file,
  name: file === 'index' ? 'recloser' : `recloser/${file}`,
}));

describe.each(entries)('the public surface of $name', ({ file, name }) => {
  it('is what api/ says; a change is taken over with `npx vitest run --project package --update`', async () => {
    const report = apiReport(name, installedFile(`dist/${file}.d.ts`));

    await expect(report, 'The public surface has changed').toMatchFileSnapshot(
      `api/${name.replace('/', '-')}.api.md`,
    );
  });

  it('is the same for CommonJS', () => {
    // Where a CommonJS module is a class, the names are what both forms have; their types stand in a file of their own.
    const [types = file] = Object.keys(typeEntries({ [file]: '' }));
    const [esm, cjs] = ['d.ts', 'd.cts'].map((end) => apiReport(name, installedFile(`dist/${types}.${end}`)));
    const [esmNames, cjsNames] = ['d.ts', 'd.cts'].map((end) =>
      namesOf(apiReport(name, installedFile(`dist/${file}.${end}`))),
    );

    expect(cjs).toBe(esm);
    expect(cjsNames).toEqual(esmNames);
  });
});

/** The names that a report begins with. */
function namesOf(report: string): string[] {
  return report.split('\n').filter((line) => line.startsWith('- ') && line !== '- prototype');
}
