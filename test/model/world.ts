/**
 * A breaker and its model side by side: each thing that happens is done to both, and afterwards everything public is
 * compared and the invariants are looked at, by what was observed and not by what the model says.
 */
import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import {
  CircuitBreaker,
  type CircuitBreakerEvents,
  type CircuitBreakerOptions,
  type CircuitMetrics,
  type CircuitSnapshot,
  exponentialBackoff,
  isCallTimeoutError,
  isCircuitBreakerOpenError,
  type Permit,
  type Transition,
  type UpdatableOptions,
} from 'recloser';
import { SEAM } from '../../src/core/seam.js';
import { ALL_EVENTS } from '../support/breakers.js';
import { type Deferred, deferred } from '../support/deferred.js';
import { fakeDetector } from '../support/fake-detector.js';
import { fakeGate } from '../support/fake-gate.js';
import { LEGAL_STEPS } from './legal-steps.js';
import {
  type Answer,
  type Config,
  type Kind,
  Model,
  type ModelEvent,
  type ModelGate,
  type ModelSnapshot,
} from './model.js';
import { type SimulatedTime, settled } from './simulated-time.js';

/**
 * How a task ends; `ignore` and `dispose` are for permits, `skip` and `bad` are values, `own` and `wrapped` come of a
 * rejection by this very breaker.
 */
export type Ending =
  | ('success' | 'failure' | 'excluded' | 'untracked' | 'bad' | 'skip')
  | ('ignore' | 'dispose')
  | ('own' | 'wrapped');

/** What a detector does. */
export type Verdict = 'off' | 'admit' | 'refuse' | 'trip' | 'trip on failure';

/** What is listened to: events of calls make the breaker time each call. */
export type Listening = 'everything' | 'transitions' | 'nothing';

class Failure extends Error {
  override readonly name = 'Failure';
}
class Excluded extends Error {
  override readonly name = 'Excluded';
}
class Untracked extends Error {
  override readonly name = 'Untracked';
}

/** A call that was begun; what it is settled with comes later, perhaps when it is long over. */
interface Begun {
  readonly id: number;
  readonly task?: Deferred<unknown>;
  readonly permit?: Permit;
  readonly abort?: AbortController;
  /** The stay that admitted it; `undefined` for one that steers none: `observe` let it through, or a probe made it. */
  readonly stay: number | undefined;
  isTaskOver: boolean;
}

/** What was seen before a result that comes too late. */
interface Before {
  readonly metrics: CircuitMetrics;
  /** Whether its call had ended, so that it counts nowhere at all. */
  readonly isOver: boolean;
}

const TRANSITION_EVENTS = ['transition', 'open', 'halfOpen', 'close'] as const;

const listenerOf: Readonly<Record<Listening, readonly (keyof CircuitBreakerEvents)[]>> = {
  everything: ALL_EVENTS,
  transitions: TRANSITION_EVENTS,
  nothing: [],
};

export class World {
  readonly time: SimulatedTime;
  readonly config: Config;
  breaker: CircuitBreaker;
  model: Model;
  begun: Begun[] = [];
  /** How often each thing was seen: steps, changes of state by their reason, rejections, outcomes. */
  readonly seen = new Map<string, number>();
  saved: { readonly text: string; readonly model: ModelSnapshot; readonly unsettled: number } | undefined;
  #origin = 0;
  #options: UpdatableOptions & CircuitBreakerOptions;
  #answers = new Map<number, Answer>();
  #heard: ModelEvent[] = [];
  #listening: Listening = 'nothing';
  #unsubscribe: (() => void)[] = [];
  #nextId = 1;
  #ownRuleAsked = 0;
  #wouldReject = 0;
  /** Calls in the totals that are in flight in another process, and settle there. */
  #lost = 0;
  #stay = 0;
  #stayBeganWith: unknown;
  #before: CircuitMetrics | undefined;
  #beforeLateResult: Before | undefined;
  /** The partner's, of the last stay that it has steered, and what the model says of it. */
  #gate = fakeGate();
  #gateInModel: ModelGate = { isReady: false, taken: 0, settled: [] };
  /** Whether whoever asks for leave is given it. */
  #isGranting = false;
  #detector: ReturnType<typeof fakeDetector> | undefined;
  /** The last rejection by this breaker. */
  #ownRejection: unknown;

