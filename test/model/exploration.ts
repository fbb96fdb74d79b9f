/**
 * Every schedule of a few calls, steps of the clock and controls over the pure state machine, breadth first. A state
 * is told from others by what its public members say; each is reached by playing its schedule from the beginning.
 */
import assert from 'node:assert/strict';
import { snapshotOf } from '../../src/core/machine-snapshot.js';
import type { ProbeGate } from '../../src/core/seam.js';
import { StateMachine } from '../../src/core/state-machine.js';
import { fakeDetector } from '../support/fake-detector.js';
import { LEGAL_STEPS } from './legal-steps.js';
import { type Config, Model, type ModelDetector } from './model.js';

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
  | 'openShared'
  | 'closeShared'
  | 'release'
  | 'isGated'
  | 'freedPlaces'
  | 'detector'
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
  /** What a partner may do, in all. @default 0 */
  readonly shared?: number;
  /** How often the detector may be changed. @default 0 */
  readonly moods?: number;
  /** Whether calls may end by the breaker's own rejection. @default false */
  readonly nests?: boolean;
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
const PARTNER = ['open 0', 'open 2', 'grant', 'close', 'release'] as const;
const MOODS = ['off', 'admit', 'refuse', 'trip', 'trip on failure'] as const;
const CONTROLS = ['trip', 'forceOpen', 'forceClosed', 'reset'] as const;

type Ending = (typeof ENDINGS)[number] | 'own';
type Shared = (typeof PARTNER)[number];
type Mood = (typeof MOODS)[number];
type Control = (typeof CONTROLS)[number];
type Action =
  | { readonly is: 'ask' }
  | { readonly is: 'settle'; readonly call: number; readonly ending: Ending }
  | { readonly is: 'pass' }
  | { readonly is: 'control'; readonly how: Control }
  | { readonly is: 'seat'; readonly how: Shared }
  | { readonly is: 'detector'; readonly how: Mood };

interface InFlight {
  readonly id: number;
  readonly permit: NonNullable<ReturnType<Machine['acquire']>>;
  readonly admittedAt: number;
  /** The last change of state before it was admitted, and how many resets: either begins another stay. */
  readonly transition: Machine['lastTransition'];
  readonly resets: number;
  /** Whether it was let through beside the probes: it steers nothing. */
  readonly isNested: boolean;
}

/** A gate that holds no leave, and counts what becomes of it. */
class Gate implements ProbeGate {
  ready = false;
  // What follows decides nothing, and tells no state from another.
  taken!: number;
  settled!: string[];

  constructor() {
    Object.defineProperties(this, {
      taken: { value: 0, writable: true },
      settled: { value: [] },
    });
  }

  ask(): undefined {}

  take(): void {
    assert.ok(this.ready, 'no leave is taken that is not at hand');
    this.taken++;
    this.ready = false;
  }

