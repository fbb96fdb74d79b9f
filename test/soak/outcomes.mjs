/**
 * Every way that a call can end, over and over. Each scenario keeps its breakers for good and is played again and
 * again: it makes hundreds of calls and throws if one of them ends in another way than it must.
 */
import { deepStrictEqual, strictEqual } from 'node:assert/strict';

/**
 * @typedef {import('recloser').CircuitBreaker} CircuitBreaker
 * @typedef {import('recloser').CircuitBreakerOptions} Options
 * @typedef {() => unknown} Task
 * @typedef {{ signal?: AbortSignal, fallback?: () => unknown }} CallOptions
 * @typedef {(breaker: CircuitBreaker, task: Task, options: CallOptions | undefined) => unknown} Way answers or throws
 *
 * @typedef {object} World what all scenarios share
 * @property {import('./options.mjs').Recloser} recloser
 * @property {{ time: number, now(): number }} clock
 * @property {AbortSignal} signal never aborts, and lives as long as the process
 * @property {(call: string) => void} count is told the way and the end of each call
 *
 * @typedef {() => Promise<void>} Scenario plays once
 */

/** Calls that are in flight together. */
const BATCH = 100;

class Excluded extends Error {}

const VALUE = { of: 'task' };
const SUBSTITUTE = { of: 'fallback' };

const succeed = () => VALUE;
const fail = () => {
  throw new Error('failure');
};
const exclude = () => {
  throw new Excluded('excluded');
};
const substitute = () => SUBSTITUTE;
const failToo = () => {
  throw new Error('failed fallback');
};
const hang = () => new Promise(() => {});

/** @type {Way} */
const CALL = (breaker, task, options) => breaker.call(task, options);

/** @type {Record<string, Way>} */
const ASYNCHRONOUS = {
  call: CALL,
  wrap: (breaker, task, options) => breaker.wrap(task, options)(),
  tryCall: async (breaker, task, options) => {
    const result = await breaker.tryCall(task, options);
    if (result.ok) return result.value;
    throw result.error;
  },
};

/** @type {Record<string, Way>} */
const WITH_FALLBACK = {
  ...ASYNCHRONOUS,
  callSync: (breaker, task, { signal, ...options } = {}) => breaker.callSync(task, options),
};

/** @type {Record<string, Way>} */
const WAYS = {
  ...WITH_FALLBACK,
  acquire: (breaker, task) => {
    const permit = breaker.acquire();
    try {
      const value = task();
      permit.success(value);
      return value;
    } catch (error) {
      permit.failure(error);
      throw error;
    }
  },
};

/** @type {Options[]} */
const WINDOWS = [
  { window: { type: 'count', size: 50 } },
  { window: { type: 'time', duration: 1_000, buckets: 10 } },
];

/** @type {Options} */
const NEVER_TRIPS = { failureThreshold: false, failureRateThreshold: false };

/** @param {World} world @param {Options} options */
function createBreaker({ recloser, clock }, options) {
  return new recloser.CircuitBreaker({ clock, excludedErrors: [Excluded], ...options });
}

/** How a call ended, in a word. @param {World} world @param {() => unknown} call @returns {Promise<string>} */
async function endOf({ recloser }, call) {
  try {
    return (await call()) === VALUE ? 'value' : 'fallback';
  } catch (error) {
    if (recloser.isCircuitBreakerOpenError(error)) return error.reason;
    if (recloser.isCallTimeoutError(error)) return 'timeout';
    return /** @type {Error} */ (error).message;
  }
}

/**
 * Makes calls in each of these ways, and looks how they end.
 *
 * @param {World} world
 * @param {Record<string, Way>} ways
 * @param {string} end
 * @param {(way: Way) => unknown} call
 */
async function expectEnds(world, ways, end, call) {
  for (const [name, way] of Object.entries(ways)) {
    const ends = await Promise.all(Array.from({ length: BATCH }, () => endOf(world, () => call(way))));
    for (const actual of ends) {
      strictEqual(actual, end, `how a call by ${name} ends`);
      world.count(`${name}: ${end}`);
    }
  }
}

