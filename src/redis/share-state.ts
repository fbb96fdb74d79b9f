import type { Fleet } from './fleet.js';
import { type FleetOptions, readFleetOptions } from './options.js';
import { SharedFleet } from './shared-fleet.js';
import { type ShareableBreaker, type ShareableRegistry, verifyTarget } from './target.js';

/**
 * Shares the decisions of a breaker, or of all breakers of a registry, present and future, with other instances, by way of
 * a Redis that you have. Every instance keeps its own complete breakers; no call on a CLOSED or an OPEN circuit waits for
 * Redis, and without Redis everything is local.
 *
 * @throws InvalidOptionsError for an unknown option, a value out of range, a client that is none, or a target that is
 * shared already
 *
 * @example
 * ```ts
 * import { CircuitBreakerRegistry } from 'recloser';
 * import { createMemoryRedis, shareState } from 'recloser/redis';
 *
 * const { client } = createMemoryRedis(); // in production: your client of Redis, connected
 * const fleet = shareState(new CircuitBreakerRegistry(), { client, namespace: 'shop' });
 * await fleet.ready;
 * console.log(fleet.status().instances); // → 1
 * await fleet.stop();
 * ```
 */
export function shareState(target: ShareableBreaker | ShareableRegistry, options: FleetOptions): Fleet {
  verifyTarget(target);
  return new SharedFleet(target, readFleetOptions(options));
}
