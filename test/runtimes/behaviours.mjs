/**
 * What the package must do wherever it is said to run: real behaviours, checked from outside. This file imports
 * nothing and knows no test framework, so that every runtime can load it; the package and its subpaths are handed in.
 *
 * Only `callTimeout` needs real time, a few milliseconds of it. All other time comes from a clock moved by hand.
 *
 * @typedef {typeof import('recloser')} Recloser
 * @typedef {object} Subpaths
 * @property {typeof import('recloser/presets')} presets
 * @property {typeof import('recloser/prometheus')} prometheus
 * @property {typeof import('recloser/opentelemetry')} opentelemetry
 * @property {typeof import('recloser/grafana')} grafana
 * @property {typeof import('recloser/monitor')} monitor
 * @property {typeof import('recloser/testing')} testing
 * @property {typeof import('recloser/opossum')} [opossum]
 * @property {typeof import('recloser/resilience')} resilience
 * @property {typeof import('recloser/adaptive')} adaptive
 * @property {typeof import('recloser/redis')} redis
 * @property {typeof import('recloser/dashboard')} dashboard
 * @property {typeof import('recloser/http')} http
 * @property {typeof import('recloser/stream')} stream
 * @typedef {{ name: string, ok: boolean, error?: string, skipped?: string }} Result
 */

/** Real milliseconds after which a behaviour has hung. */
const TIME_TO_ANSWER = 5_000;

/**
 * What compilers look for where the runtime lacks the symbol.
 *
 * @type {typeof Symbol.dispose}
 */
const DISPOSE = Symbol.dispose ?? /** @type {any} */ (Symbol.for('Symbol.dispose'));

/** Simulations whose figures are the same in every runtime. */
/** @param {number} seed @returns {import('recloser/testing').SimulationSettings} */
export const goldenSettings = (seed) => ({
  seed,
  breaker: { failureThreshold: 5, callTimeout: 800, recoveryTimeout: 3_000 },
  traffic: { rate: 25 },
  dependency: [
    { for: 20_000, latency: { p50: 30, p99: 400 }, failures: 0.02 },
    { for: 10_000, latency: { p50: 60, p99: 900 }, failures: 0.6, hang: 0.2 },
    { for: 10_000, latency: { p50: 30, p99: 400 }, capacity: 22 },
    { for: 20_000, latency: { p50: 30, p99: 400 }, failures: 0.02 },
  ],
});

/** A number that a text tells. @param {string} text */
export function digestOf(text) {
  let bits = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) bits = Math.imul(bits ^ text.charCodeAt(at), 0x01000193);
  return bits >>> 0;
}

/** @type {readonly { seed: number, figures: string, digest: number }[]} */
export const GOLDEN = [
  {
    seed: 1,
    figures:
      '{"offered":1561,"ok":1167,"fallbacks":0,"rejected":297,"failed":97,"pending":0,"sent":1264,"failingCallsSent":23,"lost":122,"goodput":0.7475976937860346,"trips":2,"falseTrips":1,"timeToOpen":1048.045,"timeToClose":740.991,"longestOpen":9692.946,"waitP99":800.694}',
    digest: 2535415672,
  },
  {
    seed: 2,
    figures:
      '{"offered":1565,"ok":1159,"fallbacks":0,"rejected":318,"failed":88,"pending":0,"sent":1247,"failingCallsSent":25,"lost":135,"goodput":0.7405750798722045,"trips":2,"falseTrips":1,"timeToOpen":947.062,"timeToClose":578.841,"longestOpen":9631.779,"waitP99":800.552}',
    digest: 3418006981,
  },
  {
    seed: 3,
    figures:
      '{"offered":1505,"ok":1160,"fallbacks":0,"rejected":281,"failed":64,"pending":0,"sent":1224,"failingCallsSent":16,"lost":101,"goodput":0.770764119601329,"trips":2,"falseTrips":1,"timeToOpen":918.203,"timeToClose":398.521,"longestOpen":9480.318,"waitP99":800.592}',
    digest: 615908271,
  },
];

/** What chaos does to twelve calls: `true` for an error, else the milliseconds that they wait. */
const FAULTS_OF_SEED_7 = [
  true,
  780.1647666164605,
  true,
  12.795891050919739,
  17.502352984496444,
  true,
  24.195218686392252,
  61.693761252977936,
  138.96593670657853,
  true,
  60.666444212950935,
  45.644889534147985,
];

