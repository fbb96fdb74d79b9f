/** Random schedules of twenty instances with fifty callers each: calls, polls, time, failures and data that is lost. */
import { CircuitBreaker } from 'recloser';
import { createMemoryRedis, shareState } from 'recloser/redis';
import { createManualClock } from 'recloser/testing';
import { expect, it } from 'vitest';

const SCHEDULES = Number(process.env.RECLOSER_FLEET_SCHEDULES ?? 8);
const INSTANCES = 20;
const CALLERS = 50;

/** Probes for all: at once, and successes that close. */
const PROBES = 2;

async function settle(): Promise<void> {
  for (let turn = 0; turn < 12; turn++) await Promise.resolve();
}

/** Plays one; answers the most probes of one opening that were in flight at once, of all instances, and how many closed. */
async function play(seed: number) {
  const clock = createManualClock({ seed });
  const redis = createMemoryRedis({ clock });
  const below = (n: number) => Math.floor(clock.random() * n);
  let isWell = false;
  let most = 0;
  /** Probes in flight, by the opening that they belong to: one that has failed is over, and its last probes with it. */
  const inFlight = new Map<number, number>();
  const count = (epoch: number, by: number) => {
    const now = (inFlight.get(epoch) ?? 0) + by;
    inFlight.set(epoch, now);
    most = Math.max(most, now);
  };
  const ends = new Set<() => void>();
  const members = Array.from({ length: INSTANCES }, () => {
    const breaker = new CircuitBreaker({
      clock,
      failureThreshold: 1,
      recoveryTimeout: 1_000,
      halfOpenMaxCalls: PROBES,
      successThreshold: PROBES,
    });
    const options = {
      client: redis.client,
      namespace: 'shop',
      clock,
      pollInterval: false,
      probeLease: 60_000,
    } as const;
    return { breaker, fleet: shareState(breaker, options) };
  });
  type Member = (typeof members)[0];

  const probe = async ({ breaker, fleet }: Member) => {
    if (breaker.state !== 'HALF_OPEN') return; // it has closed since it was asked for
    const epoch = fleet.status().breakers[breaker.name]?.epoch;
    if (epoch === undefined) return; // the fleet has closed: who has seen it down himself asks once for himself
    const failing = !isWell && below(2) === 0;
    count(epoch, 1);
    await new Promise<void>((resolve) => {
      ends.add(resolve);
    });
    count(epoch, -1);
    if (failing) throw new Error('down');
  };
  const callAll = (member: Member) => {
    const { breaker } = member;
    for (let n = 0; n < CALLERS; n++) breaker.tryCall(() => probe(member)).catch(() => {});
  };
  const endSome = (share: number) => {
    for (const end of ends) {
      if (clock.random() >= share) continue;
      ends.delete(end);
      end();
    }
  };
  const poll = async (some: readonly Member[]) => {
    for (const { fleet } of some) void fleet.sync();
    await settle();
  };

  await poll(members);
  for (const { breaker } of members) await breaker.tryCall(() => Promise.reject(new Error('down')));
  await poll(members);
  await poll(members);
  const opened = members.filter(({ breaker }) => breaker.metrics.shared).length;
  for (let step = 0; step < 24; step++) {
    const open = members.filter(({ breaker }) => breaker.metrics.shared);
    const some = open.filter(() => below(4) === 0);
    for (const member of some) callAll(member);
    await settle();
    if (below(2) === 0) endSome(0.5);
    await settle();
    clock.advanceSync(below(400));
    await poll(members.filter(() => below(3) > 0));
    if (open.length < INSTANCES) break; // somebody has closed: what comes now are no probes
  }

  isWell = true;
  for (let round = 0; round < 12 && members.some(({ breaker }) => breaker.state !== 'CLOSED'); round++) {
    clock.advanceSync(2_200);
    await poll(members);
    for (const { breaker } of members) breaker.tryCall(async () => {}).catch(() => {});
    await settle();
    endSome(1);
    await settle();
    await poll(members);
  }
  const closed = members.filter(({ breaker }) => breaker.state === 'CLOSED').length;
  for (const { fleet } of members) void fleet.stop();
  return { opened, most, closed };
}

it(`no more probes are in flight than may be, in ${SCHEDULES} schedules of ${INSTANCES} instances`, async () => {
  for (let seed = 1; seed <= SCHEDULES; seed++) {
    const { opened, most, closed } = await play(seed);

    expect({ seed, opened, closed, most: Math.min(most, PROBES + 1) }).toMatchObject({
      opened: INSTANCES,
      closed: INSTANCES,
      most: expect.toSatisfy((it: number) => it >= 1 && it <= PROBES),
    });
  }
}, 60_000);

it('one bad instance of twenty opens one', async () => {
  const clock = createManualClock();
  const redis = createMemoryRedis({ clock });
  const members = Array.from({ length: INSTANCES }, () => {
    const breaker = new CircuitBreaker({ clock, failureThreshold: 2, recoveryTimeout: 1_000 });
    return {
      breaker,
      fleet: shareState(breaker, { client: redis.client, namespace: 'shop', clock, pollInterval: false }),
    };
  });

  for (let round = 0; round < 30; round++) {
    for (const [index, { breaker, fleet }] of members.entries()) {
      await breaker.tryCall(async () => {
        if (index === 0) throw new Error('its network card');
      });
      await clock.settle(fleet.sync());
    }
    clock.advanceSync(200);
  }

  expect(members.map(({ breaker }) => breaker.state === 'CLOSED').indexOf(false)).toBe(0);
  expect(members.filter(({ breaker }) => breaker.state === 'CLOSED')).toHaveLength(INSTANCES - 1);
  for (const { fleet } of members) void fleet.stop();
});
