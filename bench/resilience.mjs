/**
 * What stands around a breaker, beside cockatiel and p-retry: `npx tsup --no-dts && node bench/resilience.mjs`, after
 * `npm ci` in this folder. Ratios to a bare await, from interleaved batches, the 20th percentile of each.
 */
import * as cockatiel from 'cockatiel';
import pRetry from 'p-retry';
import { CircuitBreaker } from '../dist/index.js';
import { Resilience } from '../dist/resilience.js';
import { fail, succeed } from './tasks.mjs';

const BATCHES = 120;
const WARMUP = 20;
const CALLS = 1_000;

const never = { failureThreshold: false, failureRateThreshold: false };
const through = (options, task = succeed) => {
  const resilience = new Resilience(options);
  return () => resilience.call(task);
};
const caught = (call) => () => call().catch(() => {});

const policy = (...inner) => {
  const retry = cockatiel.retry(cockatiel.handleAll, {
    maxAttempts: 2,
    backoff: new cockatiel.ExponentialBackoff(),
  });
  const breaker = cockatiel.circuitBreaker(cockatiel.handleAll, {
    halfOpenAfter: 60_000,
    breaker: new cockatiel.ConsecutiveBreaker(5),
  });
  const all = cockatiel.wrap(retry, breaker, ...inner);
  return () => all.execute(succeed);
};
// Without a retry: cockatiel's waits and tries again where its own breaker has rejected.
const isolated = cockatiel.circuitBreaker(cockatiel.handleAll, {
  halfOpenAfter: 60_000,
  breaker: new cockatiel.ConsecutiveBreaker(5),
});
isolated.isolate();

const opened = () => {
  const resilience = new Resilience({ retry: 'network' });
  resilience.breaker.forceOpen();
  return caught(() => resilience.call(succeed));
};
const alone = new CircuitBreaker();
const timeout = () => cockatiel.timeout(1_000, cockatiel.TimeoutStrategy.Aggressive);

/** Each with what it is compared with. */
const CASES = {
  'bare await': [() => succeed()],
  'breaker alone': [() => alone.call(succeed)],
  'retry + breaker': [through({ retry: 'network' }), policy()],
  '… + callTimeout': [through({ retry: 'network', callTimeout: 1_000 }), policy(timeout())],
  '… + totalTimeout': [through({ retry: 'network', callTimeout: 1_000, totalTimeout: 5_000 })],
  'retry + breaker + bulkhead': [through({ retry: 'network', bulkhead: 10 }), policy(cockatiel.bulkhead(10))],
  'p-retry': [() => pRetry(succeed, { retries: 2 })],
  'rejected while open': [opened(), caught(() => isolated.execute(succeed))],
  'bare failure': [caught(fail)],
  'failure, one attempt': [caught(through(never, fail))],
};

const samples = new Map();
for (let batch = 0; batch < BATCHES; batch++) {
  for (const [name, calls] of Object.entries(CASES)) {
    for (const [index, call] of calls.entries()) {
      const start = performance.now();
      for (let n = 0; n < CALLS; n++) await call();
      const key = `${name}/${index}`;
      if (!samples.has(key)) samples.set(key, []);
      if (batch >= WARMUP) samples.get(key).push((performance.now() - start) / CALLS);
    }
  }
}

const of = (key) => samples.get(key)?.sort((a, b) => a - b)[Math.floor((BATCHES - WARMUP) / 5)];
const bare = of('bare await/0');
const ratio = (time) => (time === undefined ? '–' : (time / bare).toFixed(1)).padStart(12);
console.log(`${'× a bare await'.padEnd(28)}${'recloser'.padStart(12)}${'cockatiel'.padStart(12)}`);
for (const name of Object.keys(CASES))
  console.log(name.padEnd(28) + ratio(of(`${name}/0`)) + ratio(of(`${name}/1`)));
console.log(
  `\nA failure costs ${(of('failure, one attempt/0') / of('bare failure/0')).toFixed(2)} × a bare one.`,
);
