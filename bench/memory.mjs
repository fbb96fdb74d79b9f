/**
 * What breakers cost in memory, and in CPU while nobody calls them; `main.mjs` runs it with `--expose-gc`. Bytes are
 * those of the heap and of buffers outside it, after a full collection. The young generation is made large enough that
 * nothing is collected while the bytes of calls are counted.
 */
import { median } from './measure.mjs';
import { loadPeer } from './peers/index.mjs';
import { answerParent, loadRecloser, order } from './process.mjs';
import { succeed } from './tasks.mjs';

const { library, count, idleMs, idleBreakers } = order;

/** Calls whose bytes are counted at once. */
const STRETCH = 100;

/** What is alive while it is weighed. */
const kept = [];

const { createOne, createEntry } = await makers();
answerParent({
  ...(await breakers()),
  bytesPerCall: await bytesPerCall(),
  idleCpu: await idleCpu(),
  ...(createEntry && { entry: await weighEntries() }),
});

/** Functions that create the `i`th breaker, and one call through it. */
async function makers() {
  if (library !== 'recloser') {
    const { create } = await loadPeer(library);
    return { createOne: () => create(succeed, {}) };
  }
  const { CircuitBreaker, CircuitBreakerRegistry } = await loadRecloser();
  const createOne = () => {
    const breaker = new CircuitBreaker();
    return () => breaker.call(succeed);
  };
  const createEntry = () => {
    const registry = new CircuitBreakerRegistry();
    return (i) => registry.getOrCreate(`breaker-${i}`);
  };
  return { createOne, createEntry };
}

async function breakers() {
  for (let i = 0; i < 200; i++) createOne();
  const closures = await bytesOf(count, (i) => () => i); // what holds a breaker here is not the breaker
  const start = performance.now();
  for (let i = 0; i < count; i++) kept[i] = createOne();
  const createNs = ((performance.now() - start) * 1e6) / count;
  kept.length = 0;
  const before = used();
  for (let i = 0; i < count; i++) kept[i] = createOne();
  const created = (used() - before) / count;
  for (const call of kept) await call();
  await settled();
  const called = (used() - before) / count;
  kept.length = 0;
  globalThis.gc();
  await settled(); // buffers are freed beside the collection
  return {
    createNs,
    created: created - closures,
    called: called - closures,
    dropped: (used() - before) / count,
  };
}

async function bytesOf(many, create) {
  const before = used();
  for (let i = 0; i < many; i++) kept[i] = create(i);
  const bytes = (used() - before) / many;
  kept.length = 0;
  return bytes;
}

/** An entry of a registry, its breaker and its name. */
async function weighEntries() {
  const getOrCreate = createEntry();
  return bytesOf(count, getOrCreate);
}

/** Bytes that a call allocates, over those of a bare call. */
async function bytesPerCall() {
  const call = createOne();
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

/** The share of one core that 10,000 idle breakers take. */
async function idleCpu() {
  for (let i = 0; i < idleBreakers; i++) {
    kept[i] = createOne();
    await kept[i]();
  }
  globalThis.gc();
  await settled();
  const before = process.cpuUsage();
  const start = performance.now();
  await new Promise((resolve) => setTimeout(resolve, idleMs));
  const { user, system } = process.cpuUsage(before);
  kept.length = 0;
  return (user + system) / 1_000 / (performance.now() - start);
}

function used() {
  globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function settled() {
  return new Promise((resolve) => setTimeout(resolve, 20));
}