/** @type {Record<string, (recloser: Recloser, subpaths: Subpaths) => unknown>} */
const BEHAVIOURS = {
  async 'opens after consecutive failures and rejects from then on'({
    CircuitBreaker,
    isCircuitBreakerOpenError,
  }) {
    const breaker = new CircuitBreaker({ name: 'prices', failureThreshold: 3 });
    let runs = 0;
    const fail = () => {
      runs++;
      throw new Error('down');
    };

    const errors = [];
    for (let call = 0; call < 5; call++) errors.push(await rejectionOf(breaker.call(fail)));

    equal(errors.map(isCircuitBreakerOpenError), [false, false, false, true, true]);
    equal([runs, breaker.state, breaker.metrics.totals.rejected], [3, 'OPEN', 2]);
  },

  async 'tells of a rejection in an error that the guards know'(recloser) {
    const { clock, breaker } = onClock(recloser, {
      name: 'prices',
      failureThreshold: 1,
      recoveryTimeout: 1_000,
    });
    const cause = new RangeError('down');
    await rejectionOf(breaker.call(() => Promise.reject(cause)));
    clock.time += 400;

    const error = await rejectionOf(breaker.call(() => 'never'));

    if (!recloser.isCircuitBreakerOpenError(error)) throw error;
    equal(
      [error.name, error.code, error.breaker, error.state, error.reason, error.retryAfter],
      ['CircuitBreakerOpenError', 'ERR_CIRCUIT_OPEN', 'prices', 'OPEN', 'open', 600],
    );
    equal(
      [error instanceof recloser.CircuitBreakerOpenError, error instanceof Error, error.cause === cause],
      [true, true, true],
    );
    equal([recloser.isCircuitBreakerError(error), recloser.isCallTimeoutError(error)], [true, false]);
  },

  async 'recovers through probes once the recovery timeout has passed'(recloser) {
    const { clock, breaker } = onClock(recloser, { recoveryTimeout: 1_000, successThreshold: 2 });
    breaker.trip();
    clock.time += 999;
    const early = await breaker.tryCall(() => 'early');
    clock.time += 1;

    const states = [breaker.state];
    for (let probe = 0; probe < 2; probe++) {
      await breaker.call(() => 'well');
      states.push(breaker.state);
    }

    equal([early.ok, ...states], [false, 'OPEN', 'HALF_OPEN', 'CLOSED']);
  },

  async 'opens again when a probe fails, for longer each time'(recloser) {
    const recoveryTimeout = recloser.exponentialBackoff({ initial: 100, factor: 3, jitter: 0 });
    const { clock, breaker } = onClock(recloser, { recoveryTimeout });
    breaker.trip();
    clock.time += 100;

    await rejectionOf(breaker.call(() => Promise.reject(new Error('still down'))));

    const { state, attempt, retryAfter } = breaker.metrics;
    equal([state, attempt, retryAfter], ['OPEN', 2, 300]);
  },

  async 'judges a count window by its share of failures'(recloser) {
    const { breaker } = onClock(recloser, {
      failureThreshold: false,
      minimumCalls: 4,
      window: { type: 'count', size: 4 },
    });

    await settle(breaker, 'ok', 'failed', 'ok', 'ok', 'failed');

    equal([breaker.state, breaker.metrics.lastTransition?.reason], ['OPEN', 'failure-rate']);
  },

  async 'forgets what has left a time window'(recloser) {
    const { clock, breaker } = onClock(recloser, {
      failureThreshold: false,
      minimumCalls: 2,
      window: { type: 'time', duration: 1_000, buckets: 10 },
    });

    await settle(breaker, 'failed');
    clock.time += 1_001;
    await settle(breaker, 'ok', 'ok', 'failed');

    const { calls, failures } = breaker.metrics.window;
    equal([breaker.state, calls, failures], ['CLOSED', 3, 1]);
  },

  async 'ends a hanging call after callTimeout, and aborts its signal'(recloser) {
    const breaker = new recloser.CircuitBreaker({ name: 'slow', callTimeout: 20 });
    /** @type {AbortSignal | undefined} */
    let signal;

    const error = await rejectionOf(
      breaker.call((context) => {
        signal = context.signal;
        return new Promise(() => {});
      }),
    );

    if (!recloser.isCallTimeoutError(error)) throw error;
    equal([error.code, error.breaker, error.timeout], ['ERR_CALL_TIMEOUT', 'slow', 20]);
    equal([signal?.aborted, signal?.reason === error], [true, true]);
    equal([breaker.metrics.totals.timeouts, breaker.metrics.inFlight], [1, 0]);
  },

  async 'ends hanging calls in the order of their deadlines'(recloser) {
    const breaker = new recloser.CircuitBreaker({ callTimeout: 40 });
    const hang = () => new Promise(() => {});
    /** @type {number[]} */
    const ended = [];
    const late = breaker.call(hang).catch(() => ended.push(40));
    const soon = breaker.call(hang, { callTimeout: 5 }).catch(() => ended.push(5));

    const answered = await breaker.call(() => 'at once');
    await Promise.all([late, soon]);

    equal([answered, ended], ['at once', [5, 40]]);
  },

  async 'ignores what a task does after its timeout'(recloser) {
    const breaker = new recloser.CircuitBreaker({ callTimeout: 5, failureThreshold: 5 });
    /** @type {(error: Error) => void} */
    let fail = () => {};

    const error = await rejectionOf(breaker.call(() => new Promise((_, reject) => (fail = reject))));
    const unhandled = await reportsDuring(() => fail(new Error('too late')));

    equal([recloser.isCallTimeoutError(error), unhandled ?? []], [true, []]);
    equal([breaker.metrics.totals.failures, breaker.metrics.totals.timeouts], [1, 1]);
  },

  async 'lets the caller abort a call, which counts as nothing'({ CircuitBreaker }) {
    const breaker = new CircuitBreaker({ failureThreshold: 1 });
    const caller = new AbortController();
    const reason = new Error('not needed any more');
    /** @type {AbortSignal | undefined} */
    let signal;

    const call = breaker.call(
      (context) => {
        signal = context.signal;
        return new Promise(() => {});
      },
      { signal: caller.signal },
    );
    caller.abort(reason);
    const error = await rejectionOf(call);

    equal([error === reason, signal?.aborted, signal?.reason === reason], [true, true, true]);
    equal([breaker.state, breaker.metrics.totals.ignored, breaker.metrics.inFlight], ['CLOSED', 1, 0]);
  },

  async 'runs no task for a caller who has aborted already'({ CircuitBreaker }) {
    const breaker = new CircuitBreaker();
    let runs = 0;

    const error = await rejectionOf(breaker.call(() => runs++, { signal: AbortSignal.abort() }));

    equal([/** @type {Error} */ (error).name, runs, breaker.metrics.totals.calls], ['AbortError', 0, 0]);
  },

  async 'answers with the fallback when the task fails and when the circuit is open'(recloser) {
    const { breaker } = onClock(recloser, {
      failureThreshold: 1,
      fallback: (error) => (recloser.isCircuitBreakerOpenError(error) ? 'rejected' : 'failed'),
    });

    const answers = await settle(breaker, 'failed', 'ok');

    equal([answers, breaker.metrics.totals.fallbacks], [['failed', 'rejected'], 2]);
  },

  async 'tells results as values'({ CircuitBreaker }) {
    const breaker = new CircuitBreaker({ failureThreshold: 1 });
    const error = new Error('down');

    const results = [
      await breaker.tryCall(() => 42),
      await breaker.tryCall(() => Promise.reject(error)),
      await breaker.tryCall(() => 42),
    ];

    equal(results[0], { ok: true, value: 42 });
    equal(
      results.slice(1).map((result) => !result.ok && result.rejected),
      [false, true],
    );
    equal(results[1]?.ok === false && results[1].error === error, true);
  },

  'guards synchronous calls'({ CircuitBreaker, isCircuitBreakerOpenError }) {
    const breaker = new CircuitBreaker({ failureThreshold: 2 });
    const parse = breaker.wrapSync(JSON.parse);

    const errors = ['{', '{', '{}'].map((text) => errorOf(() => parse(text)));

    equal(
      errors.map((error) => error instanceof SyntaxError),
      [true, true, false],
    );
    equal(isCircuitBreakerOpenError(errors[2]), true);
    equal(
      breaker.callSync(() => 'real', { fallback: () => 'instead' }),
      'instead',
    );
  },

  'counts a permit that is disposed of unsettled as a failure'({ CircuitBreaker }) {
    const breaker = new CircuitBreaker({ failureThreshold: 2 });

    const settled = breaker.acquire();
    settled.success();
    settled[DISPOSE]();
    breaker.acquire()[DISPOSE]();
    const before = breaker.state;
    breaker.acquire()[DISPOSE]();

    equal([before, breaker.state, breaker.tryAcquire()], ['CLOSED', 'OPEN', undefined]);
    equal([breaker.metrics.totals.successes, breaker.metrics.totals.failures], [1, 2]);
  },

  'disposes of a permit at the end of a `using` scope'({ CircuitBreaker }) {
    const breaker = new CircuitBreaker({ failureThreshold: 1 });
    const scope = scopeWithUsing();
    if (scope === undefined) return skip('no `using` in functions made from text');

    scope(breaker.acquire());

    equal(breaker.state, 'OPEN');
  },

  async 'hands its state on as JSON'(recloser) {
    const { clock, breaker } = onClock(recloser, {
      name: 'prices',
      failureThreshold: 2,
      recoveryTimeout: 1_000,
    });
    await settle(breaker, 'ok', 'failed', 'failed');
    const text = JSON.stringify(breaker);
    clock.time += 400;

    const heir = new recloser.CircuitBreaker({
      clock: { now: () => 7, epoch: () => clock.time },
      recoveryTimeout: 1_000,
      snapshot: JSON.parse(text),
    });

    const { state, retryAfter, totals, lastFailure } = heir.metrics;
    equal([state, retryAfter, totals.calls, totals.failures], ['OPEN', 600, 3, 2]);
    equal(String(lastFailure?.error), 'Error: down');
  },

  async 'keeps breakers by name in a registry'({ CircuitBreakerRegistry }) {
    const registry = new CircuitBreakerRegistry({ defaults: { failureThreshold: 1 } });
    /** @type {string[]} */
    const opened = [];
    registry.on('open', ({ breaker }) => opened.push(breaker));

    await settle(registry.getOrCreate('users'), 'failed');
    await settle(registry.getOrCreate('mail'), 'ok');

    const { total, open, closed } = registry.summary();
    equal([total, open, closed, opened, registry.names()], [2, 1, 1, ['users'], ['users', 'mail']]);
    equal(registry.getOrCreate('users') === registry.get('users'), true);
  },

  async 'wraps functions, keeping `this`, arguments, name and length'({
    CircuitBreakerRegistry,
    withCircuitBreaker,
  }) {
    const registry = new CircuitBreakerRegistry();
    /** @this {{ base: number }} @param {number} n */
    async function add(n) {
      return this.base + n;
    }

    const guarded = withCircuitBreaker('adder', { registry })(add);

    equal([await guarded.call({ base: 40 }, 2), guarded.name, guarded.length], [42, 'add', 1]);
    equal([guarded.breaker === registry.get('adder'), guarded.breaker.metrics.totals.calls], [true, 1]);
  },

  async 'keeps a breaker for each key'({ CircuitBreakerRegistry, withCircuitBreaker }) {
    const registry = new CircuitBreakerRegistry({ defaults: { failureThreshold: 1 } });
    const hostOf = (/** @type {string} */ url) => new URL(url).host;
    const get = withCircuitBreaker(hostOf, { registry })(async (/** @type {string} */ url) => {
      if (url.includes('down')) throw new Error('down');
      return url;
    });

    await rejectionOf(get('http://down.test/1'));

    equal(await get('http://up.test/1'), 'http://up.test/1');
    equal([registry.names(), get.breakerFor('http://down.test/2').state], [['down.test', 'up.test'], 'OPEN']);
  },

  async 'protects a client whose methods use #private state'({ CircuitBreakerRegistry, protect }) {
    class Users {
      #names = new Map([[7, 'Ada']]);

      /** @param {number} id */
      async find(id) {
        if (!this.#names.has(id)) throw new Error('unknown');
        return this.#names.get(id);
      }

      get size() {
        return this.#names.size;
      }
    }
    const registry = new CircuitBreakerRegistry({ defaults: { failureThreshold: 1 } });

    const users = protect(new Users(), { name: 'users', registry });
    const found = await users.find(7);
    await rejectionOf(users.find(8));

    equal([found, users.size, users instanceof Users], ['Ada', 1, true]);
    equal([registry.names(), registry.get('users')?.state], [['users'], 'OPEN']);
  },

  async 'tells listeners, in the order in which things happened'(recloser) {
    const { breaker } = onClock(recloser, { failureThreshold: 1 });
    /** @type {string[]} */
    const told = [];
    breaker.on('failure', () => told.push('failure'));
    breaker.on('transition', ({ from, to, reason }) => told.push(`${from} ${to} ${reason}`));
    breaker.on('open', () => told.push('open'));

    await settle(breaker, 'failed');

    equal(told, ['failure', 'CLOSED OPEN consecutive-failures', 'open']);
  },

  async 'takes no stack for a rejection unless asked, and leaves the limit as it was'({ CircuitBreaker }) {
    const errors = /** @type {{ stackTraceLimit?: number }} */ (Error);
    const limit = errors.stackTraceLimit;
    const lines = async (/** @type {boolean} */ rejectionStackTrace) => {
      const breaker = new CircuitBreaker({ rejectionStackTrace });
      breaker.trip();
      const error = await rejectionOf(breaker.call(() => 'never'));
      return String(/** @type {Error} */ (error).stack).match(/^\s*(at |\S*@)/gm)?.length ?? 0;
    };

    const without = await lines(false);
    const withStack = await lines(true);

    equal([errors.stackTraceLimit === limit, withStack > 0], [true, true]);
    if (limit === undefined) return skip('the runtime has no Error.stackTraceLimit');
    equal(without, 0);
  },

  async 'leaves a rejection that nobody handles to the runtime'({ CircuitBreaker }) {
    const breaker = new CircuitBreaker();
    const error = new Error('nobody looks');

    const unhandled = await reportsDuring(() => void breaker.call(() => Promise.reject(error)));

    if (unhandled === undefined) return skip('the runtime does not tell');
    equal(unhandled.length, 1);
    equal(unhandled[0] === error, true);
  },

  'fits breakers to what their names tell, with presets'({ CircuitBreakerRegistry }, { presets }) {
    const environment = 'production';
    const registry = new CircuitBreakerRegistry({ configure: presets.presets({ environment, env: {} }) });

    const { failureThreshold, isFailure } = registry.getOrCreate('claude_expert_opus').options;

    equal([failureThreshold, presets.inferPreset('orders').guessed], [2, true]);
    equal(isFailure?.({ error: Object.assign(new Error('busy'), { status: 529 }) }), true);
  },

  'finds out the environment where there may be no process'(_, { presets }) {
    const environment = presets.detectEnvironment();

    equal(presets.ENVIRONMENT_NAMES.includes(environment), true);
  },

  async 'counts for a register of Prometheus'({ CircuitBreaker }, { prometheus }) {
    const metrics = new Map();
    const register = {
      registerMetric: (/** @type {any} */ metric) => void metrics.set(metric.name, metric),
      getSingleMetric: (/** @type {string} */ name) => metrics.get(name),
      removeSingleMetric: (/** @type {string} */ name) => void metrics.delete(name),
    };
    const breaker = new CircuitBreaker({ name: 'prices' });
    const stop = prometheus.instrument(breaker, { client: { register } });

    await breaker.call(() => 'fine');
    const { values } = await metrics.get(prometheus.METRIC_NAMES.requests).get();
    stop();

    equal(values[0], { value: 1, labels: { name: 'prices', result: 'success' } });
    equal(metrics.size, 0);
  },

  async 'measures with a meter of OpenTelemetry'({ CircuitBreaker }, { opentelemetry }) {
    /** @type {string[]} */
    const told = [];
    const instrument = (/** @type {string} */ name) => ({
      add: () => told.push(name),
      record: () => told.push(name),
    });
    const meter = {
      createCounter: instrument,
      createHistogram: instrument,
      createObservableGauge: instrument,
      createObservableUpDownCounter: instrument,
      addBatchObservableCallback() {},
      removeBatchObservableCallback() {},
    };
    const breaker = new CircuitBreaker();
    const stop = opentelemetry.instrument(breaker, { meter });

    await breaker.call(() => 'fine');
    stop();
    await breaker.call(() => 'unheard');

    equal(told, [opentelemetry.INSTRUMENT_NAMES.duration]);
  },

  'draws a dashboard and writes alert rules'(_, { grafana }) {
    const { panels } = grafana.dashboard();
    const { groups } = grafana.alertRules();

    equal([panels.length > 5, groups.length > 0], [true, true]);
  },

  async 'explains why it is open'(recloser, { monitor }) {
    const { clock, breaker } = onClock(recloser, { failureThreshold: 2, recoveryTimeout: 10_000 });
    const past = monitor.history(breaker);
    await settle(breaker, 'failed', 'failed');
    clock.time += 4_000;

    const { text } = monitor.explain(breaker, past);
    past.stop();

    equal(text.startsWith('OPEN for 4 s: '), true);
  },

  'tells of an alert and of its end'({ CircuitBreaker }, { monitor }) {
    const breaker = new CircuitBreaker({ name: 'prices' });
    /** @type {string[]} */
    const told = [];
    const watching = monitor.watch(breaker, { health: false }, ({ alert, status }) =>
      told.push(`${alert} ${status}`),
    );

    breaker.trip();
    breaker.reset();
    watching.stop();

    equal(told, ['open firing', 'open resolved']);
  },

  async 'tries again, each attempt in its own words'(_, { resilience, testing }) {
    const clock = testing.createManualClock();
    const users = new resilience.Resilience({
      name: 'users',
      clock,
      retry: { maxAttempts: 3, backoff: 100 },
    });
    /** @type {number[]} */
    const attempts = [];

    const answer = users.call(async ({ attempt }) => {
      attempts.push(attempt);
      if (attempt < 3) throw new Error('down');
      return 'up';
    });
    await clock.advance(99);
    const early = attempts.length;
    await clock.advance(101);

    equal([early, await answer, attempts], [1, 'up', [1, 2, 3]]);
    equal([users.metrics.totals.recovered, users.retryBudget?.available], [1, 8.21]);
  },

  async 'lets in as many as there are places, in order, and answers at the deadline'(
    _,
    { resilience, testing },
  ) {
    const clock = testing.createManualClock();
    const users = new resilience.Resilience({
      name: 'users',
      clock,
      bulkhead: { limit: 1, queue: 1, maxWait: 50 },
      totalTimeout: 80,
    });
    const hang = () => new Promise(() => {});

    const calls = [users.call(hang), users.call(hang), users.call(hang)].map(rejectionOf);
    await clock.advance(100);
    const errors = await Promise.all(calls);

    equal(
      errors.map((error) => /** @type {{ code?: string }} */ (error).code),
      ['ERR_TOTAL_TIMEOUT', 'ERR_BULKHEAD_FULL', 'ERR_BULKHEAD_FULL'],
    );
    equal(
      errors.map((error) => resilience.attemptsOf(error)?.stopped),
      ['deadline', 'rejected', 'rejected'],
    );
    equal([users.breaker.metrics.totals.timeouts, users.metrics.running], [1, 0]);
  },

  async 'ends a backoff as soon as its caller has gone'(_, { resilience }) {
    const controller = new AbortController();
    const users = new resilience.Resilience({ retry: { backoff: 60_000 } });

    const call = rejectionOf(
      users.call(() => Promise.reject(new Error('down')), { signal: controller.signal }),
    );
    await null;
    controller.abort('gone');

    equal([await call, users.metrics.waiting.backoff], ['gone', 0]);
  },

  async 'never lets more start in any time than its limit'(_, { resilience, testing }) {
    const clock = testing.createManualClock();
    const limiter = new resilience.RateLimiter({ limit: 2, per: 100, queue: 4, clock });
    const starts = [1, 2, 3, 4, 5].map(() => limiter.run(() => clock.now()));
    const begin = clock.now();
    await clock.advance(200);

    equal(
      (await Promise.all(starts)).map((start) => start - begin),
      [0, 0, 100, 100, 200],
    );
  },

  async 'moves time and timers by hand, microtasks between'(_, { testing }) {
    const clock = testing.createManualClock();
    /** @type {unknown[]} */
    const told = [];
    clock.setTimeout(async () => {
      for (let i = 0; i < 20; i++) await null;
      told.push('first');
    }, 10);
    clock.setTimeout(() => told.push('second'), 10);

    await clock.advance(20);
    await clock.settle(clock.sleep(80));
    const hung = await rejectionOf(clock.settle(new Promise(() => {})));

    equal([told, clock.now()], [['first', 'second'], 100]);
    equal(/** @type {{ code?: string }} */ (hung).code, 'ERR_NOTHING_TO_WAIT_FOR');
  },

  async 'injects the same faults for the same seed'(_, { testing }) {
    const clock = testing.createManualClock();
    const chaos = testing.createChaos({ seed: 7, clock });
    const flaky = chaos.wrap(
      async () => clock.now(),
      [
        { fault: 'error', rate: 0.3 },
        { fault: 'latency', ms: { p50: 40, p99: 900 } },
      ],
    );

    const results = await clock.settle(Promise.allSettled(Array.from({ length: 12 }, flaky)));
    const told = results.map((it) => (it.status === 'fulfilled' ? it.value : testing.isInjected(it.reason)));

    equal(told, FAULTS_OF_SEED_7);
  },

  async 'simulates outages with the same figures, to the byte'(_, { testing }) {
    for (const { seed, figures, digest } of GOLDEN) {
      const run = await testing.simulate(goldenSettings(seed));

      equal(JSON.parse(JSON.stringify(run.figures)), JSON.parse(figures));
      equal(digestOf(JSON.stringify(run)), digest);
    }
  },

  async 'sets the breakers of the default registry aside'({ defaultRegistry }, { testing }) {
    const before = defaultRegistry.getOrCreate('aside');

    const names = await testing.isolate((registry) => registry.names());

    equal([names, defaultRegistry.get('aside') === before], [[], true]);
    defaultRegistry.delete('aside');
  },

  'opens by evidence, by calls that hang too, and admits a tenth after the close'(
    { CircuitBreaker },
    { adaptive },
  ) {
    let now = 0;
    const detector = adaptive.adaptive({ overdueAfter: 300 });
    const breaker = new CircuitBreaker({ detector, clock: { now: () => now, random: () => 0 } });
    for (; breaker.tryAcquire() !== undefined; now += 50);
    const { detail = '' } = breaker.metrics.lastTransition ?? {};

    now += 20_000;
    for (let probe = 0; probe < 5; probe++) breaker.acquire().success();
    let admitted = 0;
    for (let call = 0; call < 50; call++) if (breaker.tryAcquire() !== undefined) admitted++;

    equal([/^evidence 9 of 9 in .* overdue$/.test(detail), breaker.state, admitted], [true, 'CLOSED', 5]);
  },

  async 'opens for all instances that share a breaker, and closes for all by one probe'(
    { CircuitBreaker },
    { redis, testing },
  ) {
    const clock = testing.createManualClock();
    const { client } = redis.createMemoryRedis({ clock });
    const options = { clock, failureThreshold: 1, recoveryTimeout: 1_000, successThreshold: 1 };
    const breakers = [1, 2, 3].map(() => new CircuitBreaker(options));
    const sharing = /** @type {const} */ ({ client, clock, namespace: 'shop', pollInterval: false });
    const fleets = breakers.map((it) => redis.shareState(it, sharing));
    const statesAfterPolls = async () => {
      for (const fleet of [...fleets, ...fleets]) await fleet.sync();
      return breakers.map(({ state }) => state).join();
    };

    await statesAfterPolls();
    for (const breaker of breakers.slice(0, 2))
      await breaker.tryCall(() => Promise.reject(new Error('down')));
    const opened = await statesAfterPolls();
    clock.advanceSync(1_200);
    const answer = await /** @type {InstanceType<typeof CircuitBreaker>} */ (breakers[2]).call(
      async () => 'fine',
    );
    await statesAfterPolls();
    // Those that have seen it down ask once themselves.
    for (const breaker of breakers) await breaker.tryCall(async () => 'fine');
    const closed = await statesAfterPolls();

    equal([opened, answer, closed], ['OPEN,OPEN,OPEN', 'fine', 'CLOSED,CLOSED,CLOSED']);
    await Promise.all(fleets.map((fleet) => fleet.stop()));
  },

  'refuses misspelt and impossible options'({ CircuitBreaker, InvalidOptionsError }) {
    const misspelt = errorOf(() => new CircuitBreaker(/** @type {{}} */ ({ callTimeot: 5 })));
    const impossible = errorOf(() => new CircuitBreaker({ failureRateThreshold: 50 }));

    equal([misspelt instanceof InvalidOptionsError, impossible instanceof InvalidOptionsError], [true, true]);
    equal(/did you mean "callTimeout"/.test(String(misspelt)), true);
  },

  'reads a clock that does not go back'({ systemClock }) {
    const first = systemClock.now();
    const second = systemClock.now();

    equal([Number.isFinite(first), second >= first], [true, true]);
    equal(Math.abs((systemClock.epoch?.() ?? 0) - Date.now()) < 1_000, true);
  },

  async 'opens on a server that answers 503, and answers the platform’s own responses'(
    { isCircuitBreakerOpenError },
    { http },
  ) {
    let sent = 0;
    const api = http.createFetch({
      retry: false,
      fetch: async () => {
        sent++;
        return new Response('busy', { status: 503, headers: { 'retry-after': '7' } });
      },
    });
    const breaker = api.breakerFor(AT);

    const responses = [];
    for (let call = 0; call < 5; call++) responses.push(await api(AT));
    const error = await rejectionOf(api(AT));

    equal(
      responses.map((it) => [it.status, it instanceof Response, it.constructor === Response, it.bodyUsed]),
      Array(5).fill([503, true, true, false]),
    );
    equal([isCircuitBreakerOpenError(error), sent, breaker.state], [true, 5, 'OPEN']);
    equal(Math.ceil((breaker.metrics.retryAfter ?? 0) / 1_000), 7);
  },

  async 'reads a watched body in every way that the platform has'(_, { http }) {
    const answer = () => new Response('{"a":"é"}', { headers: { 'content-type': 'application/json' } });
    const api = http.createFetch({ fetch: async () => answer() });
    const ways = [
      (/** @type {Response} */ it) => it.text(),
      (/** @type {Response} */ it) => it.json().then(JSON.stringify),
      (/** @type {Response} */ it) => it.arrayBuffer().then((bytes) => new TextDecoder().decode(bytes)),
      (/** @type {Response} */ it) => it.blob().then((blob) => blob.text()),
      (/** @type {Response} */ it) => it.clone().text(),
      (/** @type {Response} */ it) => new Response(it.body, it).text(),
      (/** @type {Response} */ it) => textOf(it.body),
      (/** @type {Response} */ it) => new Response(it.body?.tee()[1]).text(),
    ];
    // Where a body may stand still for less time than the call has, its chunks are watched for every way.
    const strict = api.with({ totalTimeout: 60_000 });

    for (const fetch of [api, strict]) {
      const texts = await Promise.all(ways.map(async (read) => read(await fetch(AT))));

      equal(texts, Array(ways.length).fill('{"a":"é"}'));
    }
    const response = await strict(AT);
    const { body } = response;
    equal([response.body === body, response.bodyUsed], [true, false]);
    const { type } = await response.blob();
    equal([type.split(';')[0], response.bodyUsed], ['application/json', true]); // Bun adds the charset
    equal(api.breakerFor(AT).metrics.totals.failures, 0);
  },

  async 'ends a body that stands still, however it is read'(_, { http }) {
    const over = new AbortController();
    const api = http.createFetch({
      bodyTimeout: 20,
      totalTimeout: false,
      fetch: async () => new Response(halfOf(over.signal)),
    });

    const errors = [
      await rejectionOf((await api(AT)).text()),
      await rejectionOf((await api(AT)).clone().json()),
      await rejectionOf(textOf((await api(AT)).body)),
    ];

    // Node 18 does not end while what a clone was made of is open.
    over.abort();
    equal(errors.map(http.isBodyTimeoutError), [true, true, true]);
    equal(api.breakerFor(AT).metrics.totals.failures, 3);
  },

  async 'sends again what may be repeated, as the server asks, and nothing else'(_, { http }) {
    /** @type {string[]} */
    const sent = [];
    const api = http.createFetch({
      retry: { backoff: 0 },
      fetch: async (/** @type {string} */ _url, /** @type {RequestInit | undefined} */ init) => {
        sent.push(init?.method ?? 'GET');
        const headers = { 'retry-after-ms': '3' };
        return sent.length % 2 === 1 ? new Response('busy', { status: 503, headers }) : new Response('well');
      },
    });

    const got = await api(AT);
    const again = await api(AT, { method: 'PUT', body: 'x' });
    const posted = await api(AT, { method: 'POST', body: 'x' });

    equal([got.status, again.status, posted.status], [200, 200, 503]);
    equal(sent, ['GET', 'GET', 'PUT', 'PUT', 'POST']);
  },

  async 'hands the abort of its caller to a request, and to a body'(_, { http }) {
    const controller = new AbortController();
    const api = http.createFetch({
      fetch: (/** @type {string} */ url, /** @type {RequestInit | undefined} */ { signal } = {}) =>
        url === AT
          ? new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason)))
          : Promise.resolve(new Response(halfOf(signal ?? undefined))),
    });

    const request = rejectionOf(api(AT, { signal: controller.signal }));
    const response = await api(`${AT}/body`, { signal: controller.signal });
    const body = rejectionOf(textOf(response.body));
    controller.abort('gone');

    equal([await request, await body], ['gone', 'gone']);
    equal(api.breakerFor(AT).metrics.totals.failures, 0);
  },

  async 'counts a stream at its end, and one that breaks off as a failure'({ CircuitBreaker }, { stream }) {
    const breaker = new CircuitBreaker({ name: 'model', failureThreshold: 2 });
    const error = new Error('broken');
    const tokens = stream.guardStream.wrap(breaker, async function* (/** @type {boolean} */ breaks) {
      yield 'a';
      if (breaks) throw error;
      yield 'b';
    });
    const read = async (/** @type {boolean} */ breaks) => {
      let text = '';
      for await (const token of tokens(breaks)) text += token;
      return text;
    };

    equal(await read(false), 'ab');
    equal([await rejectionOf(read(true)), await rejectionOf(read(true))], [error, error]);
    equal([breaker.state, breaker.metrics.totals.successes, breaker.metrics.inFlight], ['OPEN', 1, 0]);
  },

  async 'keeps the kind of a stream that it opens, and ends one that stands still'(
    { CircuitBreaker },
    { stream },
  ) {
    const breaker = new CircuitBreaker({ name: 'body' });

    const whole = await stream.guardStream.open(breaker, async () => new Response('a film').body);
    equal([whole instanceof ReadableStream, await textOf(whole)], [true, 'a film']);
    const half = await stream.guardStream.open(breaker, () => halfOf(), { stallTimeout: 20 });
    const stalled = await rejectionOf(textOf(half));
    const left = await stream.guardStream.open(breaker, () => halfOf());
    await left.cancel('enough');

    equal(stream.isStreamTimeoutError(stalled), true);
    const { successes, failures, ignored } = breaker.metrics.totals;
    equal([successes, failures, ignored, breaker.metrics.inFlight], [1, 1, 1, 0]);
  },

  async 'serves the dashboard by fetch, with its levers'({ CircuitBreakerRegistry }, { dashboard }) {
    const breakers = new CircuitBreakerRegistry();
    const users = breakers.getOrCreate('users');
    const panel = dashboard.dashboard(breakers, { controls: true, authorize: () => ({ as: 'ada' }) });
    const ask = (/** @type {string} */ path, /** @type {RequestInit} */ init = {}) =>
      panel.fetch(new Request(`http://localhost${path}`, init), { ip: '127.0.0.1' });

    const page = await (await ask('/')).text();
    const { token, rows } = await (await ask('/report.json')).json();
    const done = await ask('/actions', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-recloser-token': token },
      body: JSON.stringify({ action: 'forceOpen', breaker: 'users', reason: 'drill' }),
    });
    panel.close();

    equal([page.startsWith('<!doctype html>'), rows.length, done.status], [true, 1, 200]);
    equal([users.mode, users.metrics.lastTransition?.detail], ['forced-open', 'drill (ada)']);
  },

  async 'has the API of opossum, with its events and errors'(recloser, { opossum, monitor, testing }) {
    if (opossum === undefined) return skip('there is no node:events');
    let isDown = true;
    const action = async () => {
      if (isDown) throw new Error('down');
      return 'up';
    };
    const clock = testing.createManualClock();
    const options = { name: 'prices', timeout: 1_000, resetTimeout: 5, clock };
    const breaker = new opossum.CircuitBreaker(action, options);
    /** @type {string[]} */
    const told = [];
    for (const event of ['open', 'halfOpen', 'close']) breaker.on(event, () => told.push(event));

    const errors = [await rejectionOf(breaker.fire()), await rejectionOf(breaker.fire())];
    const { text } = monitor.explain(breaker.core);
    await clock.advance(5);
    isDown = false;
    const answer = await breaker.fire();
    breaker.shutdown();

    const [first, second] = /** @type {(Error & { code?: string })[]} */ (errors);
    equal([first?.message, second?.code, answer], ['down', 'EOPENBREAKER', 'up']);
    equal([...told, text.startsWith('OPEN for')], ['open', 'halfOpen', 'close', true]);
    equal(
      [opossum.default === opossum.CircuitBreaker, opossum.CircuitBreaker.isOurError(second)],
      [true, true],
    );
    equal(recloser.isCircuitBreakerOpenError(second?.cause), true);
  },
};