  constructor(time: SimulatedTime, config: Config, listening: Listening) {
    this.time = time;
    this.config = config;
    this.#options = {
      name: 'model',
      ...optionsOf(config),
      ...lastingOptionsOf(config, () => this.#ownRuleAsked++),
      ...this.#clock(0),
    };
    this.breaker = new CircuitBreaker(this.#options);
    this.model = new Model(config, this.now);
    this.listen(listening);
  }

  /** The breaker's clock. */
  get now(): number {
    return this.time.now + this.#origin;
  }

  get pending(): Begun[] {
    return this.begun.filter(({ isTaskOver }) => !isTaskOver);
  }

  get abortable(): Begun[] {
    return this.begun.filter(({ abort, isTaskOver }) => abort !== undefined && !isTaskOver);
  }

  listen(listening: Listening): void {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    this.#listening = listening;
    this.#unsubscribe = listenerOf[listening].map((event) =>
      this.breaker.on(event, (payload) => this.#heard.push([event, describeEvent(event, payload)])),
    );
    this.model.isHeard = listening === 'everything';
  }

  /** Starts a call whose task ends when it is told to. */
  async start(
    how: 'call' | 'tryCall',
    callTimeout: number | false | undefined,
    hasSignal: boolean,
  ): Promise<void> {
    const id = this.#nextId++;
    const task = deferred();
    const abort = hasSignal ? new AbortController() : undefined;
    const waits = this.#waits();
    const asked = this.#ask();
    let state: string | undefined;
    const run = (context: { state: string }) => {
      state = context.state;
      return task.promise;
    };
    const options = {
      ...(callTimeout !== undefined && { callTimeout }),
      ...(abort !== undefined && { signal: abort.signal }),
    };
    const given = Object.keys(options).length === 0 ? undefined : options;
    if (how === 'call') {
      this.breaker.call(run, given).then(
        (value) => this.#answered(id, { is: 'value', value: describe(value) }),
        (error) => this.#failed(id, error, state === undefined),
      );
    } else {
      this.breaker.tryCall(run, given).then((result) => {
        if (result.ok) this.#answered(id, { is: 'value', value: describe(result.value) });
        else this.#failed(id, result.error, result.rejected);
      });
    }
    if (waits) {
      assert.equal(state, undefined, 'a call waits for leave before it begins');
      assert.equal(this.breaker.metrics.inFlight, this.model.inFlight.length, 'who waits is not in flight');
      (this.model.gate as ModelGate).isReady = true;
      this.#gate.grant();
      this.#count('wait');
      await settled();
    }
    const isPlain = given === undefined && how === 'call';
    this.model.start(
      { id, how: 'task', isPlain, ...(callTimeout !== undefined && { callTimeout }) },
      this.now,
    );
    asked(state !== undefined);
    if (state === undefined) return;
    assert.equal(state, this.breaker.state, 'a task is told the state in which it runs');
    this.#begin({ id, task, ...(abort && { abort }) });
  }

  /** A call that the caller has given up before it begins takes nothing and counts nowhere. */
  async startAborted(how: 'call' | 'tryCall'): Promise<void> {
    const signal = AbortSignal.abort(new Failure('gone'));
    const task = () => assert.fail('the task of an aborted call runs');
    if (how === 'call') {
      const refused = this.breaker.call(task, { signal });
      await assert.rejects(refused, (error) => error === signal.reason);
    } else {
      const result = await this.breaker.tryCall(task, { signal });
      assert.deepStrictEqual(result, { ok: false, error: signal.reason, rejected: false });
    }
  }

  startPermit(how: 'acquire' | 'tryAcquire'): void {
    const id = this.#nextId++;
    const asked = this.#ask();
    let permit: Permit | undefined;
    let error: unknown;
    try {
      permit = how === 'acquire' ? this.breaker.acquire() : this.breaker.tryAcquire();
    } catch (refusal) {
      error = refusal;
    }
    const call = this.model.start({ id, how: 'permit' }, this.now);
    asked(permit !== undefined);
    if (permit === undefined) {
      if (how === 'acquire') this.#failed(id, error, true);
      else this.#answered(id, call.answer);
      return;
    }
    this.#begin({ id, permit });
  }

  /** A call whose task ends as soon as it has started. */
  async callAtOnce(how: 'call' | 'tryCall', ending: Ending): Promise<void> {
    const before = this.begun.length;
    await this.start(how, undefined, false);
    const begun = this.begun[before];
    if (begun !== undefined) this.settle(begun, ending);
  }

  /** A synchronous call that takes a while, in which no timer can fire. */
  callSync(ending: Ending, took: number): void {
    const id = this.#nextId++;
    const asked = this.#ask();
    const startedAt = this.now;
    const { threw, result, kind, nests } = this.#outcomeOf(id, ending);
    let isStarted = false;
    try {
      const value = this.breaker.callSync<unknown>(() => {
        isStarted = true;
        this.time.jump(took);
        if (threw) throw result;
        return result;
      });
      this.#answered(id, { is: 'value', value: describe(value) });
    } catch (error) {
      this.#failed(id, error, !isStarted);
    }
    this.model.start({ id, how: 'sync', isPlain: true }, startedAt);
    if (isStarted) this.model.settle(id, kind, threw, describe(result), this.now, { nests });
    if (took === 0 || !isStarted) asked(isStarted);
  }

  /** Ends a task or a permit; calls that are over already must not care. */
  settle(begun: Begun, ending: Ending): void {
    const { id, task, permit } = begun;
    this.#lookBeforeLateResult(begun);
    begun.isTaskOver = true;
    const { threw, result, kind, nests } = this.#outcomeOf(id, ending);
    if (task !== undefined) {
      if (threw) task.reject(result);
      else task.resolve(result);
      this.model.settle(id, kind, threw, describe(result), this.now, { nests });
    } else if (ending === 'ignore') {
      permit?.ignore();
      this.model.settle(id, 'ignored', true, 'undefined', this.now);
    } else if (ending === 'dispose') {
      permit?.[Symbol.dispose]();
      this.model.settle(id, 'failure', true, 'undefined', this.now);
    } else {
      if (threw) permit?.failure(result);
      else permit?.success(result);
      this.model.settle(id, kind, threw, describe(result), this.now, { nests });
    }
  }

  /** Settles a permit that is settled: nothing may come of it. */
  settleAgain(begun: Begun): void {
    this.#lookBeforeLateResult(begun);
    begun.permit?.success();
    begun.permit?.failure(new Failure('again'));
    begun.permit?.ignore();
  }

  abort(begun: Begun): void {
    const reason = new Failure(`aborted ${begun.id}`);
    this.#lookBeforeLateResult(begun);
    begun.abort?.abort(reason);
    this.model.settle(begun.id, 'ignored', true, describe(reason), this.now);
  }

  async pass(ms: number, isFrozen: boolean): Promise<void> {
    const start = this.now;
    if (isFrozen) await this.time.freeze(ms);
    else await this.time.run(ms);
    this.model.expire(isFrozen ? this.now : start, this.now);
  }

  /**
   * Freezes, and finds when it wakes that the answer of a call has come meanwhile: it lies there while timers fire, and
   * is read before anything that they ended too late is called a timeout.
   */
  async freezeUntilAnswered(ms: number, begun: Begun, ending: Ending): Promise<void> {
    const deadlines = this.model.inFlight.map(({ deadline }) => deadline);
    let end = this.now + ms;
    // What is late by no more than a busy moment is called a timeout at once.
    while (deadlines.some((deadline) => deadline <= end && end - deadline <= 10)) end += 10;
    this.time.jump(end - this.now);
    setImmediate(() => this.settle(begun, ending));
    await this.time.run(0);
    this.#beforeLateResult = undefined; // other calls may have ended besides
    this.model.expire(this.now, this.now);
    this.#count('arrival');
  }

  /** The partner opens for its own reasons. */
  seatOpen(wait: number, attempt: number): void {
    const gate = fakeGate();
    const { ask } = gate;
    gate.ask = () => (this.#isGranting ? ask() : undefined);
    const gateInModel: ModelGate = { isReady: false, taken: 0, settled: [] };
    this.breaker[SEAM]().open(wait, attempt, gate, 'others');
    this.model.openShared(wait, attempt, gateInModel, this.now, 'others');
    if (this.model.gate !== gateInModel) return; // it is forced
    this.#gate = gate;
    this.#gateInModel = gateInModel;
  }

  seatClose(): void {
    this.breaker[SEAM]().close();
    this.model.closeShared(this.now);
  }

  seatRelease(wait?: number): void {
    this.breaker[SEAM]().release(wait);
    this.model.release(this.now, wait);
  }

  seatDefer(wait: number): void {
    this.breaker[SEAM]().defer(wait);
    this.model.defer(wait, this.now);
  }

  /** Leave is at hand before anybody asks for it. */
  giveLeave(): void {
    if (this.model.gate === undefined) return;
    this.#gate.ready = true;
    this.model.gate.isReady = true;
  }

  /** From now on whoever asks for leave waits, and is given it; or is told at once that there is none. */
  grantLeave(isGranting: boolean): void {
    this.#isGranting = isGranting;
  }

  /** Another detector, or another mood of the one there is. */
  detect(verdict: Verdict): void {
    const { detector } = this.model;
    if (verdict === 'off') {
      this.#detector = undefined;
      this.#options = { ...this.#options, detector: false };
      this.breaker.update({ detector: false });
      this.model.setDetector(undefined);
      return;
    }
    const tripsOnFailure = verdict === 'trip on failure';
    const mood = { verdict: tripsOnFailure ? 'admit' : verdict, tripsOnFailure } as const;
    if (detector !== undefined) {
      Object.assign(detector, mood);
      return;
    }
    this.model.setDetector({ ...mood, recorded: [], entered: [] });
    const recorded: Kind[] = [];
    const fake = fakeDetector({
      asks: () => this.model.detector?.verdict !== 'admit',
      admit: () => this.model.detector?.verdict ?? 'admit',
      record: (kind) => {
        recorded.push(kind);
        return this.model.detector?.tripsOnFailure === true && kind === 'failure';
      },
    });
    this.#detector = { ...fake, recorded };
    this.#options = { ...this.#options, detector: fake.detector };
    this.breaker.update({ detector: fake.detector });
  }

  jumpWall(ms: number): void {
    this.time.wall += ms;
  }

  control(how: 'trip' | 'forceOpen' | 'forceClosed' | 'reset'): void {
    if (how === 'trip' || how === 'forceOpen') this.breaker[how]('by hand');
    else this.breaker[how]();
    if (how === 'reset') this.#stay++;
    this.model[how](this.now);
  }

  update(change: Config): void {
    if (this.model.update(change)) {
      const options: UpdatableOptions = optionsOf(change);
      this.#options = { ...this.#options, ...options };
      this.breaker.update(options);
    } else assert.throws(() => this.breaker.update(optionsOf(change)), { code: 'ERR_INVALID_OPTIONS' });
  }

  save(): void {
    this.saved = {
      text: JSON.stringify(this.breaker),
      model: this.model.snapshot(this.now, this.time.wall),
      unsettled: this.breaker.metrics.inFlight + this.#lost,
    };
  }

  /** Goes on in another process, whose clock began elsewhere: calls in flight and listeners stay behind. */
  restoreElsewhere(origin: number): void {
    const { text, model, unsettled } = this.saved as NonNullable<typeof this.saved>;
    const snapshot: CircuitSnapshot = JSON.parse(text);
    this.time.forgetTimers();
    this.#origin = origin;
    this.#options = { ...this.#options, ...this.#clock(origin) };
    const { config, detector } = this.model;
    this.#detector?.entered.splice(0);
    detector?.entered.splice(0);
    this.breaker = new CircuitBreaker({ ...this.#options, snapshot });
    this.model = new Model(config, this.now);
    this.model.detector = detector;
    this.#ownRejection = undefined;
    this.model.restore(model, this.now, this.time.wall);
    this.#lost = unsettled;
    this.#ownRuleAsked = 0;
    this.model.events = []; // nobody can have listened yet
    this.begun = [];
    this.#answers.clear();
    this.#before = undefined;
    this.listen(this.#listening);
  }

  restoreHere(): void {
    const { text, model } = this.saved as NonNullable<typeof this.saved>;
    this.breaker.restore(JSON.parse(text));
    this.#stay++;
    this.model.restore(model, this.now, this.time.wall);
  }

  /** Compares everything that can be seen, and looks at what must always be so. */
  async verify(): Promise<void> {
    await settled();
    const metrics = this.#readAll();
    assert.deepStrictEqual(describeMetrics(metrics), this.model.metricsAt(this.now), 'metrics');
    assert.equal(this.breaker.state, this.model.state, 'state');
    assert.equal(this.breaker.mode, this.model.mode, 'mode');
    assert.equal(this.#ownRuleAsked, this.model.ownRuleAsked, 'how often shouldTrip is asked');
    this.#compareEvents();
    this.#compareAnswers();
    this.#compareDoors();
    this.#verifyTotals(metrics);
    this.#verifyLateResult(metrics);
    this.#count('step');
    this.#before = metrics;
  }

  /** From wherever it is, a dependency that answers promptly leads back to CLOSED, and stays there. */
  async heal(how: 'call' | 'callSync'): Promise<void> {
    if (this.model.detector !== undefined) this.detect('admit');
    if (how === 'callSync') this.seatRelease(); // else the partner gives leave, and closes
    this.#isGranting = true;
    if (this.breaker.mode.startsWith('forced-')) this.control('reset'); // what a forced mode waits for
    if (this.breaker.options.mode === 'observe') this.update({ mode: 'active' });
    if (this.breaker.options.slowCallDuration === 0) this.update({ slowCallDuration: false }); // nothing is prompt
    const { maxConcurrentCalls, successThreshold, probeTimeout } = this.breaker.options;
    // Hung calls may hang on, unless it is they who fill the circuit.
    if (this.breaker.metrics.inFlight >= maxConcurrentCalls) {
      for (const begun of this.pending) {
        this.settle(begun, 'success');
        await this.verify();
      }
    }
    await this.verify();
    const patience = 2 * successThreshold + 40;
    let inARow = 0;
    for (let asked = 0; inARow < 20; asked++) {
      assert.ok(asked < patience, `a healthy dependency leads back to CLOSED within ${patience} calls`);
      const { retryAfter, state } = this.breaker.metrics;
      await this.pass(retryAfter ?? probeTimeout + 1, false);
      if (how === 'callSync') this.callSync('success', 0);
      else await this.callAtOnce('call', 'success');
      await this.verify();
      if (this.model.gate !== undefined && this.model.probeSuccesses >= successThreshold) this.seatClose();
      await this.verify();
      inARow = state === 'CLOSED' && this.breaker.state === 'CLOSED' ? inARow + 1 : 0;
    }
  }

  #clock(origin: number) {
    const { time } = this;
    return { clock: { now: () => time.now + origin, epoch: () => time.wall } };
  }

  #count(what: string): void {
    this.seen.set(what, (this.seen.get(what) ?? 0) + 1);
  }

  #begin(given: Omit<Begun, 'stay' | 'isTaskOver'>): void {
    const { state, totals } = this.breaker.metrics;
    const isAdmitted =
      totals.wouldReject === this.#wouldReject && this.model.calls.at(-1)?.nestedIn === undefined;
    const stay = isAdmitted ? this.#presentStay() : undefined;
    if (!isAdmitted && totals.wouldReject === this.#wouldReject) this.#count('nested');
    this.begun.push({ ...given, stay, isTaskOver: false });
    if (!isAdmitted || state !== 'HALF_OPEN') return;
    const probes = this.begun.filter((it) => it.stay === stay && !this.#isOver(it));
    assert.ok(
      probes.length <= this.breaker.options.halfOpenMaxCalls,
      'no more probes in flight than allowed',
    );
  }

  /** The number of the present stay. Each change of state begins another, and so do `reset` and `restore`. */
  #presentStay(): number {
    const { lastTransition, totals } = this.breaker.metrics;
    const beganWith = [lastTransition, totals.opened];
    if (!isDeepStrictEqual(beganWith, this.#stayBeganWith)) this.#stay++;
    this.#stayBeganWith = beganWith;
    return this.#stay;
  }

  /** Whether nothing can come of a call any more, by what its caller was told. */
  #isOver({ id, permit, isTaskOver }: Begun): boolean {
    return permit === undefined ? this.#answers.has(id) : isTaskOver;
  }

  /** Whether a call waits for leave before it begins. */
  #waits(): boolean {
    const { gate, mode, state, places, probes, resumeAt, options } = this.model;
    if (gate === undefined || gate.isReady || !this.#isGranting) return false;
    if (mode === 'observe' || places >= options.maxConcurrentCalls || this.now < resumeAt) return false;
    return state === 'OPEN' || probes.length < options.halfOpenMaxCalls;
  }

  #failed(id: number, error: unknown, rejected: boolean): void {
    if (rejected) this.#ownRejection = error;
    this.#answered(id, { is: 'error', error: describe(error), rejected });
  }

  #outcomeOf(id: number, ending: Ending) {
    if ((ending !== 'own' && ending !== 'wrapped') || this.#ownRejection === undefined)
      return { ...outcomeOf(id, ending, this.config), nests: false };
    this.#count('own rejection');
    const cause = this.#ownRejection;
    const result = ending === 'own' ? cause : new Failure(`wrapped ${id}`, { cause });
    return { threw: true, result, kind: 'ignored' as Kind, nests: true };
  }

  #answered(id: number, answer: Answer): void {
    assert.ok(!this.#answers.has(id), 'a call is answered once');
    this.#answers.set(id, answer);
  }

  /** Nobody is let in before the time, and nobody is kept out after it who need not be. */
  #ask(): (isStarted: boolean) => void {
    const { state, mode, retryAfter, totals } = this.breaker.metrics;
    const { places } = this.model;
    // What else may stand in a call's way, or make room for it, is for the model to say.
    const { gate, detector, nestedPlaces } = this.model;
    const isAlone = gate === undefined && detector === undefined && nestedPlaces === 0;
    this.#wouldReject = totals.wouldReject;
    const { maxConcurrentCalls } = this.breaker.options;
    return (isStarted) => {
      if (mode === 'observe') assert.ok(isStarted, 'observe rejects no call');
      else if (!isAlone)
        assert.ok(!isStarted || state !== 'OPEN' || retryAfter === 0, 'never before its time');
      else if (retryAfter !== 0) assert.ok(!isStarted, `a call is admitted ${retryAfter} ms before its time`);
      else assert.equal(isStarted, places < maxConcurrentCalls, `a call that may pass passes in ${state}`);
    };
  }

  /** Remembers what is before a result that comes after its stay, or after the end of its call. */
  #lookBeforeLateResult(begun: Begun): void {
    const isOver = this.#isOver(begun);
    const isLate = isOver || begun.stay !== this.#presentStay();
    this.#beforeLateResult = isLate ? { metrics: this.breaker.metrics, isOver } : undefined;
  }

  /** What comes after its stay changes no more than the lifetime totals, and what comes after the end nothing. */
  #verifyLateResult(after: CircuitMetrics): void {
    const before = this.#beforeLateResult;
    this.#beforeLateResult = undefined;
    if (before === undefined) return;
    this.#count('late result');
    const steered = ({ totals, inFlight, ...rest }: CircuitMetrics) => rest;
    assert.deepStrictEqual(steered(after), steered(before.metrics), 'a late result steers nothing');
    if (before.isOver) assert.deepStrictEqual(after, before.metrics, 'a call that is over settles once');
  }

  #verifyTotals({ totals, inFlight }: CircuitMetrics): void {
    const { calls, successes, failures, ignored, timeouts, slow } = totals;
    assert.equal(successes + failures + ignored + inFlight + this.#lost, calls, 'totals equal the sums');
    assert.ok(timeouts <= failures && slow <= successes + failures, 'parts are no larger than the whole');
    const before = this.#before?.totals ?? totals;
    for (const key of Object.keys(totals) as (keyof typeof totals)[]) {
      assert.ok(totals[key] >= before[key], `totals.${key} only grows`);
    }
  }

  /** Reads all that can be read, more than once: nothing may come of it. */
  #readAll(): CircuitMetrics {
    const { breaker } = this;
    const told = this.#heard.length;
    const first = breaker.metrics;
    const text = JSON.stringify(breaker.snapshot());
    assert.ok(Object.isFrozen(breaker.options));
    assert.equal(
      `${breaker.name} ${breaker.state} ${breaker.mode}`,
      `${first.name} ${first.state} ${first.mode}`,
    );
    assert.deepStrictEqual(breaker.metrics, first, 'reading metrics changes nothing');
    assert.equal(JSON.stringify(breaker), text, 'taking a snapshot changes nothing');
    assert.equal(this.#heard.length, told, 'reading fires nothing');
    return first;
  }

  #compareEvents(): void {
    const names: ReadonlySet<string> = new Set(listenerOf[this.#listening]);
    const expected = this.model.events.filter(([event]) => names.has(event));
    for (const [event, { from, to, reason }] of this.#heard) {
      if (event === 'transition') assert.ok(LEGAL_STEPS.has(`${from} ${to} ${reason}`), 'a legal transition');
    }
    assert.deepStrictEqual(this.#heard, expected, 'events');
    for (const [event, { reason }] of this.model.events) {
      this.#count(event === 'transition' || event === 'reject' ? `${event} ${reason}` : event);
    }
    this.#heard = [];
    this.model.events = [];
  }

  /** What the partner and the detector have been told. */
  #compareDoors(): void {
    const { ready: isReady, taken, settled } = this.#gate;
    assert.deepStrictEqual({ isReady, taken, settled }, this.#gateInModel, 'what the gate is told');
    const { detector } = this.model;
    if (detector === undefined || this.#detector === undefined) return;
    assert.deepStrictEqual(this.#detector.recorded, detector.recorded, 'the detector sees each result once');
    assert.deepStrictEqual(this.#detector.entered, detector.entered, 'the detector hears of each stay');
  }

  #compareAnswers(): void {
    for (const { id, isOver, answer } of this.model.calls) {
      const isPermit = this.begun.some((it) => it.id === id && it.permit !== undefined);
      if (isOver && !isPermit)
        assert.deepStrictEqual(this.#answers.get(id), answer, `the answer to call ${id}`);
      if (!isOver) assert.ok(!this.#answers.has(id), `call ${id} is not answered yet`);
    }
  }
}

function outcomeOf(
  id: number,
  ending: Ending,
  { filters }: Config,
): { readonly threw: boolean; readonly result: unknown; readonly kind: Kind } {
  switch (ending) {
    case 'success':
      return { threw: false, result: `fine ${id}`, kind: 'success' };
    case 'failure':
    case 'dispose':
    case 'own': // where nobody has been rejected yet
    case 'wrapped':
      return { threw: true, result: new Failure(`boom ${id}`), kind: 'failure' };
    case 'excluded':
    case 'ignore':
      return { threw: true, result: new Excluded(`none of ours ${id}`), kind: 'ignored' };
    case 'untracked':
      return { threw: true, result: new Untracked(`404 ${id}`), kind: filters ? 'success' : 'failure' };
    case 'bad':
      return { threw: false, result: `bad ${id}`, kind: filters ? 'failure' : 'success' };
    case 'skip':
      return { threw: false, result: `skip ${id}`, kind: filters ? 'ignored' : 'success' };
  }
}

/** Options that stay as they are for the life of a breaker. */
function lastingOptionsOf(
  { filters, ownRule, fallbackOn }: Config,
  onAsk: () => void,
): CircuitBreakerOptions {
  return {
    excludedErrors: [Excluded],
    ...(filters && {
      trackedErrors: [(error: unknown) => !(error instanceof Untracked)],
      isFailure: (outcome) => {
        if ('error' in outcome) return true;
        return String(outcome.value).startsWith('skip') ? 'ignore' : String(outcome.value).startsWith('bad');
      },
    }),
    ...(ownRule && {
      shouldTrip: ({ window }) => {
        onAsk();
        return window.failures >= 3;
      },
    }),
    ...(fallbackOn !== undefined && { fallback: () => 'fallback', fallbackOn }),
  };
}

function optionsOf({ filters, ownRule, fallbackOn, recoveryTimeout, ...plain }: Config): UpdatableOptions {
  switch (recoveryTimeout) {
    case undefined:
      return plain;
    case 'linear':
      return { ...plain, recoveryTimeout: (attempt) => 100 * attempt };
    case 'doubling':
      return {
        ...plain,
        recoveryTimeout: exponentialBackoff({ initial: 100, factor: 2, max: 300, jitter: 0 }),
      };
    default:
      return { ...plain, recoveryTimeout };
  }
}

/** An error or a value in the words of the model. */
function describe(result: unknown): string {
  if (isCallTimeoutError(result)) return `timeout ${result.timeout}`;
  if (isCircuitBreakerOpenError(result)) {
    const { state, reason, retryAfter, cause } = result;
    return `rejected ${state} ${reason}, retry ${retryAfter}, cause ${describe(cause)}`;
  }
  if (!(result instanceof Error)) return JSON.stringify(result) ?? 'undefined';
  return result.name === 'CallTimeoutError' ? 'a recalled timeout' : `${result.name}: ${result.message}`;
}

function describeMetrics({ lastFailure, lastTransition, ...metrics }: CircuitMetrics) {
  return {
    ...metrics,
    lastFailure: lastFailure && { ...lastFailure, error: describe(lastFailure.error) },
    lastTransition: lastTransition && describeError(lastTransition),
  };
}

function describeError<T extends object>(holder: T): T {
  return 'error' in holder ? { ...holder, error: describe(holder.error) } : holder;
}

function describeEvent(
  event: keyof CircuitBreakerEvents,
  payload: CircuitBreakerEvents[keyof CircuitBreakerEvents],
): Readonly<Record<string, unknown>> {
  if ((TRANSITION_EVENTS as readonly string[]).includes(event)) {
    const { metrics, ...step } = payload as Transition;
    const { state, attempt, consecutiveFailures: failures, window } = metrics;
    return { ...describeError(step), state, attempt, failures, window };
  }
  const told = describeError(payload);
  return 'value' in told ? { ...told, value: describe(told.value) } : { ...told };
}
