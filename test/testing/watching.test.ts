import { CircuitBreaker, CircuitBreakerRegistry, defaultRegistry, withCircuitBreaker } from 'recloser';
import { createManualClock, isolate, isolateDefaultRegistry, matchers, recordEvents } from 'recloser/testing';
import { describe, expect, it } from 'vitest';
import { errorOf, failing, refusalOf, thrownBy } from '../support/breakers.js';

expect.extend(matchers);

function createBreaker() {
  const clock = createManualClock();
  return {
    clock,
    breaker: new CircuitBreaker({ name: 'orders', clock, failureThreshold: 2, recoveryTimeout: 1_000 }),
  };
}

describe('a record of events', () => {
  it('has what was told, as plain data', async () => {
    const { clock, breaker } = createBreaker();
    const record = recordEvents(breaker, { events: ['success', 'failure', 'transition', 'reject'] });

    await clock.settle(breaker.call(() => clock.sleep(20).then(() => 'secret')));
    for (let i = 0; i < 3; i++) await breaker.tryCall(failing(new RangeError('down')));

    expect(record.events.map(({ event, at }) => [event, at])).toEqual([
      ['success', 20],
      ['failure', 20],
      ['failure', 20],
      ['transition', 20],
      ['reject', 20],
    ]);
    expect(record.events[0]).toEqual({ event: 'success', breaker: 'orders', at: 20, duration: 20 });
    expect(record.events[1]?.error).toEqual({ name: 'RangeError', message: 'down' });
    expect(record.events.every(Object.isFrozen)).toBe(true);
    expect(JSON.stringify(record.events)).not.toContain('secret');
    expect(record.text().split('\n').slice(-2)).toEqual([
      '20 ms orders transition CLOSED → OPEN consecutive-failures RangeError: down',
      '20 ms orders reject open false CircuitBreakerOpenError: Circuit breaker "orders" is OPEN, next probe in 1 s',
    ]);
  });

  it('has every event unless it is told which, of a registry too', () => {
    const registry = new CircuitBreakerRegistry();
    const record = recordEvents(registry);

    registry.getOrCreate('a').trip();
    registry.delete('a');

    expect(record.events.map(({ event }) => event)).toEqual(['create', 'transition', 'open', 'delete']);
  });

  it('has no times where no test moves the clock', async () => {
    const breaker = new CircuitBreaker();
    const record = recordEvents(breaker);

    await breaker.call(() => 1);
    breaker.trip();

    expect(record.events.some((it) => 'at' in it || 'duration' in it)).toBe(false);
  });

  it('tells transitions alone', () => {
    const { breaker } = createBreaker();
    const record = recordEvents(breaker);

    breaker.trip();
    breaker.reset();

    expect(record.transitions()).toEqual([
      { breaker: 'orders', from: 'CLOSED', to: 'OPEN', reason: 'tripped' },
      { breaker: 'orders', from: 'OPEN', to: 'CLOSED', reason: 'reset' },
    ]);
  });

  it('keeps the last ones, and says how many it has dropped', () => {
    const { breaker } = createBreaker();
    const record = recordEvents(breaker, { events: ['open'], limit: 3 });

    for (let i = 0; i < 10; i++) {
      breaker.trip();
      breaker.reset();
    }
    const { length } = record.events;
    const { dropped } = record;
    record.clear();

    expect([length, dropped, record.events.length, record.dropped]).toEqual([3, 7, 0, 0]);
  });

  it('ends when it is told to', () => {
    const { breaker } = createBreaker();
    const record = recordEvents(breaker);

    breaker.trip();
    record.stop();
    breaker.reset();

    expect(record.transitions().length).toBe(1);
  });

  it('refuses what has no events, and events that there are not', () => {
    const { breaker } = createBreaker();

    expect(refusalOf(() => recordEvents({} as never)).option).toBe('source');
    expect(refusalOf(() => recordEvents(breaker, { limit: 0 })).option).toBe('limit');
    expect(thrownBy(() => recordEvents(breaker, { events: ['opened'] }))).toBeInstanceOf(TypeError);
  });
});

