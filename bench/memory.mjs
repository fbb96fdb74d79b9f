/**
 * Weighs breakers, one reading for each process; `run.mjs` has the flags that it needs. Bytes are those of the heap and of
 * buffers outside it, after a full collection. The young generation is made large enough that nothing is collected while
 * the bytes of calls are counted.
 */
import { loadBreaker, settled } from './breakers.mjs';
import { median } from './figures.mjs';
import { answerParent, loadRecloser, order } from './process.mjs';
import { succeed } from './tasks.mjs';

const { library, count } = order;

/** Calls whose bytes are counted at once. */
const STRETCH = 100;

/** What is alive while it is weighed. */
const kept = [];

const create = await loadBreaker(library);
answerParent({
  ...(await breakers()),
  bytesPerCall: await bytesPerCall(),
  ...(library === 'recloser' && { entry: await entries() }),
});

async function breakers() {
  for (let i = 0; i < 2_000; i++) await create()(); // code is made on the way, and weighs something too
  const closures = bytesOf((i) => () => i); // what holds a breaker here is not the breaker
  const start = performance.now();
  for (let i = 0; i < count; i++) kept[i] = create();
  const createNs = ((performance.now() - start) * 1e6) / count;
  kept.length = 0;
  const before = used();
  for (let i = 0; i < count; i++) kept[i] = create();
  const created = (used() - before) / count;
  for (const call of kept) await call();
  await settled();
  const called = (used() - before) / count;
  kept.length = 0;
  globalThis.gc();
  await settled();
  return {
    createNs,
    created: created - closures,
    called: called - closures,
    dropped: (used() - before) / count,
  };
}

/** An entry of a registry, its breaker and its name. */
async function entries() {
  const { CircuitBreakerRegistry } = await loadRecloser();
  const registry = new CircuitBreakerRegistry();
  return bytesOf((i) => registry.getOrCreate(`breaker-${i}`));
}

function bytesOf(createOne) {
  const before = used();
  for (let i = 0; i < count; i++) kept[i] = createOne(i);
  const bytes = (used() - before) / count;
  kept.length = 0;
  return bytes;
}

/** Bytes that a call allocates, over those of a bare call. */
async function bytesPerCall() {
  const call = create();
  const bare = await allocated(async (times) => {
    for (let i = 0; i < times; i++) await succeed();
  });
  const guarded = await allocated(async (times) => {
    for (let i = 0; i < times; i++) await call();
  });
  return guarded - bare;
}

/** The median of many short stretches: a collection, which some libraries' timers bring about, spoils one of them. */
async function allocated(loop) {
  await loop(20_000); // by the optimizing compiler, as in a service that has been up for a second
  await settled();
  globalThis.gc();
  const stretches = [];
  for (let i = 0; i < 41; i++) {
    const before = process.memoryUsage().heapUsed;
    await loop(STRETCH);
    stretches.push((process.memoryUsage().heapUsed - before) / STRETCH);
  }
  return median(stretches);
}

function used() {
  globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
