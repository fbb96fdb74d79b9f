import { describe, expect, test, vi } from 'vitest';
import { StateMachine } from '../../src/core/state-machine.js';

type Settings = ConstructorParameters<typeof StateMachine>[0];
type Kind = Parameters<StateMachine['record']>[1];
type Permit = NonNullable<ReturnType<StateMachine['acquire']>>;

const SETTINGS: Settings = {
  failureThreshold: 3,
  failureRateThreshold: 0.5,
  slowCallDuration: false,
  slowCallRateThreshold: 1,
  minimumCalls: 6,
  window: { type: 'count', size: 10 },
  recoveryTimeout: 1_000,
  halfOpenMaxCalls: 2,
  successThreshold: 2,
  probeTimeout: 500,
};

const createMachine = (settings: Partial<Settings> = {}) => new StateMachine({ ...SETTINGS, ...settings }, 0);

/** Settles a call, and trips when the machine says that a rule is broken. */
function settle(
  machine: StateMachine,
  permit: Permit,
  kind: Kind,
  from: number,
  to: number,
  slow = false,
  error?: unknown,
): void {
  const rule = machine.record(permit, kind, slow, from, to, error, false);
  if (rule !== undefined) machine.trip(to, rule);
}

/** Admits a call at `from` and settles it at `to`. */
function run(
  machine: StateMachine,
  kind: 'success' | 'failure' | 'ignored',
  from: number,
  to = from,
  slow = false,
): void {
  const permit = machine.acquire(from, false);
  if (permit === undefined) throw new Error('The call was expected to be admitted');
  settle(machine, permit, kind, from, to, slow);
}

const admitted = (machine: StateMachine, now: number, full = false) =>
  machine.acquire(now, full) !== undefined;

function openAt(machine: StateMachine, now: number): void {
  for (let i = 0; i < 3; i++) run(machine, 'failure', now);
}

