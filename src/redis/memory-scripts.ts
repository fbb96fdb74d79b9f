/** The four scripts of `lua.ts`, in TypeScript: what one says the other says. Tests compare them step by step. */
import type { MemoryStore } from './memory-store.js';

/** Runs with keys and arguments as `EVALSHA` has them; `hint` is told who has changed what. */
export type MemoryScript = (
  store: MemoryStore,
  keys: Keys,
  args: readonly string[],
  hint: (by: string, name: string) => void,
) => unknown[];

/** That of all records, then those of the script. */
type Keys = readonly [records: string, second: string, ...rounds: string[]];

interface Row {
  s: string;
  ep: number;
  un: number;
  at: number;
  k: number;
  need: number;
  exp: number;
  w: string;
}

const RECORD = /^([crohfu]) (\d+) (\d+) (\d+) (\d+) (\d+) (\d+) ?([\s\S]*)$/;

function read(store: MemoryStore, records: string, name: string): Row {
  const match = RECORD.exec(store.get(records, name) ?? '');
  const [ep = 0, un = 0, at = 0, k = 0, need = 0, exp = 0] = match?.slice(2, 8).map(Number) ?? [];
  const s = match?.[1] ?? 'c';
  const { now } = store;
  const isSound = match !== null && exp > now && exp < now + 2_678_400_000 && ep <= now + 86_400_000;
  if (!isSound || ((s === 'o' || s === 'h') && !(k > 0 && need > 0)))
    return { s: 'c', ep: 0, un: 0, at: 0, k: 0, need: 0, exp: 0, w: '' };
  return { s, ep, un, at, k, need, exp, w: match?.[8] ?? '' };
}

function write(store: MemoryStore, records: string, name: string, row: Row): void {
  const { s, w, ...rest } = row;
  const numbers = [rest.ep, rest.un, rest.at, rest.k, rest.need, rest.exp].map((it) => it.toFixed(0));
  store.set(records, name, [s, ...numbers, w].join(' '));
  store.hold(records, row.exp - store.now);
}

/** Those of a kind that live still, with the first end of them. The others go. */
function live(store: MemoryStore, round: string, prefix: string) {
  const who = new Set<string>();
  let soon = Number.POSITIVE_INFINITY;
  for (const [field, value] of store.all(round)) {
    if (!field.startsWith(prefix)) continue;
    const end = Number(value) || 0;
    if (end > store.now) {
      who.add(field.slice(prefix.length));
      soon = Math.min(soon, end);
    } else store.remove(round, field);
  }
  return { who, soon };
}

interface Opening {
  readonly ms: number;
  readonly k: number;
  readonly need: number;
  readonly keep: number;
  readonly w: string;
}

function open(
  store: MemoryStore,
  records: string,
  round: string,
  name: string,
  row: Row,
  how: Opening,
): void {
  store.delete(round);
  const ep = Math.max(row.ep + 1, store.now);
  const un = store.now + how.ms;
  write(store, records, name, { ...row, ...how, s: 'o', ep, un, at: row.at + 1, exp: un + how.keep });
}

export const sync: MemoryScript = (store, [records, instances, ...rounds], args, hint) => {
  const { now } = store;
  const [id, ...figures] = args.slice(0, 5) as [string, ...string[]];
  const [ttl, keep, minVotes, ratio] = figures.map(Number) as [number, number, number, number];
  if (ttl > 0) {
    store.set(instances, id, String(now + ttl));
    store.hold(instances, ttl);
  } else store.remove(instances, id);
  for (const [who, end] of store.all(instances)) if (Number(end) <= now) store.remove(instances, who);
  const n = store.size(instances);
  for (const [index, round] of rounds.entries()) {
    const [op, name, ...figuresOf] = args.slice(5 + 6 * index, 11 + 6 * index) as [
      string,
      string,
      ...string[],
    ];
    const [epoch, ms, k, need] = figuresOf.map(Number) as [number, number, number, number];
    const row = read(store, records, name);
    if (op === '-') store.remove(round, `v:${id}`);
    else if ((row.s === 'c' || row.s === 'r') && row.ep === epoch) {
      if (op === '+') {
        store.set(round, `v:${id}`, String(now + ttl));
        store.remove(round, `a:${id}`);
        store.hold(round, ttl);
        const votes = live(store, round, 'v:').who;
        const idle = [...live(store, round, 'a:').who].filter((who) => !votes.has(who)).length;
        const of = Math.max(n - idle, votes.size);
        const w = `${votes.size} of ${of}`;
        if (votes.size >= Math.max(Math.min(minVotes, n), Math.ceil(ratio * of - 1e-9))) {
          open(store, records, round, name, row, { ms, k, need, keep, w });
          hint(id, name);
        } else write(store, records, name, { ...row, s: 'c', exp: Math.max(row.exp, now + ttl), w });
      } else if (store.size(round) > 0) store.set(round, `a:${id}`, String(now + ttl));
    }
  }
  if (store.size(records) > 10_000) throw new Error('RECLOSER more than 10000 breakers are not closed');
  const out: unknown[] = [n, now];
  for (const [name, record] of store.all(records)) {
    const exp = Number(/^[crohfu] \d+ \d+ \d+ \d+ \d+ (\d+) /.exec(record)?.[1] ?? 0);
    if (exp <= now) store.remove(records, name);
    else out.push(name, record);
  }
  return out;
};

