import { CircuitBreaker, CircuitBreakerRegistry } from 'recloser';
import { createMemoryRedis, type FleetOptions, shareState } from 'recloser/redis';
import { createManualClock } from 'recloser/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { BEYOND, createWorld, fail, type Instance, openAll, succeed, trip } from './world.js';

/** A fleet that polls by itself. */
function createPolling(options: Partial<FleetOptions> = {}) {
  const clock = createManualClock();
  const redis = createMemoryRedis({ clock });
  const registry = new CircuitBreakerRegistry({ clock, defaults: { failureThreshold: 1 } });
  const fleet = shareState(registry, {
    client: redis.client,
    namespace: 'shop',
    clock: { ...clock, random: () => 0.5 },
    ...options,
  });
  onTestFinished(() => clock.settle(fleet.stop()));
  const told: string[] = [];
  fleet.on('detached', () => told.push(`detached ${clock.now()}`));
  fleet.on('attached', () => told.push(`attached ${clock.now()}`));
  return { clock, redis, registry, fleet, told };
}

describe('a fleet that polls', () => {
  it('begins within a second, and is ready with the first answer', async () => {
    const { clock, redis, fleet } = createPolling();
    let isReady = false;
    void fleet.ready.then(() => {
      isReady = true;
    });

    await clock.advance(499);
    const before = [redis.commands.length, isReady];
    await clock.advance(1);

    expect([before, redis.commands.length, isReady]).toEqual([[0, false], 1, true]);
  });

  it('is ready after a second, whether Redis answers or not', async () => {
    const { clock, fleet } = createPolling({ client: () => new Promise(() => {}) });

    await clock.settle(fleet.ready);

    expect(clock.now()).toBe(1_000);
  });

  it('polls once in each interval, and costs nothing else', async () => {
    const { clock, redis } = createPolling();

    await clock.advance(60_500);

    expect(redis.commands).toHaveLength(31);
    expect(clock.timers).toBe(1);
  });

  it('is detached after three intervals without an answer, tells it once, and backs off', async () => {
    const { clock, redis, told } = createPolling();
    await clock.advance(500);
    redis.stop();
    await clock.advance(60_000);
    const polls = redis.commands.length;

    redis.start();
    await clock.advance(20_000);

    expect(told[0]).toBe('detached 6500');
    expect(told).toHaveLength(2);
    expect(polls).toBeLessThan(10);
  });

  it('polls in its interval again once Redis has answered', async () => {
    const { clock, redis, told } = createPolling();
    await clock.advance(500);
    redis.stop();
    await clock.advance(30_000);
    redis.start();
    await clock.advance(16_000);
    const polls = redis.commands.length;

    await clock.advance(20_000);

    expect(told.at(-1)).toMatch(/^attached/);
    expect(redis.commands.length - polls).toBe(10);
  });

  it('has one poll under way and no more, whatever becomes of it', async () => {
    const commands: (readonly string[])[] = [];
    const { clock, registry, fleet } = createPolling({
      client: (command) => {
        commands.push(command);
        return new Promise(() => {});
      },
    });

    await clock.advance(1_000);
    await fail({ breaker: registry.getOrCreate('a') } as Instance);
    await clock.advance(600_000);

    expect(commands).toHaveLength(1);
    expect(fleet.status()).toMatchObject({ detached: true, commands: { sync: 0 } });
    expect(fleet.status().commands.skipped).toBeGreaterThan(10);
  });

  it('is not detached by a process that stood still', async () => {
    const { clock, told } = createPolling();
    await clock.advance(10_000);

    clock.freeze(3_600_000);
    await clock.advance(10_000);

    expect(told).toEqual([]);
  });

  it('sends a vote at once, and what trips together with one poll', async () => {
    const { clock, redis, registry } = createPolling();
    await clock.advance(1_000);
    const before = redis.commands.length;

    for (let n = 0; n < 600; n++) {
      await fail({ breaker: registry.getOrCreate(`tenant-${n}`) } as Instance);
    }
    await clock.advance(1_000);

    const polls = redis.commands.slice(before);
    expect(polls.length).toBeLessThanOrEqual(5);
    expect(new Set(polls.flatMap((command) => command.filter((it) => it.startsWith('tenant-')))).size).toBe(
      600,
    );
  });

  it('follows a hint within a tenth of a second', async () => {
    const clock = createManualClock();
    const redis = createMemoryRedis({ clock });
    const options = { client: redis.client, subscribe: redis.subscribe, namespace: 'shop', clock };
    const breakers = [1, 2, 3].map(() => new CircuitBreaker({ clock, failureThreshold: 1 }));
    const fleets = breakers.map((it) => shareState(it, options));
    onTestFinished(async () => void (await Promise.all(fleets.map((it) => it.stop()))));
    await clock.advance(10_000);

    for (const breaker of breakers.slice(0, 2)) await fail({ breaker } as Instance);
    await clock.advance(400);

    expect(breakers.map(({ state }) => state)).toEqual(['OPEN', 'OPEN', 'OPEN']);
  });

  it('gives leave back that nobody has used within a second', async () => {
    const { clock, redis, registry } = createPolling();
    const breaker = registry.getOrCreate('a', { recoveryTimeout: 1_000 });
    await clock.advance(1_000);
    await fail({ breaker } as Instance);
    await clock.advance(2_000);

    const permit = breaker.tryAcquire();
    await clock.advance(0);
    const reports = () => redis.commands.filter((command) => command[7] === '2').length;
    const before = reports();
    await clock.advance(30_000);

    expect([permit, before]).toEqual([undefined, 0]);
    expect(redis.commands.filter((command) => command.at(-4) === '2')).toHaveLength(1);
  });
});

