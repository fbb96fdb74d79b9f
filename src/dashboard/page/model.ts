/** What the page knows: the last picture whole, with the changes since. */
import type { ActionRecord } from '../action.js';
import type { Recent } from '../recent.js';
import type { Row } from '../row.js';
import { BINS, type Bin, binOf } from './words.js';

export interface ShownRow extends Row {
  /** 60 × [ok, failed, slow, refused], flat, the oldest first; moved in place, since a thousand copies are much. */
  spark: Uint32Array;
  /** The number of the newest bucket of it. */
  bucket: number;
}

export interface Head {
  readonly instance: { readonly id: string; readonly label: string; readonly started: number };
  readonly title: string;
  readonly controls: boolean;
  readonly token: string;
  readonly refresh: number;
}

interface Around {
  readonly time: number;
  readonly seq: number;
  readonly fleet?: { readonly namespace: string; readonly detached: boolean; readonly instances: number };
  readonly unreadable?: readonly { readonly breaker: string; readonly message: string }[];
}

export interface State extends Head, Around {
  readonly rows: readonly (Row & { spark: number[] })[];
  readonly recent: Recent;
}

/** What the top of the page says of all of them. */
export interface Sums {
  readonly counts: Readonly<Record<Bin, number>>;
  /** Calls refused within a second. */
  readonly refused: number;
}

export interface Diff extends Around {
  readonly rows: readonly (Row & { last: number[]; missed?: number[] })[];
  readonly gone: readonly string[];
  readonly recent?: Recent;
}

const BUCKETS = 60;
const KINDS = 4;
const WIDTH = 5_000;

export class Model {
  head: Head | undefined;
  rows = new Map<string, ShownRow>();
  recent: {
    transitions: Recent['transitions'];
    failures: Recent['failures'];
    actions: readonly ActionRecord[];
  } = {
    transitions: [],
    failures: [],
    actions: [],
  };
  fleet: Around['fleet'];
  unreadable: NonNullable<Around['unreadable']> = [];
  /** The time of the server less ours. */
  #ahead = 0;
  #heardAt = 0;
  #sums: Sums | undefined;

  /** The time by the server's clock. */
  get now(): number {
    return Date.now() + this.#ahead;
  }

  /** When the server was heard last, by its clock. */
  get heardAt(): number {
    return this.#heardAt;
  }

  heard(time: number): void {
    this.#ahead = time - Date.now();
    this.#heardAt = time;
  }

  /** Takes a picture in; answers the names of all that it shows. */
  take(state: State): string[] {
    this.heard(state.time);
    this.head = state;
    const bucket = Math.floor(state.time / WIDTH);
    this.#sums = undefined;
    this.rows = new Map(
      state.rows.map((row) => [row.name, { ...row, spark: Uint32Array.from(row.spark), bucket }]),
    );
    this.recent = state.recent;
    this.fleet = state.fleet;
    this.unreadable = state.unreadable ?? [];
    return [...this.rows.keys()];
  }

  /** Takes changes in; answers the names of those that have changed. */
  change(diff: Diff): string[] {
    this.heard(diff.time);
    for (const name of diff.gone) this.rows.delete(name);
    this.#sums = undefined;
    for (const row of diff.rows) {
      const { last, missed } = row;
      const known = this.rows.get(row.name);
      // The row itself, which nobody else holds: copies of a thousand take longer than all the rest.
      const shown = row as Row as ShownRow;
      shown.spark = known?.spark ?? new Uint32Array(BUCKETS * KINDS);
      shown.bucket = known?.bucket ?? (last[0] as number);
      shift(shown, last[0] as number);
      if (missed !== undefined)
        for (let from = 0; from < missed.length; from += 1 + KINDS) put(shown, missed, from);
      put(shown, last, 0);
      this.rows.set(row.name, shown);
    }
    if (diff.recent !== undefined) this.recent = diff.recent;
    if (diff.fleet !== undefined) this.fleet = diff.fleet;
    if (diff.unreadable !== undefined) this.unreadable = diff.unreadable;
    return diff.rows.map(({ name }) => name);
  }

  /** A spark as of now: what was told long ago has moved on. */
  sparkOf(row: ShownRow): Uint32Array {
    shift(row, Math.floor(this.now / WIDTH));
    return row.spark;
  }

  /** Counted once for each picture. */
  get sums(): Sums {
    this.#sums ??= this.#count();
    return this.#sums;
  }

  #count(): Sums {
    const counts = Object.fromEntries(BINS.map((bin) => [bin, 0])) as Record<Bin, number>;
    let refused = 0;
    for (const row of this.rows.values()) {
      counts[binOf(row)]++;
      refused += row.rejected;
    }
    return { counts, refused };
  }
}

function shift(row: ShownRow, bucket: number): void {
  const steps = Math.min(Math.max(bucket - row.bucket, 0), BUCKETS);
  if (steps === 0) return;
  row.spark.copyWithin(0, steps * KINDS).fill(0, (BUCKETS - steps) * KINDS);
  row.bucket = bucket;
}

/** Puts in the counts that are told at a place of a list: the bucket, then four. */
function put(row: ShownRow, told: readonly number[], from: number): void {
  const at = (BUCKETS - 1 - (row.bucket - (told[from] as number))) * KINDS;
  if (at < 0 || at >= row.spark.length) return;
  for (let kind = 0; kind < KINDS; kind++) row.spark[at + kind] = told[from + 1 + kind] as number;
}
