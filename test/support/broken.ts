import type { CircuitBreaker } from 'recloser';

/** Makes the metrics of a breaker throw, as a broken clock does. */
export function breakMetrics(breaker: CircuitBreaker | undefined): void {
  define(breaker, 'metrics', () => {
    throw new Error('a broken clock');
  });
}

/** Makes the name of a breaker throw. */
export function breakName(breaker: CircuitBreaker | undefined): void {
  define(breaker, 'name', () => {
    throw new Error('a broken name');
  });
}

/** Puts members into the metrics of a breaker, as modules that are not there would. */
export function changeMetrics(breaker: CircuitBreaker | undefined, members: object): void {
  const { metrics } = breaker as CircuitBreaker;
  define(breaker, 'metrics', () => ({ ...metrics, ...members }));
}

/** Takes back what the others did. */
export function mend(breaker: CircuitBreaker | undefined): void {
  for (const member of ['metrics', 'name']) Reflect.deleteProperty(breaker as CircuitBreaker, member);
}

function define(breaker: CircuitBreaker | undefined, member: string, get: () => unknown): void {
  Object.defineProperty(breaker as CircuitBreaker, member, { get, configurable: true });
}
