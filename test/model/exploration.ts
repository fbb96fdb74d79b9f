/**
 * Every schedule of a few calls, steps of the clock and controls over the pure state machine, breadth first. A state
 * is told from others by what its public members say; each is reached by playing its schedule from the beginning.
 */
import assert from 'node:assert/strict';
import { StateMachine } from '../../src/core/state-machine.js';
import { type Config, Model, type ModelCall } from './model.js';

export type Settings = ConstructorParameters<typeof StateMachine>[0];
export type Machine = Pick<
  StateMachine,
  | 'acquire'
  | 'record'
  | 'trip'
  | 'forceOpen'
  | 'forceClosed'
  | 'reset'
  | 'snapshot'
  | 'retryAfter'
  | 'windowMetrics'
  | 'phase'
  | 'consecutiveFailures'
  | 'lastTransition'
>;
export type MachineFactory = (settings: Settings, now: number) => Machine;

export const createMachine: MachineFactory = (settings, now) => new StateMachine(settings, now);

export interface Bounds {
  readonly calls: number;
  readonly clockSteps: number;
  readonly controls: number;
  /** Begins when the circuit has been tripped and may probe. */
  readonly fromRecovered?: boolean;
}

/** The error of every failure: making one costs more than all the rest. */
const BOOM = new Error('boom');
const ENDINGS = ['success', 'failure', 'slow', 'ignored'] as const;
const CONTROLS = ['trip', 'forceOpen', 'forceClosed', 'reset'] as const;

type Ending = (typeof ENDINGS)[number];
type Control = (typeof CONTROLS)[number];
type Action =
  | { readonly is: 'ask' }
  | { readonly is: 'settle'; readonly call: number; readonly ending: Ending }
  | { readonly is: 'pass' }
  | { readonly is: 'control'; readonly how: Control };

interface InFlight {
  readonly id: number;
  readonly permit: NonNullable<ReturnType<Machine['acquire']>>;
  readonly admittedAt: number;
}

const LEGAL_STEPS: ReadonlySet<string> = new Set([
  ...['consecutive-failures', 'failure-rate', 'slow-call-rate', 'tripped', 'forced'].map(
    (it) => `CLOSED OPEN ${it}`,
  ),
  ...['probe-failed', 'probe-slow', 'probe-expired', 'tripped', 'forced'].map((it) => `HALF_OPEN OPEN ${it}`),
  'OPEN HALF_OPEN probing',
  ...['recovered', 'forced', 'reset'].map((it) => `HALF_OPEN CLOSED ${it}`),
  ...['forced', 'reset'].map((it) => `OPEN CLOSED ${it}`),
]);

/** A machine under a schedule, with a list of what is in flight and the model beside it. */
class Play {
  now = 0;
  calls = 0;
  clockSteps = 0;
  controls = 0;
  readonly machine: Machine;
  readonly model: Model;
  inFlight: InFlight[] = [];

  constructor(config: Config, { fromRecovered }: Bounds, create: MachineFactory) {
    this.model = new Model(config, 0);
    this.machine = create(this.model.options as Settings, 0);
    if (!fromRecovered) return;
    this.machine.trip(0, 'tripped');
    this.model.trip(0);
    this.now = this.model.recovery;
  }

  /** What can be seen of the machine. */
  see() {
    const { state, since, attempt, forced } = this.machine.phase;
    return {
      state,
      since,
      attempt,
      forced,
      failuresInARow: this.machine.consecutiveFailures,
      retryAfter: this.machine.retryAfter(this.now),
      window: this.machine.windowMetrics(this.now),
    };
  }

