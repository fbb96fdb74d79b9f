/** A breaker in its fleet: what it hears of itself, and what it carries out. */
import { describe, expect, it } from 'vitest';
import { REPORT } from '../../src/redis/lua.js';
import { deferred } from '../support/deferred.js';
import { BEYOND, createWorld, fail, type Instance, openAll, RECOVERY, succeed, trip } from './world.js';

type Three = [Instance, Instance, Instance];

const endingsIn = (commands: readonly (readonly string[])[]) =>
  commands.filter((it) => it[1] === REPORT.digest).map((it) => it[8]);

/** A call that is in flight until it is told to end. */
async function hang({ breaker }: Instance, world: { clock: { advance(ms: number): Promise<void> } }) {
  let end = () => {};
  const done = breaker.tryCall(
    () =>
      new Promise<void>((resolve) => {
        end = resolve;
      }),
  );
  await world.clock.advance(0);
  return { end: () => end(), done };
}

describe('an instance whose own probe has ended', () => {
  it('asks last where it was slow', async () => {
    const world = await createWorld(2, {}, { slowCallDuration: 100, slowCallRateThreshold: 1 });
    await openAll(world);
    world.clock.advanceSync(BEYOND);
    const [one] = world.instances as [Instance];
    const probe = await hang(one, world);

    world.clock.advanceSync(200);
    probe.end();
    await probe.done;
    await world.syncAll();

    expect(one.transitions.at(-1)).toMatch(/^HALF_OPEN→OPEN probe-slow/);
    expect(one.breaker.metrics.retryAfter).toBeGreaterThanOrEqual(RECOVERY + 1_000);
    expect(endingsIn(world.redis.commands)).toEqual(['0']);
  });

  it('gives leave back where its probe was given up', async () => {
    const world = await createWorld(2, { probeLease: 60_000 }, { probeTimeout: 1_000 });
    await openAll(world);
    world.clock.advanceSync(BEYOND);
    const [one] = world.instances as [Instance];
    await hang(one, world);

    world.clock.advanceSync(2_100);
    await succeed(one);
    await world.clock.advance(0);

    expect(one.transitions.at(-1)).toMatch(/^HALF_OPEN→OPEN probe-expired/);
    expect(endingsIn(world.redis.commands)).toEqual(['2']);
  });

  it('leaves the others that are in flight alone when one fails', async () => {
    const world = await createWorld(2, { probeLease: 60_000 }, { halfOpenMaxCalls: 2, successThreshold: 2 });
    await openAll(world);
    world.clock.advanceSync(BEYOND);
    const [one] = world.instances as [Instance];
    const other = await hang(one, world);

    await fail(one);
    const shared = one.breaker.metrics.shared;
    await world.clock.advance(0);
    other.end();
    await other.done;
    await world.clock.advance(0);

    expect(shared).toBe(true);
    expect(endingsIn(world.redis.commands)).toEqual(['0']);
  });

  it('follows the others again once a probe of its own has succeeded', async () => {
    const world = await createWorld(3);
    const [one, , three] = world.instances as Three;
    await openAll(world);
    world.clock.advanceSync(BEYOND);

    await succeed(one);
    await succeed(three);
    await world.syncAll();

    expect(one.transitions.at(-1)).toBe('HALF_OPEN→CLOSED recovered (recovered)');
  });

  it('asks no later than the others once a probe of its own has succeeded', async () => {
    const world = await createWorld(3, {}, { successThreshold: 3 });
    const [one, two] = world.instances as Three;
    await openAll(world);
    world.clock.advanceSync(BEYOND);
    await fail(one);
    await world.syncAll();
    world.clock.advanceSync(BEYOND);

    await succeed(one);
    await fail(two);
    await world.syncAll();

    expect(one.breaker.metrics.retryAfter).toBeLessThanOrEqual(RECOVERY + 1_000);
    expect(two.breaker.metrics.retryAfter).toBeGreaterThanOrEqual(RECOVERY + 1_000);
  });

  it('shows that it probes', async () => {
    const world = await createWorld(2);
    await openAll(world);
    world.clock.advanceSync(BEYOND);
    const [one] = world.instances as [Instance];
    const probing = () => one.fleet.status().breakers.payments?.probing;
    const before = probing();
    const probe = await hang(one, world);
    const during = probing();
    probe.end();
    await probe.done;

    expect([before, during, probing()]).toEqual([false, true, false]);
  });
});

