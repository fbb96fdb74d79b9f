/** How long a circuit stays open: what the server asks for goes before what is usual. */
import type { Backoff } from '../index.js';
import { retryAfterOf } from './retry-after.js';

/** Milliseconds, where nobody says. */
const USUAL = 30_000;

/** The longest time, in ms, that a server's word keeps a circuit open. */
const LONGEST = 600_000;

/** The open time that the response asks for which trips; else the usual one. */
export function recoveryBy(usual: number | Backoff | undefined, epoch: () => number): Backoff {
  return (attempt, failure, random) => {
    const asked =
      retryAfterOf(failure, epoch()) ?? retryAfterOf((failure as { response?: unknown })?.response, epoch());
    if (asked !== undefined && asked > 0) return Math.min(asked, LONGEST);
    return typeof usual === 'function' ? usual(attempt, failure, random) : (usual ?? USUAL);
  };
}
