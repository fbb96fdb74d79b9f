/**
 * Remembers what has happened to circuit breakers: the last failures, the last changes of state, and how long calls
 * took. It listens; it never steers. All of its memory is bounded when it is made, and nothing in it holds on to an
 * error, a value or a request: of a failure it keeps a few words.
 */
import { isRegistry } from '../core/source.js';
import { duration, guardRead, positiveInteger, readOptions } from '../core/validate.js';
import type { CallEvent, CircuitMetrics, ModeEvent, Transition, TransitionReason } from '../index.js';
import { countTypes, TypeCounts } from './breakdown.js';
import { explain } from './explain.js';
import type { Explanation } from './explanation.js';
import { describeFailedCall, typeOfCall } from './failure-words.js';
import {
  follow,
  type MonitoredBreaker,
  type MonitorSource,
  timeOf,
  verifyMonitored,
  wallTimeOf,
} from './follow.js';
import type { History } from './history.js';
import { addHistory, removeHistory } from './known-histories.js';
import type { FailureRecord, TransitionRecord, UncountedCalls } from './records.js';
import { report } from './report.js';
import type { Report } from './report-data.js';
import { type Percentiles, ResponseTimes } from './response-times.js';
import { Ring } from './ring.js';
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

/** What is known of one breaker, for as long as its registry has it. */
interface Entry {
  readonly breaker: MonitoredBreaker;
  /** Made for the first call: a breaker that is never called stays small. */
  times: ResponseTimes | undefined;
  opening: TransitionRecord | undefined;
  /** The words with which it was forced, as long as that lasts. */
  words: string | undefined;
  stay: Stay;
}

/** The calls of one stay in a state. */
interface Stay {
  calls: number;
  /** Made for the first of them. */
  ignored: TypeCounts | undefined;
  answers: TypeCounts | undefined;
}

const createStay = (): Stay => ({ calls: 0, ignored: undefined, answers: undefined });

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
  verifyMonitored(SUBJECT, source);
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
        success: (event) => this.#succeeded(event),
        failure: (event) => this.#failed(event),
        ignore: (event) => this.#ignored(event),
        transition: (event) => this.#changed(event),
        mode: (event) => this.#modeChanged(event),
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

  uncounted(breaker: string): UncountedCalls | undefined {
    const stay = this.#entries.get(breaker)?.stay;
    return (
      stay && {
        calls: stay.calls,
        ignored: stay.ignored?.list() ?? [],
        answers: stay.answers?.list() ?? [],
      }
    );
  }

  words(breaker: string): string | undefined {
    return this.#entries.get(breaker)?.words;
  }

  percentiles(breaker: string): Percentiles | null {
    const entry = this.#entries.get(breaker);
    return entry?.times?.percentiles(timeOf(entry.breaker)) ?? null;
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
    this.#entries.set(breaker.name, {
      breaker,
      times: undefined,
      opening: undefined,
      words: undefined,
      stay: createStay(),
    });
    addHistory(breaker, this);
  }

  #removed(breaker: MonitoredBreaker): void {
    this.#entries.delete(breaker.name);
    removeHistory(breaker, this);
  }

  /** A success that threw is an answer of the dependency, as far as the filters go. */
  #succeeded(event: CallEvent): void {
    this.#settled(event);
    const stay = this.#entries.get(event.breaker)?.stay;
    if (stay === undefined || !Object.hasOwn(event, 'error')) return;
    stay.answers ??= new TypeCounts();
    stay.answers.add(typeOfCall(event));
  }

  #ignored(event: CallEvent): void {
    const stay = this.#entries.get(event.breaker)?.stay;
    if (stay === undefined) return;
    stay.calls++;
    stay.ignored ??= new TypeCounts();
    stay.ignored.add(typeOfCall(event));
  }

  #settled({ breaker, duration }: CallEvent): void {
    const entry = this.#entries.get(breaker);
    if (entry === undefined) return;
    entry.stay.calls++;
    if (Number.isNaN(duration)) return;
    const now = timeOf(entry.breaker);
    entry.times ??= new ResponseTimes(this.#percentilesOver, now);
    entry.times.record(duration, now);
  }

  #failed(event: CallEvent): void {
    this.#settled(event);
    const entry = this.#entries.get(event.breaker);
    if (entry === undefined) return;
    this.#failures.push({
      breaker: event.breaker,
      at: timeOf(entry.breaker),
      time: wallTimeOf(entry.breaker),
      duration: Number.isNaN(event.duration) ? null : event.duration,
      ...describeFailedCall(event),
    });
  }

  #changed({ breaker, at, from, to, reason, detail, metrics }: Transition): void {
    const entry = this.#entries.get(breaker);
    if (entry === undefined) return;
    entry.stay = createStay();
    entry.words = undefined;
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

  /** It may be forced while it is OPEN already, which is no transition. */
  #modeChanged(event: ModeEvent): void {
    const entry = this.#entries.get(event.breaker);
    if (entry !== undefined) entry.words = event.to.startsWith('forced') ? wordsOf(event) : undefined;
  }
}

/** The words that go with a change of mode, on one line. */
function wordsOf({ reason, ...event }: ModeEvent): string | undefined {
  const { detail = reason } = event as { readonly detail?: unknown };
  return detail === undefined ? undefined : oneLine(String(detail), LONGEST_DETAIL);
}

/** How many of a breaker's last failures a rule has counted when it opened the circuit. */
function leadingFailures(
  reason: TransitionReason | 'detector',
  { window, consecutiveFailures }: CircuitMetrics,
): number {
  switch (reason) {
    case 'consecutive-failures':
      return consecutiveFailures;
    case 'failure-rate':
    case 'should-trip':
    case 'detector':
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
