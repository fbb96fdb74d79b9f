/** Rows of opossum's API of which nothing else tells: better here, or different on purpose. */
import { EventEmitter } from 'node:events';
import { answer, down, never, outcome, QUICK, type Scenario } from './scenario.js';

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

export const DIFFERENT_BY_ROW: readonly Scenario[] = [
  {
    name: 'ends its health checks at a shutdown',
    async run(Breaker) {
      let checks = 0;
      const breaker = new Breaker(answer);
      breaker.healthCheck(async () => {
        // One that goes on must not go on for ever.
        if (++checks > 20) await never();
      }, 2);
      breaker.shutdown();
      const before = checks;
      await wait(25);
      return [checks - before];
    },
    expected: [0],
  },
  {
    name: 'takes a plain value of a health check for a passed one',
    async run(Breaker) {
      const breaker = new Breaker(answer);
      try {
        breaker.healthCheck(() => 'well', 60_000);
      } catch (error) {
        return [(error as Error).name];
      }
      await wait(1);
      const { closed } = breaker;
      breaker.shutdown();
      return [closed];
    },
    expected: [true],
  },
  {
    name: 'is not steered by what is written into `status`',
    async run(Breaker) {
      let isDown = false;
      const breaker = new Breaker(async () => (isDown ? down() : 'up'));
      for (let call = 0; call < 9; call++) await breaker.fire();
      for (let call = 0; call < 20; call++) breaker.status.increment('failures');
      isDown = true;
      await outcome(breaker.fire());
      return [breaker.closed, breaker.stats.failures];
    },
    expected: [true, 21],
  },
  {
    name: 'asks its volume of calls that have settled',
    async run(Breaker) {
      let calls = 0;
      const options = { timeout: false, volumeThreshold: 4, errorThresholdPercentage: 1 };
      const breaker = new Breaker(() => (++calls < 4 ? never() : down()), options);
      for (let call = 0; call < 3; call++) breaker.fire();
      await outcome(breaker.fire());
      return [breaker.closed];
    },
    expected: [true],
  },
  {
    name: 'waits for the rest of a reset timeout that is handed over, not for all of it',
    async run(Breaker) {
      const state = { closed: false, open: true, lastTimerAt: Date.now() - 9_950 };
      const breaker = new Breaker(answer, { resetTimeout: 10_000, state });
      const before = breaker.opened;
      await wait(90);
      const after = breaker.halfOpen;
      breaker.shutdown();
      return [before, after];
    },
    expected: [true, true],
  },
  {
    name: 'keeps a thousand latencies of a bucket, however many calls there are',
    async run(Breaker) {
      const breaker = new Breaker(answer, { rollingCountBuckets: 1, rollingCountTimeout: 60_000 });
      for (let call = 0; call < 1_200; call++) await breaker.fire(call);
      return [breaker.stats.successes, breaker.stats.latencyTimes.length];
    },
    expected: [1_200, 1_000],
  },
  {
    name: 'opens above the percentage to the digit: 7 of 25 are not above 28',
    async run(Breaker) {
      let calls = 0;
      const options = { errorThresholdPercentage: 28, volumeThreshold: 25 };
      const breaker = new Breaker(async () => (++calls > 18 ? down() : 'up'), options);
      for (let call = 0; call < 25; call++) await outcome(breaker.fire());
      return [breaker.closed];
    },
    expected: [true],
  },
  {
    name: 'opens by the time, whoever moves the buckets of `status`',
    async run(Breaker) {
      const rotateBucketController = new EventEmitter();
      const options = { volumeThreshold: 2, errorThresholdPercentage: 1, rollingCountBuckets: 1 };
      const breaker = new Breaker(down, { ...options, rotateBucketController });
      await outcome(breaker.fire());
      rotateBucketController.emit('rotate');
      await outcome(breaker.fire());
      const { opened, stats } = breaker;
      breaker.shutdown();
      return [opened, stats.failures];
    },
    expected: [true, 1],
  },
  {
    name: 'forgets the failures from before a close, where `status` shows them still',
    async run(Breaker) {
      const breaker = new Breaker(down, { volumeThreshold: 2, errorThresholdPercentage: 1 });
      for (let call = 0; call < 2; call++) await outcome(breaker.fire());
      breaker.close();
      await outcome(breaker.fire());
      return [breaker.closed, breaker.stats.failures];
    },
    expected: [true, 3],
  },
  {
    name: 'gives up a probe that never settles',
    async run(Breaker) {
      let calls = 0;
      const breaker = new Breaker(() => (++calls === 1 ? down() : never()), { ...QUICK, timeout: 20 });
      await outcome(breaker.fire());
      await wait(12);
      void outcome(breaker.fire());
      const { core } = breaker;
      await wait(40);
      return [core?.options.probeTimeout];
    },
    expected: [20],
  },
];
