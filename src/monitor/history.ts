/**
 * Remembers what has happened to circuit breakers: the last failures, the last changes of state, and how long calls
 * took. It listens; it never steers. All of its memory is bounded when it is made, and nothing in it holds on to an
 * error, a value or a request: of a failure it keeps a few words.
 */
import { isRegistry } from '../core/target.js';
import { duration, guardRead, positiveInteger, readOptions } from '../core/validate.js';
import type {
  CallEvent,
  CircuitMetrics,
  CircuitState,
  Transition,
  TransitionReason,
  WindowMetrics,
} from '../index.js';
import { countTypes, type FailureCount } from './breakdown.js';
import { type Explanation, explain } from './explain.js';
import { describeFailedCall, type FailureWords } from './failure-type.js';
import { addHistory, removeHistory } from './known-histories.js';
import { type Report, report } from './report.js';
import { type Percentiles, ResponseTimes } from './response-times.js';
import { Ring } from './ring.js';
import { follow, type MonitoredBreaker, type MonitorSource, verifySource, wallTimeOf } from './source.js';
import { oneLine } from './text.js';

/** How much a history keeps. */
export interface HistoryOptions {
  /** Failures that are kept, of all breakers together, 1 to 1,000,000. @default 1000 */
  failures?: number | undefined;
  /** Changes of state that are kept, of all breakers together, 1 to 1,000,000. @default 100 */
  transitions?: number | undefined;
  /** Milliseconds that percentiles look back on, from half of it to the whole, at least 1. @default 600_000 */
  percentilesOver?: number | undefined;
}

/** What is kept of a failure. */
export interface FailureRecord extends FailureWords {
  /** The name of the breaker. */
  readonly breaker: string;
  /** A reading of the breaker's clock. */
  readonly at: number;
  /** Wall-clock milliseconds since 1970. */
  readonly time: number;
  /** Milliseconds from the start of the task; `null` where it was not timed. */
  readonly duration: number | null;
}

/** What is kept of a change of state. */
export interface TransitionRecord {
  /** The name of the breaker. */
  readonly breaker: string;
  /** A reading of the breaker's clock. */
  readonly at: number;
  /** Wall-clock milliseconds since 1970. */
  readonly time: number;
  readonly from: CircuitState;
  readonly to: CircuitState;
  readonly reason: TransitionReason;
  /** The words given to `trip()` or `forceOpen()`, on one line, at most 200 characters. */
  readonly detail: string | null;
  /** The window right after the change. */
  readonly window: WindowMetrics;
  readonly consecutiveFailures: number;
  /** The failures that led to an opening, by type, the most frequent first. */
  readonly failures: readonly FailureCount[];
}

/** What has happened to circuit breakers. Lists are copies, the newest member first. */
export interface History {
  /** The last failures of one breaker, or of all; at most so many. */
  failures(breaker?: string, most?: number): FailureRecord[];
  /** The last changes of state of one breaker, or of all; at most so many. */
  transitions(breaker?: string, most?: number): TransitionRecord[];
  /** When a breaker that is not CLOSED left CLOSED, if that was seen. */
  opening(breaker: string): TransitionRecord | undefined;
  /** Response times of calls that succeeded or failed lately; `null` where there were none. */
  percentiles(breaker: string): Percentiles | null;
  /** How a breaker is, and why; `undefined` for one that is not there. */
  explain(breaker: string): Explanation | undefined;
  /** How all breakers are, the worst first. */
  report(): Report;
  /** Ends the listening, and forgets all but the failures and changes of state that were kept until then. */
  stop(): void;
}

/** What is known of one breaker, for as long as its registry has it. */
interface Entry {
  readonly breaker: MonitoredBreaker;
  /** Made for the first call: a breaker that is never called stays small. */
  times: ResponseTimes | undefined;
  opening: TransitionRecord | undefined;
}

const SUBJECT = { breaker: '', action: 'keep a history' };
const LONGEST_DETAIL = 200;
const MOST_RECORDS = 1_000_000;

const RULES = {
  failures: positiveInteger(MOST_RECORDS),
  transitions: positiveInteger(MOST_RECORDS),
  percentilesOver: duration(1),
};

/**
 * Remembers the last failures and changes of state of a breaker, or of all breakers of a registry, and how long their
 * calls took.
 *
 * @throws InvalidOptionsError for anything but a breaker or a registry, an unknown option, or a value out of range
 *
 * @example
 * ```ts
 * import { CircuitBreaker } from 'recloser';
 * import { history } from 'recloser/monitor';
 *
 * const breaker = new CircuitBreaker({ name: 'users' });
 * const past = history(breaker);
 *
 * await breaker.tryCall(() => { throw Object.assign(new Error('no answer'), { code: 'ECONNREFUSED' }); });
 * console.log(past.failures().map(({ type, message }) => `${type}: ${message}`)); // → [ 'ECONNREFUSED: no answer' ]
 * past.stop();
 * ```
 */
