import * as recloser from 'recloser';
import { adaptive } from 'recloser/adaptive';
import { describe, expect, test } from 'vitest';
import { FAULTS, runBlips, runFault } from '../../bench/simulations/faults.mjs';
import { compare, keepPromises } from '../../bench/simulations/matched.mjs';
import { runOrdinary, TRAFFIC } from '../../bench/simulations/ordinary.mjs';
import { createSubjects } from '../../bench/simulations/subjects.mjs';

const its = { CircuitBreaker: recloser.CircuitBreaker, adaptive };
const { ours } = createSubjects(its);
const SEED = 11;

const faultNamed = (name: string) => {
  const fault = FAULTS.find((it) => it.name === name);
  if (fault === undefined) throw new Error(`no fault ${name}`);
  return runFault(ours, fault, SEED);
};

describe('in simulated traffic, the detector', () => {
  test.each(keepPromises(its, SEED, 100_000))(
    'keeps its promise: $tolerate, $normal',
    ({ promised, trips }) => {
      // Ten are promised; so few come as they like: twice their standard deviation more is chance.
      expect(trips).toBeLessThanOrEqual(1.1 * promised + 2 * Math.sqrt(promised));
    },
  );

  test('needs hardly more calls than the best window', () => {
    for (const { ours: mine, best, to } of compare(its, SEED, 120)) {
      if (to >= 0.5) expect(mine).toBeLessThan(best * 1.15 + 1.5);
    }
  });

  test('sends few failing calls into an outage, a hang, and a hang with heavy-tailed latencies', async () => {
    expect((await faultNamed('hard')).failing).toBeLessThanOrEqual(70);
    expect((await faultNamed('hang')).failing).toBeLessThanOrEqual(60);
    expect((await faultNamed('hang, lognormal latency')).failing).toBeLessThanOrEqual(100);
  });

  test('lets pass what can pass: a part that fails, a dependency with too much to do', async () => {
    expect((await faultNamed('partial')).goodput).toBeGreaterThanOrEqual(78);
    expect((await faultNamed('overload')).goodput).toBeGreaterThanOrEqual(75);
  });

  test('rejects nobody while all is well', async () => {
    for (const name of ['hard', 'hang, lognormal latency']) expect((await faultNamed(name)).before).toBe(0);
  });

  test('sits out a blip of 100 ms', async () => {
    expect(await runBlips(ours, 200, 100, SEED, 8)).toBe(0);
    expect(await runBlips(ours, 2_000, 100, SEED, 2)).toBe(0);
  });

  // The others take longer: `npm run sim`.
  test.each(['bad requests', 'one shard', 'steady', 'low traffic'])(
    'opens for nothing in an hour of ordinary traffic, and sees an outage then: %s',
    async (name) => {
      const traffic = TRAFFIC.find((it) => it.name.startsWith(name));
      if (traffic === undefined) throw new Error(`no traffic ${name}`);

      const { tripsADay, seenAfter } = await runOrdinary(ours, traffic, SEED, name === 'steady' ? 0.5 : 1);

      expect(tripsADay).toBe(0);
      // At a call in ten seconds it takes as many calls.
      expect(seenAfter).toBeLessThanOrEqual(name === 'low traffic' ? 200_000 : 2_500);
    },
  );
});
