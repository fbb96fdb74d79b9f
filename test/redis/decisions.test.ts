import { describe, expect, it } from 'vitest';
import { BEYOND, createWorld, fail, type Instance, openAll, RECOVERY, succeed, trip } from './world.js';

const statesOf = (instances: readonly Instance[]) => instances.map(({ breaker }) => breaker.state).join(' ');

const commandsOf = (commands: readonly (readonly string[])[], name: string) =>
  commands.filter((command) => command.includes(name)).length;

describe('votes', () => {
  it('open for all when enough have opened by their own evidence', async () => {
    const world = await createWorld(3);
    const [one, two, three] = world.instances as [Instance, Instance, Instance];
    await trip(one);
    await world.syncAll();
    const afterOne = statesOf(world.instances);

    await trip(two);
    await world.syncAll();

    expect(afterOne).toBe('OPEN CLOSED CLOSED');
    expect(statesOf(world.instances)).toBe('OPEN OPEN OPEN');
    expect(three.transitions).toEqual(['CLOSED→OPEN shared (2 of 3)']);
    expect(two.transitions).toEqual(['CLOSED→OPEN consecutive-failures']);
    expect(three.breaker.metrics).toMatchObject({ shared: true, attempt: 1 });
  });

  it('of one of twenty open nobody else', async () => {
    const world = await createWorld(20);
    await trip(world.instances[0]!);

    for (let round = 0; round < 3; round++) await world.syncAll();

    expect(world.instances.filter(({ breaker }) => breaker.state !== 'CLOSED')).toEqual([world.instances[0]]);
  });

  it.each([
    ['trip()', (it: Instance) => it.breaker.trip()],
    ['forceOpen()', (it: Instance) => it.breaker.forceOpen()],
    [
      'a restored state',
      (it: Instance) => {
        it.breaker.trip();
        it.breaker.restore(it.breaker.snapshot());
      },
    ],
  ])('are not given for %s', async (_, open) => {
    const world = await createWorld(2);
    for (const instance of world.instances) open(instance);

    await world.syncAll();
    await world.syncAll();

    expect(world.instances.map(({ fleet }) => fleet.status().breakers)).toEqual([{}, {}]);
  });

  it('are not given by a breaker that observes', async () => {
    const world = await createWorld(2, {}, { mode: 'observe' });

    await openAll(world);

    expect(world.instances[0]!.fleet.status().breakers).toEqual({});
  });

  it('are taken back when the circuit has closed', async () => {
    const world = await createWorld(4, {}, { successThreshold: 1 });
    const [one, two] = world.instances as [Instance, Instance];
    await trip(one);
    await world.syncAll();
    const before = one.fleet.status().breakers.payments?.voting;
    world.clock.advanceSync(RECOVERY);
    for (const { fleet } of world.instances) await fleet.sync();
    await succeed(one);
    await world.syncAll();

    await trip(two);
    await world.syncAll();

    expect([before, one.breaker.state]).toEqual([true, 'CLOSED']);
    expect(two.fleet.status().breakers.payments).toMatchObject({ state: 'CLOSED', words: '1 of 4' });
  });

  it('are not outvoted by instances that do not use the breaker', async () => {
    const world = await createWorld(6);
    const [one, two] = world.instances as [Instance, Instance];
    world.clock.advanceSync(1_000);
    await trip(one);
    await world.syncAll();
    await world.syncAll(); // those who have seen the vote abstain

    await trip(two);
    await world.syncAll();
    await world.syncAll();

    expect(one.fleet.status().breakers.payments).toMatchObject({ state: 'OPEN', words: '2 of 2' });
  });

  it('are outvoted by instances that use it and find it well', async () => {
    const world = await createWorld(6);
    for (const instance of world.instances) await succeed(instance);
    await world.syncAll();

    for (const instance of world.instances.slice(0, 2)) await trip(instance);
    for (let round = 0; round < 3; round++) await world.syncAll();

    expect(statesOf(world.instances)).toBe('OPEN OPEN CLOSED CLOSED CLOSED CLOSED');
  });

  it('carry the time, the probes and the successes of the one who completes the quorum', async () => {
    const world = await createWorld(1, {}, { recoveryTimeout: 1_000 });
    const two = world.add({}, { recoveryTimeout: 30_000, halfOpenMaxCalls: 4, successThreshold: 5 });
    await world.syncAll();

    await trip(world.instances[0]!);
    await world.syncAll();
    await trip(two);
    await world.syncAll();
    await world.syncAll();

    expect(world.instances[0]!.breaker.metrics.retryAfter).toBeGreaterThanOrEqual(30_000);
  });

  it('that were seen while cut off do not count', async () => {
    const world = await createWorld(2);
    const [one, two] = world.instances as [Instance, Instance];
    world.redis.stop();
    world.clock.advanceSync(7_000);
    await world.syncAll();
    expect(world.instances.map(({ fleet }) => fleet.status().detached)).toEqual([true, true]);

    await trip(one);
    await trip(two);
    world.redis.start();
    await world.syncAll();
    await world.syncAll();

    expect(one.fleet.status()).toMatchObject({ detached: false, breakers: {} });
    expect(statesOf(world.instances)).toBe('OPEN OPEN');
    expect(one.breaker.metrics.shared).toBe(false);
  });
});

