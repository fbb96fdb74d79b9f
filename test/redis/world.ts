/** Instances that share breakers by way of a Redis in memory, on one clock that is moved by hand. */
import { type CircuitBreaker, type CircuitBreakerOptions, CircuitBreakerRegistry } from 'recloser';
import {
  createMemoryRedis,
  type Fleet,
  type FleetOptions,
  type MemoryRedis,
  shareState,
} from 'recloser/redis';
import { createManualClock, type ManualClock } from 'recloser/testing';
import { onTestFinished } from 'vitest';

export interface Instance {
  readonly registry: CircuitBreakerRegistry;
  readonly fleet: Fleet;
  /** The breaker that all of them share. */
  readonly breaker: CircuitBreaker;
  /** Transitions of it, as `CLOSED→OPEN shared (2 of 3)`. */
  readonly transitions: string[];
}

export interface World {
  readonly clock: ManualClock;
  readonly redis: MemoryRedis;
  readonly instances: readonly Instance[];
  add(options?: Partial<FleetOptions>, breaker?: CircuitBreakerOptions): Instance;
  /** A poll of each, in their order. */
  syncAll(): Promise<void>;
}

export const RECOVERY = 10_000;

/** @param count how many instances there are */
export async function createWorld(
  count: number,
  options: Partial<FleetOptions> = {},
  breaker: CircuitBreakerOptions = {},
): Promise<World> {
  const clock = createManualClock();
  const redis = createMemoryRedis({ clock });
  const instances: Instance[] = [];
  const world: World = {
    clock,
    redis,
    instances,
    add(own = {}, ownBreaker = {}) {
      const registry = new CircuitBreakerRegistry({
        clock,
        defaults: {
          failureThreshold: 2,
          recoveryTimeout: RECOVERY,
          halfOpenMaxCalls: 1,
          successThreshold: 2,
          ...breaker,
          ...ownBreaker,
        },
      });
      const fleet = shareState(registry, {
        client: redis.client,
        namespace: 'shop',
        pollInterval: false,
        clock,
        ...options,
        ...own,
      });
      onTestFinished(() => clock.settle(fleet.stop()));
      const breakerOfAll = registry.getOrCreate('payments');
      const transitions: string[] = [];
      breakerOfAll.on('transition', ({ from, to, reason, detail }) =>
        transitions.push(`${from}→${to} ${reason}${detail === undefined ? '' : ` (${detail})`}`),
      );
      const instance = { registry, fleet, breaker: breakerOfAll, transitions };
      instances.push(instance);
      return instance;
    },
    async syncAll() {
      for (const { fleet } of instances) await clock.settle(fleet.sync());
    },
  };
  for (let n = 0; n < count; n++) world.add();
  await world.syncAll();
  return world;
}

export const succeed = ({ breaker }: Instance) => breaker.tryCall(async () => 'fine');

export const fail = ({ breaker }: Instance) =>
  breaker.tryCall(async () => {
    throw new Error('down');
  });

/** Opens the circuit of an instance by its own evidence. */
export async function trip(instance: Instance): Promise<void> {
  await fail(instance);
  await fail(instance);
}

/** Opens the circuits of all: every one has seen it. */
export async function openAll({ instances, syncAll }: World): Promise<void> {
  for (const instance of instances) await trip(instance);
  await syncAll();
  await syncAll();
}

/** Beyond every open time, jitter and all. */
export const BEYOND = RECOVERY + 2_500;
