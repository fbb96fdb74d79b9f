/** Prints what was measured as one table. */
import os from 'node:os';
import { isWide, verdictOf } from './figures.mjs';
import { loadPeer } from './peers/index.mjs';

export async function print(rows, { peers, version, seconds }) {
  console.log(
    `${version}, ${os.arch()}, ${os.availableParallelism()} cores, load ${os.loadavg()[0].toFixed(1)}\n`,
  );
  const columns = ['', 'bare', 'recloser', 'mixed', 'goal', '', ...peers];
  const lines = rows.map((row) => [
    row.title,
    write(row.figures.bare, row.unit === '×' ? 'ns' : row.unit),
    write(row.figures.recloser, row.unit),
    write(row.figures.mixed, row.unit),
    row.goal === undefined ? '' : `${row.atLeast ? '≥' : '≤'} ${row.goal}`,
    verdictOf(row) ?? '',
    ...peers.map((peer) => write(row.figures[peer], row.unit)),
  ]);
  const widths = columns.map((_, index) =>
    Math.max(...[columns, ...lines].map((line) => line[index].length)),
  );
  for (const line of [columns, widths.map((width) => '-'.repeat(width)), ...lines]) {
    console.log(
      line
        .map((cell, index) => (index === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[index])))
        .join('  '),
    );
  }
  console.log(
    '\n×: to the bare call of the same process. ~: the middle half of the readings lies more than 10 % apart; ?: it holds both verdicts.',
  );
  console.log(
    `Configurations:\n  recloser: its defaults, but for what the case names; it does not trip where failures are not to`,
  );
  for (const peer of peers) console.log(`  ${peer}: ${(await loadPeer(peer)).configuration}`);
  console.log(`Took ${seconds.toFixed(0)} s.`);
}

function write(figure, unit) {
  if (figure === undefined) return '';
  const { value } = figure;
  const digits = unit === 'bytes' || Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  const number =
    unit === 'bytes' || value >= 1_000 ? Math.round(value).toLocaleString('en') : value.toFixed(digits);
  return `${isWide(figure) ? '~' : ''}${number}${unit === '×' ? ' ×' : unit === 'bytes' ? ' B' : ` ${unit}`}`;
}
