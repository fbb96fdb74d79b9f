/**
 * Those who watch. The picture is made once for all of them, as long as there is somebody who reads; without them there is
 * no timer. Time is what the timers have waited, so that a clock that stands still keeps nobody for ever.
 */
import { report } from '../core/report.js';
import { areTimersShared, startTimer, stopTimer, type Timer } from '../core/timers.js';
import type { Clock } from '../index.js';
import type { Channel } from './exchange.js';
import type { Picture } from './picture.js';

const MOST = 20;
/** The longest silence. */
const TICK = 5_000;
/** After so long `authorize` is asked anew. */
const LONGEST_STREAM = 600_000;
/** Who does not read for so long is gone. */
const PATIENCE = 30_000;
/** Milliseconds after which a browser asks again. */
const RETRY = 2_000;

interface Viewer {
  channel: Channel | undefined;
  since: number;
  toldAt: number;
  /** Since when there is no room. */
  fullSince: number | undefined;
  hasMissed: boolean;
  /** Whether it has the whole picture, so that changes mean something to it. */
  isReady: boolean;
}

export class Viewers {
  readonly #picture: Picture;
  readonly #clock: Clock;
  readonly #refresh: number;
  readonly #viewers = new Set<Viewer>();
  #timer: Timer | undefined;
  #age = 0;
  #lookedAt = 0;
  #isClosed = false;

  constructor(picture: Picture, clock: Clock, refresh: number) {
    this.#picture = picture;
    this.#clock = clock;
    this.#refresh = refresh;
  }

  /** Whether there is no room for one more; in a worker there never is: a timer belongs to the request that set it. */
  get isFull(): boolean {
    return this.#viewers.size >= MOST || this.#isClosed || !areTimersShared(this.#clock);
  }

  /** Keeps a place; what is answered takes the line of whoever has it. */
  admit(): (channel: Channel) => void {
    const viewer: Viewer = {
      channel: undefined,
      since: this.#age,
      toldAt: this.#age,
      fullSince: undefined,
      hasMissed: false,
      isReady: false,
    };
    this.#viewers.add(viewer);
    return (channel) => this.#open(viewer, channel);
  }

  close(): void {
    this.#isClosed = true;
    for (const viewer of [...this.#viewers]) {
      viewer.channel?.end();
      this.#remove(viewer);
    }
  }

  #open(viewer: Viewer, channel: Channel): void {
    viewer.channel = channel;
    channel.closed = () => this.#remove(viewer);
    channel.drained = () => this.#drained(viewer);
    if (this.#isClosed) {
      channel.end();
      return;
    }
    this.#write(viewer, `retry: ${RETRY}\n\n`);
    this.#tellAll(viewer);
    if (this.#timer !== undefined) return;
    this.#lookedAt = this.#age;
    this.#set(this.#next());
  }

  /** Tells the whole picture. */
  #tellAll(viewer: Viewer): void {
    viewer.isReady = false;
    const isFirst = ![...this.#viewers].some((it) => it.isReady);
    const made = this.#picture.state(isFirst, (text) => {
      viewer.isReady = true;
      viewer.hasMissed = false;
      this.#write(viewer, event('state', text));
    });
    made.catch((error) => {
      viewer.channel?.destroy();
      this.#remove(viewer);
      report(error);
    });
  }

  #write(viewer: Viewer, text: string): void {
    if (viewer.channel === undefined || !this.#viewers.has(viewer)) return;
    viewer.toldAt = this.#age;
    if (!viewer.channel.write(text)) viewer.fullSince ??= this.#age;
  }

  #drained(viewer: Viewer): void {
    viewer.fullSince = undefined;
    if (viewer.hasMissed && viewer.isReady) this.#tellAll(viewer);
  }

  #remove(viewer: Viewer): void {
    if (!this.#viewers.delete(viewer) || this.#viewers.size > 0) return;
    stopTimer(this.#clock, this.#timer);
    this.#timer = undefined;
  }

  #set(wait: number): void {
    const timer = startTimer(this.#clock, () => void this.#turn(timer, wait), wait, { background: true });
    this.#timer = timer;
  }

  async #turn(timer: Timer, waited: number): Promise<void> {
    this.#age += waited;
    for (const viewer of [...this.#viewers]) this.#letGo(viewer);
    const readers = [...this.#viewers].filter((it) => it.isReady && it.fullSince === undefined);
    if (this.#age - this.#lookedAt >= this.#refresh) {
      this.#lookedAt = this.#age;
      for (const viewer of this.#viewers)
        viewer.hasMissed ||= viewer.isReady && viewer.fullSince !== undefined;
      if (readers.length > 0) await this.#look().catch(report);
    }
    for (const viewer of this.#viewers) {
      const isSilent = viewer.isReady && viewer.fullSince === undefined && this.#age - viewer.toldAt >= TICK;
      if (isSilent) this.#write(viewer, event('tick', this.#picture.tick()));
    }
    if (this.#timer === timer && this.#viewers.size > 0) this.#set(this.#next());
  }

  #look(): Promise<void> {
    return this.#picture.diff((text) => {
      if (text === undefined) return;
      const told = event('diff', text);
      for (const viewer of this.#viewers) {
        if (!viewer.isReady) continue;
        if (viewer.fullSince === undefined) this.#write(viewer, told);
        else viewer.hasMissed = true;
      }
    }, this.#age);
  }

  #letGo(viewer: Viewer): void {
    const { since, fullSince, channel } = viewer;
    if (fullSince !== undefined && this.#age - fullSince >= PATIENCE) channel?.destroy();
    else if (this.#age - since >= LONGEST_STREAM) channel?.end();
    else return;
    this.#remove(viewer);
  }

  /** Until the next look, or until somebody has heard nothing for too long. */
  #next(): number {
    const look = this.#lookedAt + this.#refresh - this.#age;
    const silence = Math.min(...Array.from(this.#viewers, ({ toldAt }) => toldAt + TICK - this.#age));
    return Math.min(look, Math.max(silence, 1), this.#refresh);
  }
}

const event = (name: string, data: string) => `event: ${name}\ndata: ${data}\n\n`;
