/** A process of `fleet.mjs`: calls one after another, under the design that it is told. */
import { connectTo } from '../examples/fleet/redis.mjs';

const { CircuitBreakerRegistry } = await import('../dist/index.js');
const { shareState } = await import('../dist/redis.js');

/** What a service gives Redis to answer, in ms, before a call is given up. */
const PATIENCE = 1_000;

const task = () => new Promise((resolve) => setTimeout(resolve, 1));

const within = (promise) => {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error('Redis does not answer')), PATIENCE);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
};

/** A round trip to look, one to count: as the libraries do that keep the state in Redis. */
const READ = "return redis.call('GET', KEYS[1])";
const WRITE = "return redis.call('SET', KEYS[1], ARGV[1])";

const DESIGNS = {
  'no sharing': async () => {
    const breaker = new CircuitBreakerRegistry().getOrCreate('payments');
    return () => breaker.call(task);
  },
  'recloser/redis': async ({ client }, interval) => {
    const breakers = new CircuitBreakerRegistry();
    const fleet = shareState(breakers, { client, namespace: 'bench', pollInterval: interval });
    await fleet.ready;
    const breaker = breakers.getOrCreate('payments');
    return () => breaker.call(task);
  },
  'read and write per call':
    async ({ client }) =>
    async () => {
      await within(client(['EVAL', READ, '1', 'state']));
      await task();
      await within(client(['EVAL', WRITE, '1', 'state', 'closed']));
    },
  'lock per call': async ({ client }) => {
    const locked = async (run) => {
      while ((await within(client(['SET', 'lock', '1', 'NX', 'PX', '1000']))) === null) {
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      await run();
      await within(client(['DEL', 'lock']));
    };
    return async () => {
      await locked(() => within(client(['GET', 'state'])));
      await task();
      await locked(() => within(client(['SET', 'state', 'closed'])));
    };
  },
};

process.once('message', async ({ subject, calls, interval, port }) => {
  const client = await connectTo(port);
  const call = await DESIGNS[subject]({ client: client.send }, interval);
  process.once('message', async () => {
    const waits = [];
    let failed = 0;
    const since = performance.now();
    for (let n = 0; n < calls && performance.now() - since < 10_000; n++) {
      const start = performance.now();
      await call().catch(() => failed++);
      waits.push(performance.now() - start);
    }
    process.send({ waits, failed, ms: performance.now() - since });
  });
  process.send('connected');
});
