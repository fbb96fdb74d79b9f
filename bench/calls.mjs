/**
 * Measures timed cases; `main.mjs` runs it in a process of its own. Each case is measured beside the bare call: for one
 * library in one process, and for all libraries and all cases in one.
 */
import { CASES } from './cases/index.mjs';
import { bare, guarded } from './loops.mjs';
import { measure } from './measure.mjs';
import { loadPeer } from './peers/index.mjs';
import { answerParent, loadRecloser, order } from './process.mjs';
import { answer, fail, succeed } from './tasks.mjs';

const TASKS = { answer, fail, succeed };

const { cases, libraries, effort } = order;
const results = [];
for (const id of cases) {
  const { loop, task = 'succeed', around = (run) => run() } = CASES[id];
  const kind = loop ?? { fail: 'rejects', answer: 'returns' }[task] ?? 'resolves';
  const behind = typeof task === 'function' ? task(succeed) : TASKS[task];
  const bareKind = task === 'succeed' ? 'resolves' : kind;
  const subjects = [{ name: 'bare', loop: bare[bareKind](behind) }];
  for (const name of libraries) {
    const call = await createCall(name, CASES[id], behind);
    if (call !== undefined) subjects.push({ name, loop: guarded[kind](call) });
  }
  if (subjects.length === 1) continue;
  for (const result of await around(() => measure(subjects, effort))) results.push({ case: id, ...result });
}
answerParent(results);

async function createCall(library, { create, peers }, task) {
  if (library === 'recloser') return create(await loadRecloser(), task);
  if (peers === undefined) return undefined;
  const peer = await loadPeer(library);
  return peers.open ? createOpenPeer(peer, peers) : peer.create(task, peers);
}

/** A peer's breaker after failures have tripped it. */
async function createOpenPeer(peer, wanted) {
  let runs = 0;
  const call = peer.create(() => {
    runs++;
    return fail();
  }, wanted);
  if (call === undefined) return undefined;
  for (let i = 0; i < 20; i++) await call().catch(() => {});
  const before = runs;
  await call().catch(() => {});
  if (runs > before) throw new Error('The breaker is not open');
  return call;
}
