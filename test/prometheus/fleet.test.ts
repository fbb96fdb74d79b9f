import * as client from 'prom-client';
import { CircuitBreaker } from 'recloser';
import { instrumentFleet, METRIC_NAMES_OF_FLEETS } from 'recloser/prometheus';
import { createMemoryRedis, shareState } from 'recloser/redis';
import { createManualClock } from 'recloser/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { failTimes, refusalOf } from '../support/breakers.js';

/** Two instances, of which the first is exported. */
async function createFleets(namespace = 'shop') {
  const clock = createManualClock();
  const redis = createMemoryRedis({ clock });
  const breakers = [1, 2, 3].map(() => new CircuitBreaker({ name: 'users', failureThreshold: 1, clock }));
  const fleets = breakers.map((it) =>
    shareState(it, { client: redis.client, namespace, clock, pollInterval: false }),
  );
  onTestFinished(async () => void (await Promise.all(fleets.map((it) => clock.settle(it.stop())))));
  const syncAll = async () => {
    for (const fleet of fleets) await fleet.sync();
  };
  await syncAll();
  await fleets[0]!.sync();
  return { clock, redis, breakers, fleet: fleets[0]!, syncAll };
}

function createExport(fleet: Parameters<typeof instrumentFleet>[0], options = {}) {
  const register = new client.Registry();
  const stop = instrumentFleet(fleet, { client, register, ...options });
  const lines = async () => (await register.metrics()).split('\n').filter((line) => /^\w+\{/.test(line));
  return { register, stop, lines };
}

describe('an exported fleet', () => {
  it('says whether Redis answers, how many there are, and what it costs', async () => {
    const { fleet, clock } = await createFleets();
    const { lines } = createExport(fleet);
    clock.advanceSync(1_500);

    expect(await lines()).toEqual(
      expect.arrayContaining([
        'circuit_breaker_fleet_up{namespace="shop"} 1',
        'circuit_breaker_fleet_instances{namespace="shop"} 3',
        'circuit_breaker_fleet_staleness_seconds{namespace="shop"} 1.5',
        'circuit_breaker_fleet_commands_total{command="sync",result="ok",namespace="shop"} 2',
        'circuit_breaker_fleet_commands_total{command="lease",result="failed",namespace="shop"} 0',
      ]),
    );
    expect((await lines()).filter((line) => line.includes('name='))).toEqual([]);
  });

  it('says what it has decided, and whether this instance votes', async () => {
    const { fleet, breakers, syncAll } = await createFleets();
    const { lines } = createExport(fleet, { prefix: 'shop_', labels: { region: 'eu' } });
    await failTimes(breakers[0]!, 1);
    await syncAll();
    const before = (await lines()).filter((line) => /voting|state/.test(line));

    await failTimes(breakers[1]!, 1);
    await syncAll();
    await syncAll();
    const after = (await lines()).filter((line) => /voting|state/.test(line));

    const labels = '{name="users",region="eu",namespace="shop"}';
    expect(before).toEqual([
      `shop_circuit_breaker_fleet_state${labels} 0`,
      `shop_circuit_breaker_fleet_voting${labels} 1`,
    ]);
    expect(after).toEqual([
      `shop_circuit_breaker_fleet_state${labels} 1`,
      `shop_circuit_breaker_fleet_voting${labels} 0`,
    ]);
  });

  it('says that it is detached', async () => {
    const { fleet, redis, clock } = await createFleets();
    const { lines } = createExport(fleet);
    redis.stop();
    clock.advanceSync(7_000);
    await fleet.sync();

    expect(await lines()).toEqual(
      expect.arrayContaining([
        'circuit_breaker_fleet_up{namespace="shop"} 0',
        'circuit_breaker_fleet_commands_total{command="sync",result="failed",namespace="shop"} 1',
      ]),
    );
  });

  it('is one of several in a register, and goes when everybody who asked for it has ended it', async () => {
    const [one, two] = [await createFleets('one'), await createFleets('two')];
    const { register, stop, lines } = createExport(one.fleet);
    const stopAgain = instrumentFleet(one.fleet, { client, register });
    const stopTwo = instrumentFleet(two.fleet, { client, register });
    const namespaces = async () => new Set((await lines()).map((it) => /namespace="(\w+)"/.exec(it)?.[1]));

    const both = [...(await namespaces())];
    stop();
    stop();
    const still = [...(await namespaces())];
    stopAgain();
    const other = [...(await namespaces())];
    stopTwo();

    expect([both, still, other]).toEqual([['one', 'two'], ['one', 'two'], ['two']]);
    expect(Object.values(METRIC_NAMES_OF_FLEETS).map((name) => register.getSingleMetric(name))).toEqual(
      Array(6).fill(undefined),
    );
  });

  it('is refused where it cannot work', async () => {
    const { fleet } = await createFleets();
    const { register } = createExport(fleet);
    const foreign = new client.Registry();
    new client.Gauge({ name: METRIC_NAMES_OF_FLEETS.up, help: 'mine', registers: [foreign] });

    expect(refusalOf(() => instrumentFleet({} as never, { client })).message).toContain(
      '`fleet` must be a fleet',
    );
    expect(refusalOf(() => instrumentFleet(fleet, {} as never)).message).toContain(
      '`client` must be the prom-client',
    );
    expect(refusalOf(() => instrumentFleet(fleet, { client, buckets: [] } as never)).message).toContain(
      'unknown option "buckets"',
    );
    expect(
      refusalOf(() => instrumentFleet(fleet, { client, register, labels: { namespace: 'x' } })).message,
    ).toContain('other labels than');
    expect(
      refusalOf(() => instrumentFleet(fleet, { client, register, labels: { region: 'eu' } })).message,
    ).toContain('`labels` must be those');
    expect(refusalOf(() => instrumentFleet(fleet, { client, register: foreign })).message).toContain(
      'of somebody else',
    );
  });
});
