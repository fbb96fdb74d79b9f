/** What a fleet says to Redis, and what it does while it waits for it, before it begins and after its end. */
import { CircuitBreaker, CircuitBreakerRegistry } from 'recloser';
import { createMemoryRedis, type FleetOptions, shareState } from 'recloser/redis';
import { createManualClock } from 'recloser/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { SYNC } from '../../src/redis/lua.js';
import { errorOf, failing, failTimes, refusalOf } from '../support/breakers.js';
import { BEYOND, createWorld, fail, type Instance, openAll, succeed, trip } from './world.js';

type Command = readonly string[];

/** A fleet of a registry whose commands can be held back. */
function createHeld(options: Partial<FleetOptions> = {}) {
  const clock = createManualClock();
  const redis = createMemoryRedis({ clock });
  const held: (() => void)[] = [];
  const line = { isHolding: false };
  const registry = new CircuitBreakerRegistry({
    clock,
    defaults: { failureThreshold: 1, recoveryTimeout: 10_000 },
  });
  const commands: Command[] = [];
  const fleet = shareState(registry, {
    client: async (command) => {
      commands.push(command);
      if (line.isHolding) await new Promise<void>((resolve) => held.push(resolve));
      return redis.client(command);
    },
    namespace: 'shop',
    pollInterval: false,
    clock,
    ...options,
  });
  onTestFinished(() => clock.settle(fleet.stop()));
  const letGo = () => {
    line.isHolding = false;
    for (const go of held.splice(0)) go();
  };
  const argsOf = (command: Command | undefined) => command?.slice(3 + Number(command[2])) ?? [];
  return { clock, redis, registry, fleet, commands, line, letGo, argsOf };
}

describe('a poll', () => {
  it.each<[number | false, string, string]>([
    [false, '7000', '60000'],
    [2_000, '7000', '60000'],
    [1_000, '4000', '60000'],
    [10_000, '31000', '100000'],
  ])(
    'in an interval of %s says how long its instance is there, and a record is kept',
    async (pollInterval, ...figures) => {
      const { fleet, commands, argsOf } = createHeld({ pollInterval, instance: 'me' });

      await fleet.sync();

      expect(argsOf(commands[0])).toEqual(['me', ...figures, '2', '0.5']);
    },
  );

  it('by hand goes out when the one that is under way has been answered', async () => {
    const { clock, fleet, commands, line, letGo } = createHeld();
    line.isHolding = true;
    const first = fleet.sync();
    const second = fleet.sync();
    await clock.advance(0);
    const before = commands.length;

    letGo();

    expect([await first, await second]).toEqual([true, true]);
    expect([before, commands.length]).toEqual([1, 2]);
    expect(fleet.status().commands.sync).toBe(2);
  });

  it('by hand is waited for a second, and is false then', async () => {
    const { clock, fleet, line, letGo } = createHeld();
    line.isHolding = true;

    const polled = await clock.settle(fleet.sync());

    expect([polled, clock.now()]).toEqual([false, 1_000]);
    letGo();
  });

  it('says no more than 500 things, and the others with the next', async () => {
    const { registry, fleet, commands, argsOf } = createHeld();
    await fleet.sync();
    for (let n = 0; n < 700; n++) await failTimes(registry.getOrCreate(`tenant-${n}`), 1);

    await fleet.sync();
    const named = argsOf(commands.at(-1)).filter((it) => it.startsWith('tenant-'));

    expect(named).toHaveLength(500);
  });

  it('abstains for breakers that its instance does not have', async () => {
    const world = await createWorld(2);
    const [one, two] = world.instances as [Instance, Instance];
    const fleets = [1, 2, 3].map(() =>
      shareState(new CircuitBreakerRegistry({ clock: world.clock }), {
        client: world.redis.client,
        namespace: 'shop',
        pollInterval: false,
        clock: world.clock,
      }),
    );
    const syncOthers = async () => {
      for (const fleet of fleets) await fleet.sync();
    };
    await syncOthers();
    await world.syncAll();

    await trip(one);
    await one.fleet.sync();
    await syncOthers();
    await syncOthers();
    await trip(two);
    await two.fleet.sync();

    expect(two.fleet.status()).toMatchObject({ instances: 5, breakers: { payments: { words: '2 of 2' } } });
    for (const fleet of fleets) await fleet.stop();
  });

  it('works with a clock that has no dice', async () => {
    const { now, setTimeout, clearTimeout } = createManualClock();
    const clock = { now, setTimeout, clearTimeout };
    const redis = createMemoryRedis({ clock });
    const breaker = new CircuitBreaker({ clock, failureThreshold: 1 });
    const fleet = shareState(breaker, {
      client: redis.client,
      namespace: 'shop',
      pollInterval: false,
      clock,
    });

    await fleet.sync();
    await failTimes(breaker, 1);
    await fleet.sync();

    expect(breaker.metrics.shared).toBe(true);
    await fleet.stop();
  });
});

