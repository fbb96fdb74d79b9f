/**
 * How an attempt gets in: bulkhead, rate limit, breaker, in this order. Where it need not wait it is in at once. Before
 * it waits the circuit is looked at, and an opening ends the wait; who waits holds no probe.
 */
import { type CallerSignal, reasonOf } from '../core/following.js';
import type { Bulkhead } from './bulkhead.js';
import type { Host } from './host.js';
import type { RateLimiter } from './rate-limiter.js';
import type { Shared } from './shared.js';
import { Wait, type WaitEnd } from './wait.js';

/** Who turned an attempt away. */
export type Refuser = 'breaker' | 'bulkhead' | 'rate-limit' | 'deadline' | 'abort';

/** Leave for one attempt; `by` tells who has not given it. */
export type Entry =
  | { readonly by?: undefined; readonly permit: unknown; readonly waited: boolean; readonly at: number }
  | { readonly by: Refuser; readonly error: unknown };

/** Who wants in. */
export interface Visitor {
  readonly host: Host;
  readonly shared: Shared;
  readonly signal: CallerSignal | undefined;
  /** A reading of the clock, or `Infinity`. */
  readonly deadline: number;
  /** The number of the attempt. */
  readonly attempt: number;
  /** Whether it has a place in the bulkhead for an attempt that has not begun. */
  holdsPlace: boolean;
  /** Leave of the breaker for an attempt that has not begun. */
  heldPermit: unknown;
  totalTimeoutError(): unknown;
}

/** @param now a reading of the clock */
export function enter(visitor: Visitor, now: number, waited = false): Entry | Promise<Entry> {
  const { host, shared } = visitor;
  const leave = shared.countsCalls ? undefined : host.leave();
  return leave === undefined ? enterWithLeave(visitor, now, waited) : enterAfterLeave(visitor, leave);
}

/** Gets in if it need not wait, as a hedge does: `undefined` if it would have to. */
export function enterNow(visitor: Visitor): Entry | undefined {
  const { rateLimiter } = visitor.shared;
  const now = visitor.host.clock.now();
  if (!takePlace(visitor)) return undefined;
  if (rateLimiter !== undefined && !rateLimiter.takeAt(now)) {
    leavePlace(visitor);
    return undefined;
  }
  return passBreaker(visitor, false, now, now);
}

/** Gives back what it holds of an attempt that has not begun. */
export function leaveEntrance(visitor: Visitor): void {
  const { heldPermit, host } = visitor;
  visitor.heldPermit = undefined;
  if (!(heldPermit instanceof Error)) host.ignore(heldPermit, Number.NaN);
  leavePlace(visitor);
}

function takePlace(visitor: Visitor): boolean {
  const { bulkhead } = visitor.shared;
  if (bulkhead === undefined) return true;
  if (!bulkhead.tryEnter()) return false;
  visitor.holdsPlace = true;
  return true;
}

function leavePlace(visitor: Visitor): void {
  if (!visitor.holdsPlace) return;
  visitor.holdsPlace = false;
  (visitor.shared.bulkhead as Bulkhead).leave();
}

function enterWithLeave(visitor: Visitor, now: number, waited: boolean): Entry | Promise<Entry> {
  if (!takePlace(visitor)) return enterLater(visitor);
  return takeTurn(visitor, now, waited);
}

function takeTurn(visitor: Visitor, now: number, waited: boolean): Entry | Promise<Entry> {
  const { rateLimiter } = visitor.shared;
  if (rateLimiter !== undefined && !rateLimiter.takeAt(now)) return takeTurnLater(visitor);
  return passBreaker(visitor, waited, now, now);
}

/** Waits for leave to probe, which settles in bounded time. */
export async function waitForLeave(
  visitor: Visitor,
  leave: Promise<void>,
): Promise<Extract<Entry, { by: Refuser }> | undefined> {
  const { host, signal, deadline } = visitor;
  const wait = new Wait(host.clock, signal);
  if (deadline !== Number.POSITIVE_INFINITY) wait.endAfter(deadline - host.clock.now());
  leave.then(() => wait.end('turn'));
  const end = await wait.ended;
  if (end === 'time') return { by: 'deadline', error: visitor.totalTimeoutError() };
  return isGone(end, signal) ? { by: 'abort', error: reasonOf(signal) } : undefined;
}

async function enterAfterLeave(visitor: Visitor, leave: Promise<void>): Promise<Entry> {
  const refused = await waitForLeave(visitor, leave);
  return refused ?? enterWithLeave(visitor, visitor.host.clock.now(), true);
}

