/**
 * Measures what a call costs whose circuit has a partner, beside one that has none: one that a fleet shares, over the
 * package's own memory in place of Redis, and one with a detector, with one call at a time and with many in flight.
 */
import { guarded } from './loops.mjs';
import { measure } from './measure.mjs';
import { answerParent, loadRecloser, order } from './process.mjs';
import { succeed } from './tasks.mjs';

const IN_FLIGHT = 100;

const { CircuitBreaker, CircuitBreakerRegistry } = await loadRecloser();
const importOf = (name) => import(new URL(name, order.recloser).href);

const oneAtATime = (breaker) => () => breaker.call(succeed);

const manyAtATime = (breaker) => () => {
  const calls = [];
  for (let n = 0; n < IN_FLIGHT; n++) calls.push(breaker.call(succeed));
  return Promise.all(calls);
};

const PARTNERS = {
  fleet: async () => {
    const { createMemoryRedis, shareState } = await importOf('redis.js');
    const registries = [new CircuitBreakerRegistry(), new CircuitBreakerRegistry()];
    await shareState(registries[1], { client: createMemoryRedis().client, namespace: 'bench' }).ready;
    return registries.map((registry) => oneAtATime(registry.getOrCreate('bench')));
  },
  detector: async () => {
    const { adaptive } = await importOf('adaptive.js');
    return [new CircuitBreaker(), new CircuitBreaker({ detector: adaptive() })].map(oneAtATime);
  },
  'detector, in flight': async () => {
    const { adaptive } = await importOf('adaptive.js');
    return [new CircuitBreaker(), new CircuitBreaker({ detector: adaptive() })].map(manyAtATime);
  },
};

const [without, with_] = await PARTNERS[order.partner]();
answerParent(
  await measure(
    [
      { name: 'without', loop: guarded.resolves(without) },
      { name: 'with', loop: guarded.resolves(with_) },
    ],
    order.effort,
  ),
);
