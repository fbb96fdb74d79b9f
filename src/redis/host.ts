import type { RoundReply } from './record.js';

/** How a leased probe ended, as REPORT wants it. */
export type ProbeEnding = 'success' | 'failure' | 'nothing';

/** A leased probe that has ended, to be told until somebody has answered. */
export interface ProbeReport {
  readonly name: string;
  readonly nonce: string;
  readonly epoch: number;
  readonly ending: ProbeEnding;
  /** How long the circuit is OPEN after a failure, in ms. */
  readonly openFor: number;
  /** When the lease has lapsed: it counts no longer. */
  readonly until: number;
}

/** What a member needs of its fleet. */
export interface Host {
  /** Whether the fleet follows, and changes nothing. */
  readonly isObserving: boolean;
  /** Whether Redis has not answered for too long. */
  readonly isDetached: boolean;
  readonly probeLease: number | undefined;
  /** A reading of the fleet's clock. */
  now(): number;
  /** From 0 to less than 1. */
  roll(): number;
  /** A word that nobody else has used. */
  nonce(): string;
  /** Asks Redis for leave; `undefined` where too much is unanswered. */
  lease(name: string, nonce: string, ms: number): Promise<RoundReply | undefined> | undefined;
  report(report: ProbeReport): void;
  /** What Redis has said beside a poll; it has become the view when this returns, unless something newer is known. */
  hear(name: string, reply: RoundReply): void;
  /** What a caller waits for: at most `commandTimeout`. */
  atMost(promise: Promise<void>): Promise<void>;
  /** There is a vote to be sent. */
  voteSoon(): void;
  /** Something is to be done in time. */
  arm(): void;
}

/** Milliseconds of jitter on an open time, at most. */
export const jitterOf = (wait: number): number => Math.min(1_000, wait / 10);
