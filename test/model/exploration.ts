/**
 * Every schedule of a few calls, steps of the clock and controls over the pure state machine, breadth first. A state
 * is told from others by what its public members say; each is reached by playing its schedule from the beginning.
 */
import assert from 'node:assert/strict';
import { snapshotOf } from '../../src/core/machine-snapshot.js';
import { StateMachine } from '../../src/core/state-machine.js';
import { LEGAL_STEPS } from './legal-steps.js';
import { type Config, Model } from './model.js';

export type Settings = ConstructorParameters<typeof StateMachine>[0];
export type Machine = Pick<
  StateMachine,
  | 'acquire'
  | 'record'
  | 'trip'
  | 'forceOpen'
  | 'forceClosed'
  | 'reset'
  | 'retryAfter'
  | 'takesPlace'
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

export interface Way {
  readonly create?: MachineFactory;
  /** Whether the model is compared besides, or the invariants alone are to judge. @default true */
  readonly compare?: boolean;
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
  /** The last change of state before it was admitted, and how many resets: either begins another stay. */
  readonly transition: Machine['lastTransition'];
  readonly resets: number;
}

/** The machine by itself is never restored, and has no rule of the user's. */
const POSSIBLE_STEPS = new Set([...LEGAL_STEPS].filter((step) => !/ (restored|should-trip)$/.test(step)));

/** A machine under a schedule, with a list of what is in flight, and the model beside it if they are compared. */
class Play {
  now = 0;
  calls = 0;
  clockSteps = 0;
  controls = 0;
  resets = 0;
  readonly machine: Machine;
  inFlight: InFlight[] = [];
  readonly #options: Model['options'];
  readonly #model: Model | undefined;

  constructor(config: Config, { fromRecovered }: Bounds, { create = createMachine, compare = true }: Way) {
    const model = new Model(config, 0);
    this.#options = model.options;
    this.#model = compare ? model : undefined;
    this.machine = create(model.options as Settings, 0);
    if (!fromRecovered) return;
    this.machine.trip(0, 'tripped');
    model.trip(0);
    this.now = model.recovery;
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

  #compare(what: string): void {
    const model = this.#model;
    if (model === undefined) return;
    const { state, since, attempt, forced, failuresInARow } = model;
    const [retryAfter, window] = [model.retryAfter(this.now), model.windowAt(this.now)];
    const expected = { state, since, attempt, forced, failuresInARow, retryAfter, window };
    assert.deepStrictEqual(this.see(), expected, what);
  }