describe('an open fleet', () => {
  it('spreads the end of its open time, so that not all ask at once', async () => {
    const world = await createWorld(12);
    await openAll(world);

    const ends = world.instances.map(({ breaker }) => breaker.metrics.retryAfter as number);

    expect(Math.min(...ends)).toBeGreaterThanOrEqual(RECOVERY);
    expect(Math.max(...ends)).toBeLessThanOrEqual(RECOVERY + 1_000);
    expect(new Set(ends).size).toBeGreaterThan(6);
  });

  it('is open for an instance that comes later, and for a breaker that is made later', async () => {
    const world = await createWorld(2);
    await openAll(world);

    const late = world.add();
    const before = late.breaker.state;
    await late.fleet.sync();
    late.registry.delete('payments');
    const anew = late.registry.getOrCreate('payments');

    expect([before, late.breaker.state, anew.state]).toEqual(['CLOSED', 'OPEN', 'OPEN']);
    expect(anew.metrics.lastTransition).toMatchObject({ reason: 'shared', detail: '2 of 2' });
  });

  it('shortens no open time of an instance', async () => {
    const world = await createWorld(1, {}, { recoveryTimeout: 60_000 });
    world.add({}, { recoveryTimeout: 1_000 });
    await world.syncAll();

    await trip(world.instances[0]!);
    await world.syncAll();
    await trip(world.instances[1]!);
    await world.syncAll();
    await world.syncAll();

    expect(world.instances[0]!.breaker.metrics).toMatchObject({ shared: true, retryAfter: 60_000 });
  });

  it('comes back after a local reset', async () => {
    const world = await createWorld(2);
    await openAll(world);
    const [one] = world.instances as [Instance];

    one.breaker.reset();
    const after = one.breaker.state;
    await one.fleet.sync();

    expect([after, one.breaker.state]).toEqual(['CLOSED', 'OPEN']);
  });
});