const AT = 'https://api.example.test/users';

/**
 * A body of which half comes, and then nothing more until its request is aborted.
 *
 * @param {AbortSignal} [signal]
 * @returns {ReadableStream<Uint8Array>}
 */
function halfOf(signal) {
  let pulls = 0;
  return new ReadableStream({
    pull(controller) {
      if (pulls++ === 0) {
        controller.enqueue(new TextEncoder().encode('half'));
        return undefined;
      }
      return new Promise((resolve) => {
        const end = () => {
          controller.error(signal?.reason);
          resolve();
        };
        // Not every platform asks for more before the abort.
        if (signal?.aborted) end();
        else signal?.addEventListener('abort', end);
      });
    },
  });
}

/** By its reader: not every platform iterates a body. @param {ReadableStream<Uint8Array> | null} body */
async function textOf(body) {
  const reader = body?.getReader();
  const decoder = new TextDecoder();
  let text = '';
  for (;;) {
    const { done, value } = (await reader?.read()) ?? { done: true };
    if (done) return text;
    text += decoder.decode(value, { stream: true });
  }
}

/** What `behaviours` tells of, once each. */
export const NAMES = Object.keys(BEHAVIOURS);

/**
 * Checks every behaviour, one after the other. It never rejects.
 *
 * @param {Recloser} recloser
 * @param {Subpaths} subpaths
 * @returns {Promise<Result[]>}
 */
