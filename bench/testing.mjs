/**
 * How long an outage takes without waiting: 60 virtual seconds at 100 calls a second, each with a timeout, on the manual
 * clock of recloser/testing: `npm run bench:testing` in the folder above. The first runs warm up; the goal is 300 ms.
 */
import { CircuitBreaker } from '../dist/index.js';
import { createChaos, createManualClock, simulate } from '../dist/testing.js';

const WARMUP = 3;
const RUNS = 15;
const SECONDS = 60;
const RATE = 100;
const GOAL = 300;

/** Calls of a test: a task that waits for 20 ms by the clock, and hangs in an outage until its timeout ends it. */
async function calls() {
  const clock = createManualClock();
  const chaos = createChaos({ clock });
  const breaker = new CircuitBreaker({ callTimeout: 500, recoveryTimeout: 2_000, clock });
  const answer = (signal) => clock.sleep(20, { signal });
  const outage = chaos.plan([
    { for: 20_000, faults: [] },
    { for: 10_000, faults: [{ fault: 'hang', rate: 1 }] },
  ]);
  const flaky = chaos.wrap(answer, outage);
  let settled = 0;
  for (let n = 0; n < SECONDS * RATE; n++) {
    breaker.tryCall(({ signal }) => flaky(signal)).then(() => settled++);
    await clock.advance(1_000 / RATE);
  }
  await clock.advance(500);
  if (settled !== SECONDS * RATE || clock.timers !== 0) throw new Error(`${settled} calls have settled`);
}

/** The same traffic and the same outage, simulated. */
async function simulation() {
  const { figures } = await simulate({
    breaker: { callTimeout: 500, recoveryTimeout: 2_000 },
    traffic: { rate: RATE, arrivals: 'even' },
    dependency: [
      { for: 20_000, latency: 20 },
      { for: 10_000, hang: 1 },
      { for: 30_000, latency: 20 },
    ],
  });
  if (figures.offered !== SECONDS * RATE || figures.pending !== 0) throw new Error(JSON.stringify(figures));
}

console.log(
  `| ${SECONDS} virtual seconds at ${RATE} calls a second | median | slowest | goal |\n|---|---:|---:|---:|`,
);
for (const [name, run] of Object.entries({
  'calls through a breaker with `callTimeout`, and chaos': calls,
  simulate: simulation,
})) {
  const times = [];
  for (let n = 0; n < WARMUP + RUNS; n++) {
    const start = performance.now();
    await run();
    if (n >= WARMUP) times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  const [median, slowest] = [times[RUNS >> 1], times[RUNS - 1]].map((ms) => `${ms.toFixed(0)} ms`);
  console.log(`| ${name} | ${median} | ${slowest} | ≤ ${GOAL} ms |`);
}
