/**
 * What a breaker must do, as its contract says it and as simply as it can be said: lists of what happened, and every
 * figure worked out from them anew. It shares no code with src, and cares for nothing but being obviously right.
 */

export type State = 'CLOSED' | 'OPEN' | 'HALF_OPEN';
export type Mode = 'active' | 'observe' | 'forced-open' | 'forced-closed';
export type Kind = 'success' | 'failure' | 'ignored';

export type WindowConfig =
  | { readonly type: 'count'; readonly size: number }
  | { readonly type: 'time'; readonly duration: number; readonly buckets: number };

/** Options as data, functions by a name, so that a schedule can be printed. */
export interface Config {
  readonly failureThreshold?: number | false;
  readonly failureRateThreshold?: number | false;
  readonly slowCallDuration?: number | false;
  readonly slowCallRateThreshold?: number;
  readonly minimumCalls?: number;
  readonly window?: WindowConfig;
  /** `linear`: 100 ms for each attempt. `doubling`: 100, 200 and then 300 ms. */
  readonly recoveryTimeout?: number | 'linear' | 'doubling';
  readonly halfOpenMaxCalls?: number;
  readonly successThreshold?: number;
  readonly probeTimeout?: number;
  readonly callTimeout?: number | false;
  readonly maxConcurrentCalls?: number;
  readonly mode?: 'active' | 'observe';
  /** Three failures in the window trip. */
  readonly ownRule?: boolean;
  /** Untracked errors are successes, bad values failures, and values to skip are ignored. */
  readonly filters?: boolean;
  readonly fallbackOn?: 'rejection' | 'failure' | 'any';
}

/** An error or a value in words, by which the model and the breaker can be compared. */
export type Told = string;

/** How a call looks to its caller. */
export type Answer =
  | { readonly is: 'pending' }
  | { readonly is: 'value'; readonly value: Told }
  | { readonly is: 'error'; readonly error: Told; readonly rejected: boolean };

export interface ModelCall {
  readonly id: number;
  /** The stay that admitted it; `undefined` for one that `observe` let through. */
  readonly stay: number | undefined;
  /** `NaN` where nothing needed the time. */
  readonly startedAt: number;
  readonly deadline: number;
  readonly callTimeout: number | false;
  /** Whether a fallback may answer it: permits have none. */
  readonly answerable: boolean;
  isOver: boolean;
  /** Whether it takes a place of `maxConcurrentCalls` while it is not over. */
  takesPlace: boolean;
  /** The stay whose probes have made room for it: a call through the breaker from within a call through it. */
  readonly nestedIn: number | undefined;
  /** Whether it is a probe that a partner has given leave for. */
  readonly isLeased: boolean;
  answer: Answer;
}

export interface Request {
  readonly id: number;
  readonly how: 'task' | 'sync' | 'permit';
  /** The call's own timeout, where it has one. */
  readonly callTimeout?: number | false;
  /** Whether it has no options of its own. */
  readonly isPlain?: boolean;
}

/** What is known of the end of a call, beside what it came to. */
interface Known {
  readonly isTimeout?: boolean;
  /** In place of what the durations say. */
  readonly isSlow?: boolean;
  /** Whether it ended by a rejection of this very breaker. */
  readonly nests?: boolean;
}

/** A partner's gate: whether leave is at hand, and what came of the leases. */
export interface ModelGate {
  isReady: boolean;
  taken: number;
  readonly settled: string[];
}

/** What a detector has been told to do, and what it has seen. */
export interface ModelDetector {
  verdict: 'admit' | 'refuse' | 'trip';
  /** Whether a failure trips. */
  tripsOnFailure: boolean;
  readonly recorded: Kind[];
  readonly entered: string[];
}

interface Entry {
  readonly at: number;
  readonly failed: boolean;
  readonly slow: boolean;
}

interface Step {
  readonly from: State;
  readonly to: State;
  readonly at: number;
  readonly reason: string;
  readonly error?: Told;
  readonly detail?: string;
}

export type ModelEvent = readonly [event: string, payload: Readonly<Record<string, unknown>>];

