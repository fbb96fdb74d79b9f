/** Measures the CPU that breakers take while nobody calls them, in percent of one core; `run.mjs` has the flags. */
import { loadBreaker, settled } from './breakers.mjs';
import { answerParent, order } from './process.mjs';

const { library, count, ms, readings } = order;

const create = await loadBreaker(library);
const kept = [];
for (let i = 0; i < count; i++) {
  kept[i] = create();
  await kept[i]();
}
globalThis.gc();
await settled();

const percents = [];
for (let i = 0; i < readings; i++) percents.push(await rest());
answerParent(percents);

async function rest() {
  const before = process.cpuUsage();
  const start = performance.now();
  await new Promise((resolve) => setTimeout(resolve, ms));
  const { user, system } = process.cpuUsage(before);
  return ((user + system) / 1_000 / (performance.now() - start)) * 100;
}
