/** How the day looks while it passes: figures become lines of at most 80 characters. */
import { percentile } from './meter.mjs';

/** @typedef {import('recloser').CircuitState} CircuitState */

/**
 * One second of the day. Calls count where they end.
 *
 * @typedef {object} Second
 * @property {number} second from 1
 * @property {CircuitState} state of the breaker, at the end of the second
 * @property {Record<'successes' | 'failures' | 'rejected' | 'fallbacks', number>} breaker what it counted
 * @property {Pick<Lap, 'calls' | 'waits'>} guarded
 * @property {Lap} plain
 */

/** @typedef {Readonly<Record<'calls' | 'ok' | 'failed' | 'waiting', number>> & { waits: readonly number[] }} Lap */

/** @type {readonly (readonly [title: string, width: number, of: (it: Second) => string | number])[]} */
const COLUMNS = [
  ['s', 2, (it) => it.second],
  ['calls', 6, (it) => it.guarded.calls],
  ['ok', 4, (it) => it.breaker.successes],
  ['fail', 5, (it) => it.breaker.failures],
  ['rej', 4, (it) => it.breaker.rejected],
  ['fallback', 9, (it) => it.breaker.fallbacks],
  ['p50', 5, (it) => rank(it.guarded.waits, 0.5)],
  ['p99', 5, (it) => rank(it.guarded.waits, 0.99)],
  ['state    ', 11, (it) => it.state.padEnd(9)],
  ['│', 2, () => '│'],
  ['ok', 4, (it) => it.plain.ok],
  ['fail', 5, (it) => it.plain.failed],
  ['wait', 5, (it) => it.plain.waiting],
  ['p50', 5, (it) => rank(it.plain.waits, 0.5)],
  ['p99', 5, (it) => rank(it.plain.waits, 0.99)],
];

/** The titles of the columns, and above them the clients that they belong to. */
export function header() {
  const titles = COLUMNS.map(([title, width]) => title.padStart(width)).join('');
  return [`${'          with a breaker'.padEnd(titles.indexOf('│'))}│ without`, titles];
}

/** @param {Second} it */
export function row(it) {
  return COLUMNS.map(([, width, of]) => String(of(it)).padStart(width)).join('');
}

/**
 * Something that happened between two rows.
 *
 * @param {number} at milliseconds from the start
 * @param {string} what
 */
export function event(at, what) {
  const line = `${(at / 1_000).toFixed(2).padStart(8)}  ${what}`;
  return line.length > 80 ? `${line.slice(0, 79)}…` : line;
}

/** @param {Pick<import('recloser').Transition, 'from' | 'to' | 'reason' | 'error'>} transition */
export function describeTransition({ from, to, reason, error }) {
  const { code, message } = /** @type {Partial<NodeJS.ErrnoException>} */ (error ?? {});
  const cause = code ?? message;
  return `${from} → ${to}: ${reason}${cause === undefined ? '' : `, ${cause}`}`;
}

/** @type {Record<CircuitState, number>} */
const COLORS = { CLOSED: 32, HALF_OPEN: 33, OPEN: 31 };

/**
 * Paints the states in a line, green, yellow and red.
 *
 * @param {string} line
 */
export function paint(line) {
  return line.replace(
    /CLOSED|HALF_OPEN|OPEN/g,
    (state) => `\x1b[${COLORS[/** @type {CircuitState} */ (state)]}m${state}\x1b[39m`,
  );
}

/**
 * @param {readonly number[]} waits
 * @param {number} share
 */
function rank(waits, share) {
  const wait = percentile(waits, share);
  if (wait === undefined) return '-';
  return wait < 1 ? '<1' : wait.toFixed();
}