export function history(source: MonitorSource, options: HistoryOptions = {}): History {
  verifySource(SUBJECT, source);
  const given: HistoryOptions = guardRead(SUBJECT, 'options', () => readOptions(options, RULES, SUBJECT));
  return new BreakerHistory(source, given);
}

class BreakerHistory implements History {
  readonly #source: MonitorSource;
  readonly #percentilesOver: number;
  readonly #failures: Ring<FailureRecord>;
  readonly #transitions: Ring<TransitionRecord>;
  readonly #entries = new Map<string, Entry>();
  readonly #stop: () => void;

  constructor(source: MonitorSource, options: HistoryOptions) {
    const { failures = 1_000, transitions = 100, percentilesOver = 600_000 } = options;
    this.#source = source;
    this.#percentilesOver = percentilesOver;
    this.#failures = new Ring(failures);
    this.#transitions = new Ring(transitions);
    this.#stop = follow(source, {
      added: (breaker) => this.#added(breaker),
      removed: (breaker) => this.#removed(breaker),
      events: {
        success: (event) => this.#settled(event),
        failure: (event) => this.#failed(event),
        transition: (event) => this.#changed(event),
      },
    });
    if (isRegistry(source)) addHistory(source, this);
  }

  failures(breaker?: string, most?: number): FailureRecord[] {
    return recordsOf(this.#failures, breaker, most);
  }

  transitions(breaker?: string, most?: number): TransitionRecord[] {
    return recordsOf(this.#transitions, breaker, most);
  }

  opening(breaker: string): TransitionRecord | undefined {
    return this.#entries.get(breaker)?.opening;
  }

  percentiles(breaker: string): Percentiles | null {
    const entry = this.#entries.get(breaker);
    return entry?.times?.percentiles(entry.breaker.options.clock.now()) ?? null;
  }

  explain(breaker: string): Explanation | undefined {
    const entry = this.#entries.get(breaker);
    return entry && explain(entry.breaker, this);
  }

  report(): Report {
    return report(this.#source, this);
  }

  stop(): void {
    this.#stop();
    removeHistory(this.#source, this);
    for (const { breaker } of this.#entries.values()) this.#removed(breaker);
  }

  #added(breaker: MonitoredBreaker): void {
    this.#entries.set(breaker.name, { breaker, times: undefined, opening: undefined });
    addHistory(breaker, this);
  }

  #removed(breaker: MonitoredBreaker): void {
    this.#entries.delete(breaker.name);
    removeHistory(breaker, this);
  }

  #settled({ breaker, duration }: CallEvent): void {
    const entry = this.#entries.get(breaker);
    if (entry === undefined || Number.isNaN(duration)) return;
    const now = entry.breaker.options.clock.now();
    entry.times ??= new ResponseTimes(this.#percentilesOver, now);
    entry.times.record(duration, now);
  }

  #failed(event: CallEvent): void {
    this.#settled(event);
    const entry = this.#entries.get(event.breaker);
    if (entry === undefined) return;
    this.#failures.push({
      breaker: event.breaker,
      at: entry.breaker.options.clock.now(),
      time: wallTimeOf(entry.breaker),
      duration: Number.isNaN(event.duration) ? null : event.duration,
      ...describeFailedCall(event),
    });
  }

  #changed({ breaker, at, from, to, reason, detail, metrics }: Transition): void {
    const entry = this.#entries.get(breaker);
    if (entry === undefined) return;
    const { window, consecutiveFailures } = metrics;
    const led = to === 'OPEN' ? leadingFailures(reason, metrics) : 0;
    const record: TransitionRecord = {
      breaker,
      at,
      time: wallTimeOf(entry.breaker),
      from,
      to,
      reason,
      detail: detail === undefined ? null : oneLine(String(detail), LONGEST_DETAIL),
      window,
      consecutiveFailures,
      failures: countTypes(this.failures(breaker, led)),
    };
    this.#transitions.push(record);
    if (to === 'CLOSED' || reason === 'restored') entry.opening = undefined;
    else if (from === 'CLOSED') entry.opening = record;
  }
}

/** How many of a breaker's last failures a rule has counted when it opened the circuit. */
function leadingFailures(reason: TransitionReason, { window, consecutiveFailures }: CircuitMetrics): number {
  switch (reason) {
    case 'consecutive-failures':
      return consecutiveFailures;
    case 'failure-rate':
    case 'should-trip':
      return window.failures;
    case 'probe-failed':
      return 1;
    default:
      return 0;
  }
}

function recordsOf<Record extends { readonly breaker: string }>(
  ring: Ring<Record>,
  breaker: string | undefined,
  most = Number.POSITIVE_INFINITY,
): Record[] {
  const found: Record[] = [];
  if (most <= 0) return found;
  for (const record of ring) {
    if (breaker === undefined || record.breaker === breaker) found.push(record);
    if (found.length >= most) break;
  }
  return found;
}
