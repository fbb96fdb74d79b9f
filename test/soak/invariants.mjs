/**
 * What must hold for a breaker at any moment, looked at by those who call it: by what they asked, what ran and what
 * they were answered. The breaker's own words, its events and metrics, are compared with that.
 */
import { sum } from './figures.mjs';

/**
 * @typedef {import('recloser').CircuitState} State
 * @typedef {import('recloser').Transition} Transition
 *
 * @typedef {object} Stay one stay in a state
 * @property {number} running tasks that take a place of it: neither ended nor told to end
 * @property {number} succeeded tasks that it admitted and that have answered well
 *
 * @typedef {object} Call
 * @property {AbortSignal | undefined} signal the caller's own
 * @property {number | false} callTimeout
 * @property {number} begunAt when it was about to be made
 * @property {number} startedAt when its task was started; NaN where it was not
 * @property {Stay | undefined} stay where its task is running
 * @property {boolean} takesPlace false where it might have been rejected, had the breaker not observed alone
 * @property {boolean} isSettled whether its end has been answered, if only by starting the fallback
 *
 * @typedef {{ value: unknown } | { error: unknown }} Answer
 *
 * @typedef {object} Surroundings
 * @property {import('./options.mjs').Recloser} recloser
 * @property {(rule: string, detail: string) => void} violate
 * @property {() => number} lag milliseconds by which this process comes late at most
 */

/** The reasons for each change of state that a breaker makes by itself. @type {Record<string, string[]>} */
const BY_ITSELF = {
  'CLOSED > OPEN': ['consecutive-failures', 'failure-rate', 'slow-call-rate', 'should-trip'],
  'OPEN > HALF_OPEN': ['probing'],
  'HALF_OPEN > CLOSED': ['recovered'],
  'HALF_OPEN > OPEN': ['probe-failed', 'probe-slow', 'probe-expired'],
};

/** The same for changes by hand. @type {Record<string, string[]>} */
const BY_HAND = {
  'CLOSED > OPEN': ['tripped', 'forced'],
  'HALF_OPEN > OPEN': ['tripped', 'forced'],
  'OPEN > CLOSED': ['forced', 'reset'],
  'HALF_OPEN > CLOSED': ['forced', 'reset'],
};

/** Milliseconds by which a timer, which counts whole ones, may fire early, and an answer come late when all is idle. */
const EARLY = 2;
const LATE = 100;

/** Times that this process may be late for one timeout: with the timer, and with two turns for what has arrived. */
const TURNS = 3;

const ROUNDING = 1e-6;

/** @returns {Stay} */
const createStay = () => ({ running: 0, succeeded: 0 });

/** Watches one breaker, and those who call it. */
export class Watch {
  /** What callers and listeners have seen: the breaker's totals must say the same. */
  seen = {
    calls: 0,
    successes: 0,
    failures: 0,
    timeouts: 0,
    ignored: 0,
    rejected: 0,
    fallbacks: 0,
    opened: 0,
  };
  /** How often each change of state, rejection and end of a call was seen, in words. @type {Map<string, number>} */
  figures = new Map();
  /** Calls that have not been answered. @type {Set<Call>} */
  open = new Set();
  #told = { settled: 0, rejected: 0, fallbacks: 0 };
  #totals;

  /** @type {State} */
  #state = 'CLOSED';
  #stay = createStay();
  /** Stays whose calls take places, the present one among them, as long as some of them run. @type {Set<Stay>} */
  #stays = new Set();
  #changedAt = 0;
  /** When a call may probe, at the earliest. */
  #resumeAt = Number.POSITIVE_INFINITY;
  #isSteered = false;

