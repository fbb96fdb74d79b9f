import { Deadline } from '../core/deadlines.js';
import type { Permit } from '../index.js';

/** What a breaker does about a call that ends. */
export interface Tower {
  succeeded(flight: Flight, value: unknown): void;
  failed(flight: Flight, error: unknown): void;
  timedOut(flight: Flight, now: number): void;
}

/** A call in flight: its permit, what it was called with, and who waits for it. */
export class Flight extends Deadline {
  readonly tower: Tower;
  readonly permit: Permit;
  readonly isProbe: boolean;
  readonly args: readonly unknown[];
  readonly key: string;
  readonly startedAt: number;
  readonly timeout: number;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  isSettled = false;

  constructor(
    tower: Tower,
    permit: Permit,
    isProbe: boolean,
    args: readonly unknown[],
    key: string,
    startedAt: number,
    timeout: number,
    resolve: (value: unknown) => void,
    reject: (error: unknown) => void,
  ) {
    super(startedAt, timeout);
    this.tower = tower;
    this.permit = permit;
    this.isProbe = isProbe;
    this.args = args;
    this.key = key;
    this.startedAt = startedAt;
    this.timeout = timeout;
    this.resolve = resolve;
    this.reject = reject;
  }

  override expire(now: number): void {
    this.tower.timedOut(this, now);
  }
}
