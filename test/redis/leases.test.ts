/** Leave to probe: when it is asked for, for how long it is kept, and where it goes. */
import { type FleetOptions, shareState } from 'recloser/redis';
import { describe, expect, it } from 'vitest';
import { LEASE, REPORT, SYNC } from '../../src/redis/lua.js';
import { BEYOND, createWorld, fail, type Instance, openAll, succeed, trip, type World } from './world.js';

type Command = readonly string[];

const leasesIn = (commands: readonly Command[]) =>
  commands.filter((it) => it[1] === LEASE.digest).map(([, , , , , name, nonce, ms]) => ({ name, nonce, ms }));

const reportsIn = (commands: readonly Command[]) =>
  commands
    .filter((it) => it[1] === REPORT.digest)
    .map(([, , , , , , nonce, , ending, openFor]) => ({ nonce, ending, openFor }));

/** An instance between whom and Redis stands a test. */
function addSlow(world: World, options: Partial<FleetOptions> = {}, breaker = {}) {
  const line = {
    /** Answers that have not come yet. */
    held: [] as (() => void)[],
    /** Whether answers are held, and whether they are lost. */
    isHolding: (_: Command) => false,
    isLosing: (_: Command) => false,
    /** Lets those come that are held, the first ones first. */
    async release() {
      for (const come of line.held.splice(0)) come();
      await world.clock.advance(0);
    },
  };
  const instance = world.add(
    {
      client: async (command: Command) => {
        const reply = await world.redis.client(command);
        if (line.isLosing(command)) throw new Error('the reply was lost');
        if (line.isHolding(command)) await new Promise<void>((come) => void line.held.push(come));
        return reply;
      },
      ...options,
    },
    breaker,
  );
  return { instance, line };
}

const isLease = (command: Command) => command[1] === LEASE.digest;
const isReport = (command: Command) => command[1] === REPORT.digest;
const isPoll = (command: Command) => command[1] === SYNC.digest;

/** Two that are open for all, and whose time is over; the second stands behind a line. */
async function createOver(options: Partial<FleetOptions> = {}, breaker = {}) {
  const world = await createWorld(1, { probeLease: 10_000 }, breaker);
  const { instance: two, line } = addSlow(world, options);
  await world.syncAll();
  await openAll(world);
  world.clock.advanceSync(BEYOND);
  return { world, one: world.instances[0] as Instance, two, line, commands: world.redis.commands };
}

