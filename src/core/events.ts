import type { CircuitMode, RejectionReason } from './circuit-state.js';
import type { CircuitBreakerOpenError } from './errors.js';
import type { CircuitMetrics, LastTransition } from './metrics.js';
import { report } from './report.js';
import { describe } from './validate.js';

/** A change of state, with the figures right after it. */
export interface Transition extends LastTransition {
  /** The name of the breaker. */
  readonly breaker: string;
  readonly metrics: CircuitMetrics;
}

/** A call that settled. */
export interface CallEvent {
  /** The name of the breaker. */
  readonly breaker: string;
  /** Milliseconds from the start of the task; `NaN` for a call that started before anybody listened. */
  readonly duration: number;
  /** What the task resolved to, unless it threw. */
  readonly value?: unknown;
  /** What the task threw, or the timeout or abort that ended it. */
  readonly error?: unknown;
}

/** A call that was rejected, or would have been in any other mode than `observe`. */
export interface RejectEvent {
  /** The name of the breaker. */
  readonly breaker: string;
  readonly reason: RejectionReason;
  /** The error that the caller gets, unless a fallback answers or `observed` is true. */
  readonly error: CircuitBreakerOpenError;
  /** True if the call was let through because the mode is `observe`. */
  readonly observed: boolean;
}

/** A fallback is about to answer a call. */
export interface FallbackEvent {
  /** The name of the breaker. */
  readonly breaker: string;
  /** The error that it answers. */
  readonly error: unknown;
}

/** A change of mode. */
export interface ModeEvent {
  /** The name of the breaker. */
  readonly breaker: string;
  readonly from: CircuitMode;
  readonly to: CircuitMode;
  /** The words given to `forceOpen()`, `forceClosed()` or `reset()`. */
  readonly reason: string | undefined;
}

/** A detector says that the dependency fails more than usual, or that it is well again. */
export interface DetectorEvent {
  /** The name of the breaker. */
  readonly breaker: string;
  /** A reading of the breaker's clock. */
  readonly at: number;
  /** Why, in words. */
  readonly detail: string;
}

/** What each event of a breaker carries. */
export interface CircuitBreakerEvents {
  transition: Transition;
  open: Transition;
  halfOpen: Transition;
  close: Transition;
  success: CallEvent;
  failure: CallEvent;
  ignore: CallEvent;
  reject: RejectEvent;
  fallback: FallbackEvent;
  mode: ModeEvent;
  degraded: DetectorEvent;
  well: DetectorEvent;
}

/** Is told an event. What it throws is reported as uncaught and disturbs nothing else. */
export type Listener<Event> = (event: Event) => void;

/** An event and what it carries. */
export type Emission<Events> = {
  [Event in keyof Events]: readonly [event: Event, payload: Events[Event]];
}[keyof Events];

interface Registration {
  // biome-ignore lint/suspicious/noExplicitAny: the event's type is known where the listener is added
  readonly listener: (event: any) => void;
  readonly once: boolean;
}

/** The listeners of one event: as they come and go, and as they are told, until one has come or gone. */
interface Registered {
  readonly all: Set<Registration>;
  list?: readonly Registration[] | undefined;
}

/**
 * Tells listeners, in the order in which they were added and events in the order in which they happened: an event
 * that a listener causes is told when the one at hand has been told to all. What is told goes to those who were there
 * when its turn came: a listener may add and remove listeners.
 */
export class Emitter<Events extends object> {
  readonly #known: readonly (keyof Events)[];
  readonly #onChange: () => void;
  readonly #registrations = new Map<keyof Events, Registered>();
  #untold: Emission<Events>[] = [];
  /** How many of them have been told. */
  #told = 0;
  #isTelling = false;

  /** @param onChange is called when listeners have been added or removed */
  constructor(known: readonly (keyof Events)[], onChange: () => void) {
    this.#known = known;
    this.#onChange = onChange;
  }

  hears(event: keyof Events): boolean {
    return this.#registrations.has(event);
  }

  /** @throws TypeError for an unknown event or a listener that is no function */
  add<Event extends keyof Events>(event: Event, listener: Listener<Events[Event]>, once = false): () => void {
    this.#verify(event, listener);
    const registration: Registration = { listener, once };
    const present = this.#registrations.get(event) ?? { all: new Set() };
    this.#registrations.set(event, present);
    present.all.add(registration);
    present.list = undefined;
    this.#onChange();
    return () => this.#remove(event, registration);
  }

  /**
   * Removes the latest registration of this listener.
   *
   * @throws TypeError for an unknown event or a listener that is no function
   */
  remove<Event extends keyof Events>(event: Event, listener: Listener<Events[Event]>): void {
    this.#verify(event, listener);
    const its = this.#of(event).filter((registration) => registration.listener === listener);
    this.#remove(event, its.pop());
  }

  /** Tells events that happened together. */
  emit(emissions: readonly Emission<Events>[]): void {
    this.take(emissions);
    this.tell();
  }

  /** Takes in what has happened, to be told in its turn. */
  take(emissions: readonly Emission<Events>[]): void {
    for (const emission of emissions) this.#untold.push(emission);
  }

  /** Tells what has been taken in, unless that is being done already. */
  tell(): void {
    if (this.#isTelling || this.#untold.length === 0) return;
    this.#isTelling = true;
    try {
      while (this.#told < this.#untold.length) {
        const [event, payload] = this.#untold[this.#told++] as Emission<Events>;
        this.#tellListeners(event, payload);
      }
    } finally {
      // Whatever was thrown, a stack overflow too: listeners hear what comes next, and what has not been told yet.
      if (this.#told >= this.#untold.length) {
        this.#untold = [];
        this.#told = 0;
      }
      this.#isTelling = false;
    }
  }

  #tellListeners<Event extends keyof Events>(event: Event, payload: Events[Event]): void {
    for (const registration of this.#of(event)) {
      if (registration.once) this.#remove(event, registration);
      try {
        registration.listener(payload);
      } catch (error) {
        report(error);
      }
    }
  }

  #of(event: keyof Events): readonly Registration[] {
    const present = this.#registrations.get(event);
    if (!present) return [];
    present.list ??= [...present.all];
    return present.list;
  }

  #remove(event: keyof Events, removed: Registration | undefined): void {
    const present = this.#registrations.get(event);
    if (present?.all.delete(removed as Registration)) present.list = undefined;
    if (present?.all.size === 0) this.#registrations.delete(event);
    this.#onChange();
  }

  #verify(event: keyof Events, listener: unknown): void {
    if (!this.#known.includes(event)) {
      throw new TypeError(`Unknown event ${describe(event)}, known are: ${this.#known.join(', ')}`);
    }
    if (typeof listener !== 'function') {
      throw new TypeError(
        `The listener of ${describe(event)} must be a function, received ${describe(listener)}`,
      );
    }
  }
}
