/** What the page knows: the last picture whole, with the changes since. */
import type { ActionRecord } from '../action.js';
import type { Recent } from '../recent.js';
import type { Row } from '../row.js';
import { BINS, type Bin, binOf } from './words.js';

export interface ShownRow extends Row {
  /** 60 × [ok, failed, slow, refused], flat, the oldest first. */
  spark: number[];
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
    this.rows = new Map(state.rows.map((row) => [row.name, { ...row, bucket }]));
    this.recent = state.recent;
    this.fleet = state.fleet;
    this.unreadable = state.unreadable ?? [];
    return [...this.rows.keys()];
  }

  /** Takes changes in; answers the names of those that have changed. */
  change(diff: Diff): string[] {
    this.heard(diff.time);
    for (const name of diff.gone) this.rows.delete(name);
    for (const row of diff.rows) {
      const { last, missed = [] } = row;
      const known = this.rows.get(row.name);
      // The row itself, which nobody else holds: copies of a thousand take longer than all the rest.
      const shown = row as Row as ShownRow;
      shown.spark = known?.spark ?? Array(BUCKETS * KINDS).fill(0);
      shown.bucket = known?.bucket ?? (last[0] as number);
      shift(shown, last[0] as number);
      for (let at = 0; at < missed.length; at += 1 + KINDS) put(shown, missed.slice(at, at + 1 + KINDS));
      put(shown, last);
      this.rows.set(row.name, shown);
    }
    if (diff.recent !== undefined) this.recent = diff.recent;
    if (diff.fleet !== undefined) this.fleet = diff.fleet;
    if (diff.unreadable !== undefined) this.unreadable = diff.unreadable;
    return diff.rows.map(({ name }) => name);
  }

  /** A spark as of now: what was told long ago has moved on. */
  sparkOf(row: ShownRow): number[] {
    shift(row, Math.floor(this.now / WIDTH));
    return row.spark;
  }

  counts(): Record<Bin, number> {
    const counts = Object.fromEntries(BINS.map((bin) => [bin, 0])) as Record<Bin, number>;
    for (const row of this.rows.values()) counts[binOf(row)]++;
    return counts;
  }
}

function shift(row: ShownRow, bucket: number): void {
  const steps = Math.min(Math.max(bucket - row.bucket, 0), BUCKETS);
  if (steps === 0) return;
  row.spark = [...row.spark.slice(steps * KINDS), ...Array(steps * KINDS).fill(0)];
  row.bucket = bucket;
}

function put(row: ShownRow, [bucket = 0, ...counts]: readonly number[]): void {
  const at = (BUCKETS - 1 - (row.bucket - bucket)) * KINDS;
  if (at < 0 || at >= row.spark.length) return;
  for (const [kind, count] of counts.entries()) row.spark[at + kind] = count;
}