describe('leave of another epoch', () => {
  it('that is at hand is worth nothing when others have opened again', async () => {
    const world = await createWorld(2, { probeLease: 60_000 }, { halfOpenMaxCalls: 2, successThreshold: 2 });
    const [one, two] = world.instances as [Instance, Instance];
    await openAll(world);
    world.clock.advanceSync(BEYOND);
    two.breaker.tryAcquire();
    await world.clock.advance(0);
    await fail(one);
    await world.syncAll();
    world.clock.advanceSync(BEYOND);

    const permit = two.breaker.tryAcquire(); // asks anew
    await world.clock.advance(0);

    expect(permit).toBeUndefined();
    expect(endingsIn(world.redis.commands)).toEqual(['0']);
  });

  it('of a probe that is in flight is not told of when others have opened again', async () => {
    const world = await createWorld(2, { probeLease: 60_000 }, { halfOpenMaxCalls: 2, successThreshold: 2 });
    const [one, two] = world.instances as [Instance, Instance];
    await openAll(world);
    world.clock.advanceSync(BEYOND);
    const probe = await hang(two, world);
    await fail(one);
    await world.syncAll();

    probe.end();
    await probe.done;
    await world.clock.advance(0);

    expect(two.breaker.state).toBe('OPEN');
    expect(endingsIn(world.redis.commands)).toEqual(['0']);
  });
});

describe('what the fleet has opened', () => {
  it('stays open for one who only followed, by itself, when all data are lost', async () => {
    const world = await createWorld(3);
    const [one, two, three] = world.instances as Three;
    await trip(one);
    await one.fleet.sync();
    await trip(two);
    await world.syncAll();
    world.redis.flush();

    await three.fleet.sync();

    expect(three.transitions).toEqual(['CLOSED→OPEN shared (2 of 3)']);
    expect(three.breaker.metrics).toMatchObject({ state: 'OPEN', shared: false });
  });

  it('comes back after a local reset for what is left of its time', async () => {
    const world = await createWorld(3);
    const [one, two, three] = world.instances as Three;
    await trip(one);
    await one.fleet.sync();
    await trip(two);
    await world.syncAll();
    world.clock.advanceSync(4_000);

    three.breaker.reset();
    await three.fleet.sync();

    expect(three.breaker.metrics).toMatchObject({ state: 'OPEN', shared: true });
    expect(three.breaker.metrics.retryAfter).toBeGreaterThanOrEqual(RECOVERY - 4_000);
    expect(three.breaker.metrics.retryAfter).toBeLessThanOrEqual((RECOVERY - 4_000) * 1.1);
  });

  it('holds again for a breaker that was restored', async () => {
    const world = await createWorld(2);
    await openAll(world);
    const [one] = world.instances as [Instance];

    one.breaker.restore(one.breaker.snapshot());
    const before = one.breaker.metrics.shared;
    await one.fleet.sync();

    expect([before, one.breaker.metrics.shared, one.breaker.state]).toEqual([false, true, 'OPEN']);
  });

  it('is open at once, without a time, for one who comes while the others probe', async () => {
    const world = await createWorld(2);
    await openAll(world);
    world.clock.advanceSync(BEYOND);
    await hang(world.instances[0] as Instance, world);

    const late = world.add();
    await late.fleet.sync();

    expect(late.breaker.metrics).toMatchObject({ state: 'OPEN', shared: true, retryAfter: 0 });
    expect(late.transitions).toEqual(['CLOSED→OPEN shared (2 of 2)']);
  });

  it('ends for who has opened by own evidence not before the own time is over', async () => {
    const world = await createWorld(2);
    const slow = world.add({}, { recoveryTimeout: 60_000 });
    await world.syncAll();
    await trip(slow);
    await slow.fleet.sync();
    const [one, two] = world.instances as [Instance, Instance];
    await trip(one);
    await world.syncAll();
    world.clock.advanceSync(BEYOND);
    await succeed(two);
    await succeed(two);

    await slow.fleet.sync();

    expect(two.breaker.state).toBe('CLOSED');
    expect(slow.breaker.metrics).toMatchObject({ state: 'OPEN', shared: false, retryAfter: 60_000 - BEYOND });
  });

  it('ends for who opened by own evidence while cut off as for one who has voted', async () => {
    const world = await createWorld(2);
    let isCut = false;
    const cut = world.add({
      client: (it) => (isCut ? Promise.reject(new Error('no route')) : world.redis.client(it)),
    });
    await world.syncAll();
    isCut = true;
    world.clock.advanceSync(6_000);
    await cut.fleet.sync();
    await trip(cut);
    isCut = false;
    await world.syncAll();
    const [one, two] = world.instances as [Instance, Instance];
    await trip(one);
    await world.syncAll();
    await trip(two);
    await world.syncAll();
    await world.syncAll();
    const during = cut.breaker.metrics.shared;
    world.clock.advanceSync(BEYOND);
    await succeed(one);
    await succeed(two);
    await world.syncAll();

    expect(during).toBe(true);
    expect(cut.breaker.metrics).toMatchObject({ state: 'OPEN', shared: false });
  });

  it('is no concern of a fleet that observes, when its own breaker opens later', async () => {
    const world = await createWorld(2);
    const watcher = world.add({ mode: 'observe' });
    await world.syncAll();
    await openAllBut(watcher, world.instances as Three);
    await world.syncAll();

    await trip(watcher);
    await world.syncAll();

    expect(watcher.fleet.status().breakers.payments?.state).toBe('OPEN');
    expect(watcher.breaker.metrics).toMatchObject({ state: 'OPEN', shared: false });
  });

  async function openAllBut(but: Instance, all: readonly Instance[]): Promise<void> {
    for (const instance of all) {
      if (instance === but) continue;
      await trip(instance);
      await instance.fleet.sync();
    }
  }

  it('is left with a breaker that is forgotten', async () => {
    const world = await createWorld(2);
    await openAll(world);
    const [one] = world.instances as [Instance];
    const before = one.breaker.metrics.shared;

    one.registry.delete('payments');

    expect([before, one.breaker.metrics.shared]).toEqual([true, false]);
  });

  it('is known to a breaker that is made while Redis cannot be asked, to its end', async () => {
    const world = await createWorld(2);
    await openAll(world);
    const [one] = world.instances as [Instance];
    world.redis.stop();
    world.clock.advanceSync(6_000);
    await one.fleet.sync();
    one.registry.delete('payments');

    const anew = one.registry.getOrCreate('payments');
    const early = { ...anew.metrics };
    one.registry.delete('payments');
    world.clock.advanceSync(RECOVERY);
    const late = one.registry.getOrCreate('payments');

    expect(one.fleet.status().detached).toBe(true);
    expect(early).toMatchObject({ state: 'OPEN', shared: false, retryAfter: RECOVERY - 6_000 });
    expect(late.state).toBe('CLOSED');
  });
});

