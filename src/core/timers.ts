/**
 * The one place that knows a platform's timer. Everything in the package that waits does so through here: by the timers
 * of the breaker's clock, else by those of the platform, looked up when they are used, so that fake timers work.
 */
import { type Clock, systemClock } from './clock.js';
import { report } from './report.js';
import { MAX_TIMER_DELAY } from './validate.js';

interface SetTimer {
  (run: () => void, ms?: number): unknown;
  /** What the fake timers of Vitest, Jest and Sinon carry. */
  readonly clock?: { readonly now?: number; readonly timers?: Readonly<Record<number, unknown>> };
}

/** A timer that has been set. */
export interface Timer {
  /** What `clearTimeout` takes. */
  handle: unknown;
  /** What was asked to set it; `undefined` where that was a clock. */
  readonly setBy: SetTimer | undefined;
  /** Whether a test moves it, not the platform. */
  readonly isFake: boolean;
  /** Takes back what `setBy` has set. */
  readonly clear: (handle: unknown) => void;
}

/** How a timer is set. */
export interface TimerOptions {
  /** Whether a process may end though the timer is set. @default false */
  background?: boolean;
}

/**
 * Runs something once, after `ms` milliseconds at the least: below 0 and `NaN` are 0, and what is longer than a platform's
 * timers can tell goes by in pieces. A timer that cannot be set is reported, and never fires.
 *
 * @throws RangeError where the stack is full: who calls is to be told, and no process ends for it
 */
export function startTimer(
  clock: Clock,
  run: () => void,
  ms: number,
  { background = false }: TimerOptions = {},
): Timer {
  const setBy = clock.setTimeout === undefined ? (globalThis.setTimeout as SetTimer) : undefined;
  const clear = setBy === undefined ? clock.clearTimeout?.bind(clock) : globalThis.clearTimeout;
  const isFake = setBy !== undefined && isFakeTimer(setBy);
  const timer: Timer = { handle: undefined, setBy, isFake, clear: clear as Timer['clear'] };
  takeRoom(...ROOM);
  const set = (left: number): void => {
    const piece = Math.min(left, MAX_TIMER_DELAY);
    const next = left > piece ? () => set(left - piece) : run;
    timer.handle = setBy === undefined ? clock.setTimeout?.(next, piece) : setBy(next, piece);
    if (background) release(timer.handle);
  };
  try {
    set(Math.max(ms, 0) || 0);
  } catch (error) {
    if (error instanceof RangeError) throw error;
    report(error);
  }
  return timer;
}

/**
 * What is handed over takes room on the stack, more than a platform's timers need. Where they overflow halfway they lose
 * timers of others: the overflow is to come before.
 */
const ROOM: readonly number[] = Array.from({ length: 400 }, () => 0);
const takeRoom: (...args: readonly number[]) => void = () => {};

/** Does nothing for a timer that has fired, or is none. */
export function stopTimer(_clock: Clock, timer: Timer | undefined): void {
  if (timer === undefined) return;
  try {
    timer.clear(timer.handle);
  } catch (error) {
    report(error);
  }
}

/**
 * Lets what has arrived be read before something is called too late: two turns of the platform's loop, in which it looks
 * at its sockets; or one turn of a clock that brings timers of its own.
 */
export function afterArrivals(clock: Clock, run: () => void): void {
  if (clock.setTimeout !== undefined) startTimer(clock, run, 0);
  else nextTurn(() => nextTurn(run));
}

/** Milliseconds, from any origin, by which a timer goes: fake ones mostly have a time of their own. */
export function timeOf({ setBy }: Timer): number {
  return setBy?.clock?.now ?? systemClock.now();
}

/**
 * Whether a timer may have been dropped without a word. Fake timers are cleared, or taken away with all that was set, and
 * modules outlive them.
 */
export function isDoubtful({ setBy, isFake, handle }: Timer): boolean {
  if (setBy === undefined) return false;
  const present: SetTimer = globalThis.setTimeout;
  if (setBy !== present) return isFake || isFakeTimer(present);
  return isFake && setBy.clock?.timers?.[Number(handle)] === undefined;
}

/** Those of node:test bear no mark but a name that no function of a platform has. */
function isFakeTimer(set: SetTimer): boolean {
  return set.clock !== undefined || /^bound .*timer/i.test(set.name);
}

/**
 * Whether one timer can serve calls of several requests. In Cloudflare's workers it cannot: there a timer belongs to
 * the request that set it and ends with it. One that a test moves knows no requests, and does the same everywhere.
 */
export function areTimersShared(clock: Clock): boolean {
  return !IS_WORKER || 'advance' in clock;
}

/** Asked once: some platforms answer with a getter, and every call with a timeout would wait for it. */
const IS_WORKER = globalThis.navigator?.userAgent === 'Cloudflare-Workers';

interface Turns {
  readonly setImmediate?: SetTimer;
  readonly setTimeout: SetTimer;
}

const turnOf = ({ setImmediate, setTimeout }: Turns): SetTimer => setImmediate ?? setTimeout;

/** As it is before a test puts fake timers in its place, whose turns read no socket. */
const realTurn = turnOf(globalThis);

function nextTurn(run: () => void): void {
  const turn = turnOf(globalThis);
  if (isFakeTimer(turn)) realTurn(run, 0);
  else turn(run, 0);
}

/** A handle of a browser is a number and keeps nothing alive. Deno has numbers too, and a function for them. */
function release(handle: unknown): void {
  if (typeof handle === 'number') (globalThis as PlatformOfDeno).Deno?.unrefTimer?.(handle);
  else (handle as { unref?(): void } | undefined)?.unref?.();
}

interface PlatformOfDeno {
  Deno?: { unrefTimer?(handle: number): void };
}
