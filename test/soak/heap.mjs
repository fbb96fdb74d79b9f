/** What the heap holds once garbage is collected, and whether it grows. */
import { collectGarbage } from '../support/garbage.mjs';

/** Bytes that are still held by somebody, array buffers among them. */
export async function heldBytes() {
  for (let i = 0; i < 3; i++) await collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/**
 * Bytes by which the samples grew: the median of their last quarter less that of their first. A single sample may be
 * off by what the engine compiled or threw away just then.
 *
 * @param {readonly number[]} samples
 */
export function growthOf(samples) {
  const quarter = Math.ceil(samples.length / 4);
  return median(samples.slice(-quarter)) - median(samples.slice(0, quarter));
}

/** @param {readonly number[]} numbers */
function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  return /** @type {number} */ (sorted[Math.floor(sorted.length / 2)]);
}
