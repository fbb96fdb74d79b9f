import { CircuitBreaker, CircuitBreakerRegistry } from 'recloser';
import { createMemoryRedis, FLEET_CHANNEL, type FleetOptions, shareState } from 'recloser/redis';
import { describe, expect, it, onTestFinished } from 'vitest';
import { refusalOf, thrownBy } from '../support/breakers.js';
import { createWorld } from './world.js';

const { client } = createMemoryRedis();

const share = (options: object, target: unknown = new CircuitBreakerRegistry()) =>
  shareState(target as CircuitBreakerRegistry, {
    client,
    namespace: 'shop',
    pollInterval: false,
    ...options,
  });

describe('the options of a fleet', () => {
  it.each([
    [
      { client: undefined },
      '`client` must be a client of node-redis, ioredis, iovalkey or GLIDE, or a function',
    ],
    [{ client: {} }, '`client` must be a client of node-redis'],
    [{ client: { get() {} } }, '`client` must be a client of node-redis'],
    [{ namespace: undefined }, '`namespace` must be 1 to 64 of the characters'],
    [{ namespace: 'a{b}' }, '`namespace` must be 1 to 64'],
    [{ namespace: 'x'.repeat(65) }, '`namespace` must be 1 to 64'],
    [{ instance: '' }, '`instance` must be a well-formed string of 1 to 128 characters, received ""'],
    [{ pollInterval: 50 }, '`pollInterval` must be a number of milliseconds from 100 to 60000, received 50'],
    [{ pollInterval: 0 }, '`pollInterval` must be a number of milliseconds from 100 to 60000, received 0'],
    [{ quorum: 3 }, '`quorum` must be an object, received 3'],
    [{ quorum: { ratio: 50 } }, '`quorum.ratio` must be a number from 0 to 1, received 50'],
    [{ quorum: { minVotes: 0 } }, '`quorum.minVotes` must be an integer from 1 to 10000, received 0'],
    [{ quorum: { votes: 2 } }, 'unknown option "quorum.votes", did you mean "quorum.minVotes"?'],
    [{ probeLease: 10 }, '`probeLease` must be a number of milliseconds from 100 to 600000'],
    [{ commandTimeout: 0 }, '`commandTimeout` must be a number of milliseconds from 1 to 5000'],
    [{ subscribe: 'channel' }, '`subscribe` must be a function'],
    [{ mode: 'passive' }, '`mode` must be "active" or "observe", received "passive"'],
    [{ clock: { now: 7 } }, '`clock` must be an object with a function `now`'],
    [{ interval: 7 }, 'unknown option "interval", did you mean "pollInterval"?'],
  ])('are refused where they cannot work: %o', (options, problem) => {
    expect(refusalOf(() => share(options)).message).toContain(`Cannot share circuit breakers: ${problem}`);
  });

  it.each([[undefined], [null], [{}], [new Map()], [{ on() {} }]])('need a target: %o', (target) => {
    expect(refusalOf(() => shareState(target as never, { client, namespace: 'shop' })).message).toContain(
      '`target` must be a circuit breaker or a registry',
    );
  });

  it('refuse what is shared already: a registry, and a breaker of it', () => {
    const registry = new CircuitBreakerRegistry();
    const breaker = registry.getOrCreate('users');
    const fleet = share({}, registry);
    onTestFinished(() => fleet.stop());

    expect(refusalOf(() => share({}, registry)).message).toContain('this registry is shared already');
    expect(refusalOf(() => share({}, breaker)).message).toContain(
      'circuit breaker "users" is shared already',
    );
  });

  it('are data but for the client, the subscription and the clock', () => {
    const data: Partial<FleetOptions> = JSON.parse(
      '{ "instance": "host-7", "pollInterval": 500, "quorum": { "minVotes": 3, "ratio": 0.25 }, "probeLease": 5000, "commandTimeout": 20, "mode": "observe" }',
    );
    const fleet = share({ ...data, pollInterval: false }, new CircuitBreaker());
    onTestFinished(() => fleet.stop());

    expect(fleet.status().instance).toBe('host-7');
  });
});