describe('leave', () => {
  it.each([
    [{ probeLease: 7_000 }, {}, '7000'],
    [{ probeLease: undefined }, { probeTimeout: 5_000 }, '5000'],
    [{ probeLease: undefined }, { probeTimeout: 200 }, '1000'],
    [{ probeLease: undefined }, { probeTimeout: 7_200_000 }, '3600000'],
  ])('is asked for as long as a probe may take: %o %o', async (options, breaker, ms) => {
    const { two, commands } = await createOver(options, breaker);

    await succeed(two);

    expect(leasesIn(commands)).toEqual([{ name: 'payments', nonce: expect.any(String), ms }]);
  });

  it('that comes too late for the one who waited is there for the next, for a second', async () => {
    const { world, two, line, commands } = await createOver();
    line.isHolding = isLease;
    const first = await world.clock.settle(succeed(two));
    await line.release();

    world.clock.advanceSync(999);
    const second = await succeed(two);

    expect([first.ok, second.ok]).toEqual([false, true]);
    expect(leasesIn(commands)).toHaveLength(1);
  });

  it('that comes too late and is not used goes back after a second, with a poll at the latest', async () => {
    const { world, one, two, line, commands } = await createOver();
    line.isHolding = isLease;
    await world.clock.settle(succeed(two));
    await line.release();

    world.clock.advanceSync(999);
    await two.fleet.sync();
    const before = reportsIn(commands).length;
    world.clock.advanceSync(1);
    await two.fleet.sync();
    await world.clock.advance(0);

    expect([before, reportsIn(commands)]).toEqual([0, [expect.objectContaining({ ending: '2' })]]);
    expect((await succeed(one)).ok).toBe(true);
  });

  it('that somebody asked for who cannot wait is kept for half of its time', async () => {
    const { world, two, commands } = await createOver();
    two.breaker.tryAcquire();
    await world.clock.advance(0);

    world.clock.advanceSync(4_999);
    await two.fleet.sync();
    const before = [reportsIn(commands).length, two.fleet.status().breakers.payments?.probing];
    world.clock.advanceSync(1);
    await two.fleet.sync();

    expect(before).toEqual([0, true]);
    expect(reportsIn(commands)).toEqual([expect.objectContaining({ ending: '2' })]);
  });

  it('whose answer was lost is asked for with the same words, and is the same', async () => {
    const { world, two, line, commands } = await createOver();
    line.isLosing = isLease;
    const first = await succeed(two);
    line.isLosing = () => false;
    world.clock.advanceSync(300);

    const second = await succeed(two);

    const [one, other] = leasesIn(commands);
    expect([first.ok, second.ok, other?.nonce]).toEqual([false, true, one?.nonce]);
  });

  it('is not asked for again at once where there was no answer, nor before a denial says', async () => {
    const { world, one, two, commands } = await createOver();
    void one.breaker.tryCall(() => new Promise(() => {}));
    await world.clock.advance(0);
    const asked = () => leasesIn(commands).length;
    await succeed(two); // denied for what is left of the lease
    const before = asked();

    world.clock.advanceSync(9_900);
    await succeed(two);
    const early = asked();
    world.clock.advanceSync(1_200);
    const late = await succeed(two);

    expect([before, early, late.ok]).toEqual([2, 2, true]);
  });

  it('is asked for anew a quarter of a second after no answer came', async () => {
    const { world, two, line, commands } = await createOver();
    line.isLosing = isLease;
    await succeed(two);

    world.clock.advanceSync(249);
    await succeed(two);
    const early = leasesIn(commands).length;
    world.clock.advanceSync(30);
    await succeed(two);

    expect([early, leasesIn(commands).length]).toEqual([1, 2]);
  });

  it('that lapses before somebody comes is worth nothing', async () => {
    const { world, two, commands } = await createOver({ probeLease: 300 });
    two.breaker.tryAcquire();
    await world.clock.advance(0);

    world.clock.advanceSync(300);
    const permit = two.breaker.tryAcquire();
    await world.clock.advance(0);

    expect(permit).toBeUndefined();
    expect(leasesIn(commands)).toHaveLength(2);
    expect(reportsIn(commands)).toEqual([]);
  });

  it('that comes when the circuit has been forced closed goes back', async () => {
    const { world, two, line, commands } = await createOver();
    line.isHolding = isLease;
    const waiting = succeed(two);
    await world.clock.advance(0);

    two.breaker.forceClosed('a person');
    await line.release();
    await waiting;

    expect(reportsIn(commands)).toEqual([expect.objectContaining({ ending: '2' })]);
  });

  it('of a probe in flight goes back when the circuit is reset', async () => {
    const { world, two, commands } = await createOver();
    void two.breaker.tryCall(() => new Promise(() => {}));
    await world.clock.advance(0);

    two.breaker.reset();
    await world.clock.advance(0);

    expect(reportsIn(commands)).toEqual([expect.objectContaining({ ending: '2' })]);
  });

  it('is not asked for while the fleet observes', async () => {
    const world = await createWorld(2);
    const watcher = world.add({ mode: 'observe' });
    await world.syncAll();
    await openAll(world);
    world.clock.advanceSync(BEYOND);

    watcher.breaker.tryAcquire();
    await world.clock.advance(0);

    expect(leasesIn(world.redis.commands)).toEqual([]);
  });
});

describe('a report', () => {
  it('says how it ended, and for how long the circuit is open after a failure', async () => {
    const { two, commands } = await createOver();
    const failing = two.breaker.metrics.attempt;

    await fail(two);

    expect(failing).toBe(1);
    expect(reportsIn(commands)).toEqual([
      { nonce: leasesIn(commands)[0]?.nonce, ending: '0', openFor: '10000' },
    ]);
  });

  it('is awaited before leave is asked for again, since it gives back a place', async () => {
    const { world, two, line, commands } = await createOver();
    line.isHolding = isReport;
    await succeed(two);

    const second = succeed(two);
    await world.clock.advance(0);
    const before = leasesIn(commands).length;
    await line.release();
    line.isHolding = () => false;

    expect([before, (await second).ok, leasesIn(commands).length]).toEqual([1, true, 2]);
  });

  it('is not told again once its lease has lapsed', async () => {
    const { world, two, line, commands } = await createOver({ probeLease: 500 });
    line.isLosing = isReport;
    await succeed(two);
    await world.clock.advance(0);
    await two.fleet.sync();
    const told = reportsIn(commands).length;

    world.clock.advanceSync(500);
    await two.fleet.sync();
    await two.fleet.sync();

    expect([told, reportsIn(commands).length]).toEqual([2, 2]);
  });

  it('is not told where the lease had lapsed when the probe ended', async () => {
    const { world, two, commands } = await createOver({ probeLease: 500 });
    let end = () => {};
    const probe = two.breaker.tryCall(
      () =>
        new Promise<void>((resolve) => {
          end = resolve;
        }),
    );
    await world.clock.advance(0);

    world.clock.advanceSync(500);
    end();
    await probe;

    expect(reportsIn(commands)).toEqual([]);
  });
});