describe('a vote', () => {
  it('is not given for what was seen while the breaker observed', async () => {
    const world = await createWorld(2, {}, { mode: 'observe' });
    const [one] = world.instances as [Instance];
    await trip(one);

    one.breaker.update({ mode: 'active' });
    await one.fleet.sync();

    expect(one.fleet.status().breakers).toEqual({});
  });

  it('that goes out as the circuit closes is taken back', async () => {
    const world = await createWorld(3);
    const held = deferred<void>();
    let isHolding = false;
    const slow = world.add({
      client: async (it) => {
        const reply = await world.redis.client(it);
        if (isHolding) await held.promise;
        return reply;
      },
    });
    await world.syncAll();
    await trip(slow);
    isHolding = true;
    const poll = slow.fleet.sync();
    await world.clock.advance(0);
    slow.breaker.reset();
    isHolding = false;
    held.resolve();
    await poll;

    await slow.fleet.sync();
    const [one] = world.instances as [Instance];
    await trip(one);
    await one.fleet.sync();

    expect(one.fleet.status().breakers.payments).toMatchObject({ state: 'CLOSED', words: '1 of 4' });
  });

  it('is one poll at once, none beyond those in their time, and another for the next opening', async () => {
    const world = await createWorld(3);
    const polling = world.add({ pollInterval: 2_000 });
    await world.clock.advance(5_000);
    const count = async (ms: number, task = async () => {}) => {
      const before = world.redis.commands.length;
      await task();
      await world.clock.advance(ms);
      return world.redis.commands.length - before;
    };

    const first = await count(0, () => trip(polling));
    const next = await count(9_500);
    polling.breaker.reset();
    await count(2_300);
    const again = await count(0, () => trip(polling));

    expect(first).toBe(1);
    expect(again).toBeGreaterThanOrEqual(1);
    expect(next).toBeLessThanOrEqual(6);
  });
});

