// @ts-nocheck: globals of Jest, and the packed package, which is not here.
const { jest: timers } = require('@jest/globals');
const { CircuitBreaker, CircuitBreakerRegistry, defaultRegistry, isCallTimeoutError } = require('recloser');
const testing = require('recloser/testing');

expect.extend(testing.matchers);

describe.each(['real', 'fake'])('recloser/testing in Jest with %s timers', (kind) => {
  beforeEach(() => {
    if (kind === 'fake') timers.useFakeTimers();
  });

  afterEach(() => timers.useRealTimers());

  it('moves a breaker through an outage, by the matchers', async () => {
    const clock = testing.createManualClock();
    const breaker = new CircuitBreaker({ clock, callTimeout: 500, failureThreshold: 1, successThreshold: 1 });
    const record = testing.recordEvents(breaker, { events: ['transition'] });
    expect(breaker).toBeClosed();

    const result = await clock.settle(breaker.tryCall(() => clock.sleep(60_000)));
    expect([result.ok, isCallTimeoutError(result.error), clock.now()]).toEqual([false, true, 500]);
    expect({ breaker }).toBeOpen('consecutive-failures');
    expect(breaker).toRejectCall();
    await breaker.tryCall(() => 1);
    expect(breaker).toHaveRejected(1);
    expect(breaker).toHaveTripped(1);

    await clock.advance(60_000);
    expect(breaker).not.toRejectCall();
    await breaker.call(() => 1);
    expect(breaker).toBeClosed();
    expect(record.transitions().map(({ to }) => to)).toEqual(['OPEN', 'HALF_OPEN', 'CLOSED']);
    expect(() => expect(breaker).toBeOpen()).toThrow('to be OPEN; it is CLOSED');
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

    expect(told).toEqual(['first', 'second']);
  });

  it('says what a test would hang on', async () => {
    const clock = testing.createManualClock();

    const nothing = clock.settle(new Promise(() => {}));
    await expect(nothing).rejects.toMatchObject({ code: 'ERR_NOTHING_TO_WAIT_FOR' });
    clock.setTimeout(function reconnect() {}, 60_000);
    const late = clock.settle(new Promise(() => {}), { limit: 1_000 });
    await expect(late).rejects.toThrow('`reconnect` in 60000 ms');
  });

  it('injects, simulates and isolates', async () => {
    const flaky = testing.createChaos().wrap(async () => 1, [{ fault: 'error' }]);
    const error = await flaky().catch((it) => it);
    expect(testing.isInjected(error)).toBe(true);

    const { figures } = await testing.simulate({
      breaker: { failureThreshold: 5 },
      traffic: { rate: 20 },
      dependency: [{ for: 5_000 }, { for: 5_000, failures: 1 }],
    });
    expect(figures.trips).toBe(1);

    const before = defaultRegistry.getOrCreate('aside');
    const names = await testing.isolate((registry) => registry.names());
    expect([names, defaultRegistry.get('aside') === before]).toEqual([[], true]);
  });

  it('times a call out by the timers of the framework', async () => {
    const breaker = new CircuitBreaker({ callTimeout: 20 });
    const pending = breaker.tryCall(() => new Promise(() => {}));

    if (kind === 'fake') await timers.advanceTimersByTimeAsync(20);

    expect(isCallTimeoutError((await pending).error)).toBe(true);
  });
});

it.each(['go', 'are cleared'])(
  'a breaker works on when the fake timers of Jest %s with calls pending',
  async (how) => {
    const registry = new CircuitBreakerRegistry();
    timers.useFakeTimers();
    const breaker = registry.getOrCreate('users', { callTimeout: 20, failureThreshold: false });
    const pending = breaker.tryCall(() => new Promise(() => {}));

    if (how === 'are cleared') timers.clearAllTimers();
    timers.useRealTimers();
    const next = await breaker.tryCall(() => new Promise(() => {}));

    expect([next, await pending].map(({ error }) => isCallTimeoutError(error))).toEqual([true, true]);
    expect(await breaker.call(async () => 'fine')).toBe('fine');
    expect(breaker.metrics.inFlight).toBe(0);
  },
);
