/** What scenarios are made of. */
// biome-ignore lint/suspicious/noExplicitAny: the classes have types of their own
export type AnyClass = any;

export interface Scenario {
  readonly name: string;
  readonly run: (Breaker: AnyClass) => Promise<readonly unknown[]>;
  readonly expected: readonly unknown[];
}

const EVENTS = [
  'fire',
  'success',
  'failure',
  'timeout',
  'reject',
  'open',
  'halfOpen',
  'close',
  'fallback',
  'semaphoreLocked',
  'cacheHit',
  'cacheMiss',
  'coalesceCacheHit',
  'coalesceCacheMiss',
  'healthCheckFailed',
  'shutdown',
];

export const down = async () => {
  throw new Error('down');
};
export const answer = async (value: unknown) => value;
export const never = () => new Promise<never>(() => {});

/** Names of what the breaker tells. */
export function listen(breaker: AnyClass): unknown[] {
  const told: unknown[] = [];
  for (const event of EVENTS) breaker.on(event, () => told.push(event));
  return told;
}

export async function outcome(promise: Promise<unknown>): Promise<unknown> {
  return promise.catch((error) => error.code ?? error.message);
}

export const event = (breaker: AnyClass, name: string) =>
  new Promise((resolve) => breaker.once(name, resolve));

export const QUICK = { resetTimeout: 5, errorThresholdPercentage: 1 };
