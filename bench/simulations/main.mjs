/**
 * The simulations behind docs/adaptive.md: `npm run sim`, or `npm run sim -- --seed 7` for seeds of your own, and
 * `npm run sim -- --write` to write tables and plots into the page (fixed seeds alone).
 */
import { readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { FAULTS, runBlips, runFault } from './faults.mjs';
import { compare, keepPromises } from './matched.mjs';
import { runOrdinary, TRAFFIC } from './ordinary.mjs';
import { peers } from './peers.mjs';
import { bars, lines } from './plots.mjs';
import { createSubjects } from './subjects.mjs';

const recloser = {
  ...(await import('../../dist/index.js')),
  ...(await import('../../dist/adaptive.js')),
};
const { ours, coreDefaults, gobreaker, resilience4j, window20 } = createSubjects(recloser);

const PAGE = new URL('../../docs/adaptive.md', import.meta.url);
const IMAGES = new URL('../../docs/images/', import.meta.url);

const at = process.argv.indexOf('--seed');
const FIRST = at < 0 ? 1 : Number(process.argv[at + 1]);
const SEEDS = [FIRST, FIRST + 1, FIRST + 2];
const writes = process.argv.includes('--write') && at < 0;

const mean = (figures) => figures.reduce((sum, it) => sum + it, 0) / figures.length;
const round = (figure, digits = 0) => Number(figure.toFixed(digits));
const percent = (share) => `${round(100 * share)} %`;

function table(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [
    line(head),
    `|${head.map((_, column) => (column === 0 ? '---|' : '---:|')).join('')}`,
    ...rows.map(line),
  ].join('\n');
}

/** Puts a table into the page, or prints it. */
function show(name, text) {
  console.log(`\n${name}\n\n${text}`);
  if (!writes) return;
  const page = readFileSync(PAGE, 'utf8');
  const [begin, end] = [`<!-- sim: ${name} -->`, '<!-- /sim -->'];
  const from = page.indexOf(begin);
  if (from < 0) throw new Error(`docs/adaptive.md has no place for "${name}"`);
  const to = page.indexOf(end, from);
  writeFileSync(PAGE, `${page.slice(0, from + begin.length)}\n\n${text}\n\n${page.slice(to)}`);
}

const draw = (name, svg) => writes && writeFileSync(new URL(`adaptive-${name}.svg`, IMAGES), svg);

const started = performance.now();
const lap = (what) => console.log(`\n(${what}: ${round((performance.now() - started) / 1_000, 1)} s)`);

const promises = keepPromises(recloser, FIRST, 400_000);
show(
  'promise',
  table(
    ['tolerate', 'normal, and the rate that there is', 'trips promised, at most', 'trips'],
    promises.map(({ tolerate, normal, promised, trips }) => [round(tolerate, 3), normal, promised, trips]),
  ),
);
lap('promise');

const shifts = compare(recloser, FIRST, 2_000);
show(
  'matched',
  table(
    ['failure rate', 'calls to trip, ours', 'the best window', 'more'],
    shifts.map(({ normal, to, ours: mine, best }) => [
      `${percent(normal)} → ${percent(to)}`,
      round(mine, 1),
      round(best, 1),
      round(mine - best, 1),
    ]),
  ),
);
for (const [name, normal] of [
  ['small', 0.01],
  ['large', 0.1],
]) {
  const its = shifts.filter((it) => it.normal === normal);
  draw(
    `shift-${name}`,
    lines({
      title: `Calls to trip after a shift from ${percent(normal)}`,
      x: 'failure rate after it',
      y: 'calls, logarithmic',
      isLog: true,
      series: [
        { name: 'adaptive', points: its.map(({ to, ours: mine }) => [to, mine]) },
        { name: 'the best window for each', points: its.map(({ to, best }) => [to, best]) },
      ],
    }),
  );
}
lap('matched');

const makers = [ours, coreDefaults, resilience4j, gobreaker].map((it) => async () => it);
const everybody = [...makers, ...(await peers())];
const overTime = new Map();
const faults = [];
for (const make of everybody) {
  const cells = [];
  let name = '';
  for (const fault of FAULTS) {
    const runs = [];
    for (const seed of SEEDS) {
      const subject = await make();
      name = subject.name;
      runs.push(await runFault(subject, fault, seed));
    }
    const isPart = fault.name === 'partial' || fault.name === 'overload';
    cells.push(round(mean(runs.map((it) => (isPart ? it.goodput : it.failing))), isPart ? 1 : 0));
    if (fault.name === 'overload') overTime.set(name, runs[0].perSecond);
  }
  faults.push([name, ...cells]);
}
show(
  'faults',
  table(
    [
      'a fault of 60 s at 100 calls/s',
      'hard: failing sent',
      'hang: failing sent',
      'hang, lognormal latency: failing sent',
      'one in 5 fails: goodput a second',
      'overload, 200 calls/s on 100: goodput a second',
    ],
    faults,
  ),
);
draw(
  'overload',
  lines({
    title: 'Overload from 60 to 120 s: 200 calls/s on a dependency that bears 100',
    x: 'seconds',
    y: 'calls answered in time, a second',
    series: ['adaptive()', 'core default rules'].map((name) => ({
      name,
      points: overTime
        .get(name)
        .slice(30, 150)
        .map((it, second) => [second + 30, it]),
    })),
  }),
);
lap('faults');

const LENGTHS = [50, 100, 150, 200, 250, 300, 400, 500];
const RATES = [20, 200, 2_000];
const blips = [];
for (const rate of RATES) {
  const shares = [];
  for (const length of LENGTHS) shares.push(await runBlips(ours, rate, length, FIRST, 20));
  blips.push({ rate, shares });
}
show(
  'blips',
  table(
    ['blips that trip, by their length', ...LENGTHS.map((it) => `${it} ms`)],
    blips.map(({ rate, shares }) => [`${rate} calls/s`, ...shares.map(percent)]),
  ),
);
draw(
  'blips',
  lines({
    title: 'Blips in which every call fails: how many trip',
    x: 'length, ms',
    y: 'share that trips',
    series: blips.map(({ rate, shares }) => ({
      name: `${rate} calls/s`,
      points: LENGTHS.map((length, which) => [length, shares[which]]),
    })),
  }),
);
lap('blips');

const HOURS = 4;
const subjects = [ours, coreDefaults, window20, gobreaker, resilience4j];
const ordinary = [];
for (const traffic of TRAFFIC) {
  const cells = [];
  for (const subject of subjects) {
    const { tripsADay, seenAfter } = await runOrdinary(subject, traffic, FIRST, HOURS);
    cells.push({ tripsADay, seenAfter });
  }
  ordinary.push({ name: traffic.name, cells });
}
show(
  'ordinary',
  table(
    ['trips a day with nothing down (then: an outage is seen in)', ...subjects.map(({ name }) => name)],
    ordinary.map(({ name, cells }) => [
      name,
      ...cells.map(
        ({ tripsADay, seenAfter }) =>
          `${round(tripsADay)} (${seenAfter === undefined ? '–' : `${round(seenAfter / 1_000, 1)} s`})`,
      ),
    ]),
  ),
);
draw(
  'ordinary',
  bars({
    title: 'Trips a day with nothing down',
    groups: ordinary.map(({ name, cells }) => ({ name, values: cells.map(({ tripsADay }) => tripsADay) })),
    series: subjects.map(({ name }) => name),
  }),
);
lap('all');

/** Goals, each with what came of it. */
const figuresOf = (name) => faults.find(([it]) => it === name);
const [, hard, hang, spread, partial, overload] = figuresOf('adaptive()');
const goals = [
  ['promise at most 1.1 ×', promises.every(({ promised, trips }) => trips <= 1.1 * promised)],
  [
    'matched at most one call more (from 10 % to 20 % and more, from 1 % to 10 % and more)',
    shifts
      .filter(({ to, normal }) => to >= (normal === 0.1 ? 0.2 : 0.1))
      .every((it) => it.ours <= it.best + 1),
  ],
  ['hard: at most 70 failing calls sent', hard <= 70],
  ['hang: at most 60 failing calls sent', hang <= 60],
  ['hang with lognormal latencies: at most 100', spread <= 100],
  ['one in five: at least 78', partial >= 78],
  ['overload: at least 75', overload >= 75],
  ['blips of 100 ms at 200/s and 2,000/s: below 5 %', blips.slice(1).every(({ shares }) => shares[1] < 0.05)],
  [
    'ordinary traffic: at most 2 trips a day, 30 with a long memory',
    ordinary.every(({ name, cells }) => cells[0].tripsADay <= (name.startsWith('long') ? 30 : 2)),
  ],
  [
    'and an outage is seen in 2.5 s, but for low traffic',
    ordinary.every(({ name, cells }) => name.startsWith('low') || cells[0].seenAfter <= 2_500),
  ],
];
show(
  'goals',
  table(
    ['goal', `seeds ${SEEDS.join(', ')}`],
    goals.map(([goal, isMet]) => [goal, isMet ? 'met' : '**missed**']),
  ),
);
