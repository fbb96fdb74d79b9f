/** What is better here, or different on purpose: opossum's own trace is asserted to be another. */
import { answer, down, event, listen, never, outcome, QUICK, type Scenario } from './scenario.js';

export const DIFFERENT: readonly Scenario[] = [
  {
    name: 'takes an action that gives nothing for a success',
    run: async (Breaker) => {
      const breaker = new Breaker(() => undefined);
      await outcome(breaker.fire());
      return [breaker.stats.successes, breaker.stats.failures];
    },
    expected: [1, 0],
  },
  {
    name: 'opens nothing when the semaphore is full',
    run: async (Breaker) => {
      const breaker = new Breaker(never, { capacity: 1, timeout: false, errorThresholdPercentage: 1 });
      breaker.fire();
      return [await outcome(breaker.fire()), breaker.closed, breaker.stats.semaphoreRejections];
    },
    expected: ['ESEMLOCKED', true, 1],
  },
  {
    name: 'lets a late success of an older time close nothing',
    run: async (Breaker) => {
      let finish = (_: string) => {};
      const actions = [() => new Promise((resolve) => (finish = resolve)), down];
      const breaker = new Breaker(() => actions.shift()?.(), QUICK);
      const late = breaker.fire();
      await outcome(breaker.fire());
      if (!breaker.opened) return ['not opened'];
      await event(breaker, 'halfOpen');
      finish('late');
      await late;
      return [breaker.closed];
    },
    expected: [false],
  },
  {
    name: 'never writes to the options that it is given',
    run: async (Breaker) => {
      try {
        return [await new Breaker(answer, Object.freeze({ timeout: 100 })).fire('x')];
      } catch (error) {
        return [(error as Error).name];
      }
    },
    expected: ['x'],
  },
  {
    name: 'takes anything for no error of its own',
    run: async (Breaker) => {
      try {
        return [Breaker.isOurError(undefined)];
      } catch (error) {
        return [(error as Error).name];
      }
    },
    expected: [false],
  },
  {
    name: 'opens at 100 when all calls have failed',
    run: async (Breaker) => {
      const breaker = new Breaker(down, { errorThresholdPercentage: 100, volumeThreshold: 3 });
      for (let call = 0; call < 3; call++) await outcome(breaker.fire());
      return [breaker.opened];
    },
    expected: [true],
  },
  {
    name: 'takes its rate of calls that have settled',
    run: async (Breaker) => {
      let calls = 0;
      const breaker = new Breaker(() => (++calls < 4 ? never() : down()), { timeout: false });
      for (let call = 0; call < 3; call++) breaker.fire();
      await outcome(breaker.fire());
      return [breaker.opened];
    },
    expected: [true],
  },
  {
    name: 'takes a volume in a string for a number',
    run: async (Breaker) => [new Breaker(answer, { volumeThreshold: '10' }).volumeThreshold],
    expected: [10],
  },
  {
    name: 'refuses a timeout that is no number',
    run: async (Breaker) => {
      try {
        return [new Breaker(answer, { timeout: Number.NaN }).closed];
      } catch (error) {
        return [(error as { code: string }).code, (error as { option: string }).option];
      }
    },
    expected: ['ERR_INVALID_OPTIONS', 'timeout'],
  },
  {
    name: 'hands a throw of a disabled action on as a rejection',
    run: async (Breaker) => {
      const breaker = new Breaker(
        () => {
          throw new Error('at once');
        },
        { enabled: false },
      );
      try {
        return [await breaker.fire().catch(() => 'rejected')];
      } catch {
        return ['thrown'];
      }
    },
    expected: ['rejected'],
  },
  {
    name: 'survives a health check that throws',
    run: async (Breaker) => {
      const breaker = new Breaker(answer);
      const told = listen(breaker);
      try {
        breaker.healthCheck(() => {
          throw new Error('ill');
        }, 60_000);
      } catch {
        return ['thrown'];
      }
      await null;
      breaker.shutdown();
      return told.slice(0, 2);
    },
    expected: ['healthCheckFailed', 'open'],
  },
  {
    name: 'is not revived after a shutdown',
    run: async (Breaker) => {
      const breaker = new Breaker(answer);
      breaker.shutdown();
      breaker.open();
      breaker.close();
      breaker.enable();
      return [breaker.isShutdown, breaker.enabled];
    },
    expected: [true, false],
  },
  {
    name: 'opens again at a probe that fails while it warms up',
    run: async (Breaker) => {
      const breaker = new Breaker(down, { ...QUICK, allowWarmUp: true });
      breaker.open();
      await event(breaker, 'halfOpen');
      await outcome(breaker.fire());
      const { opened } = breaker;
      breaker.shutdown();
      return [opened];
    },
    expected: [true],
  },
  {
    name: 'gives each call a signal that is not aborted, where controllers are renewed',
    run: async (Breaker) => {
      const breaker = new Breaker(never, { timeout: 5, autoRenewAbortController: true, volumeThreshold: 9 });
      await outcome(breaker.fire());
      breaker.fire().catch(() => {});
      return [breaker.getSignal().aborted];
    },
    expected: [false],
  },
  {
    name: 'keeps no error that is thrown at once for the next, where errors reset',
    run: async (Breaker) => {
      let runs = 0;
      const breaker = new Breaker(
        () => {
          if (++runs === 1) throw new Error('at once');
          return 'well';
        },
        { coalesce: true, coalesceResetOn: ['error'], volumeThreshold: 9 },
      );
      return [await outcome(breaker.fire()), await outcome(breaker.fire())];
    },
    expected: ['at once', 'well'],
  },
  {
    name: 'asks a transport that answers promises',
    run: async (Breaker) => {
      const kept = new Map();
      const cacheTransport = {
        get: async (key: string) => kept.get(key),
        set: async (key: string, value: Promise<unknown>) => kept.set(key, await value),
        flush: () => kept.clear(),
      };
      const breaker = new Breaker(answer, { cache: true, cacheTransport });
      const first = await breaker.fire('a');
      await new Promise((resolve) => setTimeout(resolve, 1));
      return [first, await breaker.fire('a'), breaker.stats.cacheMisses, breaker.stats.cacheHits];
    },
    expected: ['a', 'a', 1, 1],
  },
  {
    name: 'says in the cause what the core knows',
    run: async (Breaker) => {
      const breaker = new Breaker(never, { timeout: 5 });
      const errors = [
        await breaker.fire().catch((it: unknown) => it),
        await breaker.fire().catch((it: unknown) => it),
      ];
      return errors.map(({ cause }) => cause?.code);
    },
    expected: ['ERR_CALL_TIMEOUT', 'ERR_CIRCUIT_OPEN'],
  },
  {
    name: 'tells when it opened',
    run: async (Breaker) => [new Breaker(answer).toJSON().state.lastTimerAt === undefined],
    expected: [true],
  },
];