/** What a snapshot carries over. */
export interface ModelSnapshot {
  readonly wall: number;
  readonly state: State;
  readonly forced: boolean;
  readonly elapsed: number;
  readonly attempt: number;
  readonly recovery: number;
  readonly remaining: number;
  readonly probeSuccesses: number;
  readonly failuresInARow: number;
  readonly window: WindowConfig;
  /** Entries of a time window by their age, which is that of the middle of their bucket. */
  readonly entries: readonly (Entry & { readonly age: number })[];
  readonly lastFailure: { readonly error: Told; readonly ago: number } | null;
  readonly totals: Totals;
}

const DEFAULTS = {
  failureThreshold: 5 as number | false,
  failureRateThreshold: 0.5 as number | false,
  slowCallDuration: false as number | false,
  slowCallRateThreshold: 1,
  window: { type: 'count', size: 100 } as WindowConfig,
  recoveryTimeout: 60_000 as number | 'linear' | 'doubling',
  halfOpenMaxCalls: 3,
  successThreshold: 3,
  callTimeout: false as number | false,
  maxConcurrentCalls: Number.POSITIVE_INFINITY,
  mode: 'active' as 'active' | 'observe',
  ownRule: false,
  filters: false,
};

const noTotals = () => ({
  calls: 0,
  successes: 0,
  failures: 0,
  timeouts: 0,
  slow: 0,
  ignored: 0,
  rejected: 0,
  wouldReject: 0,
  fallbacks: 0,
  opened: 0,
});
export type Totals = ReturnType<typeof noTotals>;

type Options = ReturnType<typeof complete>;

/** Every option that is not given has its default. */
function complete(config: Config) {
  const all = { ...DEFAULTS, ...config };
  const { window, callTimeout } = all;
  const mostCalls = window.type === 'count' ? window.size : Number.POSITIVE_INFINITY;
  return {
    ...all,
    minimumCalls: config.minimumCalls ?? Math.min(10, mostCalls),
    probeTimeout: config.probeTimeout ?? (callTimeout === false ? 60_000 : callTimeout),
  };
}

const COMPLETED = new WeakMap<Config, Options>();

/** Configs are never written to, so each is completed once. */
function completed(config: Config): Options {
  const options = COMPLETED.get(config) ?? complete(config);
  COMPLETED.set(config, options);
  return options;
}

export class Model {
  config: Config;
  /** Whether somebody listens to calls, so that they are timed. */
  isHeard = false;
  state: State = 'CLOSED';
  stay = 0;
  since: number;
  attempt = 0;
  forced = false;
  recovery = 0;
  resumeAt = 0;
  probeSuccesses = 0;
  /** Leases in a row that have expired. */
  expiries = 0;
  /** Of a stay that others steer; HALF_OPEN has it of the OPEN before. */
  gate: ModelGate | undefined;
  detector: ModelDetector | undefined;
  /** Places that this stay has made for calls from within its probes. */
  nestedPlaces = 0;
  calls: ModelCall[] = [];
  totals = noTotals();
  /** How often the user's own rule was asked. */
  ownRuleAsked = 0;
  events: ModelEvent[] = [];
  lastFailure: { error: Told; at: number } | null = null;
  lastTransition: Step | null = null;
  /** What has entered the window since the circuit was last closed or the window got another shape. */
  #entries: Entry[] = [];
  /** Whether each call that counted since the circuit was last closed failed. */
  #failed: boolean[] = [];
  #leftClosedAt = 0;

  constructor(config: Config, now: number) {
    this.config = config;
    this.since = now;
  }

  get options(): Options {
    return completed(this.config);
  }

  get mode(): Mode {
    if (!this.forced) return this.options.mode;
    return this.state === 'OPEN' ? 'forced-open' : 'forced-closed';
  }

  get inFlight(): ModelCall[] {
    return this.calls.filter((call) => !call.isOver);
  }

  /** Calls that a stay has let through beside its probes. */
  get nested(): ModelCall[] {
    return this.inFlight.filter(({ nestedIn }) => nestedIn === this.stay);
  }

  get places(): number {
    return this.inFlight.filter(({ takesPlace }) => takesPlace).length;
  }

