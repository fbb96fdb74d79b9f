/** Calls to trip after a shift, beside the best of all windows that trip as seldom in error. */
import { createRandom } from './chance.mjs';

/** Calls between false trips, for both. */
export const BETWEEN = 1e7;

export const SHIFTS = [
  { normal: 0.1, tolerate: 1 / 7, to: [0.2, 0.3, 0.5, 0.8, 1] },
  { normal: 0.01, tolerate: 1 / 55, to: [0.05, 0.1, 0.2, 0.5, 1] },
];

/** The probability of j successes in n, and of at most j. @param {number} n @param {number} p */
function binomial(n, p) {
  let each = (1 - p) ** Math.max(n, 0);
  const of = [each];
  const sums = [each];
  for (let j = 1, sum = each; j <= n; j++) {
    each = (each * (n - j + 1) * p) / (j * (1 - p));
    sum += each;
    of.push(each);
    sums.push(sum);
  }
  return {
    b: (/** @type {number} */ j) => of[j] ?? 0,
    F: (/** @type {number} */ j) => (j < 0 ? 0 : (sums[Math.min(j, n)] ?? 0)),
  };
}

/** @typedef {{ k: number, n: number }} CountWindow trips at k failures of the last n */

/**
 * Calls until k of the last n have failed, in the mean: Naus 1982, whose products err by less than a percent.
 *
 * @param {number} k
 * @param {number} n
 * @param {number} p
 */
export function lengthOfWindow(k, n, p) {
  const { b, F } = binomial(n, p);
  const { F: F1 } = binomial(n - 1, p);
  const { F: F2 } = binomial(n - 2, p);
  const q2 = F(k - 1) ** 2 - (k - 1) * b(k) * F(k - 2) + n * p * b(k) * F1(k - 3);
  const a1 = 2 * b(k) * F(k - 1) * ((k - 1) * F(k - 2) - n * p * F1(k - 3));
  const a2 =
    0.5 *
    b(k) ** 2 *
    ((k - 1) * (k - 2) * F(k - 3) - 2 * (k - 2) * n * p * F1(k - 4) + n * (n - 1) * p ** 2 * F2(k - 5));
  let a3 = 0;
  let a4 = 0;
  for (let r = 1; r < k; r++) a3 += b(2 * k - r) * F(r - 1) ** 2;
  for (let r = 2; r < k; r++) a4 += b(2 * k - r) * b(r) * ((r - 1) * F(r - 2) - n * p * F1(r - 3));
  const q3 = F(k - 1) ** 3 - a1 + a2 + a3 - a4;
  return n / Math.max(1 - q3 / q2, 1e-300);
}

/** The windows that trip so seldom, the least k for each n. @param {number} p */
export function windowsFor(p) {
  const windows = [];
  for (let n = 4; n <= 900; n = Math.ceil(n * 1.12)) {
    let k = Math.max(2, Math.ceil(n * p));
    while (k <= n && !(lengthOfWindow(k, n, p) >= BETWEEN)) k++;
    if (k <= n) windows.push({ k, n });
  }
  return windows;
}

/**
 * @param {CountWindow} window
 * @param {number} from the failure rate before
 * @param {number} to and after
 * @param {number} runs
 * @param {() => number} random
 */
function callsOfWindow({ k, n }, from, to, runs, random) {
  let total = 0;
  const ring = new Uint8Array(n);
  for (let run = 0; run < runs; run++) {
    let failures = 0;
    for (let at = 0; at < n; at++) failures += ring[at] = random() < from ? 1 : 0;
    let calls = 0;
    for (let at = 0; failures < k; at = (at + 1) % n) {
      failures -= /** @type {number} */ (ring[at]);
      failures += ring[at] = random() < to ? 1 : 0;
      calls++;
    }
    total += calls;
  }
  return total / runs;
}

/**
 * @param {Recloser} recloser
 * @param {{ normal: number, tolerate: number }} shift
 * @param {number} to
 * @param {number} runs
 * @param {() => number} random
 */
function callsOfOurs({ CircuitBreaker, adaptive }, { normal, tolerate }, to, runs, random) {
  let now = 0;
  const breaker = new CircuitBreaker({
    clock: { now: () => now },
    recoveryTimeout: 1e12,
    detector: adaptive({
      tolerate,
      normal,
      falseTripsPerDay: 1,
      expectedRate: BETWEEN / 86_400,
      patience: 0,
      minimumFailures: 1,
      overdueAfter: false,
      warn: false,
    }),
  });
  const call = (/** @type {number} */ rate) => {
    now += 86_400_000 / BETWEEN;
    const permit = breaker.tryAcquire();
    if (permit === undefined) return false;
    if (random() < rate) permit.failure();
    else permit.success();
    return true;
  };
  let total = 0;
  for (let run = 0; run < runs; run++) {
    breaker.reset();
    for (let warm = 0; warm < 300; warm++) if (!call(normal)) breaker.reset();
    let calls = 0;
    while (call(to)) calls++;
    total += calls;
  }
  return total / runs;
}

/**
 * @typedef {Parameters<typeof import('./subjects.mjs').createSubjects>[0]} Recloser
 *
 * @param {Recloser} recloser
 * @param {number} seed
 * @param {number} runs
 */
export function compare(recloser, seed, runs) {
  const random = createRandom(seed);
  return SHIFTS.flatMap((shift) => {
    const windows = windowsFor(shift.normal);
    return shift.to.map((to) => {
      const coarse = windows.map((it) => ({
        it,
        calls: callsOfWindow(it, shift.normal, to, Math.ceil(runs / 6), random),
      }));
      coarse.sort((a, b) => a.calls - b.calls);
      // The best of the first few, measured once more: the least of several measurements would be too little.
      const finer = coarse.slice(0, 3).map(({ it }) => ({
        it,
        calls: callsOfWindow(it, shift.normal, to, runs, random),
      }));
      finer.sort((a, b) => a.calls - b.calls);
      const [{ it: window }] = /** @type {[typeof finer[0]]} */ (finer);
      const best = callsOfWindow(window, shift.normal, to, runs, random);
      return { normal: shift.normal, to, ours: callsOfOurs(recloser, shift, to, runs, random), best };
    });
  });
}

/**
 * Trips in so many calls at the normal rate, beside what was promised.
 *
 * @param {Recloser} recloser
 * @param {number} seed
 * @param {number} calls
 */
export function keepPromises({ CircuitBreaker, adaptive }, seed, calls) {
  const random = createRandom(seed);
  const settings = [
    { tolerate: 0.5, normal: 0.1 },
    { tolerate: 0.5, normal: 0.3 },
    { tolerate: 0.25, normal: 0.08 },
    { tolerate: 1 / 7, normal: 0.05 },
    { tolerate: 1 / 25, normal: 0.015 },
    { tolerate: 2 / 3, normal: 0.4 },
  ];
  return settings.map(({ tolerate, normal }) => {
    const promised = calls / 10_000;
    let now = 0;
    const breaker = new CircuitBreaker({
      clock: { now: () => now },
      detector: adaptive({
        tolerate,
        normal,
        falseTripsPerDay: promised,
        expectedRate: calls / 86_400,
        patience: 0,
        minimumFailures: 1,
        overdueAfter: false,
        warn: false,
      }),
    });
    let trips = 0;
    for (let call = 0; call < calls; call++) {
      now += 86_400_000 / calls;
      const permit = breaker.tryAcquire();
      if (permit === undefined) {
        trips++;
        breaker.reset();
      } else if (random() < normal) permit.failure();
      else permit.success();
    }
    return { tolerate, normal, promised, trips };
  });
}
