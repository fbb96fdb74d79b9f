/** The breakers of a fleet, present and future, and what they tell. A breaker has at most one fleet. */
import { processWide } from '../core/process-wide.js';
import { quote } from '../core/quote.js';
import { refuse } from '../core/validate.js';
import type { Transition } from '../index.js';
import { SUBJECT } from './options.js';
import { isName } from './record.js';
import { isShareableRegistry, type ShareableBreaker, type ShareableTarget } from './target.js';

/** What is done when breakers come, go, and change. */
export interface RosterEvents {
  created(breaker: ShareableBreaker): void;
  deleted(breaker: ShareableBreaker): void;
  changed(breaker: ShareableBreaker, transition: Transition): void;
  rejected(breaker: ShareableBreaker): void;
  /** A breaker that cannot be shared. */
  refused(error: Error): void;
}

/** What has a fleet already: breakers and registries, of any copy of the package. */
const shared = (): WeakSet<object> => processWide('shared', 1, () => new WeakSet<object>());

export class Roster {
  readonly #target: ShareableTarget;
  readonly #breakers = new Map<string, ShareableBreaker>();
  readonly #events: RosterEvents;
  #stops: (() => void)[] = [];

  /** @throws InvalidOptionsError for a target that is shared already */
  constructor(target: ShareableTarget, events: RosterEvents) {
    this.#target = target;
    this.#events = events;
    const known = isShareableRegistry(target) ? [...target] : [target];
    for (const it of [target, ...known]) {
      if (shared().has(it)) refuse(SUBJECT, 'target', `${nameOf(it)} is shared already, by another fleet`);
    }
    shared().add(target);
    for (const breaker of known) this.#add(breaker);
  }

  /** Begins to listen. */
  listen(): void {
    const target = this.#target;
    // Both have these events, a registry those of all its breakers.
    const source = target as ShareableBreaker;
    if (isShareableRegistry(target)) {
      this.#stops.push(
        target.on('create', ({ instance }) => {
          if (this.#add(instance)) this.#events.created(instance);
        }),
        target.on('delete', ({ instance }) => this.#delete(instance)),
      );
    }
    this.#stops.push(
      source.on('transition', (transition) => {
        const breaker = this.get(transition.breaker);
        if (breaker !== undefined) this.#events.changed(breaker, transition);
      }),
      source.on('reject', ({ breaker: name, reason, observed }) => {
        const breaker =
          observed || (reason !== 'open' && reason !== 'half-open') ? undefined : this.get(name);
        if (breaker !== undefined) this.#events.rejected(breaker);
      }),
    );
  }

  get(name: string): ShareableBreaker | undefined {
    return this.#breakers.get(name);
  }

  [Symbol.iterator](): Iterator<ShareableBreaker> {
    return this.#breakers.values();
  }

  stop(): void {
    for (const stop of this.#stops) stop();
    this.#stops = [];
    for (const breaker of this) shared().delete(breaker);
    shared().delete(this.#target);
    this.#breakers.clear();
  }

  #add(breaker: ShareableBreaker): boolean {
    const problem = this.#problemOf(breaker);
    if (problem !== undefined) {
      this.#events.refused(new Error(problem));
      return false;
    }
    shared().add(breaker);
    this.#breakers.set(breaker.name, breaker);
    return true;
  }

  #problemOf(breaker: ShareableBreaker): string | undefined {
    if (!isName(breaker.name))
      return `Circuit breaker ${quote(breaker.name)} is not shared: a name must be well-formed, with at most 512 characters`;
    const isOfOthers = shared().has(breaker) && breaker !== this.#target;
    return isOfOthers
      ? `Circuit breaker ${quote(breaker.name)} is not shared here: another fleet has it`
      : undefined;
  }

  #delete(breaker: ShareableBreaker): void {
    if (this.#breakers.get(breaker.name) !== breaker) return;
    this.#breakers.delete(breaker.name);
    shared().delete(breaker);
    this.#events.deleted(breaker);
  }
}

const nameOf = (it: ShareableTarget): string =>
  'name' in it ? `circuit breaker ${quote(it.name)}` : 'this registry';
