/** A simulation as text: a line for each step of time, and its figures. */
import type { SimulationData, SimulationFigures, TimelineRow } from './figures.js';

const COLUMNS = ['offered', 'ok', 'fallbacks', 'rejected', 'failed', 'pending', 'sent'] as const;

export function textOf({
  seed,
  duration,
  figures,
  incidents,
  transitions,
  timeline,
}: SimulationData): string {
  const start = timeline[0]?.from ?? 0;
  const seconds = (ms: number) => `${Number(((ms - start) / 1_000).toFixed(3))} s`;
  const header = ['s', ...COLUMNS, 'state'].map((it) => it.padStart(9)).join(' ');
  const rows = timeline.map((row) => {
    const cells = [
      Number(((row.from - start) / 1_000).toFixed(3)),
      ...COLUMNS.map((column) => row[column] || '·'),
    ];
    return `${cells.map((it) => String(it).padStart(9)).join(' ')}  ${stateOf(row)}`.trimEnd();
  });
  return [
    `seed ${seed}, ${duration / 1_000} s`,
    '',
    header,
    ...rows,
    '',
    ...incidents.map(
      (it) =>
        `incident ${seconds(it.from)} to ${seconds(it.to)}: open after ${ms(it.timeToOpen)}, closed ${ms(it.timeToClose)} ` +
        `after its end, ${it.failingCallsSent} failing calls sent`,
    ),
    ...transitions.map(
      ({ at, instance, from, to, reason }) => `${seconds(at)} #${instance} ${from} → ${to} ${reason}`,
    ),
    '',
    ...Object.entries(figures).map(([name, value]) => `${name.padEnd(17)} ${show(name, value)}`),
    '',
  ].join('\n');
}

const ms = (time: number | null): string => (time === null ? 'never' : `${time} ms`);

function show(name: string, value: number | null): string {
  if (name === 'goodput') return `${((value as number) * 100).toFixed(1)} %`;
  const isTime = ['timeToOpen', 'timeToClose', 'longestOpen', 'waitP99'].includes(
    name satisfies keyof SimulationFigures | string,
  );
  return isTime ? ms(value) : String(value);
}

function stateOf({ open, halfOpen }: TimelineRow): string {
  return [open > 0 ? `OPEN ${open}` : '', halfOpen > 0 ? `HALF_OPEN ${halfOpen}` : '']
    .filter(Boolean)
    .join(' ');
}