describe('what a person has decided for all', () => {
  it('forces closed for its time, though the data are lost', async () => {
    const world = await createWorld(2);
    const [one, two] = world.instances as [Instance, Instance];
    await one.fleet.forceClosed('payments', 'the alarm is false', { for: 60_000 });
    await world.syncAll();
    world.redis.flush();
    await world.syncAll();
    const lost = two.breaker.mode;

    world.clock.advanceSync(60_000);
    await world.syncAll();

    expect([lost, one.breaker.mode, two.breaker.mode]).toEqual(['forced-closed', 'active', 'active']);
  });

  it('ends, and leaves alone what somebody has forced here meanwhile', async () => {
    const world = await createWorld(2);
    const [one, two] = world.instances as [Instance, Instance];
    await one.fleet.forceOpen('payments', 'maintenance', { for: 5_000 });
    await world.syncAll();
    two.breaker.forceClosed('I know better');

    world.clock.advanceSync(5_000);
    await world.syncAll();

    expect([one.breaker.mode, two.breaker.mode]).toEqual(['active', 'forced-closed']);
  });

  it('resets once: what is tripped by hand later stays so', async () => {
    const world = await createWorld(2);
    const [one, two] = world.instances as [Instance, Instance];
    await one.fleet.reset('payments');
    await world.syncAll();

    two.breaker.trip();
    await world.syncAll();

    expect(two.breaker.state).toBe('OPEN');
  });

  it('resets nothing of one who comes later, unless that is open', async () => {
    const world = await createWorld(1);
    await (world.instances[0] as Instance).fleet.reset('payments', 'fixed');
    const [quiet, open] = [world.add(), world.add()];
    await trip(open);

    await world.syncAll();

    expect(quiet.transitions).toEqual([]);
    expect(quiet.breaker.metrics.lastTransition).toBeNull();
    expect(open.transitions.at(-1)).toBe('OPEN→CLOSED reset (fixed)');
  });

  it('is over for who leaves, and says so', async () => {
    const world = await createWorld(1);
    const [one] = world.instances as [Instance];
    await one.fleet.forceOpen('payments', 'maintenance');

    await one.fleet.stop();

    expect(one.transitions.at(-1)).toBe('OPEN→CLOSED reset (the fleet has been left)');
  });
});

