/**
 * The picture that viewers see: once whole, then what has changed since. It is made once for all of them, in slices, and
 * as text: a row that nothing has happened to is not even read.
 */
import { describeError } from '../core/describe-error.js';
import type { ActionRecord } from './action.js';
import { type Books, type Entry, timeOf } from './books.js';
import type { DashboardHistory, ResolvedOptions } from './options.js';
import { pastOf, recentOf } from './recent.js';
import type { Redact } from './redaction.js';
import { bucketAt, noSpark } from './ring.js';
import { type Row, type RowContext, rowOf } from './row.js';
import { inSlices, Queue } from './slices.js';

/** What a picture is made of. */
export interface PictureParts {
  readonly books: Books;
  readonly history: DashboardHistory;
  readonly options: ResolvedOptions;
  readonly redact: Redact;
  readonly actions: () => readonly ActionRecord[];
  readonly forcedUntil: (breaker: string) => number | null;
  /** Made when somebody looks first: where the package loads, a worker has no dice yet. */
  readonly identity: () => { readonly token: string; readonly instance: object };
}

/** Looks after which breakers are looked at though nothing has happened: calls in flight tell no event. */
const SWEEP = 5_000;
/** Sweeps after which each has been read anew: time alone may have changed it. */
const TURNS = 12;

export class Picture {
  readonly #parts: PictureParts;
  readonly #queue = new Queue();
  #seq = 0;
  #recent = '';
  #around = '';
  #sweptAt = Number.NEGATIVE_INFINITY;
  #sweeps = 0;
  #shared: ReadonlySet<string> = new Set();
  readonly #unreadable = new Map<string, string>();

  constructor(parts: PictureParts) {
    this.#parts = parts;
  }

  /**
   * All of it. What is done with it comes before the next diff.
   *
   * @param isFirst whether nobody else is shown what has changed
   */
  state<T>(isFirst: boolean, use: (text: string) => T): Promise<T> {
    return this.#queue.run(async () => use(await this.#state(isFirst)));
  }

  /** What has changed since the last one; `undefined` for nothing. */
  diff(use: (text: string | undefined) => void, age: number): Promise<void> {
    return this.#queue.run(async () => use(await this.#diff(age)));
  }

