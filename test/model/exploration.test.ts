import { describe, expect, test } from 'vitest';
import { type Bounds, explore } from './exploration.js';
import { FAULTS, LATE_JUDGE } from './faults.js';
import type { Config, WindowConfig } from './model.js';

const BY_THEMSELVES: Bounds = { calls: 4, clockSteps: 3, controls: 0 };
const BY_HAND: Bounds = { calls: 3, clockSteps: 2, controls: 1 };

const COUNT: WindowConfig = { type: 'count', size: 2 };
const TIME: WindowConfig = { type: 'time', duration: 2, buckets: 2 };
const PROBING: Bounds = { calls: 4, clockSteps: 2, controls: 0, fromRecovered: true };

/** The first failure opens, and one probe at a time decides. */
const BRITTLE: Config = {
  failureThreshold: 1,
  failureRateThreshold: false,
  slowCallDuration: 1_000,
  minimumCalls: 1,
  recoveryTimeout: 2,
  halfOpenMaxCalls: 1,
  successThreshold: 1,
  probeTimeout: 0,
};

/** Rates decide, and two probes at once, of which both must succeed. */
const RATES: Config = {
  ...BRITTLE,
  failureThreshold: false,
  failureRateThreshold: 0.5,
  slowCallRateThreshold: 1,
  minimumCalls: 2,
  halfOpenMaxCalls: 2,
  successThreshold: 2,
};

/** Two in a row, times that grow, and no more than two calls at once. */
const CROWDED: Config = {
  ...RATES,
  failureThreshold: 2,
  maxConcurrentCalls: 2,
  recoveryTimeout: 1,
};

/** The words of an invariant, perhaps what was compared, and the schedule. */
const violationOf = (invariant: string) => new RegExp(`^${invariant}\\n[^]*after: `);

describe('every schedule within small bounds', () => {
  test.each([
    ['brittle, count window', BY_THEMSELVES, { ...BRITTLE, window: COUNT }, [1_144, 5_193]],
    ['brittle, time window', BY_THEMSELVES, { ...BRITTLE, window: TIME }, [2_045, 8_131]],
    ['rates, count window', BY_THEMSELVES, { ...RATES, window: COUNT }, [1_512, 6_966]],
    ['rates, time window', BY_THEMSELVES, { ...RATES, window: TIME }, [3_245, 13_322]],
    ['probing, count window', PROBING, { ...RATES, window: COUNT }, [506, 1_808]],
    ['crowded and by hand, count window', BY_HAND, { ...CROWDED, window: COUNT }, [2_584, 9_381]],
    ['crowded and by hand, time window', BY_HAND, { ...CROWDED, window: TIME }, [4_221, 13_961]],
  ] as const)('holds every invariant: %s', { timeout: 60_000 }, (_, bounds, config, figures) => {
    const { states, steps } = explore(config, bounds);

    expect([states, steps]).toEqual(figures);
  });

  test('comes to every change of state that there is', () => {
    const reasons = new Set([
      ...explore({ ...BRITTLE, window: COUNT }, { calls: 3, clockSteps: 3, controls: 0 }).reasons,
      ...explore({ ...RATES, window: COUNT }, { calls: 2, clockSteps: 1, controls: 0 }).reasons,
      ...explore({ ...RATES, window: COUNT }, { ...PROBING, calls: 2 }).reasons,
      ...explore({ ...BRITTLE, window: COUNT }, { calls: 1, clockSteps: 0, controls: 2 }).reasons,
    ]);

    expect([...reasons].sort()).toEqual([
      ...['consecutive-failures', 'failure-rate', 'forced', 'none', 'probe-expired', 'probe-failed'],
      ...['probe-slow', 'probing', 'recovered', 'reset', 'slow-call-rate', 'tripped'],
    ]);
  });

  test.each(Object.entries(FAULTS))(
    'finds a planted fault by its invariant: %s',
    { timeout: 60_000 },
    (_, { create, breaks }) => {
      const exploreAll = () => {
        explore({ ...RATES, window: COUNT }, PROBING, { create, compare: false });
        explore({ ...CROWDED, window: TIME }, BY_HAND, { create, compare: false });
        explore({ ...BRITTLE, window: TIME }, BY_THEMSELVES, { create, compare: false });
      };

      expect(exploreAll).toThrow(violationOf(breaks));
    },
  );

  test('finds by the model alone what takes a count to say: a rate is judged too late', () => {
    const { create, breaks } = LATE_JUDGE;
    const exploreRates = (compare: boolean) =>
      explore({ ...RATES, window: COUNT }, { calls: 3, clockSteps: 0, controls: 0 }, { create, compare });

    expect(() => exploreRates(false)).not.toThrow();
    expect(() => exploreRates(true)).toThrow(violationOf(breaks));
  });
});