  #expected() {
    const { state, since, attempt, forced, failuresInARow } = this.model;
    const [retryAfter, window] = [this.model.retryAfter(this.now), this.model.windowAt(this.now)];
    return { state, since, attempt, forced, failuresInARow, retryAfter, window };
  }

  /** Tells this state from others, for all that may come. */
  get key(): string {
    const { phase } = this.machine;
    const calls = this.inFlight.map((it) => `${it.permit === phase ? it.admittedAt : 'late'}`);
    return JSON.stringify([
      [this.now, this.calls, this.clockSteps, this.controls, calls.sort()],
      [phase, this.machine.snapshot(this.now)],
    ]);
  }

  actions(bounds: Bounds): Action[] {
    const actions: Action[] = [];
    if (this.calls < bounds.calls) actions.push({ is: 'ask' });
    const seen = new Set<string>();
    for (const [call, { permit, admittedAt }] of this.inFlight.entries()) {
      const alike = `${permit === this.machine.phase} ${admittedAt}`;
      if (!seen.has(alike)) {
        for (const ending of ENDINGS) actions.push({ is: 'settle', call, ending });
      }
      seen.add(alike);
    }
    if (this.clockSteps < bounds.clockSteps) actions.push({ is: 'pass' });
    if (this.controls < bounds.controls) for (const how of CONTROLS) actions.push({ is: 'control', how });
    return actions;
  }

  do(action: Action): void {
    switch (action.is) {
      case 'ask':
        this.#ask();
        return;
      case 'settle':
        this.#settle(action.call, action.ending);
        return;
      case 'pass':
        this.clockSteps++;
        this.now += 1;
        return;
      case 'control':
        this.controls++;
        this.machine[action.how](this.now, ...((action.how === 'trip' ? ['tripped'] : []) as ['tripped']));
        this.model[action.how](this.now);
    }
  }

  /** Does one thing more, and looks at every invariant; answers the key of the state that it comes to. */
  doAndCheck(action: Action): string {
    const before = this.see();
    const stays = this.model.stay;
    const settled = action.is === 'settle' ? this.inFlight[action.call] : undefined;
    const call = this.model.calls.find(({ id }) => id === settled?.id);
    const isLate = call !== undefined && call.stay !== stays;
    const inFlight = this.inFlight.length;
    const probes = this.model.probes;
    const transition = this.machine.lastTransition;

    this.do(action);

    const after = this.see();
    if (isLate) assert.deepStrictEqual(after, before, 'a result counts only in the stay that admitted it');
    if (action.is === 'ask') this.#checkAsk(before, this.inFlight.length > inFlight, probes);
    const { lastTransition } = this.machine;
    if (lastTransition !== undefined && lastTransition !== transition) {
      const { from, to, reason } = lastTransition;
      assert.ok(
        LEGAL_STEPS.has(`${from} ${to} ${reason}`),
        `only legal transitions: ${from} ${to} ${reason}`,
      );
      assert.deepStrictEqual([from, to], [before.state, after.state], 'a transition says what happened');
    }
    if (before.state !== 'CLOSED' && after.state !== 'CLOSED')
      assert.deepStrictEqual(after.window, before.window, 'outside CLOSED the window keeps its figures');
    if (before.state !== 'CLOSED' && after.state === 'CLOSED') {
      assert.equal(
        after.window.calls + after.failuresInARow + after.attempt,
        0,
        'closing empties the window',
      );
    }
    const { key } = this;
    assert.deepStrictEqual(this.see(), after, 'reading changes nothing');
    assert.deepStrictEqual(after, this.#expected(), 'the machine does what the model says');
    return key;
  }

  /** From here on everything answers well: the circuit closes and stays closed. */
  heal(): void {
    const { probeTimeout, maxConcurrentCalls } = this.model.options;
    if (this.model.forced) this.do({ is: 'control', how: 'reset' });
    while (this.inFlight.length >= maxConcurrentCalls) this.do({ is: 'settle', call: 0, ending: 'success' });
    let inARow = 0;
    for (let asked = 0; inARow < 6; asked++) {
      assert.ok(asked < 20, 'a healthy dependency leads back to CLOSED');
      this.now += this.machine.retryAfter(this.now) ?? probeTimeout + 1;
      const before = this.inFlight.length;
      this.do({ is: 'ask' });
      if (this.inFlight.length > before) this.do({ is: 'settle', call: before, ending: 'success' });
      inARow = this.machine.phase.state === 'CLOSED' ? inARow + 1 : 0;
    }
    assert.deepStrictEqual(this.see(), this.#expected(), 'the machine heals as the model says');
  }

  #ask(): void {
    this.calls++;
    const isFull = this.inFlight.length >= this.model.options.maxConcurrentCalls;
    const permit = this.machine.acquire(this.now, isFull);
    const call = this.model.start({ id: this.calls, how: 'permit' }, this.now);
    if (permit !== undefined) this.inFlight.push({ id: this.calls, permit, admittedAt: this.now });
    assert.equal(permit !== undefined, !call.isOver, 'a call is admitted when the model says so');
  }

  #settle(index: number, ending: Ending): void {
    const [{ id, permit, admittedAt }] = this.inFlight.splice(index, 1) as [InFlight];
    const kind = ending === 'slow' ? 'success' : ending;
    const isSlow = ending === 'slow';
    const rule = this.machine.record(permit, kind, isSlow, admittedAt, this.now, BOOM);
    if (rule !== undefined) this.machine.trip(this.now, rule);
    this.model.settle(id, kind, kind !== 'success', 'boom', this.now, { isSlow });
  }

  #checkAsk(before: ReturnType<Play['see']>, isAdmitted: boolean, probes: readonly ModelCall[]): void {
    const { halfOpenMaxCalls, probeTimeout, maxConcurrentCalls } = this.model.options;
    const { phase } = this.machine;
    const isRoom = this.inFlight.length - (isAdmitted ? 1 : 0) < maxConcurrentCalls;
    if (before.state === 'OPEN' && before.retryAfter !== 0)
      assert.ok(!isAdmitted, 'nothing is admitted before its time');
    if (before.state === 'OPEN' && before.retryAfter === 0)
      assert.equal(isAdmitted, isRoom, 'a probe is admitted when its time has come');
    if (before.state !== 'HALF_OPEN') return;
    const arePermitsOut = probes.length >= halfOpenMaxCalls;
    if (!arePermitsOut) assert.equal(isAdmitted, isRoom, 'a probe that is over gives its permit back');
    else assert.ok(!isAdmitted, 'never more probes in flight than allowed');
    const age = Math.max(...probes.map(({ startedAt }) => this.now - startedAt));
    if (arePermitsOut && age > probeTimeout)
      assert.equal(phase.state, 'OPEN', 'a probe that hangs is given up');
  }
}

