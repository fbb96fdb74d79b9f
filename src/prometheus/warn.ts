import type { DropReason } from './reading.js';

const TEXTS: Readonly<Record<DropReason, (breaker: string, maxSeries: number) => string>> = {
  max_series: (breaker, maxSeries) =>
    `Circuit breaker ${breaker} and those after it are not exported to Prometheus: \`maxSeries\` is ${maxSeries}`,
  duplicate_name: (breaker) =>
    `Circuit breaker ${breaker} is not exported to Prometheus: another one has its name; \`labels\` tell registries apart`,
};

/** Tells the process, where there is one, that a breaker is missing in what Prometheus gets. */
export function warnOfDrop(reason: DropReason, breaker: string, maxSeries: number): void {
  const { process } = globalThis as { process?: { emitWarning?(message: string, options: object): void } };
  const message = TEXTS[reason](JSON.stringify(breaker), maxSeries);
  process?.emitWarning?.(message, { type: 'CircuitBreakerWarning', code: 'RECLOSER_NOT_EXPORTED' });
}