type LeaseArgs = readonly [name: string, nonce: string, ms: string, keep: string, sender: string];

export const lease: MemoryScript = (store, [records, round], args, hint) => {
  const { now } = store;
  const [name, nonce, length, kept, sender] = args as unknown as LeaseArgs;
  const [len, keep] = [Number(length), Number(kept)];
  const row = read(store, records, name);
  if (row.s !== 'o' && row.s !== 'h') return [0, row.s, row.ep, Math.max(0, row.un - now), row.at];
  if (row.s === 'o') {
    if (now < row.un) return [0, 'o', row.ep, row.un - now, row.at];
    store.delete(round);
    row.s = 'h';
    row.ep = Math.max(row.ep + 1, now);
    row.exp = now + len + keep;
    write(store, records, name, row);
    hint(sender, name);
  }
  const { who, soon } = live(store, round, 'l:');
  if (!who.has(nonce)) {
    const ok = Number(store.get(round, 'ok') ?? 0) || 0;
    if (who.size >= row.k || ok + who.size >= row.need)
      return [0, 'h', row.ep, Math.max(1, soon - now), row.at];
    store.set(round, `l:${nonce}`, String(now + len));
  }
  store.hold(round, len + keep);
  row.exp = Math.max(row.exp, now + len + keep);
  write(store, records, name, row);
  return [1, 'h', row.ep, len, row.at];
};

type ReportArgs = readonly [
  ...[name: string, nonce: string, epoch: string, ending: string, openFor: string],
  ...[keep: string, sender: string],
];

export const report: MemoryScript = (store, [records, round], args, hint) => {
  const { now } = store;
  const [name, nonce, epoch, ending, openFor, kept, sender] = args as unknown as ReportArgs;
  const keep = Number(kept);
  let row = read(store, records, name);
  const end = Number(store.get(round, `l:${nonce}`) ?? 0) || 0;
  if (row.s !== 'h' || row.ep !== Number(epoch) || end <= now)
    return [0, row.s, row.ep, Math.max(0, row.un - now), row.at];
  const ok = (Number(store.get(round, 'ok') ?? 0) || 0) + 1;
  if (ending === '1') store.set(round, 'ok', String(ok));
  store.remove(round, `l:${nonce}`);
  if (ending === '0') {
    const how = { ms: Number(openFor), k: row.k, need: row.need, keep, w: 'a probe failed' };
    open(store, records, round, name, row, how);
    hint(sender, name);
  } else if (ending === '1' && ok >= row.need) {
    store.delete(round);
    const ep = Math.max(row.ep + 1, now);
    write(store, records, name, { s: 'c', ep, un: 0, at: 0, k: 0, need: 0, exp: now + keep, w: 'recovered' });
    hint(sender, name);
  }
  row = read(store, records, name);
  return [1, row.s, row.ep, Math.max(0, row.un - now), row.at];
};

type SteerArgs = readonly [
  name: string,
  state: string,
  ms: string,
  keep: string,
  sender: string,
  words: string,
];

export const steer: MemoryScript = (store, [records, round], args, hint) => {
  const { now } = store;
  const [name, s, given, keep, sender, w] = args as unknown as SteerArgs;
  const ms = Number(given);
  const ep = Math.max(read(store, records, name).ep + 1, now);
  store.delete(round);
  const exp = s === 'r' ? now + Number(keep) : now + ms;
  write(store, records, name, { s, ep, un: now + ms, at: 0, k: 0, need: 0, exp, w });
  hint(sender, name);
  return [s, ep];
};
