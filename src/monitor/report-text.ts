import { inWords } from '../core/in-words.js';
import { count, guardRead, readOptions, verify } from '../core/validate.js';
import type { FailureRecord, TransitionRecord } from './records.js';
import type { BreakerReport, Report, UnreadableBreaker } from './report-data.js';
import type { Savings } from './savings.js';
import { counted, grouped, oneLine, percent, round, table } from './text.js';

/** How much of a report is printed. */
export interface FormatOptions {
  /** Breakers, failures and changes of state that get a line each, at least 0. @default 20 */
  rows?: number | undefined;
}

const SUBJECT = { breaker: '', action: 'format the report' };
const RULES = { rows: count };

const isReport = (given: Report): string | undefined =>
  Array.isArray((given as Partial<Report> | undefined)?.breakers) ? undefined : 'what report() answers';

const LONGEST_NAME = 40;
const LONGEST_TEXT = 80;

const HEADER = ['BREAKER', 'FAILED', 'REJECTED', 'P50', 'P99', 'STATE'];

/**
 * A report as lines of text, for a terminal or a message: aligned in a font of equal widths. What comes from outside
 * (names, messages) is cut and put on one line.
 *
 * @throws InvalidOptionsError for an unknown option or a value out of range
 *
 * @example
 * ```ts
 * import { CircuitBreaker } from 'recloser';
 * import { formatReport, report } from 'recloser/monitor';
 *
 * const users = new CircuitBreaker({ name: 'users' });
 * console.log(formatReport(report(users)).split('\n')[0]); // → 1 breaker: 0 OPEN, 0 HALF_OPEN, 1 CLOSED; health 1
 * ```
 */
export function formatReport(report: Report, options: FormatOptions = {}): string {
  const given: FormatOptions = guardRead(SUBJECT, 'options', () => readOptions(options, RULES, SUBJECT));
  const { rows = 20 } = given;
  guardRead(SUBJECT, '`report`', () => verify(SUBJECT, 'report', report, isReport));
  const { breakers, failures, transitions, total, open, halfOpen, closed, cost, unreadable = [] } = report;
  const states = `${open} OPEN, ${halfOpen} HALF_OPEN, ${closed} CLOSED`;
  return [
    `${counted(total, 'breaker')}: ${states}; health ${round(report.health)}`,
    '',
    ...table([HEADER, ...breakers.slice(0, rows).map(rowOf)]),
    ...(breakers.length > rows ? [`… and ${breakers.length - rows} more`] : []),
    ...(cost === undefined ? [] : ['', savedLine(cost)]),
    ...section('Cannot be read', unreadable.slice(0, rows).map(unreadableRow)),
    ...section('Last changes', transitions.slice(0, rows).map(transitionRow)),
    ...section('Last failures', failures.slice(0, rows).map(failureRow)),
  ].join('\n');
}

function section(title: string, rows: readonly string[][]): string[] {
  return rows.length === 0 ? [] : ['', title, ...table(rows)];
}

function rowOf({ breaker, window, totals, percentiles, text }: BreakerReport): string[] {
  return [
    oneLine(breaker, LONGEST_NAME),
    window.calls === 0 ? '–' : percent(window.failureRate),
    String(totals.rejected),
    percentiles === null ? '–' : inWords(percentiles.p50),
    percentiles === null ? '–' : inWords(percentiles.p99),
    text,
  ];
}

function transitionRow({ time, breaker, from, to, reason, detail }: TransitionRecord): string[] {
  const why = detail === null ? reason : `${reason}, "${oneLine(detail, LONGEST_TEXT)}"`;
  return [timeOfDay(time), oneLine(breaker, LONGEST_NAME), `${from} → ${to}`, why];
}

function unreadableRow({ breaker, message }: UnreadableBreaker): string[] {
  return [oneLine(breaker, LONGEST_NAME), oneLine(message, LONGEST_TEXT)];
}

/** `Saved: 1,204 calls, 18.06 USD (91 % of what would have failed)` */
function savedLine({ onFailures, spent, saved }: Savings): string {
  const { calls, cost, currency } = saved;
  const amount = `${grouped(cost)}${currency === '' ? '' : ` ${currency}`}`;
  const failed = spent === 0 ? 0 : onFailures;
  const share = cost + failed === 0 ? 0 : cost / (cost + failed);
  return `Saved: ${grouped(calls)} ${calls === 1 ? 'call' : 'calls'}, ${amount} (${percent(share)} of what would have failed)`;
}

function failureRow({ time, breaker, type, message }: FailureRecord): string[] {
  return [timeOfDay(time), oneLine(breaker, LONGEST_NAME), type, oneLine(message, LONGEST_TEXT)];
}

/** `2026-11-21 14:14:13Z`, or `–` where a clock has told no time; JSON has `null` for `NaN`. */
function timeOfDay(time: number | null): string {
  const date = new Date(time ?? Number.NaN);
  return Number.isNaN(date.getTime()) ? '–' : date.toISOString().replace('T', ' ').replace(/\.\d+/, '');
}
