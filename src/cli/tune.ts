/** `recloser tune <trace>`: tries options on calls that `record` of recloser/adaptive wrote. */
import { type Incident, type RecordedCall, type TuneReport, type TuneRow, tune } from '../adaptive/index.js';
import { type Answer, printed, type Surroundings, UsageError } from './answer.js';
import { readText } from './configuration-file.js';
import { type Flags, READERS } from './flags.js';
import { flagLines, isHelp, readArguments } from './read-flags.js';

const FLAGS: Flags = {
  breaker: { kind: 'text', help: 'the breaker whose calls are tried, where the trace has several' },
  incident: { kind: 'several', help: 'from..to, when the dependency was down; may be given again' },
  'false-trips-per-day': { kind: 'number', help: 'trips a day outside of incidents, at most' },
  'detect-within': { kind: 'duration', help: 'from the start of an incident until it is open, at most' },
  json: { kind: 'alone', help: 'prints what recloser/adaptive reports and nothing else' },
};

const HELP = `Usage: recloser tune <trace.jsonl> [--flag value]...

Replays calls that \`record\` of recloser/adaptive wrote, a line of JSON each, through breakers with other options, and
prints what each would have done. The times of an incident are those of the trace in ms, or since its first call where
they have a unit: 5m..7m, 1500ms..30s.

${flagLines(FLAGS)}
`;

/** Where a trace comes from. */
const WRITTEN = 'a trace is what `record` of recloser/adaptive wrote';

export function run(args: readonly string[], surroundings: Surroundings): Answer {
  if (args.some(isHelp)) return printed(HELP);
  const { options, operands } = readArguments('tune', FLAGS, args, 1);
  const [file] = operands;
  if (file === undefined) throw new UsageError('tune needs a trace: recloser tune trace.jsonl');
  const all = readTrace(file, surroundings);
  const calls =
    options.breaker === undefined ? all : all.filter((it) => Object(it).breaker === options.breaker);
  if (calls.length === 0) throw new UsageError(`${file} has no call of "${options.breaker}"`);
  const first = calls.reduce((least, { t }) => Math.min(least, t), Number.POSITIVE_INFINITY);
  const incidents = ((options.incident ?? []) as string[]).map((text) => readIncident(text, first));
  const report = tune(calls, {
    incidents,
    goals: {
      falseTripsPerDay: options['false-trips-per-day'] as number | undefined,
      detectWithin: options['detect-within'] as number | undefined,
    },
  });
  return printed(options.json === true ? `${JSON.stringify(report, null, 2)}\n` : tableOf(report));
}

function readTrace(file: string, { readFile }: Surroundings): RecordedCall[] {
  const calls: RecordedCall[] = [];
  const text = readText(file, readFile);
  for (const [at, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    try {
      calls.push(JSON.parse(line));
    } catch (error) {
      throw new UsageError(`${file}, line ${at + 1} is no JSON: ${(error as Error).message}; ${WRITTEN}`);
    }
    if (typeof Object(calls.at(-1)).breaker !== 'string')
      throw new UsageError(`${file}, line ${at + 1} is no call of a breaker; ${WRITTEN}`);
  }
  if (calls.length === 0) throw new UsageError(`${file} has no calls; ${WRITTEN}`);
  return calls;
}

function readIncident(text: string, first: number): Incident {
  const [from, to, ...others] = text.split('..').map((part) => timeOf(part, first));
  if (from === undefined || to === undefined || others.length > 0 || Number.isNaN(from + to))
    throw new UsageError(`--incident needs two times, from..to, received "${text}"`);
  return { from, to };
}

function timeOf(text: string, first: number): number {
  if (text.trim() !== '' && !Number.isNaN(Number(text))) return Number(text);
  const since = READERS.duration(text);
  return typeof since === 'number' ? first + since : Number.NaN;
}

function tableOf({ calls, lasts, rows, best, caveat }: TuneReport): string {
  const head = ['', 'options', 'seen', 'after', 'false/day', 'goodput', 'lost', 'failing', 'why not'];
  const lines = [head, ...rows.map((row) => cellsOf(row, row === best))];
  const widths = head.map((_, column) => Math.max(...lines.map((cells) => (cells[column] as string).length)));
  const table = lines.map((cells) =>
    cells
      .map((cell, at) => cell.padEnd(widths[at] as number))
      .join('  ')
      .trimEnd(),
  );
  const end = best === null ? 'None meets the goals.' : `Best: ${best.name}\n${JSON.stringify(best.config)}`;
  return `${calls} calls in ${Math.round(lasts / 1_000)} s\n\n${table.join('\n')}\n\n${end}\n\n${caveat}\n`;
}

function cellsOf(row: TuneRow, isBest: boolean): string[] {
  return [
    isBest ? '*' : '',
    row.name,
    `${row.detected} of ${row.incidents}`,
    row.detection === null ? '-' : `${Math.round(row.detection)} ms`,
    String(Number(row.falseTripsPerDay.toPrecision(3))),
    `${(100 * row.goodput).toFixed(2)} %`,
    String(row.lost),
    String(row.failingSent),
    row.why ?? '',
  ];
}
