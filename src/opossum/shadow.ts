import { report } from '../core/report.js';
import { startTimer, stopTimer, type Timer } from '../core/timers.js';
import { systemClock } from '../index.js';
import { CircuitBreaker } from './breaker.js';
import type { AnyFunction } from './calls.js';
import type { Options } from './options.js';

/** What `onDifference` is told. */
export interface Difference {
  readonly breaker: string;
  /** `state`: the states have differed for 50 ms. `options`: recloser refuses the options. */
  readonly kind: 'state' | 'options';
  /** Opossum's state: `CLOSED`, `OPEN` or `HALF_OPEN`. */
  readonly opossum?: string;
  readonly recloser?: string;
  readonly error?: unknown;
}

// biome-ignore lint/suspicious/noExplicitAny: opossum's class, whichever version its types are of
export type AnyClass = new (...args: any[]) => any;

/** What the shadow reads of opossum's breaker. */
interface Watched {
  readonly name: string;
  readonly enabled: boolean;
  readonly closed: boolean;
  readonly halfOpen: boolean;
  readonly isShutdown: boolean;
  on(event: string, listener: () => void): unknown;
}

/** Milliseconds that a difference must last to be told: both tell the same things, but not in the same moment. */
const PATIENCE = 50;

/** A breaker of opossum's whose calls one of ours watches. */
export function shadow(
  Opossum: AnyClass,
  action: AnyFunction,
  options: Options | undefined,
  onDifference: ((difference: Difference) => void) | undefined,
): unknown {
  if (typeof action !== 'function') return new Opossum(action, options);
  let running: unknown;
  let looker: CircuitBreaker | undefined;
  const watched: Watched = new Opossum(
    Object.defineProperty(
      function (this: unknown, ...args: unknown[]) {
        try {
          running = Reflect.apply(action, this, args);
        } catch (error) {
          const failed = Promise.reject(error);
          failed.catch(() => {});
          if (watched.enabled) watch(failed, args);
          throw error;
        }
        if (watched.enabled) watch(running, args);
        return running;
      },
      'name',
      { value: action.name },
    ),
    options,
  );
  const tell = (difference: Difference) => {
    try {
      onDifference?.(difference);
    } catch (error) {
      report(error);
    }
  };
  const watch = (result: unknown, args: unknown[]) => {
    running = result;
    looker?.fire(...args).catch(() => {});
  };
  try {
    looker = new CircuitBreaker(() => running, {
      ...options,
      name: watched.name,
      cache: false,
      coalesce: false,
      capacity: undefined,
      abortController: undefined,
      autoRenewAbortController: false,
      rotateBucketController: undefined,
      status: undefined,
      maxFailures: undefined,
      enabled: true,
    });
    compare(watched, looker, tell);
  } catch (error) {
    tell({ breaker: watched.name, kind: 'options', error });
  }
  return watched;
}

function compare(watched: Watched, looker: CircuitBreaker, tell: (difference: Difference) => void): void {
  let timer: Timer | undefined;
  let told = false;
  const look = () => {
    const differs = !watched.isShutdown && stateOf(watched) !== stateOf(looker);
    if (!differs) {
      stopTimer(systemClock, timer);
      timer = undefined;
      told = false;
      return;
    }
    if (told || timer !== undefined) return;
    timer = startTimer(systemClock, tellIt, PATIENCE, { background: true });
  };
  const tellIt = () => {
    timer = undefined;
    const [opossum, recloser] = [stateOf(watched), stateOf(looker)];
    if (watched.isShutdown || opossum === recloser) return;
    told = true;
    tell({ breaker: watched.name, kind: 'state', opossum, recloser });
  };
  for (const event of ['open', 'halfOpen', 'close']) {
    watched.on(event, look);
    looker.on(event, look);
  }
  watched.on('shutdown', () => {
    stopTimer(systemClock, timer);
    looker.shutdown();
  });
}

function stateOf({ closed, halfOpen }: { readonly closed: boolean; readonly halfOpen: boolean }): string {
  if (halfOpen) return 'HALF_OPEN';
  return closed ? 'CLOSED' : 'OPEN';
}
