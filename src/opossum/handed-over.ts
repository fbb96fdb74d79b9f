/** What a breaker begins with that takes over from another: its state, as `toJSON()` told it, and its numbers. */
import type { CircuitSnapshot } from '../index.js';
import type { FaceClock } from './face-clock.js';
import type { ReadOptions, State } from './options.js';
import type { Stats } from './stats.js';
import { Status } from './status.js';

/** Whether there is anything that a new breaker does not begin with anyway. */
export function isHandedOver({ state, status }: ReadOptions): boolean {
  return status !== undefined || (state !== undefined && !isClosed(state));
}

/** The wall-clock time of the opening that was handed over. */
export function openedAt(state: Partial<State> | undefined, epoch: number): number {
  const at = state?.lastTimerAt;
  return typeof at === 'number' && Number.isFinite(at) ? at : epoch;
}

/** State and numbers that were handed over, as the core takes them. */
export function snapshotFrom(
  fresh: CircuitSnapshot,
  { state, resetTimeout }: ReadOptions,
  { successes, failures }: Stats,
  epoch: number,
): CircuitSnapshot {
  const calls = successes + failures;
  const window = { ...fresh.window, counts: calls > 0 ? [[0, calls, failures, 0]] : [] };
  const snapshot = { ...fresh, window } as CircuitSnapshot;
  if (state === undefined || isClosed(state)) return snapshot;
  const elapsed = Math.max(epoch - openedAt(state, epoch), 0);
  const remaining = state.halfOpen ? 0 : Math.max(resetTimeout - elapsed, 0);
  return { ...snapshot, state: 'OPEN', attempt: 1, elapsed, recovery: resetTimeout, remaining };
}

function isClosed({ closed, halfOpen }: Partial<State>): boolean {
  return closed !== false && !halfOpen;
}

/** The status of a breaker: the one that is handed over, or one that begins with its numbers, or with none. */
export function statusOf(options: ReadOptions, clock: FaceClock): Status {
  const { status } = options;
  if (status instanceof Status) return status;
  const { stats = status } = (status ?? {}) as { readonly stats?: Partial<Stats> };
  return new Status({ ...options, stats: stats as Partial<Stats> | undefined }, clock);
}
