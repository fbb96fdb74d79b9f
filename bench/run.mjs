/** Runs everything, one process after the other, and gathers rows: one for each thing measured. */
import { CASES } from './cases/index.mjs';
import { median, spread, TOO_WIDE } from './measure.mjs';
import { runChild } from './process.mjs';

const MEMORY_FLAGS = ['--expose-gc', '--max-semi-space-size=64'];

/**
 * @typedef {{ value: number, spread?: number }} Figure
 * @typedef {{ id: string, title: string, unit: string, goal?: number, atLeast?: boolean, bare?: number,
 *   figures: Record<string, Figure> }} Row `figures` by library; `mixed` is recloser in one process with all others
 */

/** @returns {Promise<Row[]>} */
export async function runAll(options, tell) {
  const rows = await timed(options, tell);
  if (!options.isWhole) return rows;
  rows.push(...(await windows(options, tell)));
  rows.push(...(await instrumented(options, tell)));
  rows.push(...(await memory(options, tell)));
  rows.push(...(await http(options, tell)));
  rows.push(...(await coldStart(options, tell)));
  return rows;
}

async function timed({ node, recloser, plan, cases, peers }, tell) {
  const rows = [];
  const measure = (ids, libraries, effort) =>
    runChild(node, 'calls.mjs', { recloser, cases: ids, libraries, effort });
  for (const id of cases) {
    const { title, unit = '×', goal } = CASES[id];
    const row = { id, title, unit, goal, figures: {} };
    for (const library of ['recloser', ...peers]) {
      if (library !== 'recloser' && CASES[id].peers === undefined) continue;
      tell(`${title}: ${library}`);
      const results = await measure([id], [library], library === 'recloser' ? plan.effort : plan.peerEffort);
      if (results.length === 0) continue;
      row.figures[library] = figureOf(results[1], unit);
      if (library === 'recloser') row.bare = results[0].ns;
    }
    rows.push(row);
  }
  tell('all mixed in one process');
  const shared = cases.filter((id) => !CASES[id].aloneOnly);
  const mixed = await measure(shared, ['recloser', ...peers], plan.mixedEffort);
  for (const row of rows) {
    const result = mixed.find(({ case: id, name }) => id === row.id && name === 'recloser');
    if (result !== undefined) row.figures.mixed = figureOf(result, row.unit);
  }
  return rows;
}

function figureOf({ ratio, over, ns, spread }, unit) {
  return { value: unit === 'ns' ? over : ratio, spread, ns };
}

async function windows({ node, recloser, plan }, tell) {
  tell('windows of 10 to 100,000');
  const [, ...sizes] = await runChild(node, 'windows.mjs', { recloser, effort: plan.effort });
  const ratios = sizes.map(({ ratio }) => ratio);
  const wide = Math.max(...sizes.map(({ spread }) => spread));
  const value = Math.max(...ratios) / Math.min(...ratios);
  return [
    {
      id: 'windows',
      title: 'windows of 10 to 100,000: dearest / cheapest',
      unit: '×',
      goal: 1.1,
      figures: { recloser: { value, spread: wide } },
    },
    ...sizes.map(({ name, ratio, spread }) => ({
      id: `window-${name}`,
      title: `  window of ${Number(name).toLocaleString('en')}`,
      unit: '×',
      figures: { recloser: { value: ratio, spread } },
    })),
  ];
}

/** What it costs to be measured, as a share of what prom-client's own counters would take. */
async function instrumented({ node, recloser, plan }, tell) {
  tell('instrumented calls');
  const results = await runChild(node, 'instrumented.mjs', { recloser, effort: plan.effort });
  const byHand = results.find(({ name }) => name === 'inc and observe').over;
  return results
    .filter(({ name }) => name.startsWith('instrumented'))
    .map(({ name, over, spread }) => ({
      id: name.replace(' ', '-'),
      title: `${name}: over plain, × \`inc\` and \`observe\``,
      unit: '×',
      goal: 1.1,
      figures: { recloser: { value: over / byHand, spread } },
    }));
}

const MEMORY_ROWS = {
  created: { title: 'bytes per breaker, never called', unit: 'bytes', goal: 800 },
  called: { title: 'bytes per breaker, called once, window of 100', unit: 'bytes' },
  entry: { title: 'bytes per entry of a registry', unit: 'bytes' },
  dropped: { title: 'bytes kept after dropping a breaker', unit: 'bytes', goal: 1, peersToo: true },
  createNs: { title: 'creating a breaker', unit: 'ns' },
  bytesPerCall: { title: 'bytes allocated per call, over bare', unit: 'bytes', goal: 300 },
  idleCpu: { title: 'CPU of 10,000 idle breakers, % of a core', unit: '%', goal: 0.5 },
};

async function memory({ node, recloser, plan, peers }, tell) {
  const rows = Object.entries(MEMORY_ROWS).map(([id, row]) => ({ id, ...row, figures: {} }));
  for (const library of ['recloser', ...peers]) {
    tell(`memory: ${library}`);
    const weights = library === 'recloser' ? plan.memory : plan.peerMemory;
    const result = await runChild(node, 'memory.mjs', { recloser, library, ...weights }, MEMORY_FLAGS);
    result.idleCpu *= 100;
    for (const row of rows) {
      if (result[row.id] !== undefined) row.figures[library] = { value: result[row.id] };
    }
  }
  return rows;
}

async function http({ node, recloser, plan, peers }, tell) {
  const rows = [];
  for (const share of [0, 0.01, 0.1]) {
    const errors = `HTTP, ${share * 100} % errors`;
    const perSecond = {
      id: `http-${share}`,
      title: `${errors}: requests a second, × without`,
      unit: '×',
      goal: 0.95,
      atLeast: true,
      figures: {},
    };
    const p99 = {
      id: `http-p99-${share}`,
      title: `${errors}: p99, × without`,
      unit: '×',
      goal: 1.05,
      figures: {},
    };
    for (const library of ['recloser', ...peers]) {
      tell(`${errors}: ${library}`);
      const effort = library === 'recloser' ? plan.http : plan.peerHttp;
      const result = await runChild(node, 'http.mjs', { recloser, library, share, ...effort });
      perSecond.figures[library] = { value: result.perSecond, spread: result.spread, ...result.guarded };
      p99.figures[library] = { value: result.p99, spread: result.p99Spread };
      if (library === 'recloser') perSecond.without = result.bare;
    }
    rows.push(perSecond, p99);
  }
  return rows;
}

async function coldStart({ node, recloser, plan }, tell) {
  tell('cold start');
  const starts = [];
  for (let i = 0; i < plan.coldStarts; i++) starts.push(await runChild(node, 'cold-start.mjs', { recloser }));
  const row = (id, title) => {
    const values = starts.map((start) => start[id]);
    return {
      id,
      title,
      unit: 'ms',
      figures: { recloser: { value: median(values), spread: spread(values) } },
    };
  };
  return [
    row('importMs', 'cold start: import'),
    row('firstCallMs', 'cold start: first breaker and first call'),
  ];
}

/**
 * What a row says of its goal: `met` or `missed`, with a question mark where the spread of the rounds holds both; and
 * `undefined` where it has none.
 */
export function verdictOf({ goal, atLeast, figures: { recloser } }) {
  if (goal === undefined || recloser === undefined) return undefined;
  const { value, spread = 0 } = recloser;
  const verdict = (atLeast ? value >= goal : value <= goal) ? 'met' : 'missed';
  return Math.abs(value - goal) < (value * spread) / 2 ? `${verdict}?` : verdict;
}

export const isWide = (figure) => figure?.spread !== undefined && figure.spread > TOO_WIDE;
