/** What the core asks of a detector, asked directly. */
import { CircuitBreaker, type CircuitBreakerOptions, type TransitionReason } from 'recloser';
import { type AdaptiveOptions, adaptive } from 'recloser/adaptive';
import { describe, expect, test } from 'vitest';
import { lineAt } from '../../src/adaptive/lines.js';
import { thresholdFor } from '../../src/adaptive/threshold.js';
import { manualClock } from '../support/manual-clock.js';

function create(options: AdaptiveOptions = {}, others: CircuitBreakerOptions = {}) {
  const clock = manualClock(0);
  const told: string[] = [];
  const state = adaptive(options).create({
    name: 'test',
    clock,
    options: new CircuitBreaker(others).options,
    tell: (event) => told.push(event),
    resume: () => told.push('resume'),
  });
  /** Calls of which the start is not known, a millisecond each. */
  const play = (outcomes: string, from = 0) =>
    [...outcomes].map((it, at) =>
      state.record(it === 'f' ? 'failure' : 'success', false, Number.NaN, from + at),
    );
  return { state, clock, told, play };
}

type State = ReturnType<typeof create>['state'];

/** One that knows latencies which spread: late after 600 ms, overdue after 2,400. */
function spread() {
  const it = create();
  const snapshot = it.state.snapshot(0) as object;
  it.state.restore({ ...snapshot, latency: [64, Math.log(40), Math.log(600)] }, 0, 0);
  return it;
}

const start = (state: State, ...times: readonly number[]) => times.map((now) => state.admit(now));

describe('a detector says', () => {
  test('its evidence and its promise', () => {
    const { state, play } = create();
    play('sssssfff');

    expect(state.explain(8)).toBe(
      'evidence 3 of 9 (a failure adds 1, a success takes 1 off); trips about once in 100 days at up to 10 % failures',
    );
  });

  test('that of the line which is nearest to a trip, the first of several', () => {
    const { state, play } = create({ tolerate: 1 / 7, normal: 0.05, falseTripsPerDay: 2 });
    expect(state.explain(0)).toMatch(/^evidence 0 of \d+ \(a failure adds 6, a success takes 1 off\)/);

    play('ffff');

    const { evidence, thresholds } = state.describe() as Record<string, number[]>;
    const shares = evidence!.map((value, at) => value / thresholds![at]!);
    const nearest = shares.indexOf(Math.max(...shares));
    expect(nearest).toBeGreaterThan(0);
    expect(state.explain(4)).toContain(`evidence ${evidence![nearest]} of ${thresholds![nearest]} (`);
  });

  test('what the ramp admits, and that more fails than usual', () => {
    const { state, play } = create();
    state.entered('CLOSED', 'recovered', 1_000);
    const ramping = state.explain(5_000);
    state.entered('CLOSED', 'reset', 5_000);
    play('sffss'.repeat(40));

    expect(ramping).toMatch(/failures; admits 10 % of the calls since it closed 4 s ago$/);
    expect(state.explain(5_000)).toMatch(/failures; fails more than usual, 4\d % \(normal \d+ %\)$/);
  });

  test('why it has tripped, until the next stay that is closed', () => {
    const { state, play } = create({ patience: 0 });

    expect(play('f'.repeat(9)).at(-1)).toBe(true);
    state.entered('OPEN', 'detector', 9);
    const open = state.explain(8);
    state.entered('HALF_OPEN', 'probing', 50);
    const probing = state.explain(8);
    state.entered('CLOSED', 'reset', 60);

    expect([open, probing]).toEqual([
      'evidence 9 of 9 in 0.01 s: 9 calls failed',
      'evidence 9 of 9 in 0.01 s: 9 calls failed',
    ]);
    expect(state.explain(60)).toMatch(/^evidence 0 of 9/);
  });
});

describe('a detector ramps', () => {
  test.each<[TransitionReason, boolean]>([
    ['recovered', true],
    ['shared', true],
    ['reset', false],
    ['forced', false],
    ['restored', false],
  ])('after %s: %s', (reason, ramps) => {
    const { state } = create();

    state.entered('CLOSED', reason, 0);

    expect([state.isRamping, state.asks(0)]).toEqual([ramps, true]);
    expect(start(state, 0, 0)).toEqual(['admit', ramps ? 'refuse' : 'admit']);
  });

  test('and is over where it opens', () => {
    const { state } = create();
    state.entered('CLOSED', 'recovered', 0);

    state.entered('OPEN', 'probe-failed', 10);

    expect(state.isRamping).toBe(false);
  });

  test('and learns nothing of how long calls take meanwhile', () => {
    const { state } = create();
    state.entered('CLOSED', 'recovered', 0);
    state.admit(0);

    for (let i = 0; i < 30; i++) state.record('success', false, 0, 400);

    expect(state.describe()).toMatchObject({ overdueAfter: 1_000 });
  });
});

describe('a detector times', () => {
  test('calls that are in flight with others, and hands back when they started', () => {
    const { state } = create({ overdueAfter: 300 });
    const before = [state.stamp, state.asks(0), state.asks(1)];

    state.admit(100);

    expect([before, state.stamp]).toEqual([[Number.NaN, false, true], 100]);
  });

  test('none where nothing is ever overdue', () => {
    const { state } = create({ overdueAfter: false });

    expect([state.asks(5), state.admit(100), state.stamp]).toEqual([false, 'admit', Number.NaN]);
  });

  test('how long successes take while all is well', () => {
    const well = create();
    const failing = create();
    failing.play('f'.repeat(60));
    for (const { state } of [well, failing]) {
      state.asks(0);
      for (let i = 0; i < 20; i++) state.record('success', false, 0, 400);
    }

    expect(well.state.describe().overdueAfter).toBeCloseTo(1_600, 6);
    expect(failing.state.describe().overdueAfter).toBe(1_000);
  });
});

describe('calls that are late', () => {
  const limit = thresholdFor(lineAt(0.5), 0.05, (50 * 86_400) / (0.01 / 20));

  test('are evidence of their own, twenty times as seldom wrong; a young one that succeeds takes off', () => {
    const { state } = spread();
    start(state, 0, 80, 160);
    for (let now = 260; now <= 760; now += 100) state.admit(now);
    expect(state.used()).toBeCloseTo(3 / limit, 9);

    state.record('success', false, 0, 770);
    state.record('success', false, 80, 770);
    expect(state.used()).toBeCloseTo(3 / limit, 9);
    state.record('success', false, 760, 770);

    expect(state.used()).toBeCloseTo(2 / limit, 9);
    expect(state.describe()).toMatchObject({ evidence: [0], overdue: 0 });
  });

  test('are forgotten with the stay', () => {
    const { state } = spread();
    start(state, 0, 80, 160);
    for (let now = 260; now <= 760; now += 100) state.admit(now);

    state.entered('OPEN', 'tripped', 800);

    expect(state.used()).toBe(0);
  });
});

describe('a snapshot that is restored', () => {
  test('is as old as it is', () => {
    const { state, play } = create();
    play('ffff');
    const snapshot = state.snapshot(103);

    const restored = create().state;
    restored.restore(snapshot, 10_000, 500);

    expect(restored.snapshot(10_000)).toMatchObject({ evidence: [4], since: [101 + 500] });
    expect(restored.describe()).toMatchObject({ overdueAfter: 1_000 });
  });

  test('takes the place of what there was', () => {
    const { state, play } = create();
    const empty = state.snapshot(0);
    play('ffff');

    state.restore(empty, 10, 0);

    expect(state.describe()).toMatchObject({ evidence: [0] });
  });
});