  settle(index: number, kind: string): void {
    this.settled.push(`${index} ${kind}`);
  }
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
  shared = 0;
  moods = 0;
  gate: Gate | undefined;
  mood: Mood = 'off';
  /** What the detector has been told. */
  readonly recorded: string[] = [];
  readonly entered: string[] = [];
  /** Calls of this stay that have ended by the breaker's own rejection. */
  nestings = 0;
  /** Places that the last call that asked has found free, of calls that have been given up. */
  freed = 0;
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
      gated: this.machine.isGated,
    };
  }

  #compare(what: string): void {
    const model = this.#model;
    if (model === undefined) return;
    const { state, since, attempt, forced, failuresInARow } = model;
    const [retryAfter, window] = [model.retryAfter(this.now), model.windowAt(this.now)];
    const gated = model.gate !== undefined;
    const expected = { state, since, attempt, forced, failuresInARow, retryAfter, window, gated };
    assert.deepStrictEqual(this.see(), expected, what);
    if (model.gate !== undefined && this.gate !== undefined) {
      const { ready: isReady, taken, settled } = this.gate;
      assert.deepStrictEqual({ isReady, taken, settled }, model.gate, 'the gate is told what the model says');
    }
    if (model.detector === undefined) return;
    const { recorded, entered } = model.detector;
    assert.deepStrictEqual([this.recorded, this.entered], [recorded, entered], 'so is the detector');
  }

  /** Whether it was admitted in the present stay: the state has not changed since, and nobody has reset it. */
  #isOfThisStay({ transition, resets }: InFlight): boolean {
    return transition === this.machine.lastTransition && resets === this.resets;
  }

  get #probes(): InFlight[] {
    const isHalfOpen = this.machine.phase.state === 'HALF_OPEN';
    return isHalfOpen ? this.#ofThisStay.filter(({ isNested }) => !isNested) : [];
  }

  get #nested(): InFlight[] {
    return this.#ofThisStay.filter(({ isNested }) => isNested);
  }

  get #ofThisStay(): InFlight[] {
    return this.inFlight.filter((it) => this.#isOfThisStay(it));
  }

  /** Tells this state from others, for all that may come. */
  get key(): string {
    const calls = this.inFlight.map(
      (it) =>
        `${this.#isOfThisStay(it) ? it.admittedAt : 'late'} ${it.isNested} ${this.machine.takesPlace(it.permit)}`,
    );
    return JSON.stringify([
      [
        this.now,
        this.calls,
        this.clockSteps,
        this.controls,
        this.shared,
        this.moods,
        this.mood,
        calls.sort(),
      ],
      [this.machine.phase, snapshotOf(this.machine as StateMachine, this.now)],
    ]);
  }

  actions(bounds: Bounds): Action[] {
    const actions: Action[] = [];
    if (this.calls < bounds.calls) actions.push({ is: 'ask' });
    const seen = new Set<string>();
    for (const [call, it] of this.inFlight.entries()) {
      const alike = `${this.#isOfThisStay(it)} ${it.isNested} ${it.admittedAt}`;
      if (!seen.has(alike)) {
        const endings: readonly Ending[] = bounds.nests ? [...ENDINGS, 'own'] : ENDINGS;
        for (const ending of endings) actions.push({ is: 'settle', call, ending });
      }
      seen.add(alike);
    }
    if (this.clockSteps < bounds.clockSteps) actions.push({ is: 'pass' });
    if (this.controls < bounds.controls) for (const how of CONTROLS) actions.push({ is: 'control', how });
    if (this.shared < (bounds.shared ?? 0))
      for (const how of PARTNER) if (how !== 'grant' || this.#mayGrant) actions.push({ is: 'seat', how });
    if (this.moods < (bounds.moods ?? 0))
      for (const how of MOODS) if (how !== this.mood) actions.push({ is: 'detector', how });
    return actions;
  }

  get #mayGrant(): boolean {
    return this.machine.isGated && this.gate?.ready === false;
  }

  do(action: Action): void {
    const { lastTransition } = this.machine;
    const { resets } = this;
    this.#do(action);
    if (this.machine.lastTransition !== lastTransition || this.resets !== resets) this.nestings = 0;
  }

  #do(action: Action): void {
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
        return;
      case 'seat':
        this.shared++;
        this.#share(action.how);
        return;
      case 'detector':
        this.moods++;
        this.#detect(action.how);
    }
  }

  #share(how: Shared): void {
    const { machine, now } = this;
    const model = this.#model;
    switch (how) {
      case 'open 0':
      case 'open 2': {
        const gate = new Gate();
        const wait = Number(how.slice(5));
        machine.openShared(now, wait, 3, gate);
        model?.openShared(wait, 3, { isReady: false, taken: 0, settled: [] }, now);
        if (machine.isGated) this.gate = gate;
        return;
      }
      case 'grant':
        (this.gate as Gate).ready = true;
        if (model?.gate !== undefined) model.gate.isReady = true;
        return;
      case 'close':
        machine.closeShared(now);
        model?.closeShared(now);
        return;
      case 'release':
        machine.release(now);
        model?.release(now);
    }
  }

  /** Another mood of the detector, or none: what it has seen is forgotten. */
  #detect(mood: Mood): void {
    const model = this.#model;
    const wasOff = this.mood === 'off';
    this.mood = mood;
    const tripsOnFailure = mood === 'trip on failure';
    const verdict = mood === 'off' || tripsOnFailure ? 'admit' : mood;
    if (mood === 'off') {
      this.machine.detector = undefined;
      model?.setDetector(undefined);
    } else if (wasOff) {
      this.recorded.length = 0;
      this.entered.length = 0;
      this.machine.detector = this.#createDetector();
      this.machine.detector.entered(this.machine.phase.state, 'restored', this.now);
      model?.setDetector({ verdict, tripsOnFailure, recorded: [], entered: [] });
    } else if (model?.detector !== undefined) {
      Object.assign(model.detector, { verdict, tripsOnFailure } satisfies Partial<ModelDetector>);
    }
  }

  #createDetector() {
    return fakeDetector({
      admit: () => (this.mood === 'refuse' || this.mood === 'trip' ? this.mood : 'admit'),
      record: (kind) => {
        assert.equal(this.machine.phase.state, 'CLOSED', 'a detector sees no result outside CLOSED');
        this.recorded.push(kind);
        return this.mood === 'trip on failure' && kind === 'failure';
      },
      entered: (state, reason) => this.entered.push(`${state} ${reason}`),
    }).state;
  }

  /** Does one thing more, and looks at every invariant; answers the key of the state that it comes to. */
  doAndCheck(action: Action): string {
    const placesBefore = this.#places();
    const before = this.see();
    const inFlight = this.inFlight.length;
    const probes = this.#probes;
    const stayBefore = this.#ofThisStay;
    const transition = this.machine.lastTransition;
    const settled = action.is === 'settle' ? this.inFlight[action.call] : undefined;
    const isLate = settled !== undefined && (settled.isNested || !this.#isOfThisStay(settled));
    const nested = this.#nested.length;
    const seenByPartner = [this.gate?.settled.length ?? 0, this.recorded.length];
    const taken = this.gate?.taken ?? 0;
    const gate = this.gate;

    this.do(action);

    const after = this.see();
    const { key } = this;
    assert.deepStrictEqual(this.see(), after, 'reading changes nothing');
    if (isLate) assert.deepStrictEqual(after, before, 'a result counts only in the stay that admitted it');
    else if (action.is === 'settle') checkResult(action.ending, before, after);
    if (isLate) {
      const seenNow = [this.gate?.settled.length ?? 0, this.recorded.length];
      assert.deepStrictEqual(seenNow, seenByPartner, 'a late result reaches neither partner nor detector');
    }
    if (action.is === 'ask') {
      const isNested = this.#nested.length > nested;
      const isAdmitted = this.inFlight.length > inFlight;
      if (isNested) this.#checkNested(before, probes, nested);
      else {
        this.#checkAsk(before, placesBefore, isAdmitted, probes);
        const isLeased = isAdmitted && after.gated;
        assert.equal(
          (gate?.taken ?? 0) - taken,
          isLeased ? 1 : 0,
          'each probe of a gated stay takes its leave',
        );
      }
    }
    if (before.gated && !after.gated && after.state === 'CLOSED') {
      const byHand = action.is === 'control' || (action.is === 'seat' && action.how !== 'grant');
      assert.ok(byHand, 'a gated stay is closed from outside alone');
    }
    const isNew = this.machine.lastTransition !== transition;
    if (isNew) checkTransition(this.machine, before, after);
    if (isNew && this.machine.lastTransition?.reason === 'probe-expired') this.#checkGivenUp(stayBefore);
    if (action.is === 'seat') checkSeat(action.how, before, after, isNew);
    checkWindow(before, after);
    this.#compare('the machine does what the model says');
    return key;
  }

  /**
   * From here on everything answers well: the circuit closes and stays closed, also where a partner gives leave for each
   * probe and closes when there were enough, or lets go.
   */
  heal(letsGo: boolean): void {
    const { probeTimeout, maxConcurrentCalls } = this.#options;
    if (this.machine.phase.forced) this.do({ is: 'control', how: 'reset' });
    if (this.mood !== 'off') this.#detect('admit');
    if (letsGo) this.#share('release');
    let succeeded = 0;
    while (this.inFlight.length >= maxConcurrentCalls) this.do({ is: 'settle', call: 0, ending: 'success' });
    let inARow = 0;
    for (let asked = 0; inARow < 6; asked++) {
      assert.ok(asked < 20, 'a healthy dependency leads back to CLOSED');
      this.now += this.machine.retryAfter(this.now) ?? probeTimeout + 1;
      const before = this.inFlight.length;
      if (this.#mayGrant) this.#share('grant');
      this.do({ is: 'ask' });
      if (this.inFlight.length > before) {
        this.do({ is: 'settle', call: before, ending: 'success' });
        succeeded++;
      }
      if (succeeded >= this.#options.successThreshold) this.do({ is: 'seat', how: 'close' });
      inARow = this.machine.phase.state === 'CLOSED' ? inARow + 1 : 0;
    }
    this.#compare('the machine heals as the model says');
  }

  #ask(): void {
    this.calls++;
    const isFull = this.#places() >= this.#options.maxConcurrentCalls;
    const permit = this.machine.acquire(this.now, isFull);
    this.freed = this.machine.freedPlaces;
    this.machine.freedPlaces = 0;
    if (permit !== undefined) {
      const { lastTransition: transition } = this.machine;
      const isNested = permit !== this.machine.phase;
      const admitted = { admittedAt: this.now, transition, resets: this.resets, isNested };
      this.inFlight.push({ id: this.calls, permit, ...admitted });
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
    const [it] = this.inFlight.splice(index, 1) as [InFlight];
    const { id, permit, admittedAt } = it;
    const nests = ending === 'own';
    if (nests && this.#isOfThisStay(it)) this.nestings++;
    const kind = ending === 'slow' ? 'success' : nests ? 'ignored' : ending;
    const isSlow = ending === 'slow';
    const rule = this.machine.record(permit, kind, isSlow, admittedAt, this.now, BOOM, nests);
    if (rule !== undefined) this.machine.trip(this.now, rule);
    this.#model?.settle(id, kind, kind !== 'success', 'boom', this.now, { isSlow, nests });
  }

  /** Beside the probes pass no more calls than have shown to be needed, and only while a probe is in flight. */
  #checkNested(before: Seen, probes: readonly InFlight[], nested: number): void {
    const { halfOpenMaxCalls, maxConcurrentCalls } = this.#options;
    assert.equal(before.state, 'HALF_OPEN', 'a call is let through beside probes alone');
    assert.ok(probes.length > 0, 'a call is let through beside a probe that is in flight');
    assert.ok(
      nested < this.nestings * halfOpenMaxCalls,
      'no more calls beside the probes than probes call for',
    );
    assert.ok(this.#places() <= maxConcurrentCalls, 'nor more than there are places');
  }

  /** What a stay that is given up has let through takes no place any more. */
  #checkGivenUp(all: readonly InFlight[]): void {
    const kept = all.filter(({ permit }) => this.machine.takesPlace(permit));
    assert.equal(kept.length, 0, 'what has been given up takes no place');
    assert.equal(this.freed, all.length, 'each place of what has been given up is given back once');
  }

  #checkAsk(before: Seen, placesBefore: number, isAdmitted: boolean, probes: readonly InFlight[]): void {
    const { halfOpenMaxCalls, probeTimeout, maxConcurrentCalls } = this.#options;
    const isRoom = this.#places() - (isAdmitted ? 1 : 0) < maxConcurrentCalls;
    if (before.state === 'OPEN' && before.retryAfter !== 0)
      assert.ok(!isAdmitted, 'nothing is admitted before its time');
    const hasLeave = !before.gated || isAdmitted || this.gate?.ready === true;
    if (before.state === 'OPEN' && before.retryAfter === 0 && hasLeave)
      assert.equal(isAdmitted, isRoom, 'a probe is admitted when its time has come');
    if (before.state === 'CLOSED' && !before.forced && this.mood === 'refuse')
      assert.ok(
        !isAdmitted && this.machine.phase.state === 'CLOSED',
        'a detector refuses and changes nothing',
      );
    if (before.state === 'CLOSED' && before.forced)
      assert.equal(isAdmitted, isRoom, 'a detector is not asked where a person has decided');
    if (before.state !== 'HALF_OPEN' || !hasLeave) return;
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

/** A partner neither shortens a stay that it did not begin, nor steers one that is forced or not its own. */
function checkSeat(how: Shared, before: Seen, after: Seen, isNew: boolean): void {
  if (before.forced || (!before.gated && !how.startsWith('open')))
    assert.deepStrictEqual(after, before, 'a partner steers no stay but its own');
  if (before.state !== 'OPEN' || !how.startsWith('open')) return;
  assert.ok(!isNew, 'a partner tells nothing where the circuit is open');
  if (before.retryAfter !== null)
    assert.ok((after.retryAfter ?? 0) >= before.retryAfter, 'a partner shortens no stay');
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
        const { isGated } = play.machine;
        play.heal(false);
        if (!isGated) return;
        const again = replay(next);
        again.heal(true);
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
