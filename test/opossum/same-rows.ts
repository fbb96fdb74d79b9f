/** Rows of opossum's API of which nothing else tells: the same in both. */
import {
  type AnyClass,
  answer,
  down,
  event,
  listen,
  never,
  outcome,
  QUICK,
  type Scenario,
} from './scenario.js';

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

export const SAME_BY_ROW: readonly Scenario[] = [
  {
    name: 'answers a full semaphore by its fallback',
    async run(Breaker) {
      const breaker = new Breaker(answer, { capacity: 0, volumeThreshold: 9 });
      const told = listen(breaker);
      breaker.fallback((_: unknown, error: { code: string }) => error.code);

      return [await breaker.fire('a'), ...told, breaker.stats.semaphoreRejections, breaker.closed];
    },
    expected: ['ESEMLOCKED', 'fire', 'semaphoreLocked', 'failure', 'fallback', 1, true],
  },
  {
    name: 'keeps its state while it is disabled',
    async run(Breaker) {
      const breaker = new Breaker(answer);
      breaker.open();
      breaker.disable();
      const during = [await breaker.fire('runs'), breaker.opened, breaker.enabled];
      breaker.enable();

      return [...during, await outcome(breaker.fire('no'))];
    },
    expected: ['runs', true, false, 'EOPENBREAKER'],
  },
  {
    name: 'lets calls in flight settle after a shutdown, and tells nobody',
    async run(Breaker) {
      let finish = (_: string) => {};
      const breaker = new Breaker(() => new Promise((resolve) => (finish = resolve)), { cache: true });
      const told = listen(breaker);
      const late = breaker.fire();

      breaker.shutdown();
      finish('late');

      return [await late, ...told, breaker.listenerCount('success')];
    },
    expected: ['late', 'fire', 'cacheMiss', 'shutdown', 0],
  },
  {
    name: 'has the members that people read',
    async run(Breaker) {
      async function prices(n: number) {
        return n * 2;
      }
      const breaker = new Breaker(prices, { group: 'shop', volumeThreshold: 3, capacity: 4 });
      const { name, group, volumeThreshold, enabled, closed, opened, halfOpen, pendingClose } = breaker;
      return [
        ...[name, group, volumeThreshold, enabled, closed, opened, halfOpen, pendingClose],
        ...[breaker.isShutdown, breaker.warmUp, breaker.semaphore.count, await breaker.action(2)],
        ...[breaker.stats === breaker.status.stats || typeof breaker.stats, breaker.options.capacity],
      ];
    },
    expected: ['prices', 'shop', 3, true, true, false, false, false, false, false, 4, 4, 'object', 4],
  },
  {
    name: 'heeds a percentage and a reset timeout that are set later',
    async run(Breaker) {
      let isDown = false;
      const breaker = new Breaker(async () => (isDown ? down() : 'up'), { errorThresholdPercentage: 60 });
      await breaker.fire();
      isDown = true;
      await outcome(breaker.fire());
      const before = breaker.closed;
      breaker.options.errorThresholdPercentage = 40;
      breaker.options.resetTimeout = 5;
      await outcome(breaker.fire());

      return [before, breaker.opened, await event(breaker, 'halfOpen')];
    },
    expected: [true, true, 5],
  },
  {
    name: 'counts in buckets',
    async run(Breaker) {
      const breaker = new Breaker(answer, { rollingCountBuckets: 3 });
      await breaker.fire(1);
      const { fires, successes, failures, rejects, timeouts } = breaker.status.window[0];
      return [breaker.status.window.length, fires, successes, failures, rejects, timeouts];
    },
    expected: [3, 1, 1, 0, 0, 0],
  },
  {
    name: 'tells no snapshot where they are not wanted',
    async run(Breaker) {
      const options = { rollingCountTimeout: 20, rollingCountBuckets: 2, enableSnapshots: false };
      const breaker = new Breaker(answer, options);
      let told = 0;
      breaker.status.on('snapshot', () => told++);
      await wait(35);
      breaker.shutdown();
      return [told];
    },
    expected: [0],
  },
  {
    name: 'asks the filter with the arguments, of a timeout and a full semaphore too',
    async run(Breaker) {
      const asked: unknown[] = [];
      const errorFilter = (error: { code?: string; message: string }, ...args: unknown[]) => {
        asked.push(error.code ?? error.message, ...args);
        return true;
      };
      const failing = new Breaker(down, { errorFilter });
      const slow = new Breaker(never, { errorFilter, timeout: 5 });
      const full = new Breaker(answer, { errorFilter, capacity: 0 });
      for (const [at, breaker] of [failing, slow, full].entries()) await outcome(breaker.fire(at, 'x'));
      return [...asked, failing.closed, slow.closed, full.closed];
    },
    expected: ['down', 0, 'x', 'ETIMEDOUT', 1, 'x', 'ESEMLOCKED', 2, 'x', true, true, true],
  },
  {
    name: 'checks the health at once, and each interval',
    async run(Breaker) {
      let checks = 0;
      const breaker = new Breaker(answer);
      await new Promise<void>((resolve) => {
        breaker.healthCheck(async () => {
          if (++checks === 3) resolve();
        }, 5);
        checks += checks === 1 ? 0 : 10; // not at once
      });
      const { closed } = breaker;
      breaker.shutdown();
      return [closed, checks];
    },
    expected: [true, 3],
  },
  {
    name: 'hands listeners of what seldom happens what they expect',
    async run(Breaker) {
      const shown: unknown[] = [];
      const show = (breaker: AnyClass, name: string) =>
        breaker.on(name, (...args: unknown[]) =>
          shown.push([
            name,
            ...args.map((it) => (it instanceof Error ? it.message : typeof it === 'number' ? 'ms' : it)),
          ]),
        );
      const slow = new Breaker(never, { timeout: 5, volumeThreshold: 9 });
      for (const name of ['timeout', 'failure']) show(slow, name);
      await outcome(slow.fire('a', 2));
      const full = new Breaker(answer, { capacity: 0, volumeThreshold: 9 });
      for (const name of ['semaphoreLocked', 'failure']) show(full, name);
      await outcome(full.fire('b'));
      const one = new Breaker(answer);
      for (const name of ['close', 'shutdown', 'healthCheckFailed']) show(one, name);
      const failed = event(one, 'healthCheckFailed');
      one.healthCheck(() => Promise.reject(new Error('ill')), 60_000);
      await failed;
      one.open();
      one.close();
      one.shutdown();
      return shown;
    },
    expected: [
      ['timeout', 'Timed out after 5ms', 'ms', ['a', 2]],
      ['failure', 'Timed out after 5ms', 'ms', ['a', 2]],
      ['semaphoreLocked', 'Semaphore locked', 'ms'],
      ['failure', 'Semaphore locked', 'ms', ['b']],
      ['healthCheckFailed', 'ill'],
      ['close'],
      ['shutdown'],
    ],
  },
  {
    name: 'tells a fallback before what it promised is there',
    async run(Breaker) {
      let finish = (_: string) => {};
      const promised = new Promise<string>((resolve) => {
        finish = resolve;
      });
      const breaker = new Breaker(down).fallback(() => promised);
      const told = new Promise((resolve) => breaker.once('fallback', () => resolve('told')));
      const value = breaker.fire();
      const first = await Promise.race([told, value]);
      finish('there');
      return [first, await value];
    },
    expected: ['told', 'there'],
  },
  {
    name: 'says that `maxFailures` is of the past, and heeds no option that it does not know',
    async run(Breaker) {
      const { error } = console;
      const said: unknown[] = [];
      console.error = (...args: unknown[]) => said.push(...args);
      try {
        return [await new Breaker(answer, { maxFailures: 3, colour: 'red' }).fire('a'), ...said];
      } finally {
        console.error = error;
      }
    },
    expected: ['a', 'options.maxFailures is deprecated. Please use options.errorThresholdPercentage'],
  },
  {
    name: 'has no timeout at 0, nor where it is false',
    async run(Breaker) {
      const slow = () => wait(15).then(() => 'slow');
      return [
        await new Breaker(slow, { timeout: 0 }).fire(),
        await new Breaker(slow, { timeout: false }).fire(),
      ];
    },
    expected: ['slow', 'slow'],
  },
  {
    name: 'asks the cache before the state',
    async run(Breaker) {
      const breaker = new Breaker(answer, { cache: true });
      await breaker.fire('a');
      breaker.open();
      return [await breaker.fire('a'), await outcome(breaker.fire('b'))];
    },
    expected: ['a', 'EOPENBREAKER'],
  },
  {
    name: 'shares no cache with another breaker',
    async run(Breaker) {
      const [one, other] = ['one', 'other'].map((it) => new Breaker(async () => it, { cache: true }));
      return [await one.fire('key'), await other.fire('key')];
    },
    expected: ['one', 'other'],
  },
  {
    name: 'tells of calls that are made one',
    async run(Breaker) {
      const breaker = new Breaker(answer, { coalesce: true });
      const told = listen(breaker);
      await Promise.all([breaker.fire('a'), breaker.fire('a'), breaker.fire('b')]);
      return told;
    },
    expected: [
      ...['fire', 'coalesceCacheMiss', 'fire', 'coalesceCacheHit', 'fire', 'coalesceCacheMiss'],
      ...['success', 'success'],
    ],
  },
  {
    name: 'opens at no failures at all above 100',
    async run(Breaker) {
      const breaker = new Breaker(down, { errorThresholdPercentage: 101 });
      for (let call = 0; call < 5; call++) await outcome(breaker.fire());
      return [breaker.closed, breaker.stats.failures];
    },
    expected: [true, 5],
  },
  {
    name: 'takes no `undefined` for a value: defaults stand',
    async run(Breaker) {
      const { options } = new Breaker(answer, {
        timeout: undefined,
        resetTimeout: undefined,
        name: undefined,
      });
      return [options.timeout, options.resetTimeout, options.errorThresholdPercentage];
    },
    expected: [10_000, 30_000, 50],
  },
  {
    name: 'rejects in the opening itself: the listener of `open` meets an open circuit',
    async run(Breaker) {
      const breaker = new Breaker(down, QUICK);
      const seen: unknown[] = [];
      breaker.on('open', () => seen.push(breaker.opened, breaker.toJSON().state.open));
      await outcome(breaker.fire());
      return seen;
    },
    expected: [true, true],
  },
];
