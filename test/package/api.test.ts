import { describe, expect, it } from 'vitest';
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
    const [esm, cjs] = ['d.ts', 'd.cts'].map((end) => apiReport(name, installedFile(`dist/${file}.${end}`)));

    expect(cjs).toBe(esm);
  });
});
