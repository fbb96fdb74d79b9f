/**
 * What somebody sees who uses opossum: scenarios that run with any class that has its API, each told as a trace. The
 * same ones run here against our class and in test/clients against opossum 8, 9 and 10, which proves the word "same".
 */
import { EventEmitter } from 'node:events';
import { answer, down, event, listen, never, outcome, QUICK, type Scenario } from './scenario.js';

export const SAME: readonly Scenario[] = [
  {
    name: 'tells a success, with its arguments',
    run: async (Breaker) => {
      const breaker = new Breaker(answer, { name: 'a' });
      const told = listen(breaker);
      const value = await breaker.fire(7);
      return [value, ...told, breaker.name, breaker.group, breaker.stats.fires, breaker.stats.successes];
    },
    expected: [7, 'fire', 'success', 'a', 'a', 1, 1],
  },
  {
    name: 'opens at a failure, and rejects from then on',
    run: async (Breaker) => {
      const breaker = new Breaker(down, { errorThresholdPercentage: 1 });
      const told = listen(breaker);
      const ends = [await outcome(breaker.fire()), await outcome(breaker.fire())];
      const states = [breaker.opened, breaker.closed, breaker.halfOpen, breaker.pendingClose];
      return [...ends, ...told, ...states];
    },
    expected: [
      'down',
      'EOPENBREAKER',
      'fire',
      'failure',
      'open',
      'fire',
      'reject',
      true,
      false,
      false,
      false,
    ],
  },
  {
    name: 'tells half-open by itself, and closes at a success',
    run: async (Breaker) => {
      let isDown = true;
      const breaker = new Breaker(async () => (isDown ? down() : 'up'), QUICK);
      const told = listen(breaker);
      await outcome(breaker.fire());
      const waited = await event(breaker, 'halfOpen');
      const states = [breaker.halfOpen, breaker.pendingClose, breaker.opened];
      isDown = false;
      return [waited, ...states, await breaker.fire(), breaker.closed, ...told];
    },
    expected: [
      ...[5, true, true, false, 'up', true],
      ...['fire', 'failure', 'open', 'halfOpen', 'fire', 'close', 'success'],
    ],
  },
  {
    name: 'opens again at a probe that fails',
    run: async (Breaker) => {
      const breaker = new Breaker(down, QUICK);
      const told = listen(breaker);
      await outcome(breaker.fire());
      await event(breaker, 'halfOpen');
      await outcome(breaker.fire());
      return [breaker.opened, ...told];
    },
    expected: [true, 'fire', 'failure', 'open', 'halfOpen', 'fire', 'failure', 'open'],
  },
  {
    name: 'lets one probe through',
    run: async (Breaker) => {
      let isDown = true;
      const breaker = new Breaker(() => (isDown ? down() : never()), { ...QUICK, timeout: false });
      await outcome(breaker.fire());
      await event(breaker, 'halfOpen');
      isDown = false;
      breaker.fire();
      return [breaker.pendingClose, await outcome(breaker.fire())];
    },
    expected: [false, 'EOPENBREAKER'],
  },
  {
    name: 'ends a call at its timeout',
    run: async (Breaker) => {
      const breaker = new Breaker(never, { timeout: 5 });
      const told = listen(breaker);
      const error = await breaker.fire().catch((it: unknown) => it);
      return [error.message, error.code, Breaker.isOurError(error), ...told];
    },
    expected: ['Timed out after 5ms', 'ETIMEDOUT', true, 'fire', 'timeout', 'failure', 'open'],
  },
  {
    name: 'answers by a fallback, which gets the arguments and the error',
    run: async (Breaker) => {
      const breaker = new Breaker(down);
      const told = listen(breaker);
      const same = breaker.fallback((a: number, error: Error) => `${a} ${error.message}`) === breaker;
      return [same, await breaker.fire(1), await breaker.fire(2), ...told];
    },
    expected: [
      ...[true, '1 down', '2 Breaker is open'],
      ...['fire', 'failure', 'open', 'fallback', 'fire', 'reject', 'fallback'],
    ],
  },
  {
    name: 'falls back to another breaker',
    run: async (Breaker) => {
      const other = new Breaker(answer);
      return [await new Breaker(down).fallback(other).fire('x')];
    },
    expected: ['x'],
  },
  {
    name: 'takes a filtered error for a success, without the fallback',
    run: async (Breaker) => {
      const breaker = new Breaker(down, { errorFilter: (error: Error) => error.message === 'down' });
      breaker.fallback(() => 'never');
      const told = listen(breaker);
      return [await outcome(breaker.fire()), breaker.closed, breaker.stats.successes, ...told];
    },
    expected: ['down', true, 1, 'fire', 'success'],
  },
  {
    name: 'waits for the volume',
    run: async (Breaker) => {
      const breaker = new Breaker(down, { volumeThreshold: 3 });
      const states: boolean[] = [];
      for (let i = 0; i < 3; i++) {
        await outcome(breaker.fire());
        states.push(breaker.opened);
      }
      return states;
    },
    expected: [false, false, true],
  },
  {
    name: 'opens and closes by hand, and tells it once',
    run: async (Breaker) => {
      const breaker = new Breaker(answer);
      const told = listen(breaker);
      breaker.close();
      breaker.open();
      breaker.open();
      breaker.close();
      return told;
    },
    expected: ['open', 'close'],
  },
  {
    name: 'runs the action alone while it is disabled',
    run: async (Breaker) => {
      const breaker = new Breaker(down, { enabled: false, errorThresholdPercentage: 1 });
      const told = listen(breaker);
      const before = [breaker.enabled, await outcome(breaker.fire()), breaker.closed, ...told];
      breaker.enable();
      await outcome(breaker.fire());
      return [...before, breaker.opened];
    },
    expected: [false, 'down', true, 'fire', true],
  },
  {
    name: 'gives `call` a this',
    run: async (Breaker) => {
      const breaker = new Breaker(async function (this: { n: number }, add: number) {
        return this.n + add;
      });
      return [await breaker.call({ n: 1 }, 2)];
    },
    expected: [3],
  },
  {
    name: 'rejects after a shutdown',
    run: async (Breaker) => {
      const breaker = new Breaker(answer);
      const told = listen(breaker);
      breaker.shutdown();
      return [breaker.isShutdown, breaker.enabled, await outcome(breaker.fire()), ...told];
    },
    expected: [true, false, 'ESHUTDOWN', 'shutdown'],
  },
  {
    name: 'keeps a result',
    run: async (Breaker) => {
      let runs = 0;
      const breaker = new Breaker(async () => ++runs, { cache: true });
      const told = listen(breaker);
      const values = [await breaker.fire('a'), await breaker.fire('a'), await breaker.fire('b')];
      breaker.clearCache();
      return [...values, await breaker.fire('a'), ...told];
    },
    expected: [
      ...[1, 1, 2, 3, 'fire', 'cacheMiss', 'success', 'fire', 'cacheHit'],
      ...['fire', 'cacheMiss', 'success', 'fire', 'cacheMiss', 'success'],
    ],
  },
  {
    name: 'makes one call of those in flight with one key',
    run: async (Breaker) => {
      let runs = 0;
      const breaker = new Breaker(async () => ++runs, { coalesce: true, coalesceResetOn: ['success'] });
      const values = await Promise.all([breaker.fire('a'), breaker.fire('a')]);
      return [...values, await breaker.fire('a'), breaker.stats.coalesceCacheHits];
    },
    expected: [1, 1, 2, 1],
  },
  {
    name: 'aborts its controller at a timeout',
    run: async (Breaker) => {
      const abortController = new AbortController();
      const breaker = new Breaker(never, { timeout: 5, abortController });
      const same = breaker.getSignal() === abortController.signal;
      await outcome(breaker.fire());
      return [same, breaker.getAbortController() === abortController, abortController.signal.aborted];
    },
    expected: [true, true, true],
  },
  {
    name: 'opens when a health check fails',
    run: async (Breaker) => {
      const breaker = new Breaker(answer);
      const told = listen(breaker);
      let self: unknown;
      breaker.healthCheck(async function (this: unknown) {
        self = this;
        throw new Error('ill');
      }, 60_000);
      await event(breaker, 'open');
      const result = [self === breaker, breaker.opened, ...told];
      breaker.shutdown();
      return result;
    },
    expected: [true, true, 'healthCheckFailed', 'open'],
  },
  {
    name: 'lets nothing open while it warms up',
    run: async (Breaker) => {
      const breaker = new Breaker(down, { allowWarmUp: true });
      await outcome(breaker.fire());
      const result = [breaker.warmUp, breaker.closed];
      breaker.shutdown();
      return result;
    },
    expected: [true, true],
  },
  {
    name: 'begins in a state that is handed over',
    run: async (Breaker) => {
      const first = new Breaker(answer);
      first.open();
      const { state } = JSON.parse(JSON.stringify(first));
      const second = new Breaker(answer, { state });
      return [second.opened, await outcome(second.fire())];
    },
    expected: [true, 'EOPENBREAKER'],
  },
  {
    name: 'refuses to be made without an action',
    run: async (Breaker) => {
      try {
        return [new Breaker()];
      } catch (error) {
        return [(error as Error).name, (error as Error).message];
      }
    },
    expected: [
      'TypeError',
      'No action provided. Cannot construct a CircuitBreaker without an invocable action.',
    ],
  },
  {
    name: 'lists the events that exporters subscribe to',
    run: async (Breaker) => new Breaker(answer).eventNames().map(String).sort(),
    expected: [
      ...['cacheHit', 'cacheMiss', 'close', 'coalesceCacheHit', 'coalesceCacheMiss', 'failure', 'fallback'],
      ...['fire', 'open', 'reject', 'semaphoreLocked', 'success', 'timeout'],
    ],
  },
  {
    name: 'hands listeners what they expect',
    run: async (Breaker) => {
      const shown: unknown[] = [];
      const show =
        (name: string) =>
        (...args: unknown[]) =>
          shown.push([
            name,
            ...args.map((it) => (it instanceof Error ? it.message : typeof it === 'number' ? 'ms' : it)),
          ]);
      let isDown = false;
      const breaker = new Breaker(async (value: string) => (isDown ? down() : value), {
        errorThresholdPercentage: 1,
      });
      for (const name of ['fire', 'success', 'failure', 'reject', 'open', 'fallback'])
        breaker.on(name, show(name));
      breaker.fallback(() => 'instead');
      await breaker.fire('a');
      isDown = true;
      await breaker.fire('b');
      await breaker.fire('c');
      return shown;
    },
    expected: [
      ['fire', ['a']],
      ['success', 'a', 'ms'],
      ['fire', ['b']],
      ['failure', 'down', 'ms', ['b']],
      ['open'],
      ['fallback', 'instead', 'down'],
      ['fire', ['c']],
      ['reject', 'Breaker is open'],
      ['fallback', 'instead', 'Breaker is open'],
    ],
  },
  {
    name: 'gives a value that stands in place of an action',
    run: async (Breaker) => [await new Breaker('static').fire()],
    expected: ['static'],
  },
  {
    name: 'takes a synchronous action, and one that throws',
    run: async (Breaker) => {
      const breaker = new Breaker((it: string) => {
        if (it === 'bad') throw new Error('at once');
        return it;
      });
      return [await breaker.fire('good'), await outcome(breaker.fire('bad')), breaker.stats.failures];
    },
    expected: ['good', 'at once', 1],
  },
  {
    name: 'has the defaults in its options',
    run: async (Breaker) => {
      const { options } = new Breaker(answer, {});
      const { timeout, resetTimeout, errorThresholdPercentage, rollingCountTimeout, rollingCountBuckets } =
        options;
      return [
        ...[timeout, resetTimeout, errorThresholdPercentage, rollingCountTimeout, rollingCountBuckets],
        ...[
          options.capacity,
          options.cacheTTL,
          options.coalesce,
          options.coalesceTTL,
          options.enableSnapshots,
        ],
        options.rollingPercentilesEnabled,
      ];
    },
    expected: [10_000, 30_000, 50, 10_000, 10, Number.MAX_SAFE_INTEGER, 0, false, 10_000, true, true],
  },
  {
    name: 'keeps zeros',
    run: async (Breaker) => {
      const zeros = {
        timeout: 0,
        resetTimeout: 0,
        errorThresholdPercentage: 0,
        rollingCountTimeout: 0,
        rollingCountBuckets: 0,
      };
      const { options } = new Breaker(answer, { ...zeros });
      return Object.keys(zeros).map((key) => options[key]);
    },
    expected: [0, 0, 0, 0, 0],
  },
  {
    name: 'is rejected as its fallback is, and as it throws',
    run: async (Breaker) => {
      const rejecting = new Breaker(down).fallback(() => Promise.reject(new Error('nope')));
      const throwing = new Breaker(down).fallback(() => {
        throw new Error('thrown');
      });
      const told = [listen(rejecting), listen(throwing)];
      return [await outcome(rejecting.fire()), await outcome(throwing.fire()), ...told];
    },
    expected: ['nope', 'thrown', ['fire', 'failure', 'open', 'fallback'], ['fire', 'failure', 'open']],
  },
  {
    name: 'answers a timeout by its fallback',
    run: async (Breaker) => {
      const breaker = new Breaker(never, { timeout: 5 }).fallback(
        (_: unknown, error: Error) => error.message,
      );
      const told = listen(breaker);
      const value = await breaker.fire('x');
      return [value, ...told];
    },
    expected: ['Timed out after 5ms', 'fire', 'timeout', 'failure', 'open', 'fallback'],
  },
  {
    name: 'has a value fall out of the cache, by its time and by the size of the cache',
    run: async (Breaker) => {
      let runs = 0;
      const timed = new Breaker(async () => ++runs, { cache: true, cacheTTL: 5 });
      const values = [await timed.fire(), await timed.fire()];
      await new Promise((resolve) => setTimeout(resolve, 12));
      values.push(await timed.fire());
      const small = new Breaker(answer, { cache: true, cacheSize: 2 });
      for (const key of [1, 2, 3, 3]) await small.fire(key);
      return [
        ...values,
        small.options.cacheTransport.cache.size,
        small.stats.cacheHits,
        small.stats.cacheMisses,
      ];
    },
    expected: [1, 1, 2, 2, 1, 3],
  },
  {
    name: 'asks for the key, and a transport',
    run: async (Breaker) => {
      const kept = new Map();
      const cacheTransport = {
        get: (key: string) => kept.get(key),
        set: (key: string, value: unknown) => kept.set(key, value),
        flush: () => kept.clear(),
      };
      const cacheGetKey = (it: string) => `key-${it}`;
      const breaker = new Breaker(answer, { cache: true, cacheTransport, cacheGetKey });
      await breaker.fire('a');
      const keys = [...kept.keys()];
      const isPromise = kept.get('key-a') instanceof Promise;
      const again = await breaker.fire('a');
      breaker.shutdown();
      return [...keys, isPromise, again, kept.size];
    },
    expected: ['key-a', true, 'a', 0],
  },
  {
    name: 'gives a failing call to all that wait for it',
    run: async (Breaker) => {
      let runs = 0;
      const breaker = new Breaker(
        async () => {
          runs++;
          throw new Error('down');
        },
        { coalesce: true, coalesceResetOn: ['error'], errorThresholdPercentage: 99, volumeThreshold: 9 },
      );
      const ends = await Promise.all([outcome(breaker.fire('a')), outcome(breaker.fire('a'))]);
      ends.push(await outcome(breaker.fire('a')));
      return [...ends, runs, breaker.stats.coalesceCacheHits, breaker.stats.coalesceCacheMisses];
    },
    expected: ['down', 'down', 'down', 2, 1, 2],
  },
  {
    name: 'coalesces until the time is over, where nothing resets it',
    run: async (Breaker) => {
      let runs = 0;
      const breaker = new Breaker(async () => ++runs, { coalesce: true, coalesceTTL: 5 });
      const values = [await breaker.fire('a'), await breaker.fire('a')];
      await new Promise((resolve) => setTimeout(resolve, 12));
      return [...values, await breaker.fire('a')];
    },
    expected: [1, 1, 2],
  },
  {
    name: 'counts places of the semaphore, and rejects without one',
    run: async (Breaker) => {
      const breaker = new Breaker(never, { capacity: 2, timeout: 5, volumeThreshold: 9 });
      const counts = [breaker.semaphore.count];
      const first = outcome(breaker.fire());
      const second = outcome(breaker.fire());
      counts.push(breaker.semaphore.count);
      const third = await outcome(breaker.fire());
      await Promise.all([first, second]);
      counts.push(breaker.semaphore.count);
      return [...counts, third, breaker.stats.semaphoreRejections];
    },
    expected: [2, 0, 2, 'ESEMLOCKED', 1],
  },
  {
    name: 'begins half-open where the reset timeout has passed meanwhile, and shut down',
    run: async (Breaker) => {
      const state = { closed: false, lastTimerAt: Date.now() - 1_000 };
      const breaker = new Breaker(answer, { resetTimeout: 500, state });
      const before = [breaker.halfOpen, await breaker.fire('up'), breaker.closed];
      const ended = new Breaker(answer, { state: { closed: false, shutdown: true } });
      return [...before, ended.isShutdown, ended.enabled, await outcome(ended.fire())];
    },
    expected: [true, 'up', true, true, false, 'ESHUTDOWN'],
  },
  {
    name: 'begins with the numbers that are handed over',
    run: async (Breaker) => {
      const status = Breaker.newStatus({ stats: { failures: 1, successes: 3, fires: 4, rejects: 2 } });
      const breaker = new Breaker(down, { errorThresholdPercentage: 30, status });
      await outcome(breaker.fire());
      const { fires, failures, rejects } = breaker.stats;
      return [fires, failures, rejects, breaker.opened];
    },
    expected: [5, 2, 2, true],
  },
  {
    name: 'tells percentiles, or -1 where it takes none',
    run: async (Breaker) => {
      const breaker = new Breaker(answer);
      const without = new Breaker(answer, { rollingPercentilesEnabled: false });
      await without.fire();
      const { percentiles, latencyMean } = breaker.stats;
      return [latencyMean, percentiles, without.stats.latencyMean, without.stats.percentiles['0.5']];
    },
    expected: [0, { 0: 0, 0.25: 0, 0.5: 0, 0.75: 0, 0.9: 0, 0.95: 0, 0.99: 0, 0.995: 0, 1: 0 }, -1, -1],
  },
  {
    name: 'hangs on a controller of buckets, lets it go when disabled, and takes it up again',
    run: async (Breaker) => {
      const emitter = new EventEmitter();
      const breaker = new Breaker(answer, { rotateBucketController: emitter, rollingCountBuckets: 1 });
      await breaker.fire();
      const counts = [emitter.listenerCount('rotate'), breaker.stats.successes];
      emitter.emit('rotate');
      counts.push(breaker.stats.successes);
      breaker.disable();
      counts.push(emitter.listenerCount('rotate'));
      breaker.enable();
      breaker.enable();
      counts.push(emitter.listenerCount('rotate'));
      breaker.shutdown();
      return [...counts, emitter.listenerCount('rotate')];
    },
    expected: [1, 1, 0, 0, 1, 0],
  },
  {
    name: 'refuses helpers that lack what they need',
    run: async (Breaker) =>
      [
        () => new Breaker(answer, { cache: true, cacheTransport: {} }),
        () => new Breaker(answer, { abortController: {} }),
        () => new Breaker(answer).healthCheck('none'),
        () => new Breaker(answer).healthCheck(answer, 'often'),
      ].map((run) => {
        try {
          return run();
        } catch (error) {
          return `${(error as Error).name}: ${(error as Error).message}`;
        }
      }),
    expected: [
      'TypeError: options.cacheTransport should be an object with `get`, `set` and `flush` methods',
      'TypeError: AbortController does not contain `abort()` method',
      'TypeError: Health check function must be a function',
      'TypeError: Health check interval must be a number',
    ],
  },
  {
    name: 'tells its state and its numbers as JSON',
    run: async (Breaker) => {
      const { state, status } = JSON.parse(JSON.stringify(new Breaker(answer, { name: 'a' })));
      return [{ ...state, lastTimerAt: undefined }, Object.keys(status).sort()];
    },
    expected: [
      {
        ...{ name: 'a', enabled: true, closed: true, open: false },
        ...{ halfOpen: false, warmUp: false, shutdown: false, lastTimerAt: undefined },
      },
      [
        ...['cacheHits', 'cacheMisses', 'coalesceCacheHits', 'coalesceCacheMisses', 'failures', 'fallbacks'],
        ...['fires', 'latencyMean', 'latencyTimes', 'percentiles', 'rejects', 'semaphoreRejections'],
        ...['successes', 'timeouts'],
      ],
    ],
  },
  {
    name: 'renews its controller at half-open',
    run: async (Breaker) => {
      const breaker = new Breaker(never, { ...QUICK, timeout: 5, autoRenewAbortController: true });
      const first = breaker.getSignal();
      await outcome(breaker.fire());
      const aborted = first.aborted;
      if (!breaker.halfOpen) await event(breaker, 'halfOpen');
      return [aborted, breaker.getSignal().aborted, breaker.getSignal() === first];
    },
    expected: [true, false, false],
  },
  {
    name: 'heeds a timeout that is set later',
    run: async (Breaker) => {
      const breaker = new Breaker(never);
      breaker.options.timeout = 5;
      return [await outcome(breaker.fire())];
    },
    expected: ['ETIMEDOUT'],
  },
  {
    name: 'knows each of its errors, and nobody else’s',
    run: async (Breaker) => {
      const locked = new Breaker(never, { capacity: 0 });
      const ended = new Breaker(answer);
      ended.shutdown();
      const open = new Breaker(answer);
      open.open();
      const errors = await Promise.all([locked, ended, open].map((it) => it.fire().catch((e: unknown) => e)));
      return [...errors, new Error('other')].map((it) => [it.name, it.message, Breaker.isOurError(it)]);
    },
    expected: [
      ['Error', 'Semaphore locked', true],
      ['Error', 'The circuit has been shutdown.', true],
      ['Error', 'Breaker is open', true],
      ['Error', 'other', false],
    ],
  },
  {
    name: 'tells snapshots of its numbers',
    run: async (Breaker) => {
      const breaker = new Breaker(answer, { rollingCountTimeout: 20, rollingCountBuckets: 2 });
      const snapshot = (await new Promise((resolve) => breaker.status.once('snapshot', resolve))) as {
        fires: number;
      };
      breaker.shutdown();
      return [snapshot.fires];
    },
    expected: [0],
  },
  {
    name: 'asks no volume of a probe',
    run: async (Breaker) => {
      const options = { ...QUICK, volumeThreshold: 2 };
      const breaker = new Breaker(down, options);
      await outcome(breaker.fire());
      const early = breaker.closed;
      await outcome(breaker.fire());
      await event(breaker, 'halfOpen');
      await outcome(breaker.fire());
      return [early, breaker.opened];
    },
    expected: [true, true],
  },
  {
    name: 'closes at a probe whose error is filtered',
    run: async (Breaker) => {
      let code = 500;
      const breaker = new Breaker(() => Promise.reject({ code }), {
        ...QUICK,
        errorFilter: (error: { code: number }) => error.code < 500,
      });
      await outcome(breaker.fire());
      await event(breaker, 'halfOpen');
      code = 404;
      return [await outcome(breaker.fire()), breaker.closed];
    },
    expected: [404, true],
  },
  {
    name: 'is not closed by a success that comes while it is open',
    run: async (Breaker) => {
      let finish = (_: string) => {};
      const actions = [() => new Promise((resolve) => (finish = resolve)), down];
      const breaker = new Breaker(() => actions.shift()?.(), { errorThresholdPercentage: 1 });
      const late = breaker.fire();
      await outcome(breaker.fire());
      finish('late');
      return [await late, breaker.opened];
    },
    expected: ['late', true],
  },
  {
    name: 'marks the buckets in which it opened',
    run: async (Breaker) => {
      const breaker = new Breaker(answer);
      breaker.open();
      const marks = [breaker.status.window[0].isCircuitBreakerOpen];
      breaker.close();
      return [...marks, breaker.status.window[0].isCircuitBreakerOpen, breaker.status.window.length];
    },
    expected: [true, false, 10],
  },
];