describe('what is heard', () => {
  it('beside a poll that was under way goes before what that brings', async () => {
    const { world, one, two, line } = await createOver({}, { successThreshold: 1 });
    line.isHolding = isPoll;
    const poll = two.fleet.sync();
    await world.clock.advance(0);

    await succeed(two); // closes for all, while the poll says that it is open
    await world.clock.advance(0);
    const before = two.breaker.state;
    await line.release();
    await poll;

    expect([before, two.breaker.state]).toEqual(['CLOSED', 'CLOSED']);
    expect(two.fleet.status().breakers).toEqual({});
    expect(one.breaker.state).toBe('OPEN');
  });

  it('of a fleet that has gone on leaves whoever has seen it down to an own probe, without leave', async () => {
    const { one, two } = await createOver({}, { successThreshold: 1 });
    await succeed(one);

    const call = await succeed(two); // leave is not needed any more

    expect([call.ok, two.breaker.state]).toEqual([true, 'CLOSED']);
    expect(two.transitions.at(-1)).toBe('HALF_OPEN→CLOSED recovered');
  });

  it('of data that are lost leaves each on its own', async () => {
    const { world, two } = await createOver();
    world.redis.flush();

    await succeed(two);

    expect(two.breaker.metrics.shared).toBe(false);
    expect(two.fleet.status().breakers).toEqual({});
  });
});

describe('a vote', () => {
  const entriesIn = (commands: readonly Command[], from: number) =>
    commands
      .slice(from)
      .filter(isPoll)
      .map((it) =>
        it
          .slice(8 + Number(it[2]))
          .filter((_, at) => at % 6 === 0)
          .join(''),
      );

  it('is taken back until Redis has heard it', async () => {
    const world = await createWorld(3, {}, { successThreshold: 1 });
    const { instance, line } = addSlow(world);
    await world.syncAll();
    await trip(instance);
    await instance.fleet.sync();
    world.clock.advanceSync(BEYOND);
    await succeed(instance);
    const from = world.redis.commands.length;

    line.isLosing = isPoll;
    await instance.fleet.sync();
    line.isLosing = () => false;
    await instance.fleet.sync();
    await instance.fleet.sync();

    expect(entriesIn(world.redis.commands, from)).toEqual(['-', '-', '']);
  });

  it('that may have arrived is taken back though no answer came', async () => {
    const world = await createWorld(3, {}, { successThreshold: 1 });
    const { instance, line } = addSlow(world);
    await world.syncAll();
    await trip(instance);
    line.isLosing = isPoll;
    await instance.fleet.sync();
    line.isLosing = () => false;
    world.clock.advanceSync(BEYOND);
    await succeed(instance);
    const from = world.redis.commands.length;

    await instance.fleet.sync();

    expect(instance.breaker.state).toBe('CLOSED');
    expect(entriesIn(world.redis.commands, from)).toEqual(['-']);
  });

  it('says how long the circuit is open still, how many may probe and how many successes close', async () => {
    const world = await createWorld(3, {}, { halfOpenMaxCalls: 3, successThreshold: 4 });
    const [one] = world.instances as [Instance];
    await trip(one);
    world.clock.advanceSync(1_000);

    await one.fleet.sync();

    expect(world.redis.commands.at(-1)?.slice(11)).toEqual(['+', 'payments', '0', '9000', '3', '4']);
  });

  it('goes with every poll while the fleet is CLOSED, and with none when the breaker is forced', async () => {
    const world = await createWorld(3);
    const [one] = world.instances as [Instance];
    await trip(one);
    const from = world.redis.commands.length;

    for (let n = 0; n < 3; n++) await one.fleet.sync();
    one.breaker.forceOpen('a person');
    await one.fleet.sync();
    await one.fleet.sync();

    expect(entriesIn(world.redis.commands, from)).toEqual(['+', '+', '+', '-0', '0']);
  });
});

it('a breaker that another fleet has is not shared anew', async () => {
  const world = await createWorld(1);
  const { registry, fleet } = world.instances[0] as Instance;
  await fleet.stop();
  const [own, other] = [registry.getOrCreate('payments'), registry.getOrCreate('users')];
  const options = { client: world.redis.client, namespace: 'other', pollInterval: false } as const;

  const fleets = [own, other].map((it) => shareState(it, options));

  expect(() => shareState(registry, options)).toThrow('is shared already, by another fleet');
  for (const it of fleets) await it.stop();
});