describe('a vote', () => {
  it('waits while a poll is under way, and goes with the next', async () => {
    const { clock, registry, fleet, commands, line, letGo, argsOf } = createHeld({ pollInterval: 2_000 });
    await clock.advance(1_000);
    line.isHolding = true;
    await clock.advance(2_500);
    const before = commands.length;

    await failTimes(registry.getOrCreate('a'), 1);
    await clock.advance(0);
    const during = commands.length - before;
    letGo();
    await clock.advance(300);

    expect([during, fleet.status().commands.skipped]).toEqual([0, 0]);
    expect(argsOf(commands.at(-1)).slice(5, 7)).toEqual(['+', 'a']);
  });

  it('is none while nobody answers', async () => {
    const { clock, redis, registry, fleet, commands } = createHeld({ pollInterval: 2_000 });
    await clock.advance(1_000);
    redis.stop();
    await clock.advance(20_000);
    const before = [fleet.status().detached, commands.length];

    await failTimes(registry.getOrCreate('a'), 1);
    await clock.advance(1);

    expect([...before, commands.length]).toEqual([true, before[1], before[1]]);
  });
});

describe('what a person has forced', () => {
  it('ends at its time, however seldom is polled', async () => {
    const { clock, registry, fleet } = createHeld({ pollInterval: 60_000 });
    const breaker = registry.getOrCreate('a');
    await clock.advance(1_000);
    await clock.settle(fleet.forceOpen('a', 'maintenance', { for: 3_000 }));

    await clock.advance(2_999);
    const before = breaker.mode;
    await clock.advance(1);

    expect([before, breaker.mode]).toEqual(['forced-open', 'active']);
  });

  it('is told with how long it lasts, and a reset with no time', async () => {
    const { fleet } = createHeld();
    await fleet.forceOpen('a', 'maintenance', { for: 3_000 });
    const forced = fleet.status().breakers;
    await fleet.reset('a');

    expect(forced).toMatchObject({ a: { state: 'forced-open', remaining: 3_000, words: 'maintenance' } });
    expect(fleet.status().breakers.a ?? { remaining: 0 }).toMatchObject({ remaining: 0 });
  });

  it('says by hand where no reason is given', async () => {
    const { fleet, commands } = createHeld();

    await fleet.reset('a');

    expect(commands.at(-1)?.at(-1)).toBe('by hand');
  });

  it('is waited for a second, or as long as callers wait where that is more', async () => {
    for (const [commandTimeout, waits] of [
      [50, 1_000],
      [3_000, 3_000],
    ] as const) {
      const { clock, fleet, line, letGo } = createHeld({ commandTimeout });
      line.isHolding = true;

      const error = await errorOf(clock.settle(fleet.reset('a')));

      expect([(error as Error).message, clock.now()]).toEqual([
        'Circuit breaker "a" was not steered: Redis did not answer',
        waits,
      ]);
      letGo();
    }
  });

  it('needs a name, a reason and a fleet', async () => {
    const { clock, fleet } = createHeld();

    expect(((await errorOf(fleet.forceOpen('a', 5 as never))) as Error).message).toBe(
      'Cannot steer a fleet: `reason` must be a string, received 5',
    );
    expect(((await errorOf(fleet.forceOpen(5 as never, 'why'))) as Error).message).toContain(
      '`name` must be',
    );
    await clock.settle(fleet.stop());
    expect(await errorOf(fleet.forceOpen('a', 'why'))).toMatchObject({
      option: 'fleet',
      message: 'Cannot steer a fleet: it has been stopped',
    });
  });
});