describe('a breaker', () => {
  it('that somebody trips after its own opening is over does not vote', async () => {
    const world = await createWorld(3);
    const [one, two] = world.instances as Three;
    await trip(one);
    await one.fleet.sync();
    one.breaker.reset();

    one.breaker.trip();
    await world.syncAll();
    await trip(two);
    await world.syncAll();

    expect(one.fleet.status().breakers.payments).toMatchObject({ state: 'CLOSED', voting: false });
    expect(two.fleet.status().breakers.payments?.words).toBe('1 of 3');
  });

  it('asks last after its probe was given up', async () => {
    const world = await createWorld(2, { probeLease: 60_000 }, { probeTimeout: 1_000 });
    await openAll(world);
    world.clock.advanceSync(BEYOND);
    const [one, two] = world.instances as [Instance, Instance];
    await hang(one, world);
    world.clock.advanceSync(2_100);
    await succeed(one);
    await world.clock.advance(0);

    await fail(two);
    await world.syncAll();

    expect(one.transitions.at(-1)).toMatch(/probe-expired/);
    expect(one.breaker.metrics.retryAfter).toBeGreaterThanOrEqual(RECOVERY + 1_000);
  });

  it('is left to own probes though one of them was given up by its caller', async () => {
    const world = await createWorld(3);
    const [one, , three] = world.instances as Three;
    await openAll(world);
    world.clock.advanceSync(BEYOND);
    const controller = new AbortController();
    const aborted = one.breaker.tryCall(() => new Promise(() => {}), { signal: controller.signal });
    await world.clock.advance(0);
    controller.abort(new Error('gone'));
    await aborted;
    await world.clock.advance(0);

    await succeed(three);
    await succeed(three);
    await world.syncAll();

    expect(three.breaker.state).toBe('CLOSED');
    expect(one.breaker.metrics.shared).toBe(false);
    expect(one.breaker.state).not.toBe('CLOSED');
  });

  it('keeps the end of its open time over all polls', async () => {
    const world = await createWorld(2);
    await openAll(world);
    const [one] = world.instances as [Instance];
    const end = one.breaker.metrics.retryAfter as number;

    for (let poll = 1; poll <= 10; poll++) {
      world.clock.advanceSync(100);
      await one.fleet.sync();
      expect(one.breaker.metrics.retryAfter).toBeCloseTo(end - poll * 100, 6);
    }
  });

  it('says of its own failed probe what it was, until others know', async () => {
    const world = await createWorld(2);
    await openAll(world);
    world.clock.advanceSync(BEYOND);
    const [one] = world.instances as [Instance];
    let atOnce: unknown = 'nothing';
    one.breaker.on('transition', ({ to }) => {
      if (to === 'OPEN') atOnce = one.breaker.metrics.lastTransition?.detail;
    });

    await fail(one);

    expect(one.breaker.metrics.shared).toBe(true);
    expect(atOnce).toBeUndefined();
  });

  it('that has tripped while a poll was under way votes when that has come', async () => {
    const world = await createWorld(2);
    const held = deferred<void>();
    let isHolding = false;
    const slow = world.add({
      pollInterval: 60_000,
      client: async (it) => {
        const reply = await world.redis.client(it);
        if (isHolding) await held.promise;
        return reply;
      },
    });
    await world.clock.advance(2_000);
    isHolding = true;
    const poll = slow.fleet.sync();
    await world.clock.advance(0);
    await trip(slow);
    const before = world.redis.commands.length;

    isHolding = false;
    held.resolve();
    await poll;
    await world.clock.advance(300);

    expect(world.redis.commands.slice(before).some((it) => it.includes('+'))).toBe(true);
  });

  it('that is forced open here is not closed by all', async () => {
    const world = await createWorld(2);
    const [one, two] = world.instances as [Instance, Instance];
    two.breaker.forceOpen('I know better');

    await one.fleet.forceClosed('payments', 'the alarm is false');
    await world.syncAll();

    expect([one.breaker.mode, two.breaker.mode]).toEqual(['forced-closed', 'forced-open']);
  });

  it('of one who comes after a reset keeps what it has seen', async () => {
    const world = await createWorld(1);
    await (world.instances[0] as Instance).fleet.reset('payments', 'fixed');
    const late = world.add();
    await fail(late);

    await late.fleet.sync();

    expect(late.breaker.metrics.consecutiveFailures).toBe(1);
  });

  it('is forced to its end and no longer, whatever else is forced', async () => {
    const world = await createWorld(1);
    const polling = world.add({ pollInterval: 60_000 });
    await world.clock.advance(2_000);
    await polling.fleet.forceOpen('users', 'maintenance', { for: 3_600_000 });
    await polling.fleet.forceOpen('payments', 'maintenance', { for: 5_000 });
    await polling.fleet.forceOpen('orders', 'maintenance', { for: 7_200_000 });
    const users = polling.registry.getOrCreate('users');

    await world.clock.advance(4_999);
    const before = polling.breaker.mode;
    await world.clock.advance(1);

    expect([before, polling.breaker.mode, users.mode]).toEqual(['forced-open', 'active', 'forced-open']);
  });

  it('asks for no leave while eight commands are unanswered, and a quarter of a second after', async () => {
    const world = await createWorld(1, { quorum: { minVotes: 1 } });
    let isSilent = false;
    let asked = 0;
    const busy = world.add({
      quorum: { minVotes: 1, ratio: 0 },
      client: (it) => {
        if (!isSilent) return world.redis.client(it);
        asked++;
        return new Promise(() => {});
      },
    });
    await busy.fleet.sync();
    const breakers = Array.from({ length: 10 }, (_, at) => busy.registry.getOrCreate(`b${at}`));
    for (const breaker of breakers) {
      await breaker.tryCall(() => Promise.reject(new Error('down')));
      await breaker.tryCall(() => Promise.reject(new Error('down')));
    }
    await world.clock.settle(busy.fleet.sync());
    world.clock.advanceSync(BEYOND);
    isSilent = true;

    for (const breaker of breakers) breaker.tryAcquire();
    const [, last] = [breakers[0], breakers[9]];
    const { retryAfter } = last!.metrics;

    expect(asked).toBe(8);
    expect(busy.fleet.status().commands.skipped).toBe(2);
    expect(retryAfter).toBeGreaterThanOrEqual(250);
    expect(retryAfter).toBeLessThanOrEqual(275);
  });
});
