/**
 * What stands around a breaker, beside cockatiel and p-retry: `npm run bench:resilience` in the folder above.
 *
 * Each row is a process of its own, in which the bare call, recloser and the peers take turns; the figure is the ratio of
 * their 20th percentiles.
 */
import { fileURLToPath } from 'node:url';
import * as cockatiel from 'cockatiel';
import pRetry from 'p-retry';
import { Resilience } from '../dist/resilience.js';
import { answerParent, order, runChild } from './process.mjs';
import { fail, NEVER_TRIPS, succeed } from './tasks.mjs';

const EFFORT = { batches: 150, warmup: 30, calls: 400 };

const through = (options, task = succeed) => {
  const resilience = new Resilience(options);
  return () => resilience.call(task);
};

const caught = (call) => () => call().catch(() => {});

const breaker = () =>
  cockatiel.circuitBreaker(cockatiel.handleAll, {
    halfOpenAfter: 60_000,
    breaker: new cockatiel.ConsecutiveBreaker(5),
  });
const retry = () =>
  cockatiel.retry(cockatiel.handleAll, { maxAttempts: 2, backoff: new cockatiel.ExponentialBackoff() });
const timeout = (ms) => cockatiel.timeout(ms, cockatiel.TimeoutStrategy.Aggressive);

const policy = (...policies) => {
  const all = cockatiel.wrap(...policies);
  return () => all.execute(succeed);
};

const isolated = () => {
  const circuit = breaker();
  circuit.isolate();
  return caught(() => circuit.execute(succeed));
};

const opened = () => {
  const resilience = new Resilience({ retry: 'network' });
  resilience.breaker.forceOpen();
  return caught(() => resilience.call(succeed));
};

const ONE = { callTimeout: 1_000 };
const ALL = { ...ONE, retry: 'network', totalTimeout: 5_000, bulkhead: 10 };

/** Each with what is measured, the goal, and the peers that can do it. */
const CASES = {
  'retry and breaker': {
    create: () => through({ retry: 'network' }),
    goal: 3.5,
    peers: {
      cockatiel: () => policy(retry(), breaker()),
      'p-retry': () => () => pRetry(succeed, { retries: 2 }),
    },
  },
  'the same, with `callTimeout`': {
    create: () => through({ ...ONE, retry: 'network' }),
    goal: 9,
    peers: { cockatiel: () => policy(retry(), breaker(), timeout(1_000)) },
  },
  'the same, with `totalTimeout`': {
    create: () => through({ ...ONE, retry: 'network', totalTimeout: 5_000 }),
    goal: 11,
    peers: { cockatiel: () => policy(timeout(5_000), retry(), breaker(), timeout(1_000)) },
  },
  'retry, breaker and a bulkhead that is not full': {
    create: () => through({ retry: 'network', bulkhead: 10 }),
    goal: 8,
    peers: { cockatiel: () => policy(retry(), cockatiel.bulkhead(10), breaker()) },
  },
  'everything on': {
    create: () => through({ ...ALL, rateLimit: { limit: 100_000, per: 1 } }),
    goal: 20,
    peers: {
      cockatiel: () => policy(timeout(5_000), retry(), cockatiel.bulkhead(10), breaker(), timeout(1_000)),
    },
  },
  'rejected while open': { create: opened, goal: 30, peers: { cockatiel: isolated } },
  'a failure, one attempt (× bare failure)': {
    bare: () => caught(fail),
    create: () => caught(through(NEVER_TRIPS, fail)),
    goal: 1.8,
    peers: {},
  },
};

async function measure({ bare = () => succeed, create, peers }) {
  const { batches, warmup, calls } = EFFORT;
  const subjects = [
    ['bare', bare()],
    ['recloser', create()],
    ...Object.entries(peers).map(([name, make]) => [name, make()]),
  ];
  const times = subjects.map(() => []);
  for (let batch = 0; batch < batches; batch++) {
    for (const [index, [name, call]] of subjects.entries()) {
      const most = name === 'bare' || name === 'recloser' ? calls : calls / 4;
      // As servers do: a loop that never turns fires no timer, so that those of timeouts that are over pile up.
      await new Promise(setImmediate);
      const start = performance.now();
      for (let n = 0; n < most; n++) await call();
      if (batch >= warmup) times[index].push((performance.now() - start) / most);
    }
  }
  const [base, ...others] = times.map((it) => it.sort((a, b) => a - b)[Math.floor(it.length / 5)]);
  return Object.fromEntries(others.map((time, index) => [subjects[index + 1][0], time / base]));
}

if (order.case !== undefined) {
  answerParent(await measure(CASES[order.case]));
} else {
  console.log('| case, × the bare call | recloser | goal | cockatiel | p-retry |\n|---|---:|---:|---:|---:|');
  const write = (figure) => (figure === undefined ? '' : figure.toFixed(figure < 100 ? 1 : 0));
  for (const [name, { goal }] of Object.entries(CASES)) {
    const file = fileURLToPath(import.meta.url)
      .split('/')
      .at(-1);
    const found = await runChild(process.execPath, file, { case: name });
    console.log(
      `| ${name} | ${write(found.recloser)} | ≤ ${goal} | ${write(found.cockatiel)} | ${write(found['p-retry'])} |`,
    );
  }
}
