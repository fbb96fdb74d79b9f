import { CircuitBreakerRegistry } from 'recloser';
import { type FleetClient, shareState } from 'recloser/redis';
import { describe, expect, it, onTestFinished } from 'vitest';
import { CLIENTS } from './fleet-clients.js';
import { temporaryHome } from './servers/process.js';
import { redisProgram, startRedis } from './servers/redis.js';

const isMissing = redisProgram === undefined;
if (isMissing) console.info('Skipped: outages of a real Redis. There is no redis-server on this machine.');

const pass = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

const INTERVAL = 200;

/** Instances that poll by themselves, with what they have told. */
function createInstances(client: FleetClient, count: number, options = {}) {
  return Array.from({ length: count }, () => {
    const registry = new CircuitBreakerRegistry({
      defaults: { failureThreshold: 1, recoveryTimeout: 300, halfOpenMaxCalls: 1, successThreshold: 2 },
    });
    const fleet = shareState(registry, { client, namespace: 'outage', pollInterval: INTERVAL, ...options });
    onTestFinished(() => fleet.stop());
    const told: string[] = [];
    fleet.on('detached', () => told.push('detached'));
    fleet.on('attached', () => told.push('attached'));
    return { fleet, breaker: registry.getOrCreate('payments'), told };
  });
}

type Instances = ReturnType<typeof createInstances>;

const fails = async () => {
  throw new Error('down');
};

async function openAll(instances: Instances): Promise<void> {
  for (const { breaker } of instances) await breaker.tryCall(fails);
  await expect
    .poll(() => instances.every(({ breaker }) => breaker.metrics.shared), { timeout: 5_000 })
    .toBe(true);
}

/** Calls until all are closed; answers whether they came to be. */
async function closeAll(instances: Instances, within = 8_000): Promise<boolean> {
  for (const end = performance.now() + within; performance.now() < end; await pass(20)) {
    for (const { breaker } of instances) void breaker.tryCall(async () => 'fine');
    if (instances.every(({ breaker }) => breaker.state === 'CLOSED')) return true;
  }
  return false;
}

const told = (instances: Instances, word: string) =>
  expect.poll(() => instances.every((it) => it.told.at(-1) === word), { timeout: 8_000 }).toBe(true);

describe.skipIf(isMissing)('a fleet', () => {
  it('does not notice, while CLOSED, that Redis hangs under 200 calls a second', async () => {
    const server = await startRedis(redisProgram!);
    onTestFinished(() => server.stop());
    const { client, close } = await CLIENTS['node-redis 6']!(server.port);
    onTestFinished(() => void close());
    const instances = createInstances(client, 3);
    await Promise.all(instances.map(({ fleet }) => fleet.ready));
    server.child.kill('SIGSTOP');

    const results = [];
    for (let n = 0; n < 200; n++) {
      for (const { breaker } of instances) results.push(await breaker.tryCall(async () => 'fine'));
      await pass(5);
    }
    await told(instances, 'detached');
    server.child.kill('SIGCONT');
    await told(instances, 'attached');

    expect(results.filter(({ ok }) => !ok)).toEqual([]);
    for (const { told } of instances) expect(told).toEqual(['detached', 'attached']);
  });

  it('lets one caller at a time wait, and not for long, when Redis hangs while OPEN', async () => {
    const server = await startRedis(redisProgram!);
    onTestFinished(() => server.stop());
    const { client, close } = await CLIENTS['ioredis 6']!(server.port);
    onTestFinished(() => void close());
    const instances = createInstances(client, 2, { pollInterval: 2_000 });
    await Promise.all(instances.map(({ fleet }) => fleet.ready));
    await openAll(instances);
    await pass(700);
    server.child.kill('SIGSTOP');
    const [{ breaker }] = instances as [Instances[0]];

    const waits = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const since = performance.now();
        await breaker.tryCall(async () => 'fine');
        return performance.now() - since;
      }),
    );
    server.child.kill('SIGCONT');

    expect(waits.filter((ms) => ms > 30).length).toBeLessThanOrEqual(1);
    expect(Math.max(...waits)).toBeLessThan(500);
    expect(await closeAll(instances)).toBe(true);
  });

  it('goes on when Redis is killed and starts anew, empty, under load', async () => {
    const home = temporaryHome('redis');
    const server = await startRedis(redisProgram!, {}, undefined, home);
    const { client, close } = await CLIENTS['node-redis 6']!(server.port);
    onTestFinished(() => void close());
    const instances = createInstances(client, 3);
    await Promise.all(instances.map(({ fleet }) => fleet.ready));
    await openAll(instances);
    server.child.kill('SIGKILL');
    await server.ended;
    await told(instances, 'detached');

    expect(await closeAll(instances)).toBe(true);
    const again = await startRedis(redisProgram!, { port: String(server.port) }, undefined, home);
    onTestFinished(() => again.stop());
    await told(instances, 'attached');
    await openAll(instances);
    expect(await closeAll(instances)).toBe(true);
  });

  it('goes on with a replica that has taken over, of which writes are missing', async () => {
    const primary = await startRedis(redisProgram!);
    onTestFinished(() => primary.stop());
    const replica = await startRedis(redisProgram!, { replicaof: `127.0.0.1 ${primary.port}` });
    onTestFinished(() => replica.stop());
    const [one, two] = [
      await CLIENTS['node-redis 6']!(primary.port),
      await CLIENTS['node-redis 6']!(replica.port),
    ];
    onTestFinished(() => void one.close());
    onTestFinished(() => void two.close());
    await expect
      .poll(async () => String(await two.command('INFO', 'replication')), { timeout: 8_000 })
      .toContain('master_link_status:up');
    let present = one;
    const instances = createInstances((command: readonly string[]) => present.command(...command), 3);
    await Promise.all(instances.map(({ fleet }) => fleet.ready));
    await two.command('REPLICAOF', 'NO', 'ONE'); // what comes now it does not know
    await openAll(instances);
    primary.child.kill('SIGKILL');
    present = two;

    expect(await closeAll(instances)).toBe(true);
    await openAll(instances);
    expect(await closeAll(instances)).toBe(true);
    expect(instances[0]!.fleet.status()).toMatchObject({ detached: false, instances: 3 });
  });
});
