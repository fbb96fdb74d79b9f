/**
 * The breakers that a panel shows, and what it counts of their calls. It follows the registry by its events and never
 * asks it for a breaker again: that would be a use, and looking changes nothing.
 */
import { soundClock } from '../core/reading.js';
import { report as reportError } from '../core/report.js';
import { forEachBreaker } from '../core/source.js';
import { type CallEvent, type Clock, systemClock } from '../index.js';
import { type CallKind, CallRing, FAILED, OK, REFUSED, SLOW } from './ring.js';
import type { DashboardBreaker, DashboardRegistry } from './target.js';

/** One breaker of the panel. */
export interface Entry {
  readonly name: string;
  readonly breaker: DashboardBreaker;
  readonly clock: Clock;
  /** Made for the first call. */
  ring: CallRing | undefined;
  /** What turns a reading of its clock into wall-clock ms. */
  offset: number;
  /** Things that have happened to it. */
  events: number;
  /** When a call may pass, as it was told last, of the stay that has begun then. */
  retry: { readonly since: number; readonly at: number } | undefined;
  /** What viewers were told last. */
  readonly told: Told;
}

/** What viewers know of a breaker. */
export interface Told {
  row: string;
  events: number;
  bucket: number;
  counts: readonly number[];
  inFlight: number;
  options: object | undefined;
  /** Whether it is told again, since somebody may know something else. */
  isOwed: boolean;
  /** Whether it can change without an event: it is not CLOSED, or its rates are going down. */
  isRestless: boolean;
}

/** A wall clock that has been set is believed from so many ms on; less is the two clocks' rounding. */
const JUMP = 1_500;

export class Books {
  readonly entries = new Map<string, Entry>();
  /** Breakers that are gone and that viewers still have. */
  readonly gone = new Set<string>();
  readonly clock: Clock;
  readonly #stops: readonly (() => void)[];

  /** @param changed is told of each change of mode */
  constructor(source: DashboardRegistry, changed: (breaker: string) => void) {
    const { clock } = source as { readonly clock?: Clock };
    this.clock = soundClock(clock ?? systemClock);
    forEachBreaker(
      source,
      (breaker) => this.#added(breaker),
      (_, error) => reportError(error),
    );
    const touch = ({ breaker }: { readonly breaker: string }) => this.#touch(breaker);
    this.#stops = [
      source.on('success', (event) => this.#settled(event, OK)),
      source.on('failure', (event) => this.#settled(event, FAILED)),
      source.on('reject', ({ breaker, observed }) => {
        if (!observed) this.#refused(breaker);
      }),
      source.on('mode', ({ breaker }) => {
        this.#touch(breaker);
        changed(breaker);
      }),
      source.on('transition', touch),
      source.on('ignore', touch),
      source.on('degraded', touch),
      source.on('well', touch),
      source.on('create', ({ instance }) => this.#added(instance)),
      source.on('delete', ({ breaker }) => this.#removed(breaker)),
    ];
  }

  /** The wall-clock time as the registry knows it. */
  get time(): number {
    return Math.round(wallOf(this.clock));
  }

  stop(): void {
    for (const stop of this.#stops) stop();
    this.entries.clear();
  }

  #added(breaker: DashboardBreaker): void {
    const { name, options } = breaker;
    const clock = soundClock(options.clock);
    this.gone.delete(name);
    this.entries.set(name, {
      name,
      breaker,
      clock,
      ring: undefined,
      offset: wallOf(clock) - clock.now(),
      events: 0,
      retry: undefined,
      told: {
        row: '',
        events: -1,
        bucket: 0,
        counts: [],
        inFlight: 0,
        options: undefined,
        isOwed: true,
        isRestless: true,
      },
    });
  }

  #removed(name: string): void {
    if (this.entries.delete(name)) this.gone.add(name);
  }

  #touch(name: string): void {
    const entry = this.entries.get(name);
    if (entry !== undefined) entry.events++;
  }

  #settled({ breaker, duration }: CallEvent, kind: CallKind): void {
    const entry = this.entries.get(breaker);
    if (entry === undefined) return;
    const slowness = kind === OK ? entry.breaker.options.slowCallDuration : false;
    count(entry, slowness !== false && duration >= slowness ? SLOW : kind, duration);
  }

  #refused(breaker: string): void {
    const entry = this.entries.get(breaker);
    if (entry !== undefined) count(entry, REFUSED, Number.NaN);
  }
}

function count(entry: Entry, kind: CallKind, duration: number): void {
  entry.events++;
  const time = entry.clock.now() + entry.offset;
  entry.ring ??= new CallRing(time);
  entry.ring.record(kind, duration, time);
}

/** The time of an entry's breaker, as wall-clock ms that go on evenly. */
export function timeOf(entry: Entry, now: number): number {
  const wall = wallOf(entry.clock);
  if (Math.abs(wall - now - entry.offset) > JUMP) entry.offset = wall - now;
  return now + entry.offset;
}

function wallOf(clock: Clock): number {
  return clock.epoch === undefined ? Date.now() : clock.epoch();
}
