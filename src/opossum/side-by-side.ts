import { report } from '../core/report.js';
import { startTimer, stopTimer, type Timer } from '../core/timers.js';
import { breakerSubject, oneOf, verify } from '../core/validate.js';
import { systemClock } from '../index.js';
import { CircuitBreaker } from './breaker.js';
import type { Options } from './options.js';

/** Who decides: opossum, opossum while recloser looks on, or recloser. */
export type Use = 'opossum' | 'shadow' | 'recloser';

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

export interface SideBySideOptions {
  /** Asked once for each breaker, when it is made. @default 'opossum' */
  readonly use?: Use | string | ((name: string) => Use | string) | undefined;
  readonly onDifference?: ((difference: Difference) => void) | undefined;
}

// biome-ignore lint/suspicious/noExplicitAny: opossum's class, whichever version its types are of
type AnyClass = new (...args: any[]) => any;
// biome-ignore lint/suspicious/noExplicitAny: as above
type AnyFunction = (...args: any[]) => any;

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

const check = oneOf('opossum', 'shadow', 'recloser');

/**
 * Opossum's class and this one behind one name, to go over step by step, and back.
 *
 * @throws InvalidOptionsError if `use` is none of the three words, nor a function
 */
export function sideBySide<Opossum extends AnyClass>(
  opossum: Opossum,
  { use = 'opossum', onDifference }: SideBySideOptions = {},
): Opossum {
  if (typeof use !== 'function') verify(breakerSubject('create', 'default'), 'use', use, check);
  if (use === 'opossum') return opossum;
  const both: Opossum = new Proxy(opossum, {
    construct(target, args, newTarget) {
      const [action, options] = args as [AnyFunction, Options | undefined];
      const name = String(options?.name || action?.name || 'default');
      const chosen = typeof use === 'function' ? use(name) : use;
      verify(breakerSubject('create', name), 'use', chosen, check);
      const asked = newTarget === both ? target : newTarget;
      if (chosen === 'recloser') return new CircuitBreaker(action, options);
      if (chosen === 'opossum') return Reflect.construct(target, args, asked);
      return shadow(target, action, options, onDifference);
    },
    get(target, key) {
      if (key === 'isOurError') return (error: unknown) => isOurs(target, error);
      if (key === Symbol.hasInstance) {
        return (it: unknown) => it instanceof target || it instanceof CircuitBreaker;
      }
      return Reflect.get(target, key);
    },
  });
  return both;
}

function isOurs(opossum: AnyClass & { isOurError?: (error: unknown) => boolean }, error: unknown): boolean {
  if (CircuitBreaker.isOurError(error)) return true;
  return error !== null && error !== undefined && opossum.isOurError?.(error) === true;
}

/** A breaker of opossum's whose calls one of ours watches. */
function shadow(
  Opossum: AnyClass,
  action: AnyFunction,
  options: Options | undefined,
  onDifference: SideBySideOptions['onDifference'],
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