/** @param {World} world @returns {Scenario} */
function settledByTheTask(world) {
  const { clock, signal } = world;
  const breakers = WINDOWS.map((window) => createBreaker(world, { ...NEVER_TRIPS, ...window }));
  const watched = WINDOWS.map((window) => createBreaker(world, { ...window, slowCallDuration: 10 }));
  const slowly = () => {
    clock.time += 10;
    return VALUE;
  };
  return async () => {
    for (const breaker of breakers) {
      for (const options of [undefined, { signal }]) {
        await expectEnds(world, WAYS, 'value', (way) => way(breaker, succeed, options));
        await expectEnds(world, WAYS, 'failure', (way) => way(breaker, fail, options));
        await expectEnds(world, WAYS, 'excluded', (way) => way(breaker, exclude, options));
      }
    }
    for (const breaker of watched) {
      breaker.forceClosed(); // slow calls alone would open it
      await expectEnds(world, WAYS, 'value', (way) => way(breaker, slowly, { signal }));
      breaker.reset();
    }
  };
}

/** @param {World} world @returns {Scenario} */
function answeredByTheFallback(world) {
  const { signal } = world;
  const breaker = createBreaker(world, NEVER_TRIPS);
  return async () => {
    for (const [fallback, end] of /** @type {const} */ ([
      [substitute, 'fallback'],
      [failToo, 'failed fallback'],
    ])) {
      const options = { signal, fallback };
      await expectEnds(world, WITH_FALLBACK, end, (way) => way(breaker, fail, options));
      breaker.forceOpen();
      await expectEnds(world, WITH_FALLBACK, end, (way) => way(breaker, succeed, options));
      breaker.reset();
    }
  };
}

/** @param {World} world @returns {Scenario} */
function endedEarly(world) {
  const { signal } = world;
  const hasty = createBreaker(world, { ...NEVER_TRIPS, callTimeout: 1 });
  const patient = createBreaker(world, { ...NEVER_TRIPS, callTimeout: 10_000 });
  return async () => {
    /** @type {((value: unknown) => void)[]} */
    const late = [];
    const endLate = () => new Promise((resolve) => late.push(resolve));
    await expectEnds(world, ASYNCHRONOUS, 'timeout', (way) => way(hasty, hang, { signal }));
    await expectEnds(world, ASYNCHRONOUS, 'timeout', (way) => way(hasty, endLate, { signal }));
    for (const resolve of late) resolve(VALUE);
    await expectEnds(world, ASYNCHRONOUS, 'fallback', (way) =>
      way(hasty, hang, { signal, fallback: substitute }),
    );
    await expectEnds(world, ASYNCHRONOUS, 'value', (way) => way(patient, succeed, { signal }));

    const caller = new AbortController();
    setImmediate(() => caller.abort(new Error('aborted')));
    await expectEnds(world, { call: CALL }, 'aborted', (way) =>
      way(patient, hang, { signal: caller.signal }),
    );
    await expectEnds(world, ASYNCHRONOUS, 'aborted', (way) =>
      way(patient, succeed, { signal: caller.signal }),
    );
  };
}

/** @param {World} world @returns {Scenario} */
function rejected(world) {
  const { signal } = world;
  const breaker = createBreaker(world, { halfOpenMaxCalls: 1, maxConcurrentCalls: 1, recoveryTimeout: 10 });
  /** @param {string} reason */
  const expectRejections = (reason) =>
    expectEnds(world, WAYS, reason, (way) => way(breaker, succeed, { signal }));
  return async () => {
    const only = breaker.acquire();
    await expectRejections('concurrency');
    only.success();
    breaker.trip();
    await expectRejections('open');
    world.clock.time += 10;
    const probe = breaker.acquire();
    await expectRejections('half-open');
    probe.failure(new Error('failed probe'));
    breaker.forceOpen('maintenance');
    await expectRejections('forced-open');
    breaker.reset();
  };
}

/** @param {World} world @returns {Scenario} */
function roundTheStates(world) {
  const { clock, recloser } = world;
  const breakers = WINDOWS.map((window) =>
    createBreaker(world, {
      ...window,
      failureThreshold: 2,
      recoveryTimeout: recloser.exponentialBackoff({ initial: 10, max: 100 }),
      halfOpenMaxCalls: 1,
      successThreshold: 2,
      probeTimeout: 10,
      slowCallDuration: 5,
    }),
  );
  const slowly = () => {
    clock.time += 5;
    return VALUE;
  };
  /** @param {CircuitBreaker} breaker @param {Task} task @param {string} end @param {string} state */
  const step = async (breaker, task, end, state) => {
    strictEqual(await endOf(world, () => breaker.call(task)), end);
    strictEqual(breaker.state, state);
    world.count(`round the states: ${end}`);
  };
  return async () => {
    for (let round = 0; round < BATCH; round++) {
      for (const breaker of breakers) {
        await step(breaker, fail, 'failure', 'CLOSED');
        await step(breaker, fail, 'failure', 'OPEN');
        await step(breaker, succeed, 'open', 'OPEN');
        clock.time += 100;
        await step(breaker, fail, 'failure', 'OPEN');
        clock.time += 100;
        await step(breaker, slowly, 'value', 'OPEN');
        clock.time += 100;
        const hung = breaker.acquire();
        clock.time += 11;
        await step(breaker, succeed, 'open', 'OPEN');
        hung.success();
        clock.time += 100;
        await step(breaker, exclude, 'excluded', 'HALF_OPEN');
        await step(breaker, succeed, 'value', 'HALF_OPEN');
        await step(breaker, succeed, 'value', 'CLOSED');
      }
    }
  };
}

