import { describe, expect, test } from 'vitest';
import { RUNS } from './effort.js';
import { type Bounds, explore } from './exploration.js';
import { FAULTS, LATE_JUDGE } from './faults.js';
import type { Config, WindowConfig } from './model.js';

const BY_THEMSELVES: Bounds = { calls: 4, clockSteps: 3, controls: 0 };
const BY_HAND: Bounds = { calls: 3, clockSteps: 2, controls: 1 };

const COUNT: WindowConfig = { type: 'count', size: 2 };
const TIME: WindowConfig = { type: 'time', duration: 2, buckets: 2 };
const PROBING: Bounds = { calls: 4, clockSteps: 2, controls: 0, fromRecovered: true };

const NESTING: Bounds = { ...PROBING, calls: 5, clockSteps: 1, nests: true };
const SHARED: Bounds = { calls: 2, clockSteps: 2, controls: 0, shared: 3 };
const SHARED_NESTING: Bounds = { ...PROBING, clockSteps: 0, shared: 3, nests: true };
const SHARED_BY_HAND: Bounds = { calls: 2, clockSteps: 1, controls: 1, shared: 2 };
const DETECTED: Bounds = { calls: 2, clockSteps: 2, controls: 1, moods: 1 };
const BOTH: Bounds = { calls: 2, clockSteps: 1, controls: 0, shared: 2, moods: 1 };

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
    ['brittle, count window', BY_THEMSELVES, { ...BRITTLE, window: COUNT }, [1_146, 5_201]],
    ['brittle, time window', BY_THEMSELVES, { ...BRITTLE, window: TIME }, [2_047, 8_139]],
    ['rates, count window', BY_THEMSELVES, { ...RATES, window: COUNT }, [1_512, 6_966]],
    ['rates, time window', BY_THEMSELVES, { ...RATES, window: TIME }, [3_245, 13_322]],
    ['probing, count window', PROBING, { ...RATES, window: COUNT }, [506, 1_808]],
    ['crowded and by hand, count window', BY_HAND, { ...CROWDED, window: COUNT }, [2_622, 9_551]],
    ['crowded and by hand, time window', BY_HAND, { ...CROWDED, window: TIME }, [4_278, 14_213]],
    ['calls that nest', NESTING, { ...RATES, window: COUNT }, [773, 4_002]],
    ['calls that nest, crowded', NESTING, { ...CROWDED, window: COUNT }, [671, 2_763]],
    ['shared, one probe', SHARED, { ...BRITTLE, window: COUNT }, [3_471, 15_276]],
    ['shared, two probes, nesting', SHARED_NESTING, { ...RATES, window: COUNT }, [1_859, 10_829]],
    ['shared and by hand', SHARED_BY_HAND, { ...CROWDED, window: COUNT }, [5_394, 22_241]],
    ['with a detector', DETECTED, { ...RATES, window: COUNT }, [4_386, 15_156]],
    ['with both', BOTH, { ...CROWDED, window: COUNT }, [5_678, 21_121]],
  ] as const)('holds every invariant: %s', { timeout: 60_000 }, (_, bounds, config, figures) => {
    const { states, steps } = explore(config, bounds);

    expect([states, steps]).toEqual(figures);
  });

  test.runIf(RUNS >= 5_000).each([
    ['shared, one probe', { ...SHARED, calls: 3, shared: 4 }, { ...BRITTLE, window: COUNT }],
    ['shared, nesting', { ...SHARED_NESTING, clockSteps: 2, shared: 4 }, { ...RATES, window: COUNT }],
    ['shared and by hand', { ...SHARED_BY_HAND, clockSteps: 2, shared: 3 }, { ...CROWDED, window: COUNT }],
    ['with a detector', { ...DETECTED, calls: 3, moods: 2 }, { ...RATES, window: COUNT }],
    ['with both', { ...BOTH, calls: 3, shared: 3 }, { ...CROWDED, window: TIME }],
  ] as const)('holds every invariant in larger bounds: %s', { timeout: 600_000 }, (_, bounds, config) => {
    expect(explore(config, bounds).states).toBeGreaterThan(10_000);
  });

  test('comes to every change of state that there is', () => {
    const reasons = new Set([
      ...explore({ ...BRITTLE, window: COUNT }, { calls: 3, clockSteps: 3, controls: 0 }).reasons,
      ...explore({ ...RATES, window: COUNT }, { calls: 2, clockSteps: 1, controls: 0 }).reasons,
      ...explore({ ...RATES, window: COUNT }, { ...PROBING, calls: 2 }).reasons,
      ...explore({ ...BRITTLE, window: COUNT }, { calls: 1, clockSteps: 0, controls: 2 }).reasons,
      ...explore({ ...BRITTLE, window: COUNT }, { ...BOTH, calls: 1 }).reasons,
    ]);

    expect([...reasons].sort()).toEqual([
      ...[
        'consecutive-failures',
        'detector',
        'failure-rate',
        'forced',
        'none',
        'probe-expired',
        'probe-failed',
      ],
      ...['probe-slow', 'probing', 'recovered', 'reset', 'shared', 'slow-call-rate', 'tripped'],
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
        explore({ ...BRITTLE, window: COUNT }, NESTING, { create, compare: false });
        explore({ ...BRITTLE, window: COUNT }, SHARED, { create, compare: false });
        explore({ ...BRITTLE, window: COUNT }, SHARED_BY_HAND, { create, compare: false });
        explore({ ...BRITTLE, window: COUNT }, DETECTED, { create, compare: false });
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
