/** What opossum does at the edges of its API, and the face does too. */
import { type AnyClass, answer, down, outcome, QUICK, type Scenario } from './scenario.js';

export const SAME_AT_THE_EDGES: readonly Scenario[] = [
  {
    name: 'hands a fallback itself as `this`, the arguments, and the error last',
    async run(Breaker) {
      const breaker = new Breaker(down, QUICK);
      const seen: unknown[] = [];
      function fallback(this: unknown, ...args: unknown[]) {
        seen.push(this === fallback, ...args.slice(0, -1), (args.at(-1) as Error).message);
        return 'instead';
      }
      breaker.fallback(fallback);

      const result = await breaker.fire('a', 2);

      return [result, ...seen];
    },
    expected: ['instead', true, 'a', 2, 'down'],
  },
  {
    name: 'hands an action of `call` its `this`, and the fallback none of it',
    async run(Breaker) {
      const context = { rate: 2 };
      const breaker = new Breaker(function (this: typeof context, n: number) {
        if (n < 0) throw new Error('negative');
        return Promise.resolve(this.rate * n);
      }, QUICK);
      breaker.fallback(function (this: unknown) {
        return this === context;
      });

      return [await breaker.call(context, 21), await breaker.call(context, -1)];
    },
    expected: [42, false],
  },
  {
    name: 'is rejected as a fallback that is a breaker is',
    async run(Breaker) {
      const other = new Breaker(async () => {
        throw new Error('other');
      }, QUICK);
      const breaker = new Breaker(down, QUICK).fallback(other);

      return [await outcome(breaker.fire()), other.opened];
    },
    expected: ['other', true],
  },
  {
    name: 'opens with the call that reaches the volume, not before',
    async run(Breaker) {
      const breaker = new Breaker(down, { ...QUICK, resetTimeout: 10_000, volumeThreshold: 4 });
      const opened: boolean[] = [];
      for (let i = 0; i < 5; i++) {
        await outcome(breaker.fire());
        opened.push(breaker.opened);
      }
      return opened;
    },
    expected: [false, false, false, true, true],
  },
  {
    name: 'tells what it tells by its own `emit`, as spies expect',
    async run(Breaker) {
      const breaker = new Breaker(answer);
      const told: unknown[][] = [];
      const { emit } = breaker;
      breaker.emit = (...args: unknown[]) => {
        told.push(args.slice(0, 2));
        return Reflect.apply(emit, breaker, args);
      };

      await breaker.fire('a');

      return told;
    },
    expected: [
      ['fire', ['a']],
      ['success', 'a'],
    ],
  },
  {
    name: 'tells a listener of `once` once, and one that was taken away nothing',
    async run(Breaker) {
      const breaker = new Breaker(answer);
      const told: string[] = [];
      const gone = () => told.push('gone');
      breaker.on('success', gone);
      breaker.once('success', () => told.push('once'));
      breaker.off('success', gone);

      await breaker.fire(1);
      await breaker.fire(2);

      return told;
    },
    expected: ['once'],
  },
  {
    name: 'counts what a fallback answered, and what was rejected',
    async run(Breaker) {
      const breaker = new Breaker(down, { ...QUICK, resetTimeout: 10_000 }).fallback(() => 1);

      for (let i = 0; i < 3; i++) await breaker.fire();

      const { fires, failures, rejects, fallbacks, successes } = breaker.stats;
      return [fires, failures, rejects, fallbacks, successes];
    },
    expected: [3, 1, 2, 3, 0],
  },
];

const within = (promise: Promise<unknown>, ms = 30) =>
  Promise.race([outcome(promise), new Promise((resolve) => setTimeout(resolve, ms, 'hangs'))]);

/** Listeners and filters that throw: opossum counts them as the dependency's failures, or leaves the call hanging. */
export const DIFFERENT_AT_THE_EDGES: readonly Scenario[] = [
  {
    name: 'lets a listener that throws hinder nobody',
    async run(Breaker: AnyClass) {
      const breaker = new Breaker(answer, QUICK);
      const told: string[] = [];
      breaker.on('success', () => {
        throw new Error('of a listener');
      });
      breaker.on('success', () => told.push('the next one'));

      const result = await within(breaker.fire('a'));

      return [result, ...told, breaker.stats.failures];
    },
    expected: ['a', 'the next one', 0],
  },
  {
    name: 'lets a listener of a failure that throws leave the call its error',
    async run(Breaker: AnyClass) {
      const breaker = new Breaker(down, QUICK);
      breaker.on('failure', () => {
        throw new Error('of a listener');
      });

      return [await within(breaker.fire()), breaker.opened];
    },
    expected: ['down', true],
  },
  {
    name: 'gives the caller the action’s error where the filter throws, and steers nothing by it',
    async run(Breaker: AnyClass) {
      const errorFilter = () => {
        throw new Error('of the filter');
      };
      const breaker = new Breaker(down, { ...QUICK, errorFilter });

      return [await within(breaker.fire()), breaker.closed];
    },
    expected: ['down', true],
  },
  {
    name: 'loses no call to a cache that throws',
    async run(Breaker: AnyClass) {
      const get = () => {
        throw new Error('of the cache');
      };
      const breaker = new Breaker(answer, { cache: true, cacheTransport: { get, set() {}, flush() {} } });
      try {
        return [await within(breaker.fire('a'))];
      } catch {
        return ['thrown'];
      }
    },
    expected: ['a'],
  },
];
