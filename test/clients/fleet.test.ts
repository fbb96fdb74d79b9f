import { CircuitBreakerRegistry } from 'recloser';
import { type Fleet, shareState } from 'recloser/redis';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Script } from '../../src/redis/lua.js';
import { PROMISES, scriptsOf } from '../redis/script-steps.js';
import { CLIENTS, CLUSTER_CLIENTS, type Connected } from './fleet-clients.js';
import { findProgram, type ServerProcess } from './servers/process.js';
import { redisProgram, startRedis } from './servers/redis.js';
import { startRedisCluster } from './servers/redis-cluster.js';

const SERVERS = { Redis: redisProgram, Valkey: findProgram('valkey-server') };

for (const [name, program] of Object.entries(SERVERS)) {
  if (program === undefined)
    console.info(`Skipped: fleets on a real ${name}. There is none on this machine.`);
}

const pass = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Instances of a service that share a breaker and poll by hand. */
function createInstances(client: Connected['client'], count: number, namespace: string, options = {}) {
  return Array.from({ length: count }, () => {
    const registry = new CircuitBreakerRegistry({
      defaults: { failureThreshold: 1, recoveryTimeout: 200, halfOpenMaxCalls: 1, successThreshold: 2 },
    });
    const fleet = shareState(registry, {
      client,
      namespace,
      pollInterval: false,
      commandTimeout: 1_000,
      ...options,
    });
    onTestFinished(() => fleet.stop());
    return { fleet, breaker: registry.getOrCreate('payments') };
  });
}

const fails = async () => {
  throw new Error('down');
};

/** Opens by two votes of three, lets the time go by, and closes by two probes. */
async function playRound(instances: ReturnType<typeof createInstances>): Promise<string[]> {
  const [one, two, three] = instances as Required<
    [(typeof instances)[0], (typeof instances)[0], (typeof instances)[0]]
  >;
  const states: string[] = [];
  const syncAll = async () => {
    for (const { fleet } of instances) expect(await fleet.sync()).toBe(true);
    states.push(three.breaker.state);
  };
  await syncAll();
  await one.breaker.tryCall(fails);
  await syncAll();
  await two.breaker.tryCall(fails);
  await syncAll();
  await pass(300);
  await three.breaker.call(async () => 'fine');
  states.push(three.breaker.state);
  await three.breaker.call(async () => 'fine');
  await expect.poll(() => three.breaker.state).toBe('CLOSED');
  await syncAll();
  return states;
}

