import { CircuitBreaker, CircuitBreakerRegistry, InvalidOptionsError } from 'recloser';
import { recordEvents } from 'recloser/testing';
import { describe, expect, test, vi } from 'vitest';
import {
  createBreaker,
  failing,
  failTimes,
  heard,
  play,
  RECOVERY,
  stepsIn,
  succeedTimes,
  thrownBy,
} from '../support/breakers.js';
import { fakeDetector } from '../support/fake-detector.js';

describe('a detector', () => {
  test('is refused if it makes nothing', () => {
    expect(() => new CircuitBreaker({ detector: {} as never })).toThrow(
      '`detector` must be a detector, or false, received an object',
    );
  });

  test('brings defaults for options that are not given', () => {
    const { detector } = fakeDetector({ defaults: { failureThreshold: false, minimumCalls: 4 } });

    const { options } = new CircuitBreaker({ detector, minimumCalls: 7 });

    expect(options).toMatchObject({ failureThreshold: false, minimumCalls: 7 });
  });

  test('brings no default for what a breaker is made with', () => {
    const { detector } = fakeDetector({ defaults: { clock: { now: () => 0 } } as object });

    expect(() => new CircuitBreaker({ detector })).toThrow(InvalidOptionsError);
  });

  test("takes out of a registry's defaults what it has defaults for", () => {
    const { detector } = fakeDetector({ defaults: { failureThreshold: false } });
    const registry = new CircuitBreakerRegistry({ defaults: { failureThreshold: 3, callTimeout: 50 } });

    const { options } = registry.getOrCreate('users', { detector });

    expect(options).toMatchObject({ failureThreshold: false, callTimeout: 50 });
  });

  test('sees every result of a stay once, ignored ones too, and none of an older stay', async () => {
    const { detector, recorded } = fakeDetector();
    const { breaker } = createBreaker({ detector });
    const late = breaker.acquire();

    await play(breaker, 'sf');
    breaker.acquire().ignore();
    breaker.reset();
    late.failure();

    expect(recorded).toEqual(['success', 'failure', 'ignored']);
  });

  test('sees nothing outside CLOSED', async () => {
    const { detector, recorded } = fakeDetector();
    const { breaker, clock } = createBreaker({ detector, successThreshold: 1 });
    breaker.trip();
    clock.advance(RECOVERY);

    await succeedTimes(breaker, 1);

    expect(recorded).toEqual([]);
  });

  test('trips by a result, with its own words and the failure that did it', async () => {
    const { detector } = fakeDetector({ record: (kind) => kind === 'failure' });
    const { breaker } = createBreaker({ detector });
    const opened = heard(breaker, 'open');
    const error = new Error('boom');

    await failTimes(breaker, 1, error);

    expect(opened).toMatchObject([{ reason: 'detector', detail: 'evidence 9 of 9', error }]);
    expect(thrownBy(() => breaker.acquire())).toMatchObject({ detail: 'evidence 9 of 9', cause: error });
  });

  test('trips when a call asks, told before that call is rejected, and explained by no failure', async () => {
    const { detector } = fakeDetector({ admit: () => 'trip' });
    const { breaker } = createBreaker({ detector, failureThreshold: false });
    await Promise.resolve();
    const told: string[] = [];
    breaker.on('open', ({ reason, error }) => told.push(`open ${reason} ${error}`));
    breaker.on('reject', ({ reason }) => told.push(`reject ${reason}`));

    await breaker.tryCall(async () => 1);

    expect(told).toEqual(['open detector undefined', 'reject open']);
  });

  test('refuses while it ramps: no time is known, and no failure is to blame', () => {
    const { detector } = fakeDetector({ admit: () => 'refuse', isRamping: true });
    const { breaker } = createBreaker({ detector });

    const error = thrownBy(() => breaker.acquire()) as Error;

    expect(error).toMatchObject({ reason: 'ramp', state: 'CLOSED', retryAfter: null });
    expect(error.message).toContain('lets a growing share of its calls through, and not yet this one');
    expect(error.cause).toBeUndefined();
  });

  test('neither refuses nor trips while the circuit is forced closed, and learns on', async () => {
    const { detector, recorded } = fakeDetector({
      admit: () => 'trip',
      record: (kind) => {
        recorded.push(kind);
        return true;
      },
    });
    const { breaker } = createBreaker({ detector });
    breaker.forceClosed();

    await play(breaker, 'sf');

    expect(breaker.state).toBe('CLOSED');
    expect(recorded).toEqual(['success', 'failure']);
  });

  test('rejects nothing in the mode observe', async () => {
    const { detector } = fakeDetector({ admit: () => 'refuse' });
    const { breaker } = createBreaker({ detector, mode: 'observe' });

    const result = await breaker.tryCall(() => 'fine');

    expect(result).toEqual({ ok: true, value: 'fine' });
    expect(breaker.metrics.totals).toMatchObject({ wouldReject: 1, rejected: 0 });
  });

  test('hears of each new stay, told or not', () => {
    const { detector, entered } = fakeDetector();
    const { breaker, clock } = createBreaker({ detector });

    breaker.trip();
    clock.advance(RECOVERY);
    breaker.acquire().failure();
    breaker.reset();
    breaker.reset();

    expect(entered).toEqual([
      'OPEN tripped',
      'HALF_OPEN probing',
      'OPEN probe-failed',
      'CLOSED reset',
      'CLOSED reset',
    ]);
  });

  test('that comes with an update enters the stay at hand', () => {
    const { detector, entered } = fakeDetector();
    const { breaker } = createBreaker();

    breaker.update({ detector });
    breaker.update({ failureThreshold: 9 });

    expect(entered).toEqual(['CLOSED restored']);
  });

  test('lets the next call probe when it says so, unless somebody has forced the circuit', () => {
    const { detector, hosts } = fakeDetector();
    const { breaker } = createBreaker({ detector });
    breaker.trip();

    hosts[0]?.resume();
    expect(breaker.tryAcquire()).toBeDefined();
    breaker.forceOpen();
    hosts[0]?.resume();

    expect(breaker.tryAcquire()).toBeUndefined();
  });

  test('counts in health, tells of itself in metrics, and is in the snapshot', () => {
    const { detector } = fakeDetector({ used: () => 0.75 });
    const { breaker } = createBreaker({ detector });

    expect(breaker.metrics).toMatchObject({ health: 0.25, detector: { evidence: 0 } });
    expect(breaker.snapshot().detector).toEqual({ learned: 1 });
  });

  test('takes over what a snapshot has of it', () => {
    const restore = vi.fn();
    const { detector } = fakeDetector({ restore });
    const { breaker } = createBreaker({ detector });

    breaker.restore(JSON.parse(JSON.stringify(breaker.snapshot())));

    expect(restore.mock.calls[0]?.[0]).toEqual({ learned: 1 });
  });

  test('that throws trips nothing, admits, changes no result, and is reported', async () => {
    const reported = vi.spyOn(globalThis, 'queueMicrotask').mockImplementation(() => {});
    const fail = () => {
      throw new Error('broken detector');
    };
    const { detector } = fakeDetector({
      asks: fail,
      admit: fail,
      record: fail,
      entered: fail,
      used: fail,
      describe: fail,
    });
    const { breaker } = createBreaker({ detector });

    expect(await breaker.call(() => 'fine')).toBe('fine');
    expect(await breaker.tryCall(failing())).toMatchObject({ ok: false });
    expect(breaker.metrics).toMatchObject({ state: 'CLOSED', detector: {} });
    expect(reported).toHaveBeenCalled();
  });
});

test('a registry forgets no circuit that ramps', () => {
  const { detector } = fakeDetector({ isRamping: true });
  const registry = new CircuitBreakerRegistry({ maxSize: 1, defaults: { detector } });
  const first = registry.getOrCreate('first');

  registry.getOrCreate('second');

  expect(registry.get('first')).toBe(first);
});

test('a circuit without a detector tells of none', async () => {
  const { breaker } = createBreaker();
  const transitions = recordEvents(breaker, { events: ['transition'] });

  await play(breaker, 'fffff');

  expect(breaker.metrics.detector).toBeNull();
  expect(stepsIn(transitions)).toEqual(['CLOSED→OPEN consecutive-failures']);
});
