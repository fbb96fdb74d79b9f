/** What keeps this process alive. */

// Made now, and not when something is first printed.
process.stdout.writableLength;
process.stderr.writableLength;
const ATTACHED = process.getActiveResourcesInfo().length;

/**
 * Resolves to what keeps the process alive besides what it was started with, once that is nothing or `patience` ms
 * have passed. Nothing is scheduled meanwhile that would count itself.
 *
 * @param {number} patience
 * @returns {Promise<string[]>}
 */
export async function handlesLeft(patience) {
  const end = performance.now() + patience;
  for (;;) {
    const handles = process.getActiveResourcesInfo().filter((handle) => handle !== 'Immediate');
    if (handles.length <= ATTACHED) return [];
    if (performance.now() > end) return handles;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Timers that would fire, and keep the process alive until then. They must be gone as soon as nothing is to happen. */
export async function timersLeft() {
  await new Promise((resolve) => setImmediate(resolve));
  return process.getActiveResourcesInfo().filter((handle) => handle === 'Timeout').length;
}
