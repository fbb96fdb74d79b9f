/**
 * cockatiel's first example, as its readme has it, beside the same with recloser: what three calls in a row come to while
 * the database is down. After a build and `node bench/install.mjs`: `node bench/first-example.mjs`.
 */
import { ConsecutiveBreaker, circuitBreaker, ExponentialBackoff, handleAll, retry, wrap } from 'cockatiel';
import { Resilience } from '../dist/resilience.js';

const retryPolicy = retry(handleAll, { maxAttempts: 3, backoff: new ExponentialBackoff() });
const circuitBreakerPolicy = circuitBreaker(handleAll, {
  halfOpenAfter: 10 * 1000,
  breaker: new ConsecutiveBreaker(5),
});
const retryWithBreaker = wrap(retryPolicy, circuitBreakerPolicy);

const database = new Resilience({
  name: 'database',
  retry: { maxAttempts: 4 },
  failureThreshold: 5,
  recoveryTimeout: 10_000,
});

const CLIENTS = {
  cockatiel: (task) => retryWithBreaker.execute(task),
  recloser: (task) => database.call(task),
};

console.log('| call | client | runs | rejects with |\n|---:|---|---:|---|');
for (let call = 1; call <= 3; call++) {
  for (const [client, run] of Object.entries(CLIENTS)) {
    let runs = 0;
    const error = await run(() => {
      runs++;
      throw new Error('The database is down');
    }).catch((it) => it);
    console.log(`| ${call} | ${client} | ${runs} | ${error.constructor.name}: ${error.message} |`);
  }
}
