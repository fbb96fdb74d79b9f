import { describeError } from '../core/describe-error.js';
import { warn } from '../core/warn.js';

/** Why a breaker is not exported. */
export type DropReason = 'max_series' | 'duplicate_name' | 'unreadable';

const TEXTS: Readonly<Record<DropReason, (breaker: string, maxSeries: number, error: unknown) => string>> = {
  max_series: (breaker, maxSeries) =>
    `Circuit breaker ${breaker} and those after it are not exported to Prometheus: \`maxSeries\` is ${maxSeries}`,
  duplicate_name: (breaker) =>
    `Circuit breaker ${breaker} is not exported to Prometheus: another one has its name; \`labels\` tell registries apart`,
  unreadable: (breaker, _maxSeries, error) =>
    `Circuit breaker ${breaker} is not exported to Prometheus, since it cannot be read: ${describeError(error)}`,
};

/** Tells the process, where there is one, that a breaker is missing in what Prometheus gets. */
export function warnOfDrop(reason: DropReason, breaker: string, maxSeries: number, error: unknown): void {
  warn('RECLOSER_NOT_EXPORTED', TEXTS[reason](JSON.stringify(breaker), maxSeries, error));
}

/** Tells the process that nobody knows what the calls of a breaker cost. */
export function warnOfCost(breaker: string, error: unknown): void {
  warn(
    'RECLOSER_NOT_EXPORTED',
    `What circuit breaker ${JSON.stringify(breaker)} saves is not exported to Prometheus, since \`cost\` does not tell it: ${describeError(error)}`,
  );
}
