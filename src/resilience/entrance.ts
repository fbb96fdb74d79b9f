/**
 * How an attempt gets in: bulkhead, rate limit, breaker, in this order. Where it need not wait it is in at once. Before
 * it waits the circuit is looked at, and an opening ends the wait; who waits holds no probe.
 */
import { SEAM, type Seat } from '../core/seam.js';
import type { CircuitBreaker, Permit } from '../index.js';
import type { RateLimitError } from './errors.js';
import { reasonOf } from './follow-signal.js';
import type { Host } from './host.js';
import type { Shared } from './shared.js';
import { Wait, type WaitEnd } from './wait.js';

/** Who turned an attempt away. */
export type Refuser = 'breaker' | 'bulkhead' | 'rate-limit' | 'deadline' | 'abort';

/** Leave for one attempt; `by` tells who has not given it. */
export type Entry =
  | { readonly by?: undefined; readonly permit: Permit | undefined; readonly waited: boolean }
  | { readonly by: Refuser; readonly error: unknown };

/** Who wants in. */
export interface Visitor {
  readonly host: Host;
  readonly shared: Shared;
  readonly signal: AbortSignal | undefined;
  /** A reading of the clock, or `Infinity`. */
  readonly deadline: number;
  /** The number of the attempt. */
  readonly attempt: number;
  readonly totalTimeoutError: () => unknown;
}

export function enter(visitor: Visitor): Entry | Promise<Entry> {
  const { bulkhead, rateLimiter } = visitor.shared;
  if (bulkhead !== undefined && !bulkhead.tryEnter()) return enterLater(visitor);
  if (rateLimiter !== undefined && !rateLimiter.tryTake()) return takeTurnLater(visitor, false);
  return passBreaker(visitor, false);
}

/** Gets in if it need not wait, as a hedge does: `undefined` if it would have to. */
export function enterNow(visitor: Visitor): Entry | undefined {
  const { bulkhead, rateLimiter } = visitor.shared;
  if (bulkhead !== undefined && !bulkhead.tryEnter()) return undefined;
  if (rateLimiter !== undefined && !rateLimiter.tryTake()) {
    bulkhead?.leave();
    return undefined;
  }
  return takePermit(visitor, false);
}

function seatOf(breaker: CircuitBreaker): Seat | undefined {
  return breaker.state === 'CLOSED' ? undefined : (breaker as { [SEAM]?(): Seat })[SEAM]?.();
}

/** Whether others share the circuit, who give leave to probe. */
export const isGated = (breaker: CircuitBreaker): boolean => seatOf(breaker)?.isGated === true;

function passBreaker(visitor: Visitor, waited: boolean): Entry | Promise<Entry> {
  const { host, shared, signal } = visitor;
  const leave = shared.countsCalls ? undefined : seatOf(host.breaker)?.leave();
  if (leave === undefined) return takePermit(visitor, waited);
  return leave.then(() => {
    if (!signal?.aborted) return takePermit(visitor, true);
    shared.rateLimiter?.giveBack();
    shared.bulkhead?.leave();
    return { by: 'abort', error: reasonOf(signal) };
  });
}

function takePermit({ host, shared }: Visitor, waited: boolean): Entry {
  const { breaker } = host;
  if (shared.countsCalls) return { permit: undefined, waited };
  try {
    return { permit: breaker.acquire(), waited };
  } catch (error) {
    shared.rateLimiter?.giveBack();
    shared.bulkhead?.leave();
    return { by: 'breaker', error };
  }
}

/** What the breaker says to an attempt that would have to wait, if it would not let it through anyhow. */
function rejection({ host, shared }: Visitor): unknown {
  const { breaker, isOpen } = host;
  // Only what surely is rejected may ask: a probe would have to wait, too.
  if (shared.countsCalls || !isOpen || breaker.metrics.retryAfter === 0) return undefined;
  try {
    breaker.acquire().ignore();
    return undefined;
  } catch (error) {
    return error;
  }
}

async function enterLater(visitor: Visitor): Promise<Entry> {
  const { host, shared, signal, deadline } = visitor;
  const { bulkhead, rateLimiter } = shared;
  const error = rejection(visitor);
  if (error !== undefined) return { by: 'breaker', error };
  if (bulkhead === undefined) return passBreaker(visitor, true);
  const since = host.clock.now();
  const wait = new Wait(host.clock, signal);
  if (!bulkhead.enqueue(wait)) {
    wait.end('time');
    return { by: 'bulkhead', error: bulkhead.full(host.name, 'full', 0) };
  }
  const end = await waited(visitor, wait.endAfter(Math.min(bulkhead.maxWait, deadline - since)), 'bulkhead');
  if (end !== 'turn') bulkhead.left(wait);
  if (signal?.aborted || end === 'abort') {
    if (end === 'turn') bulkhead.leave();
    return { by: 'abort', error: reasonOf(signal as AbortSignal) };
  }
  if (end === 'turn') {
    if (rateLimiter !== undefined && !rateLimiter.tryTake()) return takeTurnLater(visitor, true);
    return passBreaker(visitor, true);
  }
  if (end === 'open') {
    const opened = rejection(visitor);
    return opened === undefined ? enter(visitor) : { by: 'breaker', error: opened };
  }
  const passed = Math.max(host.clock.now() - since, 0);
  if (deadline - since <= bulkhead.maxWait) return { by: 'deadline', error: visitor.totalTimeoutError() };
  return { by: 'bulkhead', error: bulkhead.full(host.name, 'wait', passed) };
}

/** Waits for a turn, with a place in the bulkhead. */
async function takeTurnLater(visitor: Visitor, hasWaited: boolean): Promise<Entry> {
  const { host, shared, signal, deadline } = visitor;
  const { bulkhead, rateLimiter } = shared;
  const leave = (entry: Entry): Entry => {
    bulkhead?.leave();
    return entry;
  };
  const error = rejection(visitor);
  if (error !== undefined) return leave({ by: 'breaker', error });
  if (rateLimiter === undefined) return passBreaker(visitor, hasWaited);
  const entered = rateLimiter.enqueue(host.name, signal, deadline);
  if (!('wait' in entered)) return leave({ by: 'rate-limit', error: entered satisfies RateLimitError });
  const end = await waited(visitor, entered.wait, 'rate-limit');
  if (signal?.aborted || end === 'abort') {
    if (end === 'turn') rateLimiter.giveBack();
    return leave({ by: 'abort', error: reasonOf(signal as AbortSignal) });
  }
  if (end === 'turn') return passBreaker(visitor, true);
  if (end === 'open') {
    const opened = rejection(visitor);
    bulkhead?.leave();
    return opened === undefined ? enter(visitor) : { by: 'breaker', error: opened };
  }
  return leave({ by: 'rate-limit', error: rateLimiter.error(host.name, 'wait', entered.tooLate) });
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
