import { CountWindow } from './count-window.js';
import { TimeWindow } from './time-window.js';

/** The most calls that a count window holds, and the most buckets of a time window: bounds on memory. */
export const MAX_WINDOW_SIZE = 2 ** 24;
export const MAX_BUCKETS = 10_000;

/** Which settled calls the rates are taken over: the last `size` calls, or those of the last `duration` ms. */
export type WindowOptions =
  | {
      type: 'count';
      /** How many calls the window holds, from 1 to 16,777,216. @default 100 */
      size?: number | undefined;
    }
  | {
      type: 'time';
      /** The time that the window covers, in milliseconds, at least 1. @default 60_000 */
      duration?: number | undefined;
      /** How many steps it moves in, from 1 to 10,000. @default 10 */
      buckets?: number | undefined;
    };

/** {@link WindowOptions} with every member filled in. */
export type ResolvedWindow =
  | { readonly type: 'count'; readonly size: number }
  | { readonly type: 'time'; readonly duration: number; readonly buckets: number };

/** A window's content as data: outcomes oldest first, or buckets by their age. */
export type WindowSnapshot =
  | {
      readonly type: 'count';
      readonly size: number;
      /** One digit a call, oldest first: 0 success, 1 failure, 2 slow success, 3 slow failure. */
      readonly outcomes: string;
    }
  | {
      readonly type: 'time';
      readonly duration: number;
      readonly buckets: number;
      /** `[age, calls, failures, slowCalls]`; the age, in ms, of the middle of the bucket, so that it may be negative. */
      readonly counts: readonly (readonly [
        age: number,
        calls: number,
        failures: number,
        slowCalls: number,
      ])[];
    };

/** The settled calls that the rates are taken over, with running totals. `now` is monotonic milliseconds. */
export interface Window {
  readonly calls: number;
  readonly failures: number;
  readonly slowCalls: number;
  record(failed: boolean, slow: boolean, now: number): void;
  /** Forgets what is too old at `now`. Totals are true as of the latest `record` or `advance`. */
  advance(now: number): void;
  clear(): void;
  snapshot(now: number): WindowSnapshot;
  /** Takes in a snapshot of the same shape that was taken `passed` ms ago. */
  restore(snapshot: WindowSnapshot, now: number, passed: number): void;
}

/** An empty window of the given shape. */
export function createWindow(shape: ResolvedWindow): Window {
  return shape.type === 'count' ? new CountWindow(shape.size) : new TimeWindow(shape.duration, shape.buckets);
}

/** Whether content of one shape fits the other. */
export function isSameShape(a: ResolvedWindow, b: ResolvedWindow): boolean {
  if (a.type === 'count') return b.type === 'count' && a.size === b.size;
  return b.type === 'time' && a.duration === b.duration && a.buckets === b.buckets;
}