export async function behaviours(recloser, subpaths) {
  const results = [];
  for (const [name, check] of Object.entries(BEHAVIOURS)) {
    results.push(await resultOf(name, () => check(recloser, subpaths)));
  }
  return results;
}

/**
 * @param {string} name
 * @param {() => unknown} check
 * @returns {Promise<Result>}
 */
async function resultOf(name, check) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const hung = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${TIME_TO_ANSWER} ms`)), TIME_TO_ANSWER);
  });
  try {
    await Promise.race([(async () => check())(), hung]);
    return { name, ok: true };
  } catch (error) {
    if (error instanceof Skipped) return { name, ok: true, skipped: error.message };
    return { name, ok: false, error: String(/** @type {Error} */ (error)?.stack ?? error) };
  } finally {
    clearTimeout(timer);
  }
}

class Skipped extends Error {}

/**
 * What follows cannot be checked here.
 *
 * @param {string} reason
 * @returns {never}
 */
function skip(reason) {
  throw new Skipped(reason);
}

/** @param {unknown} actual @param {unknown} expected */
function equal(actual, expected) {
  const [was, should] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (was !== should) throw new Error(`expected ${should}, received ${was}`);
}

/** @param {Promise<unknown>} promise */
async function rejectionOf(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('expected a rejection');
}

/** @param {() => unknown} run */
function errorOf(run) {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error('expected an error');
}

/**
 * A breaker on a clock of its own.
 *
 * @param {Recloser} recloser
 * @param {import('recloser').CircuitBreakerOptions} options
 */
function onClock({ CircuitBreaker }, options) {
  const clock = { time: 5_000, now: () => clock.time, epoch: () => clock.time };
  return { clock, breaker: new CircuitBreaker({ ...options, clock }) };
}

/**
 * Calls one after the other that end like this; answers what they resolved to, `undefined` for an error.
 *
 * @param {import('recloser').CircuitBreaker} breaker
 * @param {...('ok' | 'failed')} ends
 */
async function settle(breaker, ...ends) {
  const answers = [];
  for (const end of ends) {
    const result = await breaker.tryCall(() => (end === 'ok' ? end : Promise.reject(new Error('down'))));
    answers.push(result.ok ? result.value : undefined);
  }
  return answers;
}

/** A function with `using` in it, where the runtime can read one and is allowed to make one from text. */
function scopeWithUsing() {
  try {
    return new Function('permit', '{ using held = permit; }');
  } catch {
    return undefined;
  }
}

/**
 * The reasons of the rejections that the runtime reports as unhandled meanwhile; `undefined` where it cannot tell.
 *
 * @param {() => void} run
 */
async function reportsDuring(run) {
  /** @type {unknown[]} */
  const reasons = [];
  const stop = listenForUnhandled((reason) => reasons.push(reason));
  if (stop === undefined) return undefined;
  run();
  await new Promise((resolve) => setTimeout(resolve, 20));
  stop();
  return reasons;
}

/** @param {(reason: unknown) => void} listener */
function listenForUnhandled(listener) {
  if (typeof globalThis.process?.on === 'function' && !('Deno' in globalThis)) {
    process.on('unhandledRejection', listener);
    return () => void process.off('unhandledRejection', listener);
  }
  if (typeof globalThis.addEventListener !== 'function') return undefined;
  const onEvent = (/** @type {Event} */ event) => {
    event.preventDefault();
    listener(/** @type {PromiseRejectionEvent} */ (event).reason);
  };
  globalThis.addEventListener('unhandledrejection', onEvent);
  return () => globalThis.removeEventListener('unhandledrejection', onEvent);
}
