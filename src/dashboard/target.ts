/** What a panel is given: read through the smallest interfaces that will do, so that any copy of the package fits. */
import type { CircuitSnapshot, Listener, UpdatableOptions } from '../index.js';
import type { MonitoredBreaker, MonitoredEvents } from '../monitor/index.js';

/** A breaker as a panel reads and steers it. */
export interface DashboardBreaker extends MonitoredBreaker {
  trip(reason?: string): void;
  forceOpen(reason?: string): void;
  forceClosed(reason?: string): void;
  reset(reason?: string): void;
  update(options: UpdatableOptions): void;
  snapshot(): CircuitSnapshot;
}

/** The events of a registry: those of its breakers, and that it has one more or one less. */
export interface DashboardEvents extends MonitoredEvents {
  create: MonitoredEvents['create'] & { readonly instance: DashboardBreaker };
  delete: MonitoredEvents['delete'] & { readonly instance: DashboardBreaker };
}

/** A registry, with all of its breakers, those too that are made later. */
export interface DashboardRegistry extends Iterable<DashboardBreaker> {
  on<Event extends keyof DashboardEvents>(
    event: Event,
    listener: Listener<DashboardEvents[Event]>,
  ): () => void;
}

/** What a fleet has decided of a breaker, and what this instance has to do with it. */
export interface FleetView {
  readonly state: string;
  readonly words: string;
  readonly voting: boolean;
  readonly probing: boolean;
}

/** A `Fleet` of `recloser/redis`, as a panel reads and steers it. */
export interface DashboardFleet {
  status(): {
    readonly namespace: string;
    readonly detached: boolean;
    readonly instances: number;
    readonly breakers: Readonly<Record<string, FleetView>>;
  };
  forceOpen(name: string, reason: string, options?: { for?: number | undefined }): Promise<void>;
  forceClosed(name: string, reason: string, options?: { for?: number | undefined }): Promise<void>;
  reset(name: string, reason?: string): Promise<void>;
}
