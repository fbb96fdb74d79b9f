/** The line to the server: it says how fresh the picture is, and goes on by itself as long as that is of use. */
import type { Diff, Model, State } from './model.js';

export type StreamState = 'connecting' | 'live' | 'lost' | 'paused' | 'polling' | 'refused';

export interface StreamHost {
  readonly model: Model;
  readonly base: string;
  /** The picture has changed: these rows, or all. */
  changed(names: readonly string[], isWhole: boolean): void;
  became(state: StreamState): void;
}

const SILENCE = 12_000;
const POLL = 5_000;
/** Polls after which a stream is tried again. */
const POLLS = 12;
const SHORTEST_WAIT = 1_000;
const LONGEST_WAIT = 10_000;

export class Stream {
  readonly #host: StreamHost;
  #source: EventSource | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #wait = SHORTEST_WAIT;
  #polls = 0;
  /** Things that were begun before do not count any more. */
  #attempt = 0;
  state: StreamState = 'connecting';

  constructor(host: StreamHost) {
    this.#host = host;
    document.addEventListener('visibilitychange', () => this.#seen());
    addEventListener('pagehide', () => this.#hangUp());
    addEventListener('pageshow', (event) => {
      if (event.persisted && this.state !== 'refused') this.#connect();
    });
  }

  start(): void {
    if (isHidden()) this.#become('paused');
    else this.#connect();
  }

  #connect(): void {
    this.#hangUp();
    const source = new EventSource(`${this.#host.base}events`);
    this.#source = source;
    const listen = (name: string, take: (data: never) => void) =>
      source.addEventListener(name, (event) => {
        if (this.#source !== source) return;
        take(JSON.parse((event as MessageEvent<string>).data) as never);
        this.#heard();
      });
    listen('state', (state: State) => this.#host.changed(this.#host.model.take(state), true));
    listen('diff', (diff: Diff) => this.#host.changed(this.#host.model.change(diff), diff.gone.length > 0));
    listen('tick', ({ time }: { time: number }) => this.#host.model.heard(time));
    source.onerror = () => {
      if (this.#source === source) void this.#failed();
    };
    this.#later(SILENCE, () => void this.#failed());
  }

  #heard(): void {
    this.#wait = SHORTEST_WAIT;
    this.#become('live');
    this.#later(SILENCE, () => void this.#failed());
  }

  /** An EventSource does not say why it has failed: the same question without a stream does. */
  async #failed(): Promise<void> {
    this.#hangUp();
    const attempt = this.#attempt;
    if (this.state !== 'polling') this.#become('lost');
    const status = await statusOf(`${this.#host.base}events`, 'HEAD');
    if (attempt !== this.#attempt) return;
    if (status === 401 || status === 403) this.#become('refused');
    else if (status === 503) await this.#poll();
    else this.#again();
  }

  #again(): void {
    if (this.state !== 'lost') this.#become('lost');
    this.#later(this.#wait, () => this.#connect());
    this.#wait = Math.min(this.#wait * 2, LONGEST_WAIT);
  }

  async #poll(): Promise<void> {
    const attempt = this.#attempt;
    try {
      const response = await fetch(`${this.#host.base}report.json`, { cache: 'no-store' });
      if (attempt !== this.#attempt) return;
      if (response.status === 401 || response.status === 403) {
        this.#become('refused');
        return;
      }
      if (!response.ok) throw new Error(String(response.status));
      const state = (await response.json()) as State;
      if (attempt !== this.#attempt) return;
      this.#host.changed(this.#host.model.take(state), true);
      this.#wait = SHORTEST_WAIT;
      this.#become('polling');
      this.#polls++;
      this.#later(POLL, () => (this.#polls % POLLS === 0 ? this.#connect() : void this.#poll()));
    } catch {
      if (attempt === this.#attempt) this.#again();
    }
  }

  /** A tab that nobody sees holds none of the six connections that a browser has for a host. */
  #seen(): void {
    if (this.state === 'refused') return;
    if (isHidden()) {
      this.#hangUp();
      this.#become('paused');
    } else if (this.state === 'paused') this.#connect();
  }

  #hangUp(): void {
    this.#attempt++;
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = undefined;
  }

  #later(ms: number, run: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(run, ms);
  }

  #become(state: StreamState): void {
    if (state === this.state) return;
    this.state = state;
    this.#host.became(state);
  }
}

const isHidden = () => document.hidden || document.visibilityState === 'hidden';

/** 0 where nobody answers. */
async function statusOf(url: string, method: string): Promise<number> {
  try {
    return (await fetch(url, { method, cache: 'no-store' })).status;
  } catch {
    return 0;
  }
}
