/** What a fleet tells: whether Redis answers, what it has decided, what went wrong. */
import { Emitter } from '../core/events.js';
import { FLEET_EVENTS, type FleetEvents } from './events.js';
import type { CommandKind } from './link.js';
import { STATE_NAMES, type View } from './view.js';

/** Milliseconds between two errors of commands that are told. */
const BETWEEN_ERRORS = 1_000;

export class News extends Emitter<FleetEvents> {
  /** The last error of a command while Redis has not answered. */
  lastError: unknown;
  #detachedAt: number | undefined;
  #lastErrorAt = Number.NEGATIVE_INFINITY;

  constructor() {
    super(FLEET_EVENTS, () => {});
  }

  get isDetached(): boolean {
    return this.#detachedAt !== undefined;
  }

  /** Redis has not answered for too long. */
  detached(now: number, words: string): void {
    this.#detachedAt = now;
    this.#say('detached', { error: this.lastError ?? new Error(words) });
  }

  /** Redis has answered. */
  answered(now: number): void {
    const since = this.#detachedAt;
    if (since === undefined) return;
    this.#detachedAt = undefined;
    this.lastError = undefined;
    this.#say('attached', { detachedFor: now - since });
  }

  /** A view has been taken over; it is told if people would call it another. */
  decided(breaker: string, before: View, { state, words, epoch }: View): void {
    const name = STATE_NAMES[state];
    const isQuiet = name === 'CLOSED' ? words === '' : epoch === before.epoch;
    const isSame = words === before.words && epoch === before.epoch;
    if (name === STATE_NAMES[before.state] && (isQuiet || isSame)) return;
    this.#say('decision', { breaker, state: name, words });
  }

  /** A command has failed. */
  failed(error: unknown, command: CommandKind, now: number): void {
    this.lastError = error;
    if (now - this.#lastErrorAt < BETWEEN_ERRORS) return;
    this.#lastErrorAt = now;
    this.#say('error', { error, command });
  }

  /** Something else is wrong. */
  error(error: unknown): void {
    this.#say('error', { error });
  }

  #say<Event extends keyof FleetEvents>(event: Event, payload: FleetEvents[Event]): void {
    this.emit([[event, payload] as never]);
  }
}
