import { expect, inject, it } from 'vitest';
import { bundleSize } from '../support/bundle-size.mjs';

/** Bytes of `recloser/redis` beside the core, minified and gzipped; half of it is what Redis runs. */
const LIMIT = 9_900;

it(`recloser/redis costs at most ${LIMIT} bytes beside the core`, async () => {
  const { folder } = inject('consumer');
  const core = await bundleSize('*', 'recloser', folder);
  const both = await bundleSize("*  from 'recloser'; export { shareState }", 'recloser/redis', folder);

  expect(both.gzipped - core.gzipped).toBeLessThanOrEqual(LIMIT);
});