describe('a fleet', () => {
  it('refuses to listen to what there is not', () => {
    const fleet = share({});
    onTestFinished(() => fleet.stop());

    expect(thrownBy(() => fleet.on('closed' as 'error', () => {}))).toEqual(
      new TypeError('Unknown event "closed", known are: detached, attached, decision, error'),
    );
  });

  it('tells once of a breaker that cannot be shared, and shares the others', async () => {
    const registry = new CircuitBreakerRegistry();
    registry.getOrCreate('x'.repeat(513));
    const fleet = share({}, registry);
    onTestFinished(() => fleet.stop());
    const told: string[] = [];
    fleet.on('error', ({ error }) => told.push((error as Error).message));

    await fleet.sync();
    registry.getOrCreate('\ud800');
    await fleet.sync();

    expect(told).toEqual([
      expect.stringMatching(
        /^Circuit breaker "xxx.*is not shared: a name must be well-formed, with at most 512/,
      ),
      expect.stringContaining('is not shared'),
    ]);
  });

  it('has a status that is plain data', async () => {
    const world = await createWorld(1, { instance: 'one' });
    await world.instances[0]!.fleet.forceOpen('__proto__', 'a trap');

    const status = world.instances[0]!.fleet.status();

    expect(JSON.parse(JSON.stringify(status))).toEqual({
      instance: 'one',
      namespace: 'shop',
      detached: false,
      instances: 1,
      lastSync: 0,
      commands: { sync: 1, lease: 0, report: 0, steer: 1, failed: 0, skipped: 0 },
      results: {
        sync: { ok: 1, failed: 0, skipped: 0 },
        lease: { ok: 0, failed: 0, skipped: 0 },
        report: { ok: 0, failed: 0, skipped: 0 },
        steer: { ok: 1, failed: 0, skipped: 0 },
      },
      breakers: JSON.parse(
        '{"__proto__":{"state":"forced-open","epoch":1000000000000,"remaining":3600000,"words":"a trap","voting":false,"probing":false}}',
      ),
    });
  });

  it('names its channel', () => {
    expect(FLEET_CHANNEL('shop')).toBe('recloser:1:{shop}:h');
  });
});

describe('clients', () => {
  const redis = createMemoryRedis();
  const asked: unknown[][] = [];
  const answer = (...args: unknown[]) => {
    asked.push(args);
    return redis.client((args.find(Array.isArray) ?? args) as string[]);
  };

  it.each([
    ['a function', (command: readonly string[]) => answer(command), 1],
    ['GLIDE', { customCommand: (command: string[]) => answer(command) }, 1],
    ['node-redis', { sendCommand: (command: string[]) => answer(command) }, 1],
    ['a cluster of node-redis', { masters: [], sendCommand: answer }, 3],
    ['ioredis', { sendCommand() {}, call: answer }, 10],
  ])('are known by what they can do: %s', async (_, client, args) => {
    const fleet = share({ client }, new CircuitBreaker());
    onTestFinished(() => fleet.stop());

    expect(await fleet.sync()).toBe(true);
    expect(asked.at(-1)).toHaveLength(args);
  });

  it('are told where to, in a cluster', () => {
    expect(asked.find((args) => args.length === 3)?.slice(0, 2)).toEqual(['recloser:1:{shop}:b', false]);
  });

  it.each([
    'NOSCRIPT No matching script. Please use EVAL.',
    'An error was signalled by the server: - NoScriptError: No matching script.',
  ])('send the script itself where it is not known: %s', async (message) => {
    const verbs: (string | undefined)[] = [];
    const fleet = share({
      client: async (command: readonly string[]) => {
        verbs.push(command[0]);
        if (command[0] === 'EVALSHA') throw new Error(message);
        return redis.client(command);
      },
    });
    onTestFinished(() => fleet.stop());

    expect([await fleet.sync(), verbs]).toEqual([true, ['EVALSHA', 'EVAL']]);
  });

  it('may throw, and tell errors at most once a second', async () => {
    const fleet = share({
      client: () => {
        throw new Error('no');
      },
    });
    onTestFinished(() => fleet.stop());
    const told: unknown[] = [];
    fleet.on('error', (it) => told.push(it));

    expect([await fleet.sync(), await fleet.sync()]).toEqual([false, false]);
    expect(told).toEqual([{ error: new Error('no'), command: 'sync' }]);
  });
});