describe('matchers', () => {
  it('tell the state of a breaker, and of what has one', () => {
    const { clock, breaker } = createBreaker();
    const guarded = withCircuitBreaker(breaker)(async () => 1);

    expect(breaker).toBeClosed();
    expect(guarded).not.toBeOpen();
    breaker.trip();
    expect(guarded).toBeOpen();
    expect(breaker).toBeOpen('tripped');
    expect(breaker).not.toBeOpen('failure-rate');
    clock.advanceSync(1_000);
    breaker.acquire().ignore();
    expect(breaker).toBeHalfOpen();
  });

  it('count openings and rejections', async () => {
    const { breaker } = createBreaker();

    expect(breaker).not.toHaveTripped();
    expect(breaker).not.toHaveRejected();
    breaker.trip();
    await breaker.tryCall(() => 1);
    expect(breaker).toHaveTripped(1);
    expect(breaker).toHaveTripped();
    expect(breaker).toHaveRejected(1);
    expect(breaker).not.toHaveRejected(2);
  });

  it('tell whether a call would be rejected, and make none', () => {
    const { clock, breaker } = createBreaker();

    expect(breaker).not.toRejectCall();
    breaker.trip();
    expect(breaker).toRejectCall();
    clock.advanceSync(1_000);
    expect(breaker).not.toRejectCall();
    expect(breaker).toBeOpen();
    const permits = [breaker.acquire(), breaker.acquire(), breaker.acquire()];
    expect(breaker).toRejectCall();
    permits[0]?.ignore();
    expect(breaker).not.toRejectCall();
    breaker.forceOpen();
    expect(breaker).toRejectCall();
    breaker.forceClosed();
    expect(breaker).not.toRejectCall();
  });

  it('say what was expected, and what is', () => {
    const { breaker } = createBreaker();
    breaker.trip();

    const messages = [
      thrownBy(() => expect(breaker).toBeClosed()),
      thrownBy(() => expect(breaker).not.toBeOpen('tripped')),
      thrownBy(() => expect(breaker).toHaveTripped(3)),
    ].map((error) => (error as Error).message);

    expect(messages).toEqual([
      'expected circuit breaker "orders" to be CLOSED; it is OPEN (tripped, at 0)',
      'expected circuit breaker "orders" not to be OPEN by tripped; it is OPEN (tripped, at 0)',
      'expected circuit breaker "orders" to have tripped 3 times; it has tripped 1 times',
    ]);
  });

  it.each([
    ['consecutive-failure', 'received "consecutive-failure", did you mean "consecutive-failures"?'],
    ['toString', 'received "toString", did you mean'],
    [5, 'received 5, did you mean'],
    [null, 'received null, did you mean'],
  ])('refuse %j in place of a reason: with `not` it would be no matter', (reason, message) => {
    const { breaker } = createBreaker();

    expect(String(thrownBy(() => expect(breaker).not.toBeOpen(reason as never)))).toContain(
      `A reason of a transition was expected, ${message}`,
    );
  });

  it('refuse what is no breaker', () => {
    expect(String(thrownBy(() => expect('a').toBeOpen()))).toMatch(
      /A circuit breaker was expected.*received "a"/,
    );
  });
});

describe('an isolated default registry', () => {
  it('is the same object, empty, with another clock; then everything is back', async () => {
    const before = defaultRegistry.getOrCreate('isolated');
    const clock = createManualClock();
    const get = withCircuitBreaker('isolated')(async () => 1);

    const inside = await isolate(
      async (registry) => {
        const sizeBefore = registry.size;
        await get();
        return { registry, sizeBefore, breaker: registry.get('isolated') };
      },
      { clock, defaults: { failureThreshold: 2 } },
    );

    expect(inside.registry).toBe(defaultRegistry);
    expect([inside.sizeBefore, inside.breaker === before]).toEqual([0, false]);
    expect([inside.breaker?.options.clock, inside.breaker?.options.failureThreshold]).toEqual([clock, 2]);
    expect(defaultRegistry.get('isolated')).toBe(before);
    expect(defaultRegistry.getOrCreate('another').options.failureThreshold).toBe(5);
    defaultRegistry.delete('isolated');
    defaultRegistry.delete('another');
  });

  it('hears its own breakers again', () => {
    const breaker = defaultRegistry.getOrCreate('heard');
    const record = recordEvents(defaultRegistry, { events: ['open', 'create', 'delete'] });

    const { registry, end } = isolateDefaultRegistry();
    breaker.trip();
    registry.getOrCreate('inside').trip();
    end();
    breaker.reset();
    breaker.trip();

    record.stop();
    defaultRegistry.delete('heard');
    expect(record.events.map(({ event, breaker }) => `${event} ${breaker}`)).toEqual([
      'create inside',
      'open inside',
      'delete inside',
      'open heard',
    ]);
  });

  it('nests, and refuses to end out of order', () => {
    const outer = isolateDefaultRegistry();
    outer.registry.getOrCreate('outer');
    const inner = isolateDefaultRegistry();
    const during = inner.registry.size;

    const error = thrownBy(() => outer.end());
    inner.end();
    inner.end();
    const after = outer.registry.names();
    outer.end();

    expect([during, String(error), after]).toEqual([
      0,
      expect.stringMatching(/ends after those that began/),
      ['outer'],
    ]);
  });

  it('comes back when the test throws', async () => {
    const before = defaultRegistry.names();

    const error = await errorOf(isolate(() => Promise.reject('thrown')));

    expect([error, defaultRegistry.names()]).toEqual(['thrown', before]);
  });

  it('refuses options that make no sense', () => {
    expect(refusalOf(() => isolateDefaultRegistry({ clok: 1 } as never)).option).toBe('clok');
    expect(refusalOf(() => isolateDefaultRegistry({ defaults: { failureThreshold: 0 } })).option).toBe(
      'failureThreshold',
    );
  });
});
