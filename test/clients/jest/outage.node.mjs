// @ts-nocheck: the packed package, which is not here.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import { CircuitBreaker, defaultRegistry, isCallTimeoutError } from 'recloser';
import * as testing from 'recloser/testing';

const { matchers } = testing;

/** What `expect.extend` makes of a matcher. */
const check = (name, ...args) => {
  const { pass, message } = matchers[name](...args);
  assert.ok(pass, message());
};

for (const kind of ['real', 'fake']) {
  describe(`recloser/testing in node:test with ${kind} timers`, () => {
    beforeEach(() => {
      if (kind === 'fake')
        mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'setImmediate', 'Date'] });
    });

    afterEach(() => mock.timers.reset());

    it('moves a breaker through an outage, by the matchers', async () => {
      const clock = testing.createManualClock();
      const breaker = new CircuitBreaker({
        clock,
        callTimeout: 500,
        failureThreshold: 1,
        successThreshold: 1,
      });
      const record = testing.recordEvents(breaker, { events: ['transition'] });
      check('toBeClosed', breaker);

      const result = await clock.settle(breaker.tryCall(() => clock.sleep(60_000)));
      assert.deepEqual([result.ok, isCallTimeoutError(result.error), clock.now()], [false, true, 500]);
      check('toBeOpen', { breaker }, 'consecutive-failures');
      check('toRejectCall', breaker);
      await breaker.tryCall(() => 1);
      check('toHaveRejected', breaker, 1);
      check('toHaveTripped', breaker, 1);

      await clock.advance(60_000);
      assert.throws(() => check('toRejectCall', breaker));
      await breaker.call(() => 1);
      check('toBeClosed', breaker);
      assert.deepEqual(
        record.transitions().map(({ to }) => to),
        ['OPEN', 'HALF_OPEN', 'CLOSED'],
      );
      assert.throws(() => check('toBeOpen', breaker), /to be OPEN; it is CLOSED/);
    });

    it('lets microtasks run dry between timers', async () => {
      const clock = testing.createManualClock();
      const told = [];
      clock.setTimeout(async () => {
        for (let i = 0; i < 50; i++) await null;
        told.push('first');
      }, 10);
      clock.setTimeout(() => told.push('second'), 10);

      await clock.advance(10);

      assert.deepEqual(told, ['first', 'second']);
    });

    it('says what a test would hang on', async () => {
      const clock = testing.createManualClock();

      const nothing = clock.settle(new Promise(() => {}));
      await assert.rejects(nothing, { code: 'ERR_NOTHING_TO_WAIT_FOR' });
      clock.setTimeout(function reconnect() {}, 60_000);
      const late = clock.settle(new Promise(() => {}), { limit: 1_000 });
      await assert.rejects(late, /`reconnect` in 60000 ms/);
    });

    it('injects, simulates and isolates', async () => {
      const flaky = testing.createChaos().wrap(async () => 1, [{ fault: 'error' }]);
      const error = await flaky().catch((it) => it);
      assert.equal(testing.isInjected(error), true);

      const { figures } = await testing.simulate({
        breaker: { failureThreshold: 5 },
        traffic: { rate: 20 },
        dependency: [{ for: 5_000 }, { for: 5_000, failures: 1 }],
      });
      assert.equal(figures.trips, 1);

      const before = defaultRegistry.getOrCreate('aside');
      const names = await testing.isolate((registry) => registry.names());
      assert.deepEqual([names, defaultRegistry.get('aside') === before], [[], true]);
    });

    it('times a call out by the timers of the framework', async () => {
      const breaker = new CircuitBreaker({ callTimeout: 20 });
      const pending = breaker.tryCall(() => new Promise(() => {}));

      if (kind === 'fake') mock.timers.tick(20);

      assert.equal(isCallTimeoutError((await pending).error), true);
    });
  });
}

it('a breaker works on when the fake timers of node:test go with calls pending', async () => {
  mock.timers.enable({ apis: ['setTimeout', 'Date'] });
  const breaker = new CircuitBreaker({ callTimeout: 20, failureThreshold: false });
  const pending = breaker.tryCall(() => new Promise(() => {}));

  mock.timers.reset();
  const next = await breaker.tryCall(() => new Promise(() => {}));

  assert.deepEqual(
    [next, await pending].map(({ error }) => isCallTimeoutError(error)),
    [true, true],
  );
  assert.equal(await breaker.call(async () => 'fine'), 'fine');
  assert.equal(breaker.metrics.inFlight, 0);
});