describe('recovery', () => {
  it('takes as many probes as are needed, and closes for all', async () => {
    const world = await createWorld(4);
    const [one, two, ...others] = world.instances as [Instance, Instance, ...Instance[]];
    await trip(one);
    await world.syncAll();
    await trip(two);
    await world.syncAll();
    world.clock.advanceSync(BEYOND);

    await succeed(others[0]!);
    await succeed(others[1]!);
    await world.syncAll();

    expect(others.map(({ transitions }) => transitions.at(-1))).toEqual([
      'HALF_OPEN→CLOSED recovered (recovered)',
      'HALF_OPEN→CLOSED recovered (recovered)',
    ]);
    expect(one.fleet.status().breakers).toEqual({});
  });

  it('is left to the own probes of one who has seen it fail, and not yet answer', async () => {
    const world = await createWorld(4);
    const [one, two, three] = world.instances as [Instance, Instance, Instance];
    await trip(one);
    await world.syncAll();
    await trip(two);
    await world.syncAll();
    world.clock.advanceSync(BEYOND);
    await succeed(three);
    await succeed(three);

    await world.syncAll();
    const before = [one.breaker.state, one.breaker.metrics.shared];
    await succeed(one);
    await succeed(one);

    expect(before).toEqual(['OPEN', false]);
    expect(one.transitions.at(-1)).toBe('HALF_OPEN→CLOSED recovered');
  });

  it('begins anew when a probe fails, and whose failed asks last', async () => {
    const world = await createWorld(3);
    await openAll(world);
    world.clock.advanceSync(BEYOND);
    const [one, two, three] = world.instances as [Instance, Instance, Instance];

    await fail(one);
    await world.syncAll();
    const call = await succeed(two);

    expect(call.ok).toBe(false);
    expect(two.fleet.status().breakers.payments).toMatchObject({ state: 'OPEN', words: 'a probe failed' });
    const last = one.breaker.metrics.retryAfter as number;
    expect(last).toBeGreaterThanOrEqual(RECOVERY + 1_000);
    expect(two.breaker.metrics.retryAfter).toBeLessThanOrEqual(last);
    expect(three.breaker.metrics.retryAfter).toBeLessThanOrEqual(last);
  });

  it('never has more probes in flight than may be', async () => {
    const world = await createWorld(20, {}, { halfOpenMaxCalls: 3, successThreshold: 10 });
    await openAll(world);
    world.clock.advanceSync(BEYOND);
    let inFlight = 0;
    let most = 0;
    const probe = ({ breaker }: Instance) =>
      breaker.tryCall(async () => {
        most = Math.max(most, ++inFlight);
        await world.clock.sleep(5);
        inFlight--;
      });

    const calls = world.instances.flatMap((instance) => Array.from({ length: 50 }, () => probe(instance)));
    await world.clock.advance(50);
    await Promise.all(calls);

    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThanOrEqual(3);
  });

  it('goes on when whoever has leave is gone', async () => {
    const world = await createWorld(3, { probeLease: 2_000 });
    await openAll(world);
    world.clock.advanceSync(BEYOND);
    const [one, two] = world.instances as [Instance, Instance];
    void one.breaker.tryCall(() => new Promise(() => {}));
    await world.clock.advance(0);

    const early = await succeed(two);
    world.clock.advanceSync(2_500);
    const late = await succeed(two);

    expect([early.ok, late.ok]).toEqual([false, true]);
  });

  it('gives leave back that a call does not use up', async () => {
    const world = await createWorld(2);
    await openAll(world);
    world.clock.advanceSync(BEYOND);
    const [one, two] = world.instances as [Instance, Instance];

    const controller = new AbortController();
    const aborted = one.breaker.tryCall(() => new Promise(() => {}), { signal: controller.signal });
    await world.clock.advance(0);
    controller.abort(new Error('gone'));
    await aborted;

    expect((await succeed(two)).ok).toBe(true);
  });

  it('asks for permits that nobody waits for, and keeps leave for the next one', async () => {
    const world = await createWorld(2);
    await openAll(world);
    world.clock.advanceSync(BEYOND);
    const [one] = world.instances as [Instance];

    const first = one.breaker.tryAcquire();
    await world.clock.advance(0);
    const second = one.breaker.tryAcquire();
    second?.success();
    await world.clock.advance(0);

    expect([first, typeof second]).toEqual([undefined, 'object']);
    expect(one.fleet.status().commands).toMatchObject({ lease: 1, report: 1 });
  });

  it('lets one caller wait, and rejects all others at once', async () => {
    const world = await createWorld(2);
    await openAll(world);
    world.clock.advanceSync(BEYOND);
    const [one] = world.instances as [Instance];

    const calls = await Promise.all(Array.from({ length: 10 }, () => succeed(one)));

    expect(calls.filter(({ ok }) => ok)).toHaveLength(1);
    expect(calls.find(({ ok }) => !ok)).toMatchObject({ error: { reason: 'open', retryAfter: 0 } });
    expect(one.fleet.status().commands.lease).toBe(1);
  });
});

describe('an observing fleet', () => {
  it('votes, follows and tells, and changes no breaker', async () => {
    const world = await createWorld(2);
    const watcher = world.add({ mode: 'observe' });
    const told: unknown[] = [];
    watcher.fleet.on('decision', (it) => told.push(it));
    await world.syncAll();

    await openAll(world);

    expect(watcher.transitions).toEqual(['CLOSED→OPEN consecutive-failures']);
    expect(watcher.breaker.metrics.shared).toBe(false);
    expect(told).toContainEqual({ breaker: 'payments', state: 'OPEN', words: expect.stringMatching(/of 3/) });
  });
});

describe('a call', () => {
  it('costs no command while the circuit is CLOSED or OPEN', async () => {
    const world = await createWorld(2);
    const before = commandsOf(world.redis.commands, 'payments');
    for (let call = 0; call < 1_000; call++) await succeed(world.instances[0]!);
    const closed = world.redis.commands.length;
    await openAll(world);
    const open = world.redis.commands.length;

    for (let call = 0; call < 1_000; call++) await succeed(world.instances[0]!);
    await world.clock.advance(0);

    expect([before, closed]).toEqual([0, 2]);
    expect(world.redis.commands.length).toBe(open);
  });

  it('costs nothing but the polls of its instance, however many there are', async () => {
    const world = await createWorld(3, { pollInterval: 2_000 });
    const run = async (seconds: number) => {
      const before = world.redis.commands.length;
      for (let second = 0; second < seconds; second++) {
        for (const instance of world.instances) {
          for (let call = 0; call < 500; call++) void succeed(instance);
        }
        await world.clock.advance(1_000);
      }
      return world.redis.commands.length - before;
    };
    await world.clock.advance(2_000);

    const closed = await run(20);
    for (const instance of world.instances) await trip(instance);
    await world.clock.advance(500);
    const states = statesOf(world.instances);
    const open = await run(9);

    expect(states).toBe('OPEN OPEN OPEN');
    expect(closed).toBeLessThanOrEqual(3 * (20_000 / 2_000) * 1.25 + 3);
    expect(open).toBeLessThanOrEqual(3 * (9_000 / 2_000) * 1.25 + 3);
  });
});
