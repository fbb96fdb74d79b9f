import { expect, inject, it } from 'vitest';
import { bundleSize } from '../support/bundle-size.mjs';

/** Bytes of what a subpath adds to what is there already, minified and gzipped. */
const LIMITS = [
  // The contract's goal was 4,000.
  { core: '{ CircuitBreaker }', name: '{ adaptive }', from: 'recloser/adaptive', limit: 7_200 },
  { core: '*', name: '{ CircuitBreaker as Face }', from: 'recloser/opossum', limit: 7_400 },
];

it.each(LIMITS)('$from costs at most $limit bytes beside the core', async ({ core, name, from, limit }) => {
  const { folder } = inject('consumer');
  const alone = await bundleSize(core, 'recloser', folder);
  const both = await bundleSize(`${core} from 'recloser'; export ${name}`, from, folder);

  expect(both.gzipped - alone.gzipped).toBeLessThanOrEqual(limit);
});