/** What was found: how many states, in how many ways. Throws at the first violation, with the schedule. */
export interface Findings {
  readonly states: number;
  readonly steps: number;
  readonly reasons: ReadonlySet<string>;
}

export function explore(config: Config, bounds: Bounds, create: MachineFactory = createMachine): Findings {
  const start = new Play(config, bounds, create);
  const seen = new Set([start.key]);
  const reasons = new Set<string>();
  const queue: (readonly Action[])[] = [[]];
  let steps = 0;
  for (const schedule of queue) {
    for (const action of replay(config, bounds, schedule, create).actions(bounds)) {
      const next = [...schedule, action];
      steps++;
      blame(next, () => {
        const play = replay(config, bounds, schedule, create);
        const key = play.doAndCheck(action);
        reasons.add(play.machine.lastTransition?.reason ?? 'none');
        if (seen.has(key)) return;
        seen.add(key);
        queue.push(next);
        play.heal();
      });
    }
  }
  return { states: seen.size, steps, reasons };
}

function replay(config: Config, bounds: Bounds, schedule: readonly Action[], create: MachineFactory): Play {
  const play = new Play(config, bounds, create);
  for (const action of schedule) play.do(action);
  return play;
}

/** Says which schedule led to a violation. */
function blame(schedule: readonly Action[], run: () => void): void {
  try {
    run();
  } catch (error) {
    const steps = schedule.map((it) => Object.values(it).join(' '));
    throw new Error(`${(error as Error).message}\nafter: ${steps.join(', ')}`, { cause: error });
  }
}