describe('without Redis', () => {
  it('open times that are known are kept to their end, and each probes by itself', async () => {
    const world = await createWorld(2);
    await openAll(world);
    world.redis.stop();
    world.clock.advanceSync(7_000);
    await world.syncAll();
    const [one, two] = world.instances as [Instance, Instance];

    const early = await succeed(one);
    world.clock.advanceSync(BEYOND);
    for (const instance of [one, one, two, two]) await succeed(instance);

    expect(early.ok).toBe(false);
    expect([one.breaker.state, two.breaker.state]).toEqual(['CLOSED', 'CLOSED']);
  });

  it('a call on a CLOSED circuit notices nothing', async () => {
    const world = await createWorld(1);
    world.redis.stop();

    const calls = [];
    for (let n = 0; n < 100; n++) calls.push(await succeed(world.instances[0]!));

    expect(calls.every(({ ok }) => ok)).toBe(true);
  });

  it('a caller who asks for leave waits for a moment, and one at a time', async () => {
    const world = await createWorld(2);
    await openAll(world);
    world.clock.advanceSync(BEYOND);
    const silent = world.add({ client: () => new Promise(() => {}) });
    const [one] = world.instances as [Instance];
    // Its Redis answers no more.
    let isSilent = false;
    const own = world.add({ client: (it) => (isSilent ? new Promise(() => {}) : world.redis.client(it)) });
    await own.fleet.sync();
    isSilent = true;
    const since = world.clock.now();

    const waiting = succeed(own);
    const others = await Promise.all([succeed(own), succeed(own)]);
    const at = world.clock.now();
    const result = await world.clock.settle(waiting);

    expect([others.map(({ ok }) => ok), at - since]).toEqual([[false, false], 0]);
    expect([result.ok, world.clock.now() - since]).toEqual([false, 50]);
    expect([one.breaker.state, silent.breaker.state]).toEqual(['OPEN', 'CLOSED']);
  });

  it('data that is lost closes nothing, and opens nothing', async () => {
    const world = await createWorld(3);
    await openAll(world);
    world.redis.flush();

    await world.syncAll();

    for (const { breaker } of world.instances) {
      expect(breaker.metrics).toMatchObject({ state: 'OPEN', shared: false });
    }
  });

  it('a probe in flight is judged by its instance alone when the data is lost', async () => {
    const world = await createWorld(2, {}, { successThreshold: 1 });
    await openAll(world);
    world.clock.advanceSync(BEYOND);
    const [one] = world.instances as [Instance];
    let finish = () => {};
    const probe = one.breaker.tryCall(
      () =>
        new Promise<void>((resolve) => {
          finish = resolve;
        }),
    );
    await world.clock.advance(0);
    world.redis.flush();
    await one.fleet.sync();

    finish();
    await probe;

    expect(one.breaker.state).toBe('CLOSED');
  });

  it('agreement is back with the first poll that is answered', async () => {
    const world = await createWorld(2);
    const [one, two] = world.instances as [Instance, Instance];
    let isCut = false;
    const cut = world.add({
      client: (it) => (isCut ? Promise.reject(new Error('no route')) : world.redis.client(it)),
    });
    await world.syncAll();
    isCut = true;
    await trip(one);
    await one.fleet.sync();
    await trip(two);
    await two.fleet.sync();
    const before = cut.breaker.state;
    await cut.fleet.sync();

    isCut = false;
    await cut.fleet.sync();

    expect([before, cut.breaker.state]).toEqual(['CLOSED', 'OPEN']);
  });

  it('a report that was lost is told again, and counts once', async () => {
    const world = await createWorld(1, { quorum: { minVotes: 1 } }, { successThreshold: 2 });
    const [one] = world.instances as [Instance];
    await trip(one);
    await one.fleet.sync();
    world.clock.advanceSync(BEYOND);
    let finish = () => {};
    const probe = one.breaker.tryCall(
      () =>
        new Promise<void>((resolve) => {
          finish = resolve;
        }),
    );
    await world.clock.advance(0);
    world.redis.stop();
    finish();
    await probe;
    world.redis.start();

    await one.fleet.sync();
    await world.clock.advance(0);
    await one.fleet.sync();
    await succeed(one);
    await one.fleet.sync();

    expect(one.fleet.status().commands.report).toBe(2);
    expect(one.breaker.state).toBe('CLOSED');
  });
});

describe('stopping', () => {
  it('takes back the vote and the presence, and leaves the breaker to itself', async () => {
    const world = await createWorld(3);
    const [one, two] = world.instances as [Instance, Instance];
    await trip(one);
    await one.fleet.sync();

    await one.fleet.stop();
    await two.fleet.sync();
    await trip(two);
    await two.fleet.sync();

    expect(two.fleet.status()).toMatchObject({ instances: 2, breakers: { payments: { words: '1 of 2' } } });
    expect([await one.fleet.sync(), one.breaker.metrics.shared]).toEqual([false, false]);
  });

  it('takes no longer than a command may', async () => {
    const world = await createWorld(1, { client: () => new Promise(() => {}) });

    await world.clock.settle(world.instances[0]!.fleet.stop());

    expect(world.clock.now()).toBeLessThanOrEqual(1_050);
  });

  it('lets the target be shared anew', async () => {
    const world = await createWorld(1);
    const { registry, fleet } = world.instances[0]!;
    await fleet.stop();

    const anew = shareState(registry, { client: world.redis.client, namespace: 'shop', pollInterval: false });

    expect(await anew.sync()).toBe(true);
    await anew.stop();
  });

  it('ends what the fleet has forced', async () => {
    const world = await createWorld(1);
    const [one] = world.instances as [Instance];
    await one.fleet.forceOpen('payments', 'maintenance');

    await one.fleet.stop();

    expect(one.breaker.mode).toBe('active');
  });
});
