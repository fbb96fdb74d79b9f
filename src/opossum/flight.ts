import { Deadline } from '../core/deadlines.js';
import { createFullStackError } from '../core/promises.js';
import type { Slot } from './caches.js';
import type { Holder, Leave } from './face-core.js';

/** What is done about a call that its timeout ends. */
export interface Tower {
  timedOut(flight: Flight, now: number): void;
}

/** A call in flight: its leave, what it was called with, and who waits for it. */
export class Flight extends Deadline implements Holder {
  readonly tower: Tower;
  readonly leave: Leave;
  readonly isProbe: boolean;
  readonly args: readonly unknown[];
  readonly slot: Slot | undefined;
  readonly promise: Promise<unknown>;
  resolve!: (value: unknown) => void;
  reject!: (error: unknown) => void;
  isSettled = false;
  holdsLeave = true;
  /** Whether it has its place of the semaphore. */
  holdsPlace = true;
  /** Runs something in the asynchronous context in which the call was made, where a timer ends it. */
  inContext: ((run: () => void) => void) | undefined = undefined;

  constructor(
    tower: Tower,
    leave: Leave,
    isProbe: boolean,
    args: readonly unknown[],
    slot: Slot | undefined,
    startedAt: number,
    timeout: number,
  ) {
    super(startedAt, timeout);
    this.tower = tower;
    this.leave = leave;
    this.isProbe = isProbe;
    this.args = args;
    this.slot = slot;
    this.promise = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    if (this.reject === undefined) throw createFullStackError();
  }

  /** One timer ends calls of many requests. A reaction that is added now runs in the context of this one. */
  rememberContext(): void {
    const late = new Promise<() => void>((resolve) => {
      this.inContext = resolve;
    });
    late.then((run) => run());
  }

  override expire(now: number): void {
    this.tower.timedOut(this, now);
  }
}
