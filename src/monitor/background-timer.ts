import type { Clock } from '../index.js';

/** Timers that a clock brings along: both, or neither. */
interface ClockWithTimers extends Clock {
  setTimeout?(run: () => void, ms: number): unknown;
  clearTimeout?(timer: unknown): void;
}

/**
 * Runs something later, by the timers of the clock if it has some, without keeping the process alive where the runtime
 * lets it.
 *
 * @returns a function that calls it off
 */
export function startBackgroundTimer(clock: ClockWithTimers, run: () => void, ms: number): () => void {
  if (clock.setTimeout !== undefined) {
    const timer = clock.setTimeout(run, ms);
    letGo(timer);
    return () => clock.clearTimeout?.(timer);
  }
  const timer = setTimeout(run, ms);
  letGo(timer);
  return () => clearTimeout(timer);
}

/** Node and Bun have timers that are objects, Deno has numbers; browsers and workers know nothing of the kind. */
function letGo(timer: unknown): void {
  if (typeof timer === 'object') (timer as { unref?(): void } | null)?.unref?.();
  else (globalThis as { Deno?: { unrefTimer?(timer: unknown): void } }).Deno?.unrefTimer?.(timer);
}