for (const [name, program] of Object.entries(SERVERS)) {
  describe.skipIf(program === undefined)(`on ${name}`, () => {
    let server: ServerProcess;
    let admin: Connected;

    beforeAll(async () => {
      server = await startRedis(program!);
      admin = await CLIENTS['node-redis 6']!(server.port);
    });

    afterAll(async () => {
      await admin.close();
      await server.stop();
    });

    const run = (script: Script, keys: readonly string[], args: readonly string[]) =>
      admin.command('EVAL', script.text, String(keys.length), ...keys, ...args);

    it.each(Object.entries(PROMISES))('the scripts keep their promise: %s', async (_, promise) => {
      await admin.command('FLUSHALL');

      await promise(scriptsOf(run), pass, (actual, expected) => expect(actual).toEqual(expected));
    });

    it('nothing lives for ever', async () => {
      await admin.command('FLUSHALL');
      const quiet = () => {};
      for (const [index, promise] of Object.values(PROMISES).entries()) {
        await promise(scriptsOf(run, `promise-${index}`), pass, quiet);
      }

      const keys = (await admin.command('KEYS', '*')) as string[];
      const lives = await Promise.all(keys.map((key) => admin.command('PTTL', key)));

      expect(keys.length).toBeGreaterThan(20);
      expect(lives.filter((ms) => Number(ms) === -1)).toEqual([]);
    });

    it.each(Object.entries(CLIENTS))('a fleet opens and closes for all, with %s', async (client, connect) => {
      await admin.command('FLUSHALL');
      const connected = await connect(server.port);
      onTestFinished(() => void connected.close());

      const states = await playRound(
        createInstances(connected.client, 3, `round-${client.replace(/ /g, '-')}`),
      );

      expect(states).toEqual(['CLOSED', 'CLOSED', 'OPEN', 'HALF_OPEN', 'CLOSED']);
    });

    it.each(Object.entries(CLIENTS))(
      'scripts are sent once more after SCRIPT FLUSH, by %s',
      async (_, connect) => {
        const connected = await connect(server.port);
        onTestFinished(() => void connected.close());
        const [one] = createInstances(connected.client, 1, 'flushed') as unknown as [{ fleet: Fleet }];
        await one.fleet.sync();
        await admin.command('SCRIPT', 'FLUSH');

        expect(await one.fleet.sync()).toBe(true);
      },
    );

    it.each(Object.entries(CLIENTS).filter(([client]) => client !== 'GLIDE'))(
      'hints tell at once what has been decided, with %s',
      async (client, connect) => {
        const connected = await connect(server.port);
        onTestFinished(() => void connected.close());
        const namespace = `hints-${client.replace(/ /g, '-')}`;
        const options = { pollInterval: 60_000, subscribe: connected.subscribe };
        const instances = createInstances(connected.client, 3, namespace, options);
        await Promise.all(instances.map(({ fleet }) => fleet.ready));
        for (const { fleet } of instances) await fleet.sync();
        await pass(100); // subscribed

        await instances[0]!.fleet.forceOpen('payments', 'maintenance');

        await expect
          .poll(() => instances.map(({ breaker }) => breaker.mode), { timeout: 3_000 })
          .toEqual(['forced-open', 'forced-open', 'forced-open']);
      },
    );

    it('a user with the rights of the page, and no others, can do it all', async () => {
      const rights =
        '+eval +evalsha +time +zadd +zrem +zremrangebyscore +zcard +hget +hset +hdel +hlen +hgetall +hincrby +exists +del +pttl +pexpire +publish';
      const keys = '~recloser:1:{rights}:* &recloser:1:{rights}:*';
      await admin.command(
        'ACL',
        'SETUSER',
        'fleet',
        'reset',
        'on',
        '>secret',
        ...`${keys} ${rights} +ping +client +hello +info`.split(' '),
      );
      const { createClient } = await import('redis');
      const client = createClient({
        socket: { port: server.port, host: '127.0.0.1' },
        username: 'fleet',
        password: 'secret',
      });
      client.on('error', () => {});
      await client.connect();
      onTestFinished(() => client.destroy());
      const instances = createInstances(client, 3, 'rights');
      const errors: unknown[] = [];
      for (const { fleet } of instances) fleet.on('error', (it) => errors.push(it));

      await playRound(instances);
      await instances[0]!.fleet.forceOpen('payments', 'why');
      await instances[0]!.fleet.reset('payments', 'why');

      expect(errors).toEqual([]);
    });

    it('keys of another type are no fleet, and open nothing', async () => {
      await admin.command('SET', 'recloser:1:{wrong}:b', 'text');
      const [one] = createInstances(admin.client, 1, 'wrong') as [ReturnType<typeof createInstances>[0]];

      expect([await one.fleet.sync(), one.breaker.state]).toEqual([false, 'CLOSED']);
    });
  });
}

const isMissing = redisProgram === undefined;

describe.skipIf(isMissing)('on a cluster of three', () => {
  let cluster: Awaited<ReturnType<typeof startRedisCluster>>;

  beforeAll(async () => {
    cluster = await startRedisCluster(redisProgram!);
  });

  afterAll(() => cluster.stop());

  it.each(Object.entries(CLUSTER_CLIENTS))(
    'a fleet opens and closes for all, with %s',
    async (client, connect) => {
      const connected = await connect(cluster.ports);
      onTestFinished(() => void connected.close());

      for (const namespace of ['a', 'b', 'c', 'd']) {
        const states = await playRound(
          createInstances(connected.client, 3, `${namespace}-${client.replace(/ /g, '-')}`),
        );

        expect(states).toEqual(['CLOSED', 'CLOSED', 'OPEN', 'HALF_OPEN', 'CLOSED']);
      }
    },
  );
});