  /**
   * @param {import('./breakers.mjs').Setup} setup
   * @param {Surroundings} around
   */
  constructor(setup, around) {
    this.setup = setup;
    this.around = around;
    const { breaker, isHeard } = setup;
    this.#totals = breaker.metrics.totals;
    breaker.on('transition', (transition) => this.#follow(transition));
    if (!isHeard) return;
    const settled = () => this.#told.settled++;
    breaker.on('success', settled);
    breaker.on('failure', settled);
    breaker.on('ignore', settled);
    breaker.on('fallback', () => this.#told.fallbacks++);
    breaker.on('reject', ({ observed }) => {
      if (!observed) this.#told.rejected++;
    });
  }

  /** A call is about to be made. @param {Call['signal']} signal @param {Call['callTimeout']} callTimeout */
  begin(signal, callTimeout) {
    /** @type {Call} */
    const call = {
      signal,
      callTimeout,
      begunAt: performance.now(),
      startedAt: Number.NaN,
      stay: undefined,
      takesPlace: false,
      isSettled: false,
    };
    this.open.add(call);
    return call;
  }

  /** The task of a call starts. @param {Call} call @param {State} state in which it was admitted */
  started(call, state) {
    const { options, mode } = this.setup.breaker;
    const { maxConcurrentCalls, halfOpenMaxCalls } = options;
    if (!Number.isNaN(call.startedAt)) this.#violate('each task runs once', 'it was started again');
    call.startedAt = performance.now();
    call.stay = this.#stay;
    call.takesPlace = mode !== 'observe';
    this.seen.calls++;
    if (state !== this.#state) this.#violate('a call knows its state', `${state} while ${this.#state}`);
    if (!call.takesPlace) return;
    this.#stay.running++;
    this.#stays.add(this.#stay);
    if (state === 'OPEN')
      this.#violate('nothing runs while OPEN', `${this.#resumeAt - call.startedAt} ms to wait`);
    const places = sum([...this.#stays].map(({ running }) => running));
    if (places > maxConcurrentCalls)
      this.#violate('no more than maxConcurrentCalls', `${places} of ${maxConcurrentCalls}`);
    if (state === 'HALF_OPEN' && this.#stay.running > halfOpenMaxCalls)
      this.#violate('no more than halfOpenMaxCalls', `${this.#stay.running} of ${halfOpenMaxCalls}`);
  }

  /** The task of a call has ended, or has been told to. @param {Call} call @param {boolean} succeeded */
  ended(call, succeeded) {
    const { stay } = call;
    if (stay === undefined) return;
    call.stay = undefined;
    if (succeeded) stay.succeeded++;
    if (!call.takesPlace) return;
    stay.running--;
    if (stay.running === 0) this.#stays.delete(stay);
  }

  /** The fallback of a call starts. @param {Call} call @param {unknown} error */
  fellBack(call, error) {
    this.seen.fallbacks++;
    if (call.isSettled) this.#violate('a fallback runs once, and before the answer', String(error));
    this.#settled(call, { error });
    if (error === call.signal?.reason) this.#violate('no fallback for the own abort', String(error));
  }

  /** A call is answered. @param {Call} call @param {Answer} answer */
  answered(call, answer) {
    if (!this.open.delete(call)) this.#violate('each call is answered once', 'it was answered again');
    if (!call.isSettled) this.#settled(call, answer);
  }

  /** @param {Call} call @param {Answer} answer of the task, or of what ended the call before it */
  #settled(call, answer) {
    call.isSettled = true;
    if (Number.isNaN(call.startedAt)) this.#notStarted(call, answer);
    else this.#startedAndSettled(call, answer);
  }

  /** @param {Call} call @param {Answer} answer */
  #notStarted({ signal }, answer) {
    const error = 'error' in answer ? answer.error : undefined;
    if (this.around.recloser.isCircuitBreakerOpenError(error)) {
      this.seen.rejected++;
      this.#count(`rejected: ${error.reason}`);
      if (this.setup.breaker.mode === 'observe') this.#violate('observe rejects nothing', error.reason);
    } else if (signal?.aborted && error === signal.reason) {
      this.#count('aborted before it started');
    } else {
      this.#violate('a task that did not run was rejected or aborted', String(error));
    }
  }

  /** @param {Call} call @param {Answer} answer */
  #startedAndSettled({ signal, begunAt, startedAt, callTimeout }, answer) {
    const now = performance.now();
    const kind = this.#kindOf(answer, signal);
    this.seen[kind]++;
    if ('error' in answer && this.around.recloser.isCallTimeoutError(answer.error)) {
      this.seen.timeouts++;
      this.#count('timed out');
      if (callTimeout === false || now - begunAt < callTimeout - EARLY)
        this.#violate('no timeout before its time', `after ${now - begunAt} of ${callTimeout} ms`);
    } else {
      this.#count(kind);
    }
    this.#judgeDelay(now - startedAt, callTimeout);
  }

  /** @param {number} lasted @param {number | false} callTimeout */
  #judgeDelay(lasted, callTimeout) {
    if (callTimeout === false || lasted <= callTimeout + LATE + TURNS * this.around.lag()) return;
    this.#violate('every call is settled by its callTimeout', `${lasted} ms of ${callTimeout}`);
  }

  /** What an answer must count as. @param {Answer} answer @param {AbortSignal | undefined} signal */
  #kindOf(answer, signal) {
    if ('value' in answer) return 'successes';
    const { error } = answer;
    if (this.around.recloser.isCircuitBreakerOpenError(error))
      this.#violate('a task that ran was not rejected', error.reason);
    if (signal?.aborted && error === signal.reason) return 'ignored';
    return this.setup.isExcluded(error) ? 'ignored' : 'failures';
  }

  /**
   * Changes the breaker from outside.
   *
   * @param {(breaker: import('recloser').CircuitBreaker) => void} change
   * @param {boolean} forgets whether what runs takes no place from then on
   */
  steer(change, forgets = false) {
    const { breaker } = this.setup;
    this.#isSteered = true;
    change(breaker);
    this.#isSteered = false;
    if (forgets) {
      this.#stays.clear();
      this.#stay = createStay();
    }
    if (breaker.state !== 'OPEN') return;
    const now = performance.now();
    const { retryAfter } = breaker.metrics;
    // While OPEN, `trip` starts the recovery time again without an event, and `forceOpen` takes it away.
    this.#resumeAt =
      retryAfter === null ? Number.POSITIVE_INFINITY : Math.max(this.#resumeAt, now + retryAfter);
  }

  /** @param {Transition} transition */
  #follow({ from, to, at, reason, metrics }) {
    const { breaker, recoveryRange } = this.setup;
    const edge = `${from} > ${to}`;
    this.#count(`${edge}: ${reason}`);
    const allowed = [...(BY_ITSELF[edge] ?? []), ...((this.#isSteered && BY_HAND[edge]) || [])];
    if (!allowed.includes(reason)) this.#violate('only legal changes of state', `${edge} for ${reason}`);
    if (from !== this.#state)
      this.#violate('changes of state follow each other', `${edge} while ${this.#state}`);
    if (at < this.#changedAt) this.#violate('time goes on', `${at} after ${this.#changedAt}`);
    if (reason === 'probing' && at < this.#resumeAt)
      this.#violate('no probe before the recovery timeout', `${this.#resumeAt - at} ms too early`);
    if (reason === 'recovered' && this.#stay.succeeded < breaker.options.successThreshold)
      this.#violate('enough probes close', `${this.#stay.succeeded} of ${breaker.options.successThreshold}`);
    if (to === 'OPEN') {
      this.seen.opened++;
      const { retryAfter, attempt } = metrics;
      this.#resumeAt = retryAfter === null ? Number.POSITIVE_INFINITY : at + retryAfter;
      const [least, most] = recoveryRange(attempt);
      if (retryAfter !== null && (retryAfter < least - ROUNDING || retryAfter > most + ROUNDING))
        this.#violate('it recovers in its time', `${retryAfter} ms for attempt ${attempt}`);
    }
    if (reason === 'probe-expired') this.#stays.delete(this.#stay);
    this.#state = to;
    this.#changedAt = at;
    this.#stay = createStay();
  }

  /** Compares what the breaker says with what was seen. To be called when no microtask is left to run. */
  check() {
    const { breaker, isHeard } = this.setup;
    const { state, inFlight, totals, window, health, retryAfter } = breaker.metrics;
    const expect = (/** @type {string} */ rule, /** @type {unknown} */ is, /** @type {unknown} */ wanted) => {
      if (is !== wanted) this.#violate(rule, `${is} in place of ${wanted}`);
    };
    expect('the state is the one that was told', state, this.#state);
    for (const key of /** @type {(keyof typeof this.seen)[]} */ (Object.keys(this.seen)))
      expect(`totals.${key} is what callers count`, totals[key], this.seen[key]);
    for (const key of /** @type {(keyof typeof totals)[]} */ (Object.keys(totals)))
      if (totals[key] < this.#totals[key]) this.#violate('totals only grow', key);
    this.#totals = totals;
    const settled = totals.successes + totals.failures + totals.ignored;
    expect('calls are settled or in flight', totals.calls, settled + inFlight);
    const unsettled = [...this.open].filter((call) => !call.isSettled && !Number.isNaN(call.startedAt));
    expect('in flight is what callers wait for', inFlight, unsettled.length);
    const now = performance.now();
    for (const { startedAt, callTimeout } of unsettled) this.#judgeDelay(now - startedAt, callTimeout);
    if (isHeard) {
      expect('each settled call is told once', this.#told.settled, settled);
      expect('each rejection is told once', this.#told.rejected, totals.rejected);
      expect('each fallback is told once', this.#told.fallbacks, totals.fallbacks);
    }
    const { calls, failures, slowCalls } = window;
    if (calls < 0 || failures < 0 || slowCalls < 0 || calls < Math.max(failures, slowCalls))
      this.#violate('the window adds up', JSON.stringify(window));
    if (!(health >= 0 && health <= 1)) this.#violate('health is from 0 to 1', String(health));
    if (retryAfter !== null && !(retryAfter >= 0))
      this.#violate('retryAfter is at least 0', String(retryAfter));
  }

  /** All calls have had the time to be answered. */
  checkEnd() {
    for (const { startedAt, stay, callTimeout } of this.open) {
      const where = Number.isNaN(startedAt) ? 'not started' : stay === undefined ? 'ended' : 'running';
      this.#violate('every call is answered', `its task is ${where}, its timeout ${callTimeout}`);
    }
  }

  /** @param {string} what */
  #count(what) {
    this.figures.set(what, (this.figures.get(what) ?? 0) + 1);
  }

  /** @param {string} rule @param {string} detail */
  #violate(rule, detail) {
    this.around.violate(rule, `${this.setup.breaker.name}: ${detail}`);
  }
}
