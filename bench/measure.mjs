/**
 * Times loops beside each other. Rounds are interleaved, A B C A B C, so that what slows the machine down for a while
 * slows all of them down; each round gives one ratio to the first, and the medians of these count.
 */

/** @typedef {{ name: string, loop: (times: number) => unknown }} Subject */

/** A spread above this is said beside the figure. */
export const TOO_WIDE = 0.1;

/**
 * @param {readonly Subject[]} subjects the first is what the others are compared with
 * @param {{ rounds: number, ms: number, warmup: number }} effort rounds of `ms` each, after `warmup` ms
 */
export async function measure(subjects, { rounds, ms, warmup }) {
  const plans = [];
  for (const subject of subjects) plans.push({ ...subject, times: await warmUp(subject.loop, warmup, ms) });
  const samples = subjects.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const [index, { loop, times }] of plans.entries()) samples[index].push(await time(loop, times));
  }
  return subjects.map(({ name }, index) => {
    const ratios = samples[index].map((sample, round) => sample / samples[0][round]);
    const over = samples[index].map((sample, round) => sample - samples[0][round]);
    return {
      name,
      ns: median(samples[index]),
      ratio: median(ratios),
      over: median(over),
      spread: spread(index === 0 ? samples[index] : ratios),
    };
  });
}

/** Runs a loop until it is warm; tells how often it must run to take `ms`. */
async function warmUp(loop, warmup, ms) {
  let times = 16;
  let ns = await time(loop, times);
  for (const end = performance.now() + warmup; performance.now() < end; ) {
    times = Math.max(16, Math.min(times * 4, Math.ceil((ms * 1e6) / ns)));
    ns = await time(loop, times);
  }
  return Math.max(1, Math.ceil((ms * 1e6) / ns));
}

/** Nanoseconds for each time. */
async function time(loop, times) {
  const start = process.hrtime.bigint();
  await loop(times);
  return Number(process.hrtime.bigint() - start) / times;
}

export function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

export const median = (values) => quantile(values, 0.5);

/** How far the middle half of the values lies apart, as a share of the median. */
export const spread = (values) =>
  (quantile(values, 0.75) - quantile(values, 0.25)) / Math.abs(median(values));
