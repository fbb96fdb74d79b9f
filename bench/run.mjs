/** Runs everything, one process after the other, and gathers rows: one for each thing measured. */
import { CASES } from './cases/index.mjs';
import { differences, figureOf, median, ratios } from './figures.mjs';
import { runChild } from './process.mjs';

const MEMORY_FLAGS = ['--expose-gc', '--min-semi-space-size=64', '--max-semi-space-size=64'];

/**
 * `figures` are by library; `mixed` is recloser in one process with all others, and `bare` is what there was without a
 * breaker: in nanoseconds where the row has ratios, else in its unit.
 *
 * @typedef {import('./figures.mjs').Figure} Figure
 * @typedef {{ id: string, title: string, unit: string, goal?: number, atLeast?: boolean,
 *   figures: Record<string, Figure> }} Row
 */

/** @returns {Promise<Row[]>} */
export async function runAll(options, tell) {
  const rows = await timed(options, tell);
  if (!options.isWhole) return rows;
  rows.push(...(await windows(options, tell)));
  rows.push(...(await instrumented(options, tell)));
  rows.push(...(await partners(options, tell)));
  rows.push(...(await memory(options, tell)));
  rows.push(await idle(options, tell));
  rows.push(...(await http(options, tell)));
  rows.push(...(await coldStart(options, tell)));
  return rows;
}

/** The libraries for which the plan has a part, and how much of it. */
function* planned({ plan, peers }, part) {
  yield ['recloser', plan.recloser[part]];
  if (plan.peer[part] === undefined) return;
  for (const peer of peers) yield [peer, plan.peer[part]];
}

async function timed(options, tell) {
  const { node, recloser, plan, cases, peers } = options;
  const rows = [];
  const measure = (ids, libraries, effort) =>
    runChild(node, 'calls.mjs', { recloser, cases: ids, libraries, effort });
  for (const id of cases) {
    const { title, unit = '×', goal } = CASES[id];
    const row = { id, title, unit, goal, figures: {} };
    for (const [library, effort] of planned(options, 'alone')) {
      if (library !== 'recloser' && CASES[id].peers === undefined) continue;
      tell(`${title}: ${library}`);
      const [bare, guarded] = await measure([id], [library], effort);
      if (guarded === undefined) continue;
      row.figures[library] = over(guarded, bare, unit);
      if (library === 'recloser') row.figures.bare = figureOf(bare.rounds);
    }
    rows.push(row);
  }
  tell('all mixed in one process');
  const shared = cases.filter((id) => !CASES[id].aloneOnly);
  const mixed = await measure(shared, ['recloser', ...peers], plan.mixed);
  for (const row of rows) {
    const named = (name) => mixed.find((result) => result.case === row.id && result.name === name);
    if (named('recloser')) row.figures.mixed = over(named('recloser'), named('bare'), row.unit);
  }
  return rows;
}

/** A call beside the bare one: the nanoseconds over it or the ratio to it, and the nanoseconds that it took. */
function over({ rounds }, bare, unit) {
  const compare = unit === 'ns' ? differences : ratios;
  return { ...figureOf(compare(rounds, bare.rounds)), ns: median(rounds) };
}

async function windows({ node, recloser, plan }, tell) {
  tell('windows of 10 to 100,000');
  const [bare, ...sizes] = await runChild(node, 'windows.mjs', { recloser, effort: plan.recloser.alone });
  const byCost = sizes.toSorted((a, b) => median(a.rounds) - median(b.rounds));
  return [
    {
      id: 'windows',
      title: 'windows of 10 to 100,000: dearest / cheapest',
      unit: '×',
      goal: 1.1,
      figures: { recloser: figureOf(ratios(byCost.at(-1).rounds, byCost[0].rounds)) },
    },
    ...sizes.map(({ name, rounds }) => ({
      id: `window-${name}`,
      title: `  window of ${Number(name).toLocaleString('en')}`,
      unit: '×',
      figures: { bare: figureOf(bare.rounds), recloser: figureOf(ratios(rounds, bare.rounds)) },
    })),
  ];
}

/** What it costs to be measured, as a share of what prom-client's own counters would take in the same round. */
async function instrumented({ node, recloser, plan }, tell) {
  tell('instrumented calls');
  const results = await runChild(node, 'instrumented.mjs', { recloser, effort: plan.recloser.alone });
  const { rounds: plain } = results.find(({ name }) => name === 'plain');
  const overPlain = ({ rounds }) => differences(rounds, plain);
  const byHand = overPlain(results.find(({ name }) => name === 'inc and observe'));
  return results
    .filter(({ name }) => name.startsWith('instrumented'))
    .map((result) => ({
      id: result.name.replace(' ', '-'),
      title: `${result.name}: over plain, × \`inc\` and \`observe\``,
      unit: '×',
      goal: 1.1,
      figures: { recloser: figureOf(ratios(overPlain(result), byHand)) },
    }));
}