describe('a fleet', () => {
  it('tells how long ago it was answered, never less than nothing', async () => {
    const clock = createManualClock();
    let offset = 0;
    const redis = createMemoryRedis({ clock });
    const fleet = shareState(new CircuitBreakerRegistry({ clock }), {
      client: redis.client,
      namespace: 'shop',
      pollInterval: false,
      clock: { ...clock, now: () => clock.now() + offset },
    });
    const before = fleet.status().lastSync;
    await fleet.sync();
    await clock.advance(30);
    const after = fleet.status().lastSync;
    offset = -1_000;

    expect([before, after, fleet.status().lastSync]).toEqual([null, 30, 0]);
    await fleet.stop();
  });

  it('says for how long nobody has answered', async () => {
    const { clock, redis, fleet } = createHeld({ pollInterval: 1_000 });
    const told: unknown[] = [];
    fleet.on('detached', ({ error }) => told.push((error as Error).message));
    await clock.advance(1_000);
    redis.stop();

    await clock.advance(10_000);

    expect(told).toEqual([expect.stringMatching(/3 s|ECONNREFUSED/)]);
  });

  it('that comes later is not reset by what a person said before', async () => {
    const world = await createWorld(1);
    await world.instances[0]!.fleet.reset('payments', 'mended');
    const late = world.add();
    late.breaker.trip();

    await late.fleet.sync();

    expect(late.transitions).toEqual(['CLOSED→OPEN tripped', expect.stringMatching(/^OPEN→CLOSED reset/)]);
  });

  it('has a new breaker follow what is known, unless it observes', async () => {
    const world = await createWorld(2);
    const watcher = world.add({ mode: 'observe' });
    await world.syncAll();
    await openAll(world);
    watcher.registry.delete('payments');

    expect(watcher.registry.getOrCreate('payments').state).toBe('CLOSED');
  });
});

describe('the end of a fleet', () => {
  it('is told once, and nothing is said after it', async () => {
    const { clock, registry, fleet, commands, argsOf } = createHeld({ instance: 'me' });
    await fleet.sync();

    await clock.settle(Promise.all([fleet.stop(), fleet.stop()]));
    await failTimes(registry.getOrCreate('a'), 1);
    const polled = await fleet.sync();

    expect(commands.filter(([, code]) => code === SYNC.digest)).toHaveLength(2);
    expect(argsOf(commands.at(-1)).slice(0, 2)).toEqual(['me', '0']);
    expect(polled).toBe(false);
  });

  it('says farewell with no more than 500 votes taken back', async () => {
    const { clock, registry, fleet, commands, argsOf } = createHeld({ instance: 'me' });
    await fleet.sync();
    for (let n = 0; n < 600; n++) await failTimes(registry.getOrCreate(`tenant-${n}`), 1);
    await fleet.sync();
    await fleet.sync();

    await clock.settle(fleet.stop());

    const farewell = argsOf(commands.at(-1));
    expect(farewell[1]).toBe('0');
    expect(farewell.filter((it) => it.startsWith('tenant-')).length).toBeLessThanOrEqual(500);
  });

  it('comes while a poll is under way, whose answer changes nothing', async () => {
    const { clock, redis, registry, fleet, line, letGo } = createHeld();
    const breaker = registry.getOrCreate('a');
    const other = shareState(new CircuitBreaker({ name: 'a', clock }), {
      client: redis.client,
      namespace: 'shop',
      pollInterval: false,
      clock,
    });
    await fleet.sync();
    await other.forceOpen('a', 'maintenance');
    line.isHolding = true;
    const polling = fleet.sync();
    await clock.advance(0);

    const ending = fleet.stop();
    letGo();
    await clock.settle(ending);

    expect([await polling, breaker.mode]).toEqual([false, 'active']);
    await clock.settle(other.stop());
  });

  it('leaves a probe in flight to its own breaker', async () => {
    const world = await createWorld(2, {}, { successThreshold: 1 });
    await openAll(world);
    world.clock.advanceSync(BEYOND);
    const [one] = world.instances as [Instance];
    let end = () => {};
    const probe = one.breaker.tryCall(() => new Promise<void>((resolve) => (end = resolve)));
    await world.clock.advance(0);

    await world.clock.settle(one.fleet.stop());
    end();
    await probe;
    const after = await succeed(one);

    expect(after.ok).toBe(true);
    expect(one.breaker.metrics.shared).toBe(false);
  });
});

it('a target is not shared twice', async () => {
  const { registry, fleet, clock } = createHeld();
  const { client } = createMemoryRedis({ clock });

  expect(refusalOf(() => shareState(registry, { client, namespace: 'shop' })).option).toBe('target');
  await clock.settle(fleet.stop());
  const again = shareState(registry, { client, namespace: 'shop', pollInterval: false, clock });
  await fail({ breaker: registry.getOrCreate('a') } as Instance);
  await registry.getOrCreate('a').tryCall(failing());
  await clock.settle(again.stop());
});