describe('StateMachine', () => {
  test('begins CLOSED at the reading it is given', () => {
    expect(createMachine().phase).toMatchObject({ state: 'CLOSED', since: 0, attempt: 0 });
  });

  test('gives calls of one stay the same permit', () => {
    const machine = createMachine();

    expect(machine.acquire(1, false)).toBe(machine.acquire(2, false));
  });

  test('admits nobody while full', () => {
    const machine = createMachine();

    expect(admitted(machine, 1, true)).toBe(false);
    expect(admitted(machine, 1, false)).toBe(true);
  });

  test('opens at the threshold, at the reading of the failure', () => {
    const machine = createMachine();

    run(machine, 'failure', 10);
    run(machine, 'failure', 20);
    expect(machine.phase.state).toBe('CLOSED');
    run(machine, 'failure', 25, 30);

    expect(machine.phase).toMatchObject({ state: 'OPEN', since: 30, attempt: 1 });
    expect(machine.lastTransition).toMatchObject({
      from: 'CLOSED',
      to: 'OPEN',
      at: 30,
      reason: 'consecutive-failures',
    });
  });

  test.each([
    [1_029, false],
    [1_030, true],
    [1_031, true],
    [1e12, true],
  ])('after opening at 30 admits at %d: %s', (now, isAdmitted) => {
    const machine = createMachine();
    openAt(machine, 30);

    expect(admitted(machine, now)).toBe(isAdmitted);
    expect(machine.phase.state).toBe(isAdmitted ? 'HALF_OPEN' : 'OPEN');
  });

  test('gives another permit in each stay', () => {
    const machine = createMachine();
    const permits = new Set<Permit | undefined>([machine.acquire(0, false)]);
    openAt(machine, 0);
    permits.add(machine.acquire(1_000, false));
    run(machine, 'failure', 1_000);
    permits.add(machine.acquire(2_000, false));
    run(machine, 'failure', 2_000);
    machine.reset(3_000);
    permits.add(machine.acquire(3_000, false));

    expect(permits.size).toBe(4);
  });

  test('drops the result of a permit of another stay', () => {
    const machine = createMachine();
    const old = machine.acquire(0, false) as Permit;
    openAt(machine, 0);
    machine.acquire(1_000, false);

    settle(machine, old, 'failure', 0, 1_001, false, new Error('late'));
    settle(machine, old, 'success', 0, 1_001);
    settle(machine, old, 'ignored', 0, 1_001);

    expect(machine.phase).toMatchObject({ state: 'HALF_OPEN', attempt: 1 });
    expect(machine.lastFailure?.error).toBeUndefined();
    expect(admitted(machine, 1_001)).toBe(true);
    expect(admitted(machine, 1_001)).toBe(false);
  });

  test.each([
    ['success', 'success', 'CLOSED'],
    ['success', 'failure', 'OPEN'],
    ['success', 'ignored', 'HALF_OPEN'],
    ['failure', undefined, 'OPEN'],
    ['ignored', 'ignored', 'HALF_OPEN'],
    ['ignored', 'failure', 'OPEN'],
  ] as const)('takes the probes %s and %s for %s', (first, second, state) => {
    const machine = createMachine();
    openAt(machine, 0);

    run(machine, first, 1_000);
    if (second !== undefined) run(machine, second, 1_000);

    expect(machine.phase.state).toBe(state);
  });

  test('opens again with the next attempt', () => {
    const machine = createMachine();
    openAt(machine, 0);

    for (const [now, attempt] of [
      [1_000, 2],
      [2_000, 3],
      [3_000, 4],
    ] as const) {
      run(machine, 'failure', now);
      expect(machine.phase).toMatchObject({ state: 'OPEN', attempt, since: now });
    }
  });

  test.each([
    [1_500, 'HALF_OPEN'],
    [1_501, 'OPEN'],
  ])('with both probes out since 1,000 is, when asked at %d, %s', (now, state) => {
    const machine = createMachine();
    openAt(machine, 0);
    machine.acquire(1_000, false);
    machine.acquire(1_200, false);

    const permit = machine.acquire(now, false);

    expect(permit).toBeUndefined();
    expect(machine.phase.state).toBe(state);
  });

  test('looks at the lease when it is asked while full too', () => {
    const machine = createMachine();
    openAt(machine, 0);
    machine.acquire(1_000, false);
    machine.acquire(1_000, false);

    machine.acquire(1_501, true);

    expect(machine.phase.state).toBe('OPEN');
  });

  test('asks a backoff once for each opening, with attempt and error', () => {
    const recoveryTimeout = vi.fn((attempt: number, _error: unknown) => attempt * 10);
    const machine = createMachine({ recoveryTimeout, failureThreshold: 1 });
    const error = new Error('boom');

    settle(machine, machine.acquire(0, false) as Permit, 'failure', 0, 0, false, error);
    machine.acquire(5, false);
    machine.acquire(9, false);
    run(machine, 'failure', 10);

    expect(recoveryTimeout.mock.calls.map((given) => given.slice(0, 2))).toEqual([
      [1, error],
      [2, undefined],
    ]);
  });

  test('judges nothing while forced closed, and counts', () => {
    const machine = createMachine();
    machine.forceClosed(0);

    for (let i = 0; i < 8; i++) run(machine, 'failure', i);

    expect(machine.phase.state).toBe('CLOSED');
    expect(machine.windowMetrics(8)).toMatchObject({ calls: 8, failures: 8, failureRate: 1 });
  });

  test('never leaves forced open by time', () => {
    const machine = createMachine();
    machine.forceOpen(0);

    expect(admitted(machine, Number.MAX_SAFE_INTEGER)).toBe(false);
  });

  test('stands where the clock stands', () => {
    const machine = createMachine({ recoveryTimeout: 0, successThreshold: 1 });
    openAt(machine, 0);

    run(machine, 'success', 0);

    expect(machine.phase).toMatchObject({ state: 'CLOSED', since: 0, attempt: 0 });
  });

  test('counts nothing outside CLOSED', () => {
    const machine = createMachine();
    openAt(machine, 0);
    const before = machine.windowMetrics(0);

    run(machine, 'success', 1_000);

    expect(machine.windowMetrics(1_000)).toEqual(before);
    expect(machine.consecutiveFailures).toBe(3);
  });

  test('has an empty window after closing', () => {
    const machine = createMachine();
    openAt(machine, 0);

    run(machine, 'success', 1_000);
    run(machine, 'success', 1_000);

    expect(machine.windowMetrics(1_000)).toMatchObject({ calls: 0, failures: 0, slowCalls: 0 });
    expect(machine.consecutiveFailures).toBe(0);
  });

  test('opens by no slow call where none is slow any more', () => {
    const machine = createMachine({ slowCallDuration: 100, slowCallRateThreshold: 0.5, minimumCalls: 2 });
    run(machine, 'success', 0, 100, true);
    machine.configure({ ...SETTINGS, slowCallRateThreshold: 0.5, minimumCalls: 2 });

    run(machine, 'success', 100);

    expect(machine.phase.state).toBe('CLOSED');
  });

  test('takes an ignored probe for nothing, however slow', () => {
    const machine = createMachine();
    openAt(machine, 0);

    run(machine, 'ignored', 1_000, 9_000, true);

    expect(machine.phase.state).toBe('HALF_OPEN');
  });

  test('begins no recovery anew where the clock goes back to its very beginning', () => {
    const machine = createMachine();
    openAt(machine, 500);
    machine.acquire(900, false);

    machine.acquire(500, false);

    expect(machine.retryAfter(500)).toBe(1_000);
  });
});
