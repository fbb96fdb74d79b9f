/**
 * Deadlines that are given as a call's signal, the platform's idiom: they count as nothing, since it is the caller who
 * has given up. Where that is how a breaker meets all that its dependency does not answer, it never opens.
 */
import { quote } from './quote.js';
import { warn } from './warn.js';

/** Calls without a `callTimeout` that such signals may end before the process is told, once. */
const MANY = 20;

let left = MANY;

/** A call has been ended by its signal, for this reason. */
export function noteAbandoned(breaker: string, reason: unknown): void {
  try {
    if ((reason as Error).name !== 'TimeoutError' || left-- !== 1) return;
  } catch {
    return; // no error, or one that cannot be read
  }
  warn(
    'RECLOSER_CONFIG',
    `${MANY} calls, lastly of circuit breaker ${quote(breaker)}, are ignored: their signals timed out. Give \`callTimeout\``,
  );
}