const PARTNERS = {
  fleet: { title: 'shared by a fleet: × one that is not', goal: 1.03 },
  detector: { title: 'with a detector: × one without', goal: 1.4 },
  'detector, in flight': { title: 'with a detector, 100 in flight: × one without', goal: 1.4 },
};

async function partners({ node, recloser, plan }, tell) {
  const rows = [];
  for (const [partner, row] of Object.entries(PARTNERS)) {
    tell(row.title);
    const order = { recloser, partner, effort: plan.recloser.alone };
    const [without, guarded] = await runChild(node, 'partners.mjs', order);
    const figures = { recloser: figureOf(ratios(guarded.rounds, without.rounds)) };
    rows.push({ id: partner.replace(', ', '-'), ...row, unit: '×', figures });
  }
  return rows;
}

/** The goal of an idle breaker is put to both kinds: never called, and with the window that its first call made. */
const MEMORY_ROWS = {
  created: { title: 'bytes per idle breaker, never called (no window yet)', unit: 'bytes', goal: 800 },
  called: { title: 'bytes per idle breaker, called once (window of 100)', unit: 'bytes', goal: 1_150 },
  entry: { title: 'bytes per entry of a registry', unit: 'bytes' },
  dropped: { title: 'bytes kept after dropping a breaker', unit: 'bytes', goal: 1 },
  createNs: { title: 'creating a breaker', unit: 'ns' },
  bytesPerCall: { title: 'bytes allocated per call, over bare', unit: 'bytes', goal: 300 },
};

async function memory(options, tell) {
  const { node, recloser } = options;
  const rows = Object.entries(MEMORY_ROWS).map(([id, row]) => ({ id, ...row, figures: {} }));
  for (const [library, { readings, count }] of planned(options, 'memory')) {
    tell(`memory: ${library}`);
    const order = { recloser, library, count };
    const figures = await repeat(readings, () => runChild(node, 'memory.mjs', order, MEMORY_FLAGS));
    for (const row of rows) {
      if (figures[row.id] !== undefined) row.figures[library] = figures[row.id];
    }
  }
  return rows;
}

async function idle(options, tell) {
  const { node, recloser } = options;
  const count = 10_000;
  const figures = {};
  for (const [library, effort] of planned(options, 'idle')) {
    tell(`idle: ${library}`);
    const order = { recloser, library, count, ...effort };
    figures[library] = figureOf(await runChild(node, 'idle.mjs', order, ['--expose-gc']));
  }
  const title = `CPU of ${count.toLocaleString('en')} idle breakers, % of a core`;
  return { id: 'idleCpu', title, unit: '%', goal: 0.5, figures };
}

/** Each is shown as it is and as a ratio, which the `goal` is for: to the same process without a breaker. */
const HTTP_FIGURES = {
  perSecond: { title: 'requests a second', unit: '/s', goal: 0.95, atLeast: true },
  p50: { title: 'p50', unit: 'ms' },
  p99: { title: 'p99', unit: 'ms', goal: 1.05 },
};

async function http(options, tell) {
  const rows = [];
  for (const share of [0, 0.01, 0.1]) {
    const errors = `HTTP, ${share * 100} % errors`;
    const results = {};
    for (const [library, effort] of planned(options, 'http')) {
      tell(`${errors}: ${library}`);
      const order = { recloser: options.recloser, library, share, ...effort };
      results[library] = await runChild(options.node, 'http.mjs', order);
    }
    for (const [key, { title, unit, ...goal }] of Object.entries(HTTP_FIGURES)) {
      const id = `http-${key}-${share}`;
      const { bare } = results.recloser[key];
      const each = (what) =>
        Object.fromEntries(Object.entries(results).map(([library, result]) => [library, result[key][what]]));
      rows.push({ id, title: `${errors}: ${title}`, unit, figures: { bare, ...each('guarded') } });
      rows.push({
        id: `${id}-ratio`,
        title: `${errors}: ${title}, × without`,
        unit: '×',
        ...goal,
        figures: each('ratio'),
      });
    }
  }
  return rows;
}

async function coldStart({ node, recloser, plan }, tell) {
  tell('cold start');
  const { importMs, firstCallMs } = await repeat(plan.recloser.coldStarts, () =>
    runChild(node, 'cold-start.mjs', { recloser }),
  );
  const row = (id, title, figure) => ({ id, title, unit: 'ms', figures: { recloser: figure } });
  return [
    row('importMs', 'cold start: import', importMs),
    row('firstCallMs', 'cold start: first breaker and first call', firstCallMs),
  ];
}

/** Reads the same things again and again: their figures. */
async function repeat(times, read) {
  const readings = [];
  for (let i = 0; i < times; i++) readings.push(await read());
  return Object.fromEntries(
    Object.keys(readings[0]).map((key) => [key, figureOf(readings.map((reading) => reading[key]))]),
  );
}