  /** The last failure is kept while something that is judged holds one. */
  #failureAt(now: number) {
    const isHeld = this.state !== 'CLOSED' || this.failuresInARow > 0 || this.windowAt(now).failures > 0;
    if (!isHeld) this.lastFailure = null;
    return this.lastFailure;
  }

  /** How long a probe may take: a default doubles with each that has expired in a row, up to an hour. */
  get lease(): number {
    const { probeTimeout, callTimeout } = this.options;
    const isDefault = this.config.probeTimeout === undefined && callTimeout === false;
    return isDefault ? Math.min(probeTimeout * 2 ** this.expiries, 3_600_000) : probeTimeout;
  }

  get probes(): ModelCall[] {
    return this.state === 'HALF_OPEN' ? this.inFlight.filter((call) => call.stay === this.stay) : [];
  }

  get failuresInARow(): number {
    return this.#failed.length - 1 - this.#failed.lastIndexOf(false);
  }

  windowAt(now: number) {
    const entries = this.#entriesAt(now);
    const calls = entries.length;
    const failures = entries.filter(({ failed }) => failed).length;
    const slowCalls = entries.filter(({ slow }) => slow).length;
    const share = (part: number) => (calls === 0 ? 0 : part / calls);
    return { calls, failures, slowCalls, failureRate: share(failures), slowCallRate: share(slowCalls) };
  }

  retryAfter(now: number): number | null {
    if (this.state === 'OPEN') return this.forced ? null : Math.max(this.resumeAt - now, 0);
    if (this.state === 'HALF_OPEN' && now < this.resumeAt) return this.resumeAt - now;
    return this.state === 'HALF_OPEN' && this.probes.length >= this.options.halfOpenMaxCalls ? null : 0;
  }

  metricsAt(now: number) {
    return {
      name: 'model',
      state: this.state,
      mode: this.mode,
      since: this.since,
      attempt: this.attempt,
      retryAfter: this.retryAfter(now),
      consecutiveFailures: this.failuresInARow,
      inFlight: this.inFlight.length,
      lastFailure: this.#failureAt(now),
      lastTransition: this.lastTransition,
      health: this.#healthAt(now),
      window: this.windowAt(now),
      totals: this.totals,
      shared: this.gate !== undefined,
      detector: this.detector === undefined ? null : { evidence: 0 },
    };
  }

  /** A call asks. */
  start(request: Request, now: number): ModelCall {
    const { callTimeout, slowCallDuration, maxConcurrentCalls, halfOpenMaxCalls } = this.options;
    const limit = request.how === 'task' ? (request.callTimeout ?? callTimeout) : false;
    const isTimed =
      this.isHeard ||
      slowCallDuration !== false ||
      limit !== false ||
      this.state !== 'CLOSED' ||
      (this.detector !== undefined && !(request.isPlain && this.#isTakenPlainly));
    const isFull = this.places >= maxConcurrentCalls;
    const follows = this.options.mode === 'observe';

    if (this.state === 'OPEN' && !this.forced && now >= this.resumeAt) {
      const { gate, expiries } = this;
      if (gate === undefined || (gate.isReady && !isFull && !follows)) {
        this.#enter('HALF_OPEN', now, 'probing');
        this.gate = gate;
        this.expiries = expiries;
      }
    }
    let refusal: string | undefined;
    let nestedIn: number | undefined;
    if (this.state === 'OPEN') refusal = this.forced ? 'forced-open' : 'open';
    else if (this.state === 'HALF_OPEN') {
      const areOut = this.probes.length >= halfOpenMaxCalls;
      const isShut = isFull || (follows && this.gate !== undefined);
      const oldest = Math.min(...this.probes.map(({ startedAt }) => startedAt));
      const hasLeave = now >= this.resumeAt && this.gate?.isReady !== false;
      if ((isShut || areOut) && now - oldest > this.lease) {
        const expiries = this.expiries + 1;
        for (const call of [...this.probes, ...this.nested]) call.takesPlace = false;
        this.#open(now, 'probe-expired');
        this.expiries = expiries;
        refusal = 'open';
      } else if (isShut || areOut || !hasLeave) {
        const room = this.probes.length > 0 && this.nested.length < this.nestedPlaces;
        if (!isShut && room) nestedIn = this.stay;
        else refusal = isFull && !areOut ? 'concurrency' : 'half-open';
      } else if (this.gate !== undefined) {
        this.gate.taken++;
        this.gate.isReady = false;
      }
    } else if (isFull) refusal = 'concurrency';
    else if (this.detector !== undefined && this.detector.verdict !== 'admit' && !this.forced) {
      if (this.detector.verdict === 'trip') this.#open(now, 'detector', 'evidence 9 of 9');
      refusal = this.detector.verdict === 'trip' ? 'open' : 'ramp';
    }

    const observed = refusal !== undefined && this.mode === 'observe';
    let answer: Answer = { is: 'pending' };
    if (refusal !== undefined) {
      this.totals[observed ? 'wouldReject' : 'rejected']++;
      const error = this.#rejection(refusal, now);
      this.#tell('reject', { reason: refusal, error, observed });
      if (!observed) answer = this.#answerTo(error, true, request.how !== 'permit');
    }
    const isStarted = refusal === undefined || observed;
    if (isStarted) this.totals.calls++;
    const call: ModelCall = {
      id: request.id,
      stay: refusal === undefined && nestedIn === undefined ? this.stay : undefined,
      startedAt: isTimed ? now : Number.NaN,
      deadline: limit === false ? Number.POSITIVE_INFINITY : now + limit,
      callTimeout: limit,
      answerable: request.how !== 'permit',
      isOver: !isStarted,
      takesPlace: refusal === undefined,
      nestedIn,
      isLeased: refusal === undefined && nestedIn === undefined && this.gate !== undefined,
      answer,
    };
    this.calls.push(call);
    return call;
  }

  /** Whether the detector need not be asked, so that a call without options of its own is not timed for it. */
  get #isTakenPlainly(): boolean {
    const { callTimeout, maxConcurrentCalls } = this.options;
    const isFull = this.places >= maxConcurrentCalls;
    const isBare = callTimeout === false && this.config.fallbackOn === undefined;
    return isBare && !isFull && this.state === 'CLOSED' && this.detector?.verdict === 'admit';
  }

  /** A call ends; what comes after its end changes nothing. */
  settle(id: number, kind: Kind, threw: boolean, result: Told, now: number, known: Known = {}): void {
    const call = this.calls.find((it) => it.id === id);
    if (call === undefined || call.isOver) return;
    // Of those that began at the same time it is all one which ended.
    const index = call.isLeased && call.stay === this.stay ? this.probes.findIndex(isAsOldAs(call)) : -1;
    call.isOver = true;
    const { slowCallDuration } = this.options;
    const duration = now - call.startedAt;
    const tookLong = known.isSlow ?? (slowCallDuration !== false && duration >= slowCallDuration);
    const slow = tookLong && kind !== 'ignored';
    if (slow) this.totals.slow++;
    if (known.isTimeout) this.totals.timeouts++;
    this.totals[kind === 'success' ? 'successes' : kind === 'failure' ? 'failures' : 'ignored']++;
    const event = { success: 'success', failure: 'failure', ignored: 'ignore' }[kind];
    this.#tell(event, { duration, [threw ? 'error' : 'value']: result });
    if (known.nests && (call.stay === this.stay || call.nestedIn === this.stay))
      this.nestedPlaces += this.options.halfOpenMaxCalls;
    const { gate } = this;
    if (call.stay === this.stay) this.#steer(kind, slow, result, now);
    if (index >= 0) gate?.settled.push(`${index} ${slow && kind === 'success' ? 'failure' : kind}`);
    call.answer = threw
      ? this.#answerTo(result, false, call.answerable && kind === 'failure')
      : { is: 'value', value: result };
  }

  /** The deadlines up to `end` come, each at its moment, but none before `from`. */
  expire(from: number, end: number): void {
    const due = this.inFlight.filter(({ deadline }) => deadline <= end);
    for (const { id, deadline, callTimeout } of due.sort((a, b) => a.deadline - b.deadline)) {
      this.settle(id, 'failure', true, `timeout ${callTimeout}`, Math.max(from, deadline), {
        isTimeout: true,
      });
    }
  }

  trip(now: number): void {
    if (this.forced) return;
    if (this.state === 'OPEN') {
      this.resumeAt = now + this.recovery;
      this.#say('by hand');
    } else this.#open(now, 'tripped', 'by hand');
  }

  forceOpen(now: number): void {
    const from = this.mode;
    if (this.state !== 'OPEN') this.#enter('OPEN', now, 'forced', undefined, 'by hand');
    else this.#say('by hand');
    this.forced = true;
    this.gate = undefined;
    this.recovery = 0;
    this.#tellMode(from, 'by hand');
  }

  forceClosed(now: number): void {
    const from = this.mode;
    if (this.state !== 'CLOSED') this.#close(now, 'forced');
    this.forced = true;
    this.#tellMode(from);
  }

  reset(now: number): void {
    const from = this.mode;
    this.#giveUpPlaces();
    this.#close(now, 'reset');
    this.#tellMode(from);
  }

  /** Others have opened; an OPEN stay takes their gate in place, and is never shortened. */
  openShared(wait: number, attempt: number, gate: ModelGate, now: number, detail?: string): void {
    if (this.forced) return;
    if (this.state === 'OPEN') {
      this.resumeAt = Math.max(this.resumeAt, now + wait);
      this.recovery = Math.max(this.recovery, wait);
      if (detail !== undefined) this.#say(detail);
    } else {
      this.attempt = attempt;
      this.#enter('OPEN', now, 'shared', undefined, detail);
      this.recovery = wait;
      this.resumeAt = now + wait;
    }
    this.gate = gate;
  }

  defer(wait: number, now: number): void {
    if (this.gate === undefined) return;
    this.resumeAt = Math.max(this.resumeAt, now + wait);
    if (this.state === 'OPEN') this.recovery = Math.max(this.recovery, wait);
  }

  closeShared(now: number): void {
    if (this.gate !== undefined) this.#close(now, this.state === 'HALF_OPEN' ? 'recovered' : 'shared');
  }

  release(now: number, wait = Number.POSITIVE_INFINITY): void {
    if (this.gate === undefined) return;
    this.gate = undefined;
    if (this.state === 'OPEN') this.resumeAt = Math.min(this.resumeAt, now + wait);
    else {
      this.resumeAt = Number.NEGATIVE_INFINITY;
      this.#closeIfRecovered(now);
    }
  }

  /** Another detector enters the stay at hand. */
  setDetector(detector: ModelDetector | undefined): void {
    this.detector = detector;
    detector?.entered.push(`${this.state} restored`);
  }

  /** Whether the change is a valid one; else nothing changes. */
  update(change: Config): boolean {
    const before = this.config;
    const from = this.mode;
    const { window } = this.options;
    this.config = { ...before, ...change };
    const { window: shape, minimumCalls } = this.options;
    if (shape.type === 'count' && minimumCalls > shape.size) {
      this.config = before;
      return false;
    }
    if (!isSameShape(window, shape)) this.#entries = [];
    this.#tellMode(from);
    return true;
  }

  snapshot(now: number, wall: number): ModelSnapshot {
    const { window } = this.options;
    const asOf = this.state === 'CLOSED' ? now : this.#leftClosedAt;
    const width = window.type === 'time' ? window.duration / window.buckets : 0;
    const ageOf = (at: number) => asOf - (Math.floor(at / width) + 0.5) * width;
    return {
      wall,
      state: this.state,
      forced: this.forced,
      elapsed: now - this.since,
      attempt: this.attempt,
      recovery: this.recovery,
      remaining: this.state === 'OPEN' && !this.forced ? Math.max(this.resumeAt - now, 0) : 0,
      probeSuccesses: this.probeSuccesses,
      failuresInARow: this.failuresInARow,
      window,
      entries: this.#entriesAt(now).map((entry) => ({ ...entry, age: ageOf(entry.at) })),
      lastFailure: this.#failureAt(now) && {
        error: (this.lastFailure as { error: Told }).error,
        ago: now - (this.lastFailure as { at: number }).at,
      },
      totals: { ...this.totals },
    };
  }

  restore(snapshot: ModelSnapshot, now: number, wall: number): void {
    const mode = this.mode;
    this.#giveUpPlaces();
    this.expiries = 0;
    this.gate = undefined;
    this.nestedPlaces = 0;
    this.detector?.entered.push(`${snapshot.state} restored`);
    const passed = Math.max(wall - snapshot.wall, 0);
    const from = this.state;
    this.state = snapshot.state;
    this.stay++;
    this.since = now - passed - snapshot.elapsed;
    this.forced = snapshot.forced;
    this.attempt = snapshot.attempt;
    this.recovery = snapshot.recovery;
    this.resumeAt = now + Math.max(snapshot.remaining - passed, 0);
    this.probeSuccesses = snapshot.probeSuccesses;
    this.#failed = Array.from({ length: snapshot.failuresInARow }, () => true);
    this.#leftClosedAt = now;
    const { lastFailure } = snapshot;
    this.lastFailure = lastFailure && {
      error: recalled(lastFailure.error),
      at: now - passed - lastFailure.ago,
    };
    const fits = isSameShape(snapshot.window, this.options.window);
    const waited = snapshot.state === 'CLOSED' ? passed : 0;
    this.#entries = fits ? snapshot.entries.flatMap((it) => this.#takeOver(it, it.age + waited, now)) : [];
    for (const key of Object.keys(this.totals) as (keyof Totals)[]) {
      this.totals[key] = Math.max(this.totals[key], snapshot.totals[key]);
    }
    if (from !== this.state) this.#changed({ from, to: this.state, at: now, reason: 'restored' }, now);
    this.#tellMode(mode);
  }

  /** What the other window would still hold stays in this one, wherever in a bucket the two clocks stood. */
  #takeOver(entry: Entry, age: number, now: number): Entry[] {
    const { window } = this.options;
    if (window.type === 'count') return [entry];
    const width = window.duration / window.buckets;
    if (age >= window.duration - width / 2) return [];
    const oldest = (Math.floor(now / width) - window.buckets + 1) * width;
    return [{ ...entry, at: Math.min(Math.max(now - age, oldest), now) }];
  }

  #entriesAt(now: number): Entry[] {
    const { window } = this.options;
    if (window.type === 'count') return this.#entries.slice(-window.size);
    const asOf = this.state === 'CLOSED' ? now : this.#leftClosedAt;
    const bucketOf = (at: number) => Math.floor(at / (window.duration / window.buckets));
    return this.#entries.filter(({ at }) => bucketOf(at) > bucketOf(asOf) - window.buckets);
  }

  #steer(kind: Kind, slow: boolean, result: Told, now: number): void {
    if (kind === 'failure') this.lastFailure = { error: result, at: now };
    if (this.state === 'CLOSED') this.detector?.recorded.push(kind);
    if (kind === 'ignored') return;
    if (this.state === 'CLOSED') {
      this.#entries.push({ at: now, failed: kind === 'failure', slow });
      this.#failed.push(kind === 'failure');
      const rule = this.forced ? undefined : this.#brokenRule(kind, now);
      if (rule === 'detector') this.#open(now, rule, 'evidence 9 of 9', true);
      else if (rule !== undefined) this.#open(now, rule);
      return;
    }
    if (kind === 'failure') this.#open(now, 'probe-failed');
    else if (slow) this.#open(now, 'probe-slow');
    else {
      this.probeSuccesses++;
      if (this.gate === undefined) this.#closeIfRecovered(now);
    }
  }

  #closeIfRecovered(now: number): void {
    if (this.probeSuccesses >= this.options.successThreshold) this.#close(now, 'recovered');
  }

  #brokenRule(kind: Kind, now: number): string | undefined {
    const { failureThreshold, failureRateThreshold, slowCallDuration, slowCallRateThreshold } = this.options;
    const { calls, failures, slowCalls, failureRate, slowCallRate } = this.windowAt(now);
    const isJudged = calls >= this.options.minimumCalls;
    if (failureThreshold !== false && this.failuresInARow >= failureThreshold) return 'consecutive-failures';
    if (isJudged && failures > 0 && failureRateThreshold !== false && failureRate >= failureRateThreshold)
      return 'failure-rate';
    if (isJudged && slowCalls > 0 && slowCallDuration !== false && slowCallRate >= slowCallRateThreshold)
      return 'slow-call-rate';
    if (this.detector?.tripsOnFailure && kind === 'failure') return 'detector';
    if (!this.options.ownRule) return undefined;
    this.ownRuleAsked++;
    return failures >= 3 ? 'should-trip' : undefined;
  }

  #healthAt(now: number): number {
    const { failureThreshold, failureRateThreshold, slowCallDuration, slowCallRateThreshold } = this.options;
    const { calls, failureRate, slowCallRate } = this.windowAt(now);
    const used = (figure: number, threshold: number | false) =>
      threshold === false || figure === 0 ? 0 : Math.min(figure / threshold, 1);
    if (this.state === 'OPEN') return 0;
    if (this.state === 'HALF_OPEN')
      return Math.min(this.probeSuccesses / this.options.successThreshold, 1) / 2;
    const shares = [used(this.failuresInARow, failureThreshold)];
    if (calls >= this.options.minimumCalls) {
      shares.push(used(failureRate, failureRateThreshold));
      if (slowCallDuration !== false) shares.push(used(slowCallRate, slowCallRateThreshold));
    }
    return 1 - Math.max(...shares);
  }

  #open(now: number, reason: string, detail?: string, failed = false): void {
    const { recoveryTimeout } = this.options;
    const isExplained = failed || ['consecutive-failures', 'failure-rate', 'probe-failed'].includes(reason);
    const error = isExplained ? this.lastFailure?.error : undefined;
    this.attempt++;
    this.#enter('OPEN', now, reason, error === 'undefined' ? undefined : error, detail);
    if (typeof recoveryTimeout === 'number') this.recovery = recoveryTimeout;
    else if (recoveryTimeout === 'linear') this.recovery = 100 * this.attempt;
    else this.recovery = [0, 100, 200][this.attempt] ?? 300;
    this.resumeAt = now + this.recovery;
  }

  /** Words that come while a stay lasts are told with the change that began it. */
  #say(detail: string): void {
    if (this.lastTransition?.to === this.state) this.lastTransition = { ...this.lastTransition, detail };
  }

  #giveUpPlaces(): void {
    for (const call of this.calls) call.takesPlace = false;
  }

  #close(now: number, reason: string): void {
    this.lastFailure = null;
    this.attempt = 0;
    this.#entries = [];
    this.#failed = [];
    this.#enter('CLOSED', now, reason);
  }

  #enter(to: State, now: number, reason: string, error?: Told, detail?: string): void {
    const from = this.state;
    if (from === 'CLOSED') {
      this.#failureAt(now);
      this.#leftClosedAt = now;
    }
    this.expiries = 0;
    this.gate = undefined;
    this.nestedPlaces = 0;
    this.detector?.entered.push(`${to} ${reason}`);
    this.state = to;
    this.stay++;
    this.since = now;
    this.forced = false;
    this.recovery = 0;
    this.resumeAt = Number.NEGATIVE_INFINITY;
    this.probeSuccesses = 0;
    if (from === to) return;
    if (to === 'OPEN') this.totals.opened++;
    this.#changed(
      {
        from,
        to,
        at: now,
        reason,
        ...(error !== undefined && { error }),
        ...(detail !== undefined && { detail }),
      },
      now,
    );
  }

  #changed(step: Step, now: number): void {
    this.lastTransition = step;
    const payload = {
      ...step,
      state: this.state,
      attempt: this.attempt,
      failures: this.failuresInARow,
      window: this.windowAt(now),
    };
    this.#tell('transition', payload);
    this.#tell({ CLOSED: 'close', OPEN: 'open', HALF_OPEN: 'halfOpen' }[step.to], payload);
  }

  #rejection(reason: string, now: number): Told {
    const isDeferred = reason === 'half-open' && now < this.resumeAt;
    const retryAfter = reason === 'open' || isDeferred ? this.retryAfter(now) : null;
    const isOfFailure = reason === 'open' || reason === 'half-open';
    const cause = (isOfFailure && this.lastFailure?.error) || 'undefined';
    return `rejected ${this.state} ${reason}, retry ${retryAfter}, cause ${cause}`;
  }

  #answerTo(error: Told, rejected: boolean, isAnswerable: boolean): Answer {
    const { fallbackOn } = this.config;
    const isMeant = fallbackOn === 'any' || fallbackOn === (rejected ? 'rejection' : 'failure');
    if (!isAnswerable || !isMeant) return { is: 'error', error, rejected };
    this.totals.fallbacks++;
    this.#tell('fallback', { error });
    return { is: 'value', value: '"fallback"' };
  }

  #tellMode(from: Mode, reason?: string): void {
    if (from !== this.mode) this.#tell('mode', { from, to: this.mode, reason });
  }

  #tell(event: string, payload: Readonly<Record<string, unknown>>): void {
    this.events.push([event, { breaker: 'model', ...payload }]);
  }
}

const isAsOldAs =
  ({ startedAt }: ModelCall) =>
  (other: ModelCall) =>
    other.startedAt === startedAt;

function isSameShape(a: WindowConfig, b: WindowConfig): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** An error that went through a snapshot keeps its name and message, and is an error if it was none. */
function recalled(error: Told): Told {
  if (error.startsWith('timeout ')) return 'a recalled timeout';
  return /^\w+: |^a recalled/.test(error) ? error : `Failure: ${error}`;
}