/** @type {(keyof import('recloser').CircuitBreakerEvents)[]} */
const EVENTS = [
  'transition',
  'open',
  'halfOpen',
  'close',
  'success',
  'failure',
  'ignore',
  'reject',
  'fallback',
  'mode',
];

/** @param {World} world @returns {Scenario} */
function heard(world) {
  const { signal } = world;
  const registry = new world.recloser.CircuitBreakerRegistry({ clock: world.clock });
  const breaker = registry.getOrCreate('heard', { ...NEVER_TRIPS, fallbackOn: 'rejection' });
  return async () => {
    let told = 0;
    const listener = () => {
      told++;
    };
    for (const event of EVENTS) breaker.once(event, listener);
    const stops = EVENTS.flatMap((event) => [breaker.on(event, listener), registry.on(event, listener)]);
    await expectEnds(world, WAYS, 'value', (way) => way(breaker, succeed, { signal }));
    await expectEnds(world, WAYS, 'failure', (way) => way(breaker, fail, { signal }));
    breaker.forceOpen();
    await expectEnds(world, WITH_FALLBACK, 'fallback', (way) =>
      way(breaker, succeed, { fallback: substitute }),
    );
    breaker.reset();
    for (const stop of stops) stop();
    for (const event of EVENTS) breaker.off(event, listener);
    strictEqual(told > BATCH, true, 'listeners are told');
  };
}

/** @param {World} world @returns {Scenario} */
function steered(world) {
  const { recloser, clock, signal } = world;
  const breaker = createBreaker(world, NEVER_TRIPS);
  return async () => {
    for (const window of WINDOWS) {
      breaker.update({ ...window, callTimeout: 10_000 });
      await expectEnds(world, ASYNCHRONOUS, 'failure', (way) => way(breaker, fail, { signal }));
      breaker.trip('by hand');
      const snapshot = JSON.parse(JSON.stringify(breaker));
      const other = new recloser.CircuitBreaker({ ...NEVER_TRIPS, ...window, clock, snapshot });
      await expectEnds(world, WAYS, 'open', (way) => way(other, succeed, { signal }));
      breaker.reset();
      breaker.forceClosed();
      breaker.restore(other.snapshot());
      deepStrictEqual(breaker.metrics.window, other.metrics.window);
      breaker.reset();
    }
  };
}

/** @param {World} world @returns {Scenario} */
function keptInRegistries(world) {
  const { recloser, clock, signal } = world;
  const registry = new recloser.CircuitBreakerRegistry({ clock, maxSize: 50, idleTimeout: 1_000 });
  registry.on('conflict', () => {});
  const guard = recloser.withCircuitBreaker((/** @type {string} */ name) => name, {
    registry,
    callTimeout: 10_000,
  });
  const guarded = guard(async (_name) => VALUE);
  let made = 0;
  return async () => {
    for (let i = 0; i < BATCH; i++) {
      const name = `tenant-${made++}`;
      const breaker = registry.getOrCreate(name, { failureThreshold: 1 });
      registry.getOrCreate(name, { failureThreshold: 2 });
      strictEqual(await endOf(world, () => breaker.call(fail, { signal })), 'failure');
      strictEqual(await endOf(world, () => guarded(name)), 'open');
      strictEqual(await endOf(world, () => guarded(`${name}-idle`)), 'value');
      registry.delete(name);
      clock.time += 10;
      world.count('registry: failure');
      world.count('registry: open');
      world.count('registry: value');
    }
    const snapshot = JSON.parse(JSON.stringify(registry));
    registry.clear();
    registry.restore(snapshot);
    strictEqual(registry.summary().total > 0, true, 'some breakers are kept');
  };
}

/** @param {World} world @returns {Scenario[]} */
export function createScenarios(world) {
  return [
    settledByTheTask,
    answeredByTheFallback,
    endedEarly,
    rejected,
    roundTheStates,
    heard,
    steered,
    keptInRegistries,
  ].map((create) => create(world));
}
