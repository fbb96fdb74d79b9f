import type { View, ViewState } from './view.js';

const FORMAT =
  /^([crohfu]) (\d{1,16}) (\d{1,16}) (\d{1,16}) (\d{1,16}) (\d{1,16}) (\d{1,16})(?: ([\s\S]*))?$/;

const DAY = 86_400_000;

/** The longest that a circuit is OPEN for others' reasons, in ms. */
export const LONGEST_OPEN = 3_600_000;

/** Characters of words that come from Redis. */
const LONGEST_WORDS = 200;

/** Words for people, without what ends a line, steers a terminal or turns the direction of reading. */
export function plainWords(words: string): string {
  return words
    .slice(0, LONGEST_WORDS)
    .replace(/\p{Cs}/gu, '\ufffd')
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, ' ');
}

/** What a record says, at the readings of the server's clock and of ours; `undefined` for what is none. */
export function parseRecord(text: string, serverNow: number, now: number): View | undefined {
  const match = FORMAT.exec(text);
  if (match === null) return undefined;
  const state = match[1] as ViewState;
  const [epoch, until, attempt, probes, need, expiry] = match.slice(2, 8).map(Number) as NumbersOfRecord;
  const isSound = expiry > serverNow && expiry < serverNow + 31 * DAY && epoch <= serverNow + DAY;
  const probesAreKnown = probes > 0 && need > 0;
  if (!isSound || ((state === 'o' || state === 'h') && !probesAreKnown)) return undefined;
  return {
    state,
    epoch,
    until: untilOf(state, until - serverNow, now),
    attempt,
    words: plainWords(match[8] ?? ''),
  };
}

type NumbersOfRecord = [number, number, number, number, number, number];

function untilOf(state: ViewState, left: number, now: number): number {
  return now + Math.min(Math.max(left, 0), state === 'o' ? LONGEST_OPEN : 31 * DAY);
}

/** A text, as clients give it: a string, or bytes. */
export function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return value instanceof Uint8Array ? new TextDecoder().decode(value) : undefined;
}

/** A number, as clients give it: a number, a bigint, or a text. */
export function numberOf(value: unknown): number | undefined {
  const number = typeof value === 'number' ? value : typeof value === 'bigint' ? Number(value) : read(value);
  return number !== undefined && Number.isSafeInteger(number) && number >= 0 ? number : undefined;
}

function read(value: unknown): number | undefined {
  const text = textOf(value);
  return text !== undefined && /^\d{1,16}$/.test(text) ? Number(text) : undefined;
}

/** What a poll has brought. */
export interface SyncReply {
  readonly instances: number;
  readonly views: ReadonlyMap<string, View>;
}

/** @throws TypeError for an answer that is none */
export function parseSync(reply: unknown, now: number): SyncReply {
  const [instances, serverNow] = Array.isArray(reply) ? [numberOf(reply[0]), numberOf(reply[1])] : [];
  if (instances === undefined || serverNow === undefined)
    throw new TypeError('Redis answered no view of the fleet');
  const views = new Map<string, View>();
  const list = reply as unknown[];
  for (let at = 2; at + 1 < list.length && views.size < MOST_RECORDS; at += 2) {
    const [name, text] = [textOf(list[at]), textOf(list[at + 1])];
    if (name === undefined || text === undefined || !isName(name)) continue;
    const view = parseRecord(text, serverNow, now);
    if (view !== undefined) views.set(name, view);
  }
  return { instances, views };
}

/** Records beyond which SYNC refuses to answer. */
const MOST_RECORDS = 10_000;

/** What LEASE and REPORT answer. */
export interface RoundReply {
  /** Whether the lease was granted, or the report counted. */
  readonly isGranted: boolean;
  readonly state: ViewState;
  readonly epoch: number;
  /** Until the end of the open time, of the lease, or until it makes sense to ask. */
  readonly ms: number;
  readonly attempt: number;
}

/** @throws TypeError for an answer that is none */
export function parseRound(reply: unknown): RoundReply {
  const list: readonly unknown[] = Array.isArray(reply) ? reply : [];
  const [granted, epoch, ms, attempt] = [list[0], list[2], list[3], list[4]].map(numberOf);
  const state = stateOf(list[1]);
  if (
    granted === undefined ||
    epoch === undefined ||
    ms === undefined ||
    attempt === undefined ||
    state === undefined
  )
    throw new TypeError('Redis answered neither leave nor denial');
  return { isGranted: granted === 1, state, epoch, ms: Math.min(ms, LONGEST_OPEN), attempt };
}

/** @throws TypeError for an answer that is none */
export function parseSteer(reply: unknown): number {
  const epoch = Array.isArray(reply) && stateOf(reply[0]) ? numberOf(reply[1]) : undefined;
  if (epoch === undefined) throw new TypeError('Redis answered no decision');
  return epoch;
}

function stateOf(value: unknown): ViewState | undefined {
  const text = textOf(value);
  return text !== undefined && /^[crohfu]$/.test(text) ? (text as ViewState) : undefined;
}

/** Whether a name can be shared: well-formed, and no longer than keys should be. */
export function isName(name: string): boolean {
  return name.length <= 512 && !/\p{Cs}/u.test(name);
}
