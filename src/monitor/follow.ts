import { soundClock } from '../core/reading.js';
import { report as reportError } from '../core/report.js';
import {
  forEachBreaker,
  type InstrumentableBreaker,
  type InstrumentableEvents,
  isRegistry,
} from '../core/source.js';
import { describe, guardRead, hasMethods, refuse, type Subject, verify } from '../core/validate.js';
import type { CircuitBreakerEvents, Listener, ResolvedOptions } from '../index.js';

/** What is read of a circuit breaker. */
export interface MonitoredBreaker extends InstrumentableBreaker {
  readonly options: Pick<
    ResolvedOptions,
    | 'clock'
    | 'failureThreshold'
    | 'failureRateThreshold'
    | 'maxConcurrentCalls'
    | 'minimumCalls'
    | 'recoveryTimeout'
    | 'slowCallDuration'
    | 'slowCallRateThreshold'
    | 'successThreshold'
    | 'window'
  > &
    Partial<Pick<ResolvedOptions, 'excludedErrors' | 'isFailure' | 'trackedErrors'>>;
}

/** The events of a registry: those of its breakers, and that it has one more or one less. */
export interface MonitoredEvents extends InstrumentableEvents {
  create: InstrumentableEvents['create'] & { readonly instance: MonitoredBreaker };
  delete: InstrumentableEvents['delete'] & { readonly instance: MonitoredBreaker };
}

/** What is read of a registry of circuit breakers. */
export interface MonitoredRegistry extends Iterable<MonitoredBreaker> {
  on<Event extends keyof MonitoredEvents>(
    event: Event,
    listener: Listener<MonitoredEvents[Event]>,
  ): () => void;
}

/** A circuit breaker, or a registry with all of its breakers, those too that are made later. */
export type MonitorSource = MonitoredBreaker | MonitoredRegistry;

/** The breakers that a source has now. */
export function breakersOf(source: MonitorSource): Iterable<MonitoredBreaker> {
  return isRegistry(source) ? source : [source];
}

/** @throws InvalidOptionsError for anything but a circuit breaker or a registry */
export function verifyMonitored(subject: Subject, source: unknown): void {
  guardRead(subject, '`source`', () =>
    verify(subject, 'source', source, (given) =>
      isBreaker(given) || hasMethods('on', Symbol.iterator)(given)
        ? undefined
        : 'a circuit breaker or a registry',
    ),
  );
}

/** @throws InvalidOptionsError for anything but a circuit breaker */
export function verifyBreaker(subject: Subject, breaker: unknown): void {
  guardRead(subject, '`breaker`', () => {
    if (isBreaker(breaker)) return;
    const hint = isRegistry(Object(breaker)) ? ': report() is for a registry' : '';
    const received = `${describe(breaker)}${hint}`;
    refuse(subject, 'breaker', `\`breaker\` must be a circuit breaker, received ${received}`);
  });
}

function isBreaker(given: unknown): boolean {
  const { metrics, options } = (given ?? {}) as Partial<MonitoredBreaker>;
  return hasMethods('on')(given) && metrics?.state !== undefined && hasMethods('now')(options?.clock);
}

/** What to do when breakers come and go, and when they tell events. */
export interface Follower {
  added(breaker: MonitoredBreaker): void;
  removed(breaker: MonitoredBreaker): void;
  readonly events: { readonly [Event in keyof CircuitBreakerEvents]?: Listener<CircuitBreakerEvents[Event]> };
}

/**
 * Tells of the breakers that a source has now, of those that come and go, and of their events.
 *
 * @returns a function that ends it
 */
export function follow(source: MonitorSource, { added, removed, events }: Follower): () => void {
  const calls: Pick<MonitoredBreaker, 'on'> = source;
  forEachBreaker(breakersOf(source), added, (_, error) => reportError(error));
  const stops = Object.entries(events).map(([event, listener]) =>
    calls.on(event as keyof CircuitBreakerEvents, listener as Listener<unknown>),
  );
  if (isRegistry(source)) {
    stops.push(
      source.on('create', ({ instance }) => added(instance)),
      source.on('delete', ({ instance }) => removed(instance)),
    );
  }
  return () => {
    for (const stop of stops) stop();
  };
}

/** The wall-clock time as a breaker knows it, in ms since 1970. */
export function wallTimeOf({ options: { clock } }: MonitoredBreaker): number {
  return clock.epoch === undefined ? Date.now() : clock.epoch();
}

/** The time of a breaker: a reading of its clock. */
export function timeOf({ options: { clock } }: MonitoredBreaker): number {
  return soundClock(clock).now();
}
