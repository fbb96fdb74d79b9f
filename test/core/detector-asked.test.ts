import { type CircuitBreakerOptions, InvalidOptionsError } from 'recloser';
import { describe, expect, test, vi } from 'vitest';
import {
  createBreaker,
  createRecovered,
  failTimes,
  heard,
  RECOVERY,
  succeedTimes,
} from '../support/breakers.js';
import { fakeDetector } from '../support/fake-detector.js';

/** What is thrown where nobody could catch it: it is thrown anew on the microtask queue. */
function watchReports(): unknown[] {
  const reported: unknown[] = [];
  vi.spyOn(globalThis, 'queueMicrotask').mockImplementation((rethrow) => {
    try {
      rethrow();
    } catch (error) {
      reported.push(error);
    }
  });
  return reported;
}

const broken = new Error('broken detector');
const fail = () => {
  throw broken;
};

describe('a plain call', () => {
  test('is admitted by the detector where it asks, and unasked where it does not', async () => {
    let asks = true;
    const admit = vi.fn(() => 'admit' as const);
    const { detector } = fakeDetector({ asks: () => asks, admit });
    const { breaker } = createBreaker({ detector });

    await breaker.call(async () => 'asked');
    asks = false;
    await breaker.call(async () => 'unasked');

    expect(admit).toHaveBeenCalledTimes(1);
  });

  test('is let pass unasked, and a permit never is', () => {
    const admit = vi.fn(() => 'admit' as const);
    const { detector } = fakeDetector({ asks: () => false, admit });
    const { breaker } = createBreaker({ detector });

    breaker.callSync(() => 'unasked');
    expect(admit).not.toHaveBeenCalled();
    breaker.acquire().success();

    expect(admit).toHaveBeenCalledTimes(1);
  });

  test('that is timed is always admitted by the detector', async () => {
    const admit = vi.fn(() => 'admit' as const);
    const { detector } = fakeDetector({ asks: () => false, admit });
    const { breaker } = createBreaker({ detector, slowCallDuration: 100 });

    await breaker.call(async () => 'timed');

    expect(admit).toHaveBeenCalledTimes(1);
  });

  test('has the start that the detector stamps where it is unasked', async () => {
    const record = vi.fn(() => false);
    const { detector } = fakeDetector({ asks: () => false, stamp: 1_234, record });
    const { breaker } = createBreaker({ detector });

    await breaker.call(async () => 'stamped');

    expect(record.mock.calls).toMatchObject([['success', false, 1_234, expect.anything()]]);
  });

  test.each<[string, object]>([
    ['asks', { asks: fail }],
    ['stamp', { asks: () => false, stamp: { valueOf: fail } }],
    ['admit', { admit: fail }],
    ['record', { record: fail }],
  ])('succeeds where the detector throws at %s, which is reported', async (member, behaviour) => {
    const reported = watchReports();
    const { detector, state } = fakeDetector(behaviour);
    if (member === 'stamp') Object.defineProperty(state, 'stamp', { get: fail });
    const { breaker } = createBreaker({ detector });

    expect(await breaker.call(async () => 'fine')).toBe('fine');

    expect(breaker.metrics.totals.successes).toBe(1);
    expect(reported).toEqual([broken]);
  });
});

test('a detector that throws when it is asked whether it asks is not asked', async () => {
  watchReports();
  const admit = vi.fn(() => 'refuse' as const);
  const { breaker } = createBreaker({ detector: fakeDetector({ asks: fail, admit }).detector });

  expect(await breaker.call(async () => 'fine')).toBe('fine');
  expect(admit).not.toHaveBeenCalled();
});

