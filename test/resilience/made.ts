/** What tests of calls begin with: a `Resilience` on a manual clock whose circuit stays as it is, and tasks. */
import { Resilience, type ResilienceEvents, type ResilienceOptions } from 'recloser/resilience';
import { timedClock } from './timed-clock.js';

export const boom = (): Error => new Error('boom');

export const hanging = (): Promise<never> => new Promise<never>(() => {});

export const NEVER_TRIPS = { failureThreshold: false, failureRateThreshold: false } as const;

/** One that says what it tells, each event without its `breaker`, which is there only where it is another. */
export function made(options: ResilienceOptions = {}) {
  const clock = timedClock();
  const users = new Resilience({ name: 'users', clock, ...NEVER_TRIPS, ...options });
  const events: [string, unknown][] = [];
  for (const event of ['retry', 'stop', 'hedge', 'wait', 'reject', 'fallback'] as const)
    users.on(event, ({ breaker, ...it }: ResilienceEvents[typeof event]) =>
      events.push([event, breaker === users.name ? it : { breaker, ...it }]),
    );
  return { clock, users, events };
}

/** A task that fails so many times, and answers how often it has run. */
export const failing = (times: number) => {
  let runs = 0;
  return async (): Promise<number> => {
    if (++runs <= times) throw boom();
    return runs;
  };
};

/** A signal that tells how many listen to it. */
export function countedSignal() {
  const controller = new AbortController();
  const { signal } = controller;
  let listeners = 0;
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...args: [never, never]) => {
    listeners++;
    add(...args);
  };
  signal.removeEventListener = (...args: [never, never]) => {
    listeners--;
    remove(...args);
  };
  return { controller, signal, listeners: () => listeners };
}
