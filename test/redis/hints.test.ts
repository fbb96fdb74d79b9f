import { CircuitBreaker } from 'recloser';
import { createMemoryRedis, FLEET_CHANNEL, type FleetOptions, shareState } from 'recloser/redis';
import { createManualClock } from 'recloser/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { lease } from '../../src/redis/memory-scripts.js';
import { MemoryStore } from '../../src/redis/memory-store.js';

const down = () => Promise.reject(new Error('down'));

/** Instances that poll once a minute, and listen. */
async function createListening(count: number, options: Partial<FleetOptions> = {}) {
  const clock = createManualClock();
  const redis = createMemoryRedis({ clock });
  const instances = Array.from({ length: count }, () => {
    const breaker = new CircuitBreaker({ clock, failureThreshold: 1 });
    const fleet = shareState(breaker, {
      client: redis.client,
      subscribe: redis.subscribe,
      namespace: 'shop',
      pollInterval: 60_000,
      clock: { ...clock, random: () => 0.5 },
      ...options,
    });
    onTestFinished(() => clock.settle(fleet.stop()));
    const errors: unknown[] = [];
    fleet.on('error', ({ error }) => errors.push(error));
    return { breaker, fleet, errors };
  });
  await clock.advance(1_500);
  return { clock, redis, instances };
}

describe('a hint', () => {
  it('tells at once what others have decided', async () => {
    const { clock, instances } = await createListening(3);

    for (const { breaker } of instances.slice(0, 2)) await breaker.tryCall(down);
    await clock.advance(350);

    expect(instances.map(({ breaker }) => breaker.state)).toEqual(['OPEN', 'OPEN', 'OPEN']);
    expect(instances[2]!.breaker.metrics.shared).toBe(true);
  });

  it('is followed within a tenth of a second, spread', async () => {
    const { clock, redis, instances } = await createListening(2);
    const [one, two] = instances;

    await one!.fleet.forceOpen('default', 'maintenance');
    await clock.advance(49);
    const before = [two!.breaker.mode, redis.commands.length];
    await clock.advance(1);

    expect([before[0], two!.breaker.mode]).toEqual(['active', 'forced-open']);
    expect(redis.commands.length).toBe((before[1] as number) + 1);
  });

  it('of its own is none, but where a name stands for several', async () => {
    const alone = await createListening(1);
    const named = await createListening(1, { instance: 'host-7' });
    const polls = async ({ clock, redis, instances }: typeof alone) => {
      await instances[0]!.fleet.forceOpen('default', 'maintenance');
      const before = redis.commands.length;
      await clock.advance(200);
      return redis.commands.length - before;
    };

    expect([await polls(alone), await polls(named)]).toEqual([0, 1]);
  });

  it('is one whatever the client hands over, and from whomever', async () => {
    const channels: string[] = [];
    let say: (message?: unknown) => void = () => {};
    const subscribe = (channel: string, onMessage: (message?: unknown) => void) => {
      channels.push(channel);
      say = onMessage;
    };
    const { clock, redis, instances } = await createListening(1, { subscribe });
    const { instance } = instances[0]!.fleet.status();
    const polls = async (message?: unknown) => {
      const before = redis.commands.length;
      say(message);
      await clock.advance(400);
      return redis.commands.length - before;
    };

    expect(channels).toEqual([FLEET_CHANNEL('shop')]);
    expect([await polls(), await polls(new Uint8Array(3)), await polls(`x ${instance} `)]).toEqual([1, 1, 1]);
    expect(await polls(`${instance} payments`)).toBe(0);
  });

  it('is not listened to by who polls by hand', async () => {
    let subscribed = 0;
    await createListening(1, { pollInterval: false, subscribe: () => void subscribed++ });

    expect(subscribed).toBe(0);
  });

  it.each<[string, FleetOptions['subscribe']]>([
    [
      'throws',
      () => {
        throw new Error('no channel');
      },
    ],
    ['rejects', () => Promise.reject(new Error('no channel'))],
  ])('that cannot be listened to is told, and changes nothing: %s', async (_, subscribe) => {
    const { clock, redis, instances } = await createListening(1, { subscribe });
    await clock.advance(60_000);

    expect(instances[0]!.errors).toEqual([new Error('no channel')]);
    expect(redis.commands.length).toBeGreaterThan(1);
  });

  it.each<[string, (end: () => void) => unknown]>([
    ['a function', (end) => end],
    ['a promise of one', async (end) => end],
  ])('is listened to no more after a stop, which calls %s', async (_, answer) => {
    let ended = 0;
    const { clock, instances } = await createListening(1, { subscribe: () => answer(() => void ended++) });

    await clock.settle(instances[0]!.fleet.stop());

    expect([ended, instances[0]!.errors]).toEqual([1, []]);
  });

  it('whose end fails is told', async () => {
    const { clock, instances } = await createListening(1, {
      subscribe: () => () => {
        throw new Error('still there');
      },
    });

    await clock.settle(instances[0]!.fleet.stop());

    expect(instances[0]!.errors).toEqual([new Error('still there')]);
  });

  it('needs no end', async () => {
    const { clock, instances } = await createListening(1, { subscribe: () => 'listening' });

    await clock.settle(instances[0]!.fleet.stop());

    expect(instances[0]!.errors).toEqual([]);
  });
});

describe('a fleet that has been stopped', () => {
  it('steers nothing more', async () => {
    const { clock, instances } = await createListening(1);
    await clock.settle(instances[0]!.fleet.stop());

    await expect(instances[0]!.fleet.reset('default')).rejects.toThrow('it has been stopped');
  });
});

describe('a record in memory', () => {
  const NOW = 1_000;
  const leaseOf = (record: string) => {
    const store = new MemoryStore(() => NOW);
    store.set('b', 'x', record);
    return lease(store, ['b', 'r'], ['x', 'n', '500', '60000', 'me'], () => {}).slice(0, 3);
  };
  const DAY = 86_400_000;

  it.each([
    `o 7 900 1 1 2 ${NOW + 1} why`,
    `h 7 900 1 1 2 ${NOW + 31 * DAY - 1} why`,
    `o ${NOW + DAY} 900 1 1 2 5000`,
  ])('is one where it is sound: %s', (record) => {
    expect(leaseOf(record)[0]).toBe(1);
  });

  it.each([
    '',
    'nothing',
    `x 7 900 1 1 2 5000 why`,
    `o 7 900 1 1 2 ${NOW} why`,
    `o 7 900 1 1 2 ${NOW + 31 * DAY} why`,
    `o ${NOW + DAY + 1} 900 1 1 2 5000 why`,
    'o 7 900 1 0 2 5000 why',
    'o 7 900 1 1 0 5000 why',
    'h 7 900 1 0 2 5000 why',
    'h 7 900 1 1 0 5000 why',
  ])('is none where it is not: %j', (record) => {
    expect(leaseOf(record)).toEqual([0, 'c', 0]);
  });

  it('of a circuit that is closed needs no probes', () => {
    expect(leaseOf('f 7 900 1 0 0 5000 why')).toEqual([0, 'f', 7]);
  });
});
