import type { Listener } from '../core/events.js';
import type { FleetEvents } from './events.js';
import type { CommandKind, CommandResults } from './link.js';
import type { SteerOptions } from './options.js';
import type { FleetState } from './view.js';

/** What a fleet has decided of a breaker, and what this instance has to do with it. */
export interface SharedBreakerStatus {
  readonly state: FleetState;
  /** Redis' count of changes. */
  readonly epoch: number;
  /** Milliseconds until it is over, as far as is known. */
  readonly remaining: number;
  /** Why, for people: `4 of 12`. */
  readonly words: string;
  /** Whether this instance says that it is down. */
  readonly voting: boolean;
  /** Whether this instance has leave to probe. */
  readonly probing: boolean;
}

/** How a fleet is: plain, JSON-safe data. */
export interface FleetStatus {
  readonly instance: string;
  readonly namespace: string;
  /** Whether each instance decides alone, since Redis does not answer. */
  readonly detached: boolean;
  /** Instances that are alive, as far as this one has heard. */
  readonly instances: number;
  /** Milliseconds since the last poll that was answered; `null` before. */
  readonly lastSync: number | null;
  /** Commands that were answered, by kind; and how many failed, or were skipped because too much was unanswered. */
  readonly commands: Readonly<Record<CommandKind | 'failed' | 'skipped', number>>;
  /** The same by kind and result. */
  readonly results: Readonly<Record<CommandKind, CommandResults>>;
  /** What is not plainly closed, by name. */
  readonly breakers: Readonly<Record<string, SharedBreakerStatus>>;
}

/** Breakers that are shared with other instances. */
export interface Fleet {
  /** After the first answer, or a second; never rejects. At once where `pollInterval` is `false`. */
  readonly ready: Promise<void>;
  /** One poll now; tells whether Redis answered, within a second. */
  sync(): Promise<boolean>;
  /** How it is. Reading it asks nobody. */
  status(): FleetStatus;
  /**
   * Opens a circuit in every instance, for an hour unless `for` says otherwise.
   *
   * @throws InvalidOptionsError for a name that cannot be shared or an option out of range
   */
  forceOpen(name: string, reason: string, options?: SteerOptions): Promise<void>;
  /** Closes a circuit in every instance, as `forceOpen` opens it: every call passes and is still counted. */
  forceClosed(name: string, reason: string, options?: SteerOptions): Promise<void>;
  /** Closes a circuit in every instance, whoever opened it, and ends what was forced for all. */
  reset(name: string, reason?: string): Promise<void>;
  /**
   * Tells `listener` each event of this kind, after the fact.
   *
   * @returns a function that unsubscribes it
   * @throws TypeError for an unknown event or a listener that is no function
   */
  on<Event extends keyof FleetEvents>(event: Event, listener: Listener<FleetEvents[Event]>): () => void;
  /** Ends it: votes, presence and leases are taken back as far as Redis answers soon, and each breaker decides alone. */
  stop(): Promise<void>;
}
