import { failureTypeOf } from '../core/failure-type.js';
import { quote } from '../core/quote.js';
import {
  type Check,
  guardRead,
  hasMethods,
  list,
  positiveInteger,
  type Rules,
  readOptions,
  verify,
} from '../core/validate.js';
import type { CircuitState, Clock, TransitionReason } from '../index.js';
import { DISPOSE } from './dispose.js';

/** Whatever tells events: a breaker, a registry, and what other entries of the package make. */
export interface EventSource {
  // biome-ignore lint/suspicious/noExplicitAny: each source has its own events
  on(event: any, listener: (payload: any) => void): () => void;
}

/** What {@link recordEvents} takes. */
export interface RecordOptions {
  /** The names of the events to record. @default all that the source has */
  events?: readonly string[] | undefined;
  /** Events that are kept, at least 1; the oldest go first. @default 10_000 */
  limit?: number | undefined;
}

/** What was thrown, in words. */
export interface RecordedError {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
}

/** An event as frozen, plain data: what is an object in it is left out, but for errors, and so are values of calls. */
export interface RecordedEvent {
  readonly event: string;
  /** The name of the breaker. */
  readonly breaker?: string;
  /** A reading of the clock; on a manual clock only, since no other says the same twice. */
  readonly at?: number;
  /** Milliseconds that the call took; on a manual clock only. */
  readonly duration?: number;
  readonly error?: RecordedError;
  readonly [member: string]: unknown;
}

/** A change of state. */
export interface RecordedTransition {
  readonly breaker: string;
  readonly from: CircuitState;
  readonly to: CircuitState;
  readonly reason: TransitionReason;
}

/** What {@link recordEvents} gives. */
export interface EventRecord {
  /** In the order in which they were told. */
  readonly events: readonly RecordedEvent[];
  /** How many were told that are not kept any more. */
  readonly dropped: number;
  transitions(): RecordedTransition[];
  /** A line for each event. */
  text(): string;
  /** Forgets what was told so far. */
  clear(): void;
  /** Listens no more, and keeps what it has. */
  stop(): void;
  [Symbol.dispose](): void;
}

/** The events that there are: of breakers, registries, `Resilience` and fleets. A source that lacks one says so. */
const EVENTS = /* @__PURE__ */ [
  'transition open halfOpen close success failure ignore reject fallback mode degraded well',
  'create delete conflict retry stop hedge wait detached attached decision error',
].flatMap((names) => names.split(' '));

const RULES: Rules & Record<keyof RecordOptions, Check> = {
  events: list,
  limit: /* @__PURE__ */ positiveInteger(),
};

const SUBJECT = { breaker: '', action: 'record events' };

const canListen = /* @__PURE__ */ hasMethods('on');

const sourceCheck: Check = (value) =>
  canListen(value) ? undefined : 'what has events, as a breaker or a registry';

/**
 * Writes down what a breaker or a registry tells, from now on.
 *
 * @throws InvalidOptionsError for a source without events, an unknown option or a value out of range
 * @throws TypeError for an event that the source does not have
 *
 * @example
 * ```ts
 * import { CircuitBreaker } from 'recloser';
 * import { createManualClock, recordEvents } from 'recloser/testing';
 *
 * const breaker = new CircuitBreaker({ name: 'orders', clock: createManualClock() });
 * const record = recordEvents(breaker, { events: ['transition'] });
 * breaker.trip();
 * console.log(record.text()); // → 0 ms orders transition CLOSED → OPEN tripped
 * ```
 */
export function recordEvents(source: EventSource, options: RecordOptions = {}): EventRecord {
  guardRead(SUBJECT, 'the source', () => verify(SUBJECT, 'source', source, sourceCheck));
  const given: RecordOptions = guardRead(SUBJECT, 'options', () => readOptions(options, RULES, SUBJECT));
  const { limit = 10_000 } = given;
  const clock = manualClockOf(source);
  let kept: RecordedEvent[] = [];
  let told = 0;

  const write = (event: string) => (payload: object) => {
    told++;
    kept.push(plainOf(event, payload, clock));
    if (kept.length > limit) kept.shift();
  };

  const stops: (() => void)[] = [];
  for (const event of given.events ?? EVENTS) {
    try {
      stops.push(source.on(event, write(event)));
    } catch (error) {
      if (given.events === undefined) continue;
      for (const stop of stops) stop();
      throw error;
    }
  }
  const stop = () => {
    for (const stop of stops.splice(0)) stop();
  };

  return {
    get events() {
      return Object.freeze([...kept]);
    },
    get dropped() {
      return told - kept.length;
    },
    transitions: () =>
      kept
        .filter(({ event }) => event === 'transition')
        .map(({ breaker, from, to, reason }) => ({ breaker, from, to, reason }) as RecordedTransition),
    text: () => kept.map(lineOf).join('\n'),
    clear() {
      kept = [];
      told = 0;
    },
    stop,
    [DISPOSE]: stop,
  };
}

/** The clock of what is watched, if it is one that tests move. */
function manualClockOf(source: object): Clock | undefined {
  try {
    const { options, clock = options?.clock } = source as { clock?: Clock; options?: { clock?: Clock } };
    return hasMethods('now', 'advance', 'freeze')(clock) ? (clock as Clock) : undefined;
  } catch {
    return undefined; // its getters throw
  }
}

/** Left out, whatever they are: values of calls, and what is an object. */
const LEFT_OUT = ['value', 'metrics', 'instance'];

function plainOf(event: string, payload: object, clock: Clock | undefined): RecordedEvent {
  const plain: Record<string, unknown> = { event };
  if (clock !== undefined) plain.at = clock.now();
  for (const [key, value] of Object.entries(payload)) {
    if (value === undefined || LEFT_OUT.includes(key)) continue;
    if ((key === 'at' || key === 'duration') && clock === undefined) continue;
    if (key === 'error') plain[key] = Object.freeze(errorOf(value));
    else if (typeof value !== 'object' && typeof value !== 'function') plain[key] = value;
  }
  return Object.freeze(plain) as unknown as RecordedEvent;
}

/** Characters of a message that are kept. */
const LONGEST = 200;

function errorOf(error: unknown): RecordedError {
  try {
    if (typeof error === 'object' && error !== null) {
      const { name, message, code } = error as { name?: unknown; message?: unknown; code?: unknown };
      return {
        name: String(name ?? 'Error').slice(0, LONGEST),
        message: String(message ?? '').slice(0, LONGEST),
        ...(typeof code === 'string' && { code: code.slice(0, LONGEST) }),
      };
    }
    return { name: typeof error, message: String(error).slice(0, LONGEST) };
  } catch {
    return { name: failureTypeOf(error) ?? 'Error', message: '' };
  }
}

/** `120 ms orders transition CLOSED → OPEN consecutive-failures`. */
function lineOf({ event, at, breaker, from, to, duration, error, ...others }: RecordedEvent): string {
  const words = [
    at === undefined ? '' : `${at} ms`,
    breaker === undefined ? '' : String(quote(breaker)).replace(/^"([\w.:-]+)"/, '$1'),
    event,
    from === undefined ? '' : `${from} → ${to}`,
    ...Object.values(others).map(String),
    duration === undefined ? '' : `after ${duration} ms`,
    error === undefined ? '' : `${error.name}: ${error.message}`,
  ];
  return words
    .filter((word) => word !== '')
    .join(' ')
    .replace(/[\r\n\u2028\u2029]+/g, ' ');
}
