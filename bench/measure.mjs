/**
 * Times loops beside each other. Rounds are interleaved, A B C A B C, so that what slows the machine down for a while
 * slows all of them down, and rounds of the same number can be compared.
 */

/** @typedef {{ name: string, loop: (times: number) => unknown }} Subject */

/**
 * @param {readonly Subject[]} subjects
 * @param {{ rounds: number, ms: number, warmup: number }} effort rounds of `ms` each, after `warmup` ms
 * @returns {Promise<{ name: string, rounds: number[] }[]>} nanoseconds for one time of each loop, round by round
 */
export async function measure(subjects, { rounds, ms, warmup }) {
  const plans = [];
  for (const { name, loop } of subjects) {
    plans.push({ name, loop, times: await warmUp(loop, warmup, ms), rounds: [] });
  }
  for (let round = 0; round < rounds; round++) {
    for (const plan of plans) plan.rounds.push(await time(plan.loop, plan.times));
  }
  return plans.map((plan) => ({ name: plan.name, rounds: plan.rounds }));
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