/** @param turn when the turn was, to be given back */
function passBreaker(visitor: Visitor, waited: boolean, now: number, turn: number): Entry {
  const { shared } = visitor;
  if (shared.countsCalls) return { permit: undefined, waited, at: now };
  const permit = admit(visitor, now);
  if (!(permit instanceof Error)) return { permit, waited, at: now };
  visitor.heldPermit = undefined;
  shared.rateLimiter?.giveBack(turn);
  leavePlace(visitor);
  return { by: 'breaker', error: permit };
}

/** A permit, which the visitor holds, or a rejection. Assigned at once: whatever is called next may find the stack full. */
function admit(visitor: Visitor, now: number): unknown {
  visitor.heldPermit = visitor.host.admit(now);
  return visitor.heldPermit;
}

/** What the breaker says to an attempt that would have to wait, if it would not let it through anyhow. */
function rejection(visitor: Visitor): unknown {
  const { host, shared } = visitor;
  const { breaker, isOpen, clock } = host;
  // Only what surely is rejected may ask: a probe would have to wait, too.
  if (shared.countsCalls || !isOpen || breaker.metrics.retryAfter === 0) return undefined;
  const now = clock.now();
  const permit = admit(visitor, now);
  visitor.heldPermit = undefined;
  if (permit instanceof Error) return permit;
  host.ignore(permit, now);
  return undefined;
}

async function enterLater(visitor: Visitor): Promise<Entry> {
  const { host, shared, signal, deadline } = visitor;
  const bulkhead = shared.bulkhead as Bulkhead;
  const error = rejection(visitor);
  if (error !== undefined) return { by: 'breaker', error };
  const since = host.clock.now();
  const place = bulkhead.enqueue(signal);
  if (place === undefined) return { by: 'bulkhead', error: bulkhead.full(host.name, 'full', 0) };
  const left = deadline - since;
  const end = await waited(visitor, place.endAfter(Math.min(bulkhead.maxWait, left)), 'bulkhead');
  visitor.holdsPlace = end === 'turn';
  if (isGone(end, signal)) {
    leavePlace(visitor);
    return { by: 'abort', error: reasonOf(signal) };
  }
  if (end === 'turn') return takeTurn(visitor, host.clock.now(), true);
  if (end === 'open') return enterAgain(visitor);
  if (left <= bulkhead.maxWait) return { by: 'deadline', error: visitor.totalTimeoutError() };
  const passed = Math.max(host.clock.now() - since, 0);
  return { by: 'bulkhead', error: bulkhead.full(host.name, 'wait', passed) };
}

/** Waits for a turn, with a place in the bulkhead. */
async function takeTurnLater(visitor: Visitor): Promise<Entry> {
  const { host, shared, signal, deadline } = visitor;
  const rateLimiter = shared.rateLimiter as RateLimiter;
  const leave = (entry: Entry) => {
    leavePlace(visitor);
    return entry;
  };
  const error = rejection(visitor);
  if (error !== undefined) return leave({ by: 'breaker', error });
  const place = rateLimiter.enqueue(host.name, signal, deadline);
  if (place instanceof Error) return leave({ by: 'rate-limit', error: place });
  const end = await waited(visitor, place, 'rate-limit');
  if (isGone(end, signal)) {
    if (end === 'turn') rateLimiter.giveBack(place.at);
    return leave({ by: 'abort', error: reasonOf(signal) });
  }
  if (end === 'turn') return passBreaker(visitor, true, host.clock.now(), place.at);
  if (end === 'open') {
    leavePlace(visitor);
    return enterAgain(visitor);
  }
  return leave({ by: 'rate-limit', error: rateLimiter.error(host.name, 'wait', place.tooLate) });
}

/** The circuit has opened; unless it lets the attempt pass all the same, nobody waits any more. */
function enterAgain(visitor: Visitor): Entry | Promise<Entry> {
  const error = rejection(visitor);
  return error === undefined ? enter(visitor, visitor.host.clock.now(), true) : { by: 'breaker', error };
}

function isGone(end: WaitEnd, signal: CallerSignal | undefined): signal is CallerSignal {
  return end === 'abort' || signal?.aborted === true;
}

/** Waits, and tells how long. */
async function waited(
  { host, shared, attempt }: Visitor,
  wait: Wait,
  queue: 'bulkhead' | 'rate-limit',
): Promise<WaitEnd> {
  const { tally, clock } = host;
  const since = clock.now();
  tally.queueing[queue]++;
  if (!shared.countsCalls) host.endWhenOpen(wait);
  const end = await wait.ended;
  host.waited(wait);
  tally.queueing[queue]--;
  const ms = Math.max(clock.now() - since, 0);
  tally.waits++;
  tally.waited += ms;
  host.tell('wait', { queue, waited: ms, attempt });
  return end;
}