  /** Whether it was admitted in the present stay: the state has not changed since, and nobody has reset it. */
  #isOfThisStay({ transition, resets }: InFlight): boolean {
    return transition === this.machine.lastTransition && resets === this.resets;
  }

  get #probes(): InFlight[] {
    const isHalfOpen = this.machine.phase.state === 'HALF_OPEN';
    return isHalfOpen ? this.inFlight.filter((it) => this.#isOfThisStay(it)) : [];
  }

  /** Tells this state from others, for all that may come. */
  get key(): string {
    const calls = this.inFlight.map((it) => `${this.#isOfThisStay(it) ? it.admittedAt : 'late'}`);
    return JSON.stringify([
      [this.now, this.calls, this.clockSteps, this.controls, calls.sort()],
      [this.machine.phase, snapshotOf(this.machine as StateMachine, this.now)],
    ]);
  }

  actions(bounds: Bounds): Action[] {
    const actions: Action[] = [];
    if (this.calls < bounds.calls) actions.push({ is: 'ask' });
    const seen = new Set<string>();
    for (const [call, it] of this.inFlight.entries()) {
      const alike = `${this.#isOfThisStay(it)} ${it.admittedAt}`;
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
        if (action.how === 'reset') this.resets++;
        this.machine[action.how](this.now, ...((action.how === 'trip' ? ['tripped'] : []) as ['tripped']));
        this.#model?.[action.how](this.now);
    }
  }

  /** Does one thing more, and looks at every invariant; answers the key of the state that it comes to. */
  doAndCheck(action: Action): string {
    const placesBefore = this.#places();
    const before = this.see();
    const inFlight = this.inFlight.length;
    const probes = this.#probes;
    const transition = this.machine.lastTransition;
    const settled = action.is === 'settle' ? this.inFlight[action.call] : undefined;
    const isLate = settled !== undefined && !this.#isOfThisStay(settled);

    this.do(action);

    const after = this.see();
    const { key } = this;
    assert.deepStrictEqual(this.see(), after, 'reading changes nothing');
    if (isLate) assert.deepStrictEqual(after, before, 'a result counts only in the stay that admitted it');
    else if (action.is === 'settle') checkResult(action.ending, before, after);
    if (action.is === 'ask') this.#checkAsk(before, placesBefore, this.inFlight.length > inFlight, probes);
    if (this.machine.lastTransition !== transition) checkTransition(this.machine, before, after);
    checkWindow(before, after);
    this.#compare('the machine does what the model says');
    return key;
  }

  /** From here on everything answers well: the circuit closes and stays closed. */
  heal(): void {
    const { probeTimeout, maxConcurrentCalls } = this.#options;
    if (this.machine.phase.forced) this.do({ is: 'control', how: 'reset' });
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
    this.#compare('the machine heals as the model says');
  }

  #ask(): void {
    this.calls++;
    const isFull = this.#places() >= this.#options.maxConcurrentCalls;
    const permit = this.machine.acquire(this.now, isFull);
    if (permit !== undefined) {
      const { lastTransition: transition } = this.machine;
      this.inFlight.push({ id: this.calls, permit, admittedAt: this.now, transition, resets: this.resets });
    }
    const expected = this.#model?.start({ id: this.calls, how: 'permit' }, this.now);
    if (expected === undefined) return;
    assert.equal(permit !== undefined, !expected.isOver, 'a call is admitted when the model says so');
  }

  /** Of the calls in flight, those that take a place. */
  #places(): number {
    return this.inFlight.filter(({ permit }) => this.machine.takesPlace(permit)).length;
  }

  #settle(index: number, ending: Ending): void {
    const [{ id, permit, admittedAt }] = this.inFlight.splice(index, 1) as [InFlight];
    const kind = ending === 'slow' ? 'success' : ending;
    const isSlow = ending === 'slow';
    const rule = this.machine.record(permit, kind, isSlow, admittedAt, this.now, BOOM);
    if (rule !== undefined) this.machine.trip(this.now, rule);
    this.#model?.settle(id, kind, kind !== 'success', 'boom', this.now, { isSlow });
  }

  #checkAsk(before: Seen, placesBefore: number, isAdmitted: boolean, probes: readonly InFlight[]): void {
    const { halfOpenMaxCalls, probeTimeout, maxConcurrentCalls } = this.#options;
    const isRoom = this.#places() - (isAdmitted ? 1 : 0) < maxConcurrentCalls;
    if (before.state === 'OPEN' && before.retryAfter !== 0)
      assert.ok(!isAdmitted, 'nothing is admitted before its time');
    if (before.state === 'OPEN' && before.retryAfter === 0)
      assert.equal(isAdmitted, isRoom, 'a probe is admitted when its time has come');
    if (before.state !== 'HALF_OPEN') return;
    const { state } = this.machine.phase;
    const isFull = probes.length > 0 && placesBefore >= maxConcurrentCalls;
    if (probes.length < halfOpenMaxCalls && !isFull) {
      assert.equal(isAdmitted, isRoom, 'a probe that is over gives its permit back');
      return;
    }
    assert.ok(!isAdmitted, 'never more probes in flight than allowed');
    const age = Math.max(...probes.map(({ admittedAt }) => this.now - admittedAt));
    if (age > probeTimeout) assert.equal(state, 'OPEN', 'a probe that hangs is given up');
    else assert.equal(state, 'HALF_OPEN', 'no probe is given up before its lease is over');
  }
}

type Seen = ReturnType<Play['see']>;

/** What the result of a call of the present stay comes to, where no count has to be known. */
function checkResult(ending: Ending, before: Seen, after: Seen): void {
  if (ending === 'ignored') assert.equal(after.state, before.state, 'an ignored result decides nothing');
  if (before.state !== 'HALF_OPEN') return;
  if (ending === 'failure') assert.equal(after.state, 'OPEN', 'a failed probe opens');
  if (ending === 'slow') assert.equal(after.state, 'OPEN', 'a slow probe opens');
}

function checkTransition({ lastTransition }: Machine, before: Seen, after: Seen): void {
  const { from, to, reason } = lastTransition ?? {};
  const step = `${from} ${to} ${reason}`;
  assert.ok(POSSIBLE_STEPS.has(step), `only legal transitions: ${step}`);
  assert.deepStrictEqual([from, to], [before.state, after.state], 'a transition says what happened');
}

function checkWindow(before: Seen, after: Seen): void {
  if (before.state === 'CLOSED') return;
  if (after.state !== 'CLOSED') {
    assert.deepStrictEqual(after.window, before.window, 'outside CLOSED the window keeps its figures');
  } else {
    const kept = after.window.calls + after.failuresInARow + after.attempt;
    assert.equal(kept, 0, 'closing empties the window');
  }
}

/** What was found: how many states, in how many ways. Throws at the first violation, with the schedule. */
export interface Findings {
  readonly states: number;
  readonly steps: number;
  readonly reasons: ReadonlySet<string>;
}

export function explore(config: Config, bounds: Bounds, way: Way = {}): Findings {
  const replay = (schedule: readonly Action[]) => {
    const play = new Play(config, bounds, way);
    for (const action of schedule) play.do(action);
    return play;
  };
  const seen = new Set([replay([]).key]);
  const reasons = new Set<string>();
  const queue: (readonly Action[])[] = [[]];
  let steps = 0;
  for (const schedule of queue) {
    for (const action of replay(schedule).actions(bounds)) {
      const next = [...schedule, action];
      steps++;
      blame(next, () => {
        const play = replay(schedule);
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

/** Says which schedule led to a violation. */
function blame(schedule: readonly Action[], run: () => void): void {
  try {
    run();
  } catch (error) {
    const steps = schedule.map((it) => Object.values(it).join(' '));
    throw new Error(`${(error as Error).message}\nafter: ${steps.join(', ')}`, { cause: error });
  }
}
