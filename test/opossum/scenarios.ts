/**
 * What somebody sees who uses opossum: scenarios that run with any class that has its API, each told as a trace. The
 * same ones run here against our class and in test/clients against opossum 8, 9 and 10, which proves the word "same".
 * Those with `differs` are better or different here on purpose; opossum's own trace is then asserted to be another.
 */
// biome-ignore lint/suspicious/noExplicitAny: the classes have types of their own
export type AnyClass = any;

export interface Scenario {
  readonly name: string;
  readonly run: (Breaker: AnyClass) => Promise<readonly unknown[]>;
  readonly expected: readonly unknown[];
  /** Whether opossum does something else. */
  readonly differs?: boolean;
}

const EVENTS = [
  'fire',
  'success',
  'failure',
  'timeout',
  'reject',
  'open',
  'halfOpen',
  'close',
  'fallback',
  'semaphoreLocked',
  'cacheHit',
  'cacheMiss',
  'coalesceCacheHit',
  'coalesceCacheMiss',
  'healthCheckFailed',
  'shutdown',
];

const down = async () => {
  throw new Error('down');
};
const answer = async (value: unknown) => value;
const never = () => new Promise<never>(() => {});

/** Names of what the breaker tells. */
function listen(breaker: AnyClass): unknown[] {
  const told: unknown[] = [];
  for (const event of EVENTS) breaker.on(event, () => told.push(event));
  return told;
}

async function outcome(promise: Promise<unknown>): Promise<unknown> {
  return promise.catch((error) => error.code ?? error.message);
}

const event = (breaker: AnyClass, name: string) => new Promise((resolve) => breaker.once(name, resolve));

const QUICK = { resetTimeout: 5, errorThresholdPercentage: 1 };

export const SCENARIOS: readonly Scenario[] = [
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
    name: 'takes an action that gives nothing for a success',
    differs: true,
    run: async (Breaker) => {
      const breaker = new Breaker(() => undefined);
      await outcome(breaker.fire());
      return [breaker.stats.successes, breaker.stats.failures];
    },
    expected: [1, 0],
  },
  {
    name: 'opens nothing when the semaphore is full',
    differs: true,
    run: async (Breaker) => {
      const breaker = new Breaker(never, { capacity: 1, timeout: false, errorThresholdPercentage: 1 });
      breaker.fire();
      return [await outcome(breaker.fire()), breaker.closed, breaker.stats.semaphoreRejections];
    },
    expected: ['ESEMLOCKED', true, 1],
  },
  {
    name: 'lets a late success of an older time close nothing',
    differs: true,
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
    differs: true,
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
    differs: true,
    run: async (Breaker) => {
      try {
        return [Breaker.isOurError(undefined)];
      } catch (error) {
        return [(error as Error).name];
      }
    },
    expected: [false],
  },
];