  /** So that scripts know that the line is alive, and what time it is. */
  tick(): string {
    return JSON.stringify({ seq: this.#seq, time: this.#parts.books.time });
  }

  /** One row, as it is now. */
  row(entry: Entry): Row & { readonly spark: readonly number[] } {
    const row = rowOf(entry, this.#context());
    return { ...row, spark: sparkOf(entry) };
  }

  async #state(isFirst: boolean): Promise<string> {
    const { books, options, identity } = this.#parts;
    const context = this.#context();
    const rows: string[] = [];
    await inSlices([...books.entries.values()], (entry) => {
      const row = this.#read(entry, context);
      if (row === undefined) return;
      const text = JSON.stringify(row);
      rows.push(`${text.slice(0, -1)},"spark":[${sparkOf(entry).join()}]}`);
      if (isFirst) this.#tell(entry, row, text);
      else if (text !== entry.told.row || entry.events !== entry.told.events) entry.told.isOwed = true;
    });
    const { token, instance } = identity();
    const recent = this.#recentText();
    const around = this.#aroundText();
    if (isFirst) {
      books.gone.clear();
      [this.#recent, this.#around] = [recent, around];
    }
    const head = {
      v: 1,
      seq: this.#seq,
      time: books.time,
      instance,
      title: options.title,
      controls: options.controls,
      token,
      refresh: options.refresh,
    };
    return `${JSON.stringify(head).slice(0, -1)},"rows":[${rows.join()}],"gone":[],"recent":${recent}${around}}`;
  }

  async #diff(age: number): Promise<string | undefined> {
    const { books } = this.#parts;
    const context = this.#context();
    const isSweep = age - this.#sweptAt >= SWEEP;
    if (isSweep) {
      this.#sweptAt = age;
      this.#sweeps++;
    }
    const before = this.#shared;
    this.#shared = new Set(Object.keys(context.fleet));
    const rows: string[] = [];
    await inSlices([...books.entries.values()], (entry) => {
      const { told, name } = entry;
      const hasHappened = told.isOwed || told.events !== entry.events;
      const mayDiffer =
        hasHappened ||
        told.isRestless ||
        this.#shared.has(name) ||
        before.has(name) ||
        (isSweep && this.#hasMoved(entry));
      if (!mayDiffer) return;
      const row = this.#read(entry, context);
      if (row === undefined) return;
      const text = JSON.stringify(row);
      if (hasHappened || text !== told.row) rows.push(`${text.slice(0, -1)},${lastOf(entry)}}`);
      this.#tell(entry, row, text);
    });
    const gone = [...books.gone];
    books.gone.clear();
    const recent = this.#recentText();
    const around = this.#aroundText();
    const news = `${recent === this.#recent ? '' : `,"recent":${recent}`}${around === this.#around ? '' : around}`;
    [this.#recent, this.#around] = [recent, around];
    if (rows.length === 0 && gone.length === 0 && news === '') return undefined;
    this.#seq++;
    const head = `"v":1,"seq":${this.#seq},"time":${books.time}`;
    return `{${head},"rows":[${rows.join()}],"gone":${JSON.stringify(gone)}${news}}`;
  }

  #context(): RowContext {
    const { history, forcedUntil } = this.#parts;
    return { history, past: pastOf(history), fleet: this.#fleet()?.breakers ?? {}, forcedUntil };
  }

  #fleet() {
    try {
      return this.#parts.options.fleet?.status();
    } catch {
      return undefined; // the breakers are shown all the same
    }
  }

  /** A breaker that cannot be read is named, and takes nothing from the others. */
  #read(entry: Entry, context: RowContext): Row | undefined {
    try {
      const row = rowOf(entry, context);
      this.#unreadable.delete(entry.name);
      return row;
    } catch (error) {
      this.#unreadable.set(entry.name, this.#parts.redact(describeError(error)));
      return undefined;
    }
  }

  #hasMoved({ name, breaker, told }: Entry): boolean {
    try {
      if (hash(name) % TURNS === this.#sweeps % TURNS) return true;
      return breaker.options !== told.options || breaker.metrics.inFlight !== told.inFlight;
    } catch {
      return false;
    }
  }

  #tell(entry: Entry, row: Row, text: string): void {
    const { told, ring, breaker } = entry;
    const time = timeOf(entry, entry.clock.now());
    told.row = text;
    told.events = entry.events;
    told.bucket = ring?.newest(time) ?? bucketAt(time);
    told.counts = ring?.bucket(told.bucket) ?? NOTHING;
    told.inFlight = row.inFlight;
    told.options = breaker.options;
    told.isOwed = false;
    told.isRestless = row.state !== 'CLOSED' || row.ok + row.failed + row.rejected > 0 || row.inFlight > 0;
  }

  #recentText(): string {
    const { history, actions, redact } = this.#parts;
    return JSON.stringify(recentOf(history, actions(), redact));
  }

  /** What is only where there is something to tell: the fleet, and breakers that cannot be read. */
  #aroundText(): string {
    const fleet = this.#fleet();
    const { namespace, detached, instances } = fleet ?? {};
    const unreadable = Array.from(this.#unreadable, ([breaker, message]) => ({ breaker, message }));
    for (const { breaker } of unreadable)
      if (!this.#parts.books.entries.has(breaker)) this.#unreadable.delete(breaker);
    return [
      fleet === undefined ? '' : `,"fleet":${JSON.stringify({ namespace, detached, instances })}`,
      unreadable.length === 0 && this.#around === '' ? '' : `,"unreadable":${JSON.stringify(unreadable)}`,
    ].join('');
  }
}

const NOTHING: readonly number[] = [0, 0, 0, 0];

function sparkOf(entry: Entry): number[] {
  return entry.ring?.spark(timeOf(entry, entry.clock.now())) ?? noSpark();
}

/** The newest counts, and those of older buckets that have grown since they were told. */
function lastOf(entry: Entry): string {
  const { ring, told } = entry;
  const time = timeOf(entry, entry.clock.now());
  if (ring === undefined) return `"last":[${[bucketAt(time), ...NOTHING].join()}]`;
  const newest = ring.newest(time);
  const missed: number[] = [];
  for (let bucket = Math.max(told.bucket, newest - 59); bucket < newest && told.bucket > 0; bucket++) {
    const counts = ring.bucket(bucket);
    const known = bucket === told.bucket ? told.counts : NOTHING;
    if (counts.some((count, kind) => count !== known[kind])) missed.push(bucket, ...counts);
  }
  const last = `"last":[${[newest, ...ring.bucket(newest)].join()}]`;
  return missed.length === 0 ? last : `${last},"missed":[${missed.join()}]`;
}

/** Spreads names evenly. */
function hash(name: string): number {
  let sum = 0;
  for (let at = 0; at < name.length; at++) sum = (sum * 31 + name.charCodeAt(at)) >>> 0;
  return sum;
}
