/** What is told of the files: as lines for people, and as JSON. */
import type { Edit } from './engine.js';
import type { Finding } from './finding.js';

export interface FileResult {
  /** As people read it. */
  readonly file: string;
  readonly path: string;
  readonly changed: boolean;
  readonly report: readonly Finding[];
  /** Why nothing could be done with it. */
  readonly error?: string;
  /** The text afterwards. */
  readonly after?: string;
  readonly diff?: {
    readonly before: string;
    readonly edits: readonly Edit[];
    readonly mark: string;
    encode(text: string): Uint8Array;
  };
}

export interface Totals {
  readonly read: number;
  /** Folders that could not be read. */
  readonly failed: number;
  /** Whether anything would have been written. */
  readonly writes: boolean;
}

export function textReport(results: readonly FileResult[], totals: Totals): string {
  const lines = results.flatMap(({ file, changed, report }) => [
    ...(changed ? [`changed ${file}`] : []),
    ...report.map(({ line, rule, message }) => `look ${file}:${line} ${rule} ${message}`),
  ]);
  return `${[...lines, totalsLine(results, totals)].join('\n')}\n`;
}

function totalsLine(results: readonly FileResult[], { read, failed, writes }: Totals): string {
  const { changed, places, failures } = count(results, failed);
  return [
    `${counted(read, 'file')} read`,
    `${changed} ${writes ? 'changed' : 'to change'}`,
    `${counted(places, 'place')} to look at`,
    ...(failures > 0 ? [`${failures} failed`] : []),
    ...(writes ? [] : ['nothing was written']),
  ].join(', ');
}

const counted = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;

function count(results: readonly FileResult[], failed: number) {
  return {
    changed: results.filter((result) => result.changed).length,
    places: results.reduce((sum, { report }) => sum + report.length, 0),
    failures: failed + results.filter(({ error }) => error !== undefined).length,
  };
}

export function jsonReport(results: readonly FileResult[], { read, failed }: Totals): string {
  const { changed, places, failures } = count(results, failed);
  const files = results.map(({ file, changed, report, error }) => ({
    file,
    changed,
    report: report.map(({ line, rule, message }) => ({ line, rule, message })),
    ...(error === undefined ? {} : { error }),
  }));
  return `${JSON.stringify({ files, totals: { files: read, changed, places, failed: failures } }, null, 2)}\n`;
}