describe('a detector', () => {
  test('hears of what is rejected while OPEN, and of nothing that is rejected for other reasons', () => {
    const rejected = vi.fn();
    const { detector } = fakeDetector({ rejected });
    const { breaker, clock } = createBreaker({ detector, maxConcurrentCalls: 1 });
    breaker.acquire();
    breaker.tryAcquire();
    expect(rejected).not.toHaveBeenCalled();

    breaker.trip();
    breaker.tryAcquire();
    breaker.forceOpen();
    breaker.tryAcquire();

    expect(rejected.mock.calls).toEqual([[clock.time]]);
  });

  test('that wants to hear of no rejection is asked nothing', () => {
    const reported = watchReports();
    const { detector } = fakeDetector();
    const { breaker } = createBreaker({ detector });
    breaker.trip();

    breaker.tryAcquire();

    expect(reported).toEqual([]);
  });

  test('that is not there is asked nothing, in a snapshot, while OPEN or when it goes', () => {
    const reported = watchReports();
    const { breaker } = createBreaker({ detector: fakeDetector().detector });

    breaker.update({ detector: false });
    breaker.trip();
    breaker.tryAcquire();

    expect(breaker.snapshot()).not.toHaveProperty('detector');
    expect(reported).toEqual([]);
  });

  test('sees the options in force and the clock', () => {
    const { detector, hosts } = fakeDetector();
    const { breaker, clock } = createBreaker({ detector });

    breaker.update({ minimumCalls: 7 });

    expect(hosts[0]?.options).toBe(breaker.options);
    expect(hosts[0]?.clock).toBe(clock);
  });

  test('that refuses an update leaves the options as they were', () => {
    const { breaker } = createBreaker({ minimumCalls: 3 });
    const before = breaker.options;

    expect(() => breaker.update({ minimumCalls: 7, detector: { create: fail } })).toThrow(broken);
    breaker.update({ failureThreshold: 9 });

    expect(before.minimumCalls).toBe(3);
    expect(breaker.options).toMatchObject({ minimumCalls: 3, failureThreshold: 9, detector: false });
  });

  test.each(['open', 'success'] as const)(
    'trips by a success too, which no failure explains: heard is %s',
    async (event) => {
      const { detector } = fakeDetector({ record: (kind) => kind === 'success' });
      const { breaker } = createBreaker({ detector });
      const opened = heard(breaker, 'open');
      breaker.on(event, () => {});

      await failTimes(breaker, 1);
      await succeedTimes(breaker, 1);

      expect(opened).toMatchObject([{ reason: 'detector', detail: 'evidence 9 of 9' }]);
      expect(opened[0]).not.toHaveProperty('error');
    },
  );

  test('hears of no ignored call that it was slow', () => {
    const record = vi.fn(() => false);
    const { breaker, clock } = createBreaker({
      detector: fakeDetector({ record }).detector,
      slowCallDuration: 100,
    });
    const permit = breaker.acquire();

    clock.advance(150);
    permit.ignore();

    expect(record.mock.calls).toMatchObject([['ignored', false, clock.time - 150, clock.time]]);
  });

  test('is restored from nothing where a snapshot has none of it', () => {
    const restore = vi.fn();
    const { breaker } = createBreaker({ detector: fakeDetector({ restore }).detector });

    breaker.restore(createBreaker().breaker.snapshot());

    expect(restore).not.toHaveBeenCalled();
  });

  test.each<[string, Error, boolean]>([
    ['refuses it', new InvalidOptionsError('test', 'detector', 'no state of mine'), true],
    ['throws', broken, false],
  ])('that %s when it is restored', (_, error, isRefused) => {
    const reported = watchReports();
    const { detector } = fakeDetector({
      restore: () => {
        throw error;
      },
    });
    const { breaker } = createBreaker({ detector });
    const restore = () => breaker.restore(breaker.snapshot());

    if (isRefused) expect(restore).toThrow(error);
    else expect(restore).not.toThrow();

    expect(reported).toEqual(isRefused ? [] : [error]);
  });

  test('brings no words of its own to the openings of others', async () => {
    const { detector } = fakeDetector();
    const { breaker } = createBreaker({ detector, failureThreshold: 1 });
    const opened = heard(breaker, 'open');

    await failTimes(breaker, 1);

    expect(opened).toMatchObject([{ reason: 'consecutive-failures' }]);
    expect(opened[0]).not.toHaveProperty('detail');
  });

  test('says nothing of the health of a circuit that probes', () => {
    const { detector } = fakeDetector({ used: () => 0.9 });
    const { breaker } = createRecovered({ detector, successThreshold: 2 });

    breaker.acquire().success();

    expect(breaker.metrics.health).toBe(0.25);
  });
});

describe('a ramp', () => {
  const ONE_SUCCESS: CircuitBreakerOptions = { successThreshold: 1 };

  test('keeps the number of openings until it ends', () => {
    const ramp = { isRamping: true };
    const { detector, state } = fakeDetector(ramp);
    const { breaker } = createRecovered({ detector, ...ONE_SUCCESS });

    breaker.acquire().success();
    expect(breaker.metrics).toMatchObject({ state: 'CLOSED', attempt: 1 });
    Object.assign(state, { isRamping: false });

    expect(breaker.metrics.attempt).toBe(0);
  });

  test('is none where the detector throws', () => {
    watchReports();
    const { detector, state } = fakeDetector();
    Object.defineProperty(state, 'isRamping', { get: fail });
    const { breaker, clock } = createBreaker({ detector, ...ONE_SUCCESS });
    breaker.trip();
    clock.advance(RECOVERY);

    breaker.acquire().success();

    expect(breaker.metrics).toMatchObject({ state: 'CLOSED', attempt: 0 });
  });
});
