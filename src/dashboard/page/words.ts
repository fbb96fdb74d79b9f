/** Figures and states in words. */
import type { Row } from '../row.js';

/** Where a breaker belongs: each in one. */
export type Bin = 'open' | 'half-open' | 'forced' | 'failing' | 'closed';

export const BINS: readonly Bin[] = ['open', 'half-open', 'forced', 'failing', 'closed'];

export const BIN_WORDS: Readonly<Record<Bin, string>> = {
  open: 'Open',
  'half-open': 'Half-open',
  forced: 'Forced',
  failing: 'Failing',
  closed: 'Closed',
};

export const STATE_WORDS: Readonly<Record<Row['state'], string>> = {
  OPEN: 'OPEN',
  HALF_OPEN: 'HALF-OPEN',
  CLOSED: 'CLOSED',
};

/** A force is somebody's will, and a drill is no alarm; a CLOSED circuit fails that has used up half of a threshold. */
export function binOf({ state, mode, health }: Row): Bin {
  if (mode.startsWith('forced')) return 'forced';
  if (state === 'OPEN') return 'open';
  if (state === 'HALF_OPEN') return 'half-open';
  return health <= 0.5 ? 'failing' : 'closed';
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** `16 s`, `3 min`, `2 h 5 min`, `4 d 3 h`. */
export function age(ms: number): string {
  if (ms < MINUTE) return `${Math.max(Math.floor(ms / SECOND), 0)} s`;
  if (ms < HOUR) {
    const seconds = Math.floor((ms % MINUTE) / SECOND);
    return `${Math.floor(ms / MINUTE)} min${ms < 10 * MINUTE && seconds > 0 ? ` ${seconds} s` : ''}`;
  }
  if (ms < DAY) return two(ms, HOUR, 'h', MINUTE, 'min');
  return two(ms, DAY, 'd', HOUR, 'h');
}

function two(ms: number, unit: number, name: string, smaller: number, smallerName: string): string {
  const rest = Math.floor((ms % unit) / smaller);
  return `${Math.floor(ms / unit)} ${name}${rest === 0 ? '' : ` ${rest} ${smallerName}`}`;
}

/** `0/s`, `0.4/s`, `39/s`, `1,204/s`. */
export const perSecond = (rate: number): string => `${rate < 10 ? round(rate) : grouped(rate)}/s`;

export const round = (value: number): number => Math.round(value * 10) / 10;

export const grouped = (value: number): string => String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ',');

export const percent = (share: number): string => `${round(share * 100)} %`;

/** Response times: `12 ms`, `1.2 s`. */
export function took(ms: number | null): string {
  if (ms === null) return '–';
  return ms < 999.5 ? `${ms < 10 ? round(ms) : Math.round(ms)} ms` : `${round(ms / 1_000)} s`;
}

export const counted = (count: number, noun: string): string =>
  `${grouped(count)} ${noun}${count === 1 ? '' : 's'}`;

/** `a`, `a and b`, `a, b and c`. */
export function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}

/** When the next probe is, or until when it is forced, and whether anybody calls. */
export function outlookOf(row: Row, now: number): string {
  const { state, mode, retryAt, forcedUntil, ok, failed, rejected } = row;
  const isQuiet = ok + failed + rejected === 0;
  if (mode.startsWith('forced')) {
    const all = mode === 'forced-open' ? 'Every call is refused' : 'Every call passes';
    return forcedUntil === null
      ? `${all} until reset`
      : `${all} for ${age(Math.max(forcedUntil - now, 0))} more`;
  }
  if (state === 'CLOSED') return '';
  const probe = probeOf(row, now, retryAt);
  const passes = mode === 'observe' ? ' · observes: every call passes' : '';
  return `${probe}${isQuiet ? ' · nobody calls' : ''}${passes}`;
}

function probeOf({ state, fleet }: Row, now: number, retryAt: number | null): string {
  if (fleet?.probing) return 'Probes for the fleet';
  if (retryAt === null) return state === 'HALF_OPEN' ? 'The probes are out' : 'No time is known';
  if (retryAt - now > 0) return `Probes in ${age(retryAt - now + 999)}`;
  return fleet !== undefined ? 'Waits for leave to probe' : 'The next call probes';
}

/** The time of day, as people here write it. */
export function clockTime(time: number): string {
  const date = new Date(time);
  return [date.getHours(), date.getMinutes(), date.getSeconds()]
    .map((part) => String(part).padStart(2, '0'))
    .join(':');
}

export const wordsOf = (reason: string): string => reason.replaceAll('-', ' ');
