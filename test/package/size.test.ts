import { describe, expect, it } from 'vitest';
import { bundleSize } from '../support/bundle-size.mjs';
import { consumerFolder } from '../support/consumer.js';
import { readPages } from '../support/markdown.js';
import limits from './size-limits.json' with { type: 'json' };

/** Bytes by which a limit may be above what it limits. */
const SLACK = 500;

/** As README.md says it: in kB, which are 1000 bytes. */
function inKilobytes(bytes: number): string {
  return `${(bytes / 1000).toFixed(1)} kB`;
}

describe.each(Object.entries(limits))('import %s from recloser', (imports, limit) => {
  it(`costs at most ${limit} bytes, minified and gzipped`, async () => {
    const { gzipped } = await bundleSize(imports, 'recloser', consumerFolder());

    expect(gzipped, 'More than the limit of size-limits.json').toBeLessThanOrEqual(limit);
  });

  it(`costs not much less than that, so that the limit says something`, async () => {
    const { gzipped } = await bundleSize(imports, 'recloser', consumerFolder());

    expect(gzipped, 'Lower the limit of size-limits.json').toBeGreaterThan(limit - SLACK);
  });
});

describe('README.md', () => {
  it('says what the limits say', () => {
    const readme = readPages().find(({ path }) => path === 'README.md')!;
    const sentence =
      /`import \{ CircuitBreaker \}` costs at most ([^,]+), everything at most ([^,.]+\.\d kB)/;

    const [, one, all] = sentence.exec(readme.lines.join(' ')) ?? [];

    expect([one, all]).toEqual([limits['{ CircuitBreaker }'], limits['*']].map(inKilobytes));
  });
});
