/**
 * The sentence that tells how a breaker is and why. It holds in every state and mode: figures of the past are told as
 * they were then, thresholds as they are now, and where the two no longer agree it says so.
 */
import type { TransitionReason, WindowMetrics } from '../index.js';
import { describeCounts, totalOf } from './breakdown.js';
import type { Explanation } from './explain.js';
import type { TransitionRecord } from './history.js';
import type { MonitoredBreaker } from './source.js';
import { counted, inWords, oneLine, percent } from './text.js';

type Facts = Omit<Explanation, 'text'>;
type Settings = MonitoredBreaker['options'];

/** How an outage began, where a history has seen it. */
export interface Beginning {
  readonly record: TransitionRecord;
  /** Milliseconds since then. */
  readonly ago: number;
}

/** Characters of an error's message that the sentence tells; the data has more. */
const LONGEST_MESSAGE = 80;

/** `OPEN for 12.3 s: 12 of the last 20 calls failed (60 % ≥ 50 %); 9 ECONNREFUSED, 3 timeouts; probes in 4.2 s` */
export function sentenceOf(facts: Facts, settings: Settings, beginning: Beginning | undefined): string {
  const parts = [
    why(facts, settings),
    ...evidence(facts, settings, beginning),
    outlook(facts, settings),
    crowd(facts, settings),
  ];
  const told = parts.filter((part) => part !== '').join('; ');
  const head = `${facts.state} for ${inWords(facts.lasted)}`;
  return told === '' ? head : `${head}: ${told}`;
}

/** What a reason to change the state is judged by. */
type Figures = Pick<TransitionRecord, 'window' | 'consecutiveFailures' | 'detail'>;

const WHY: { readonly [Reason in TransitionReason]: (figures: Figures, settings: Settings) => string } = {
  'consecutive-failures': ({ consecutiveFailures: failures }, { failureThreshold }) =>
    failures === 0
      ? 'too many calls in a row failed'
      : `${counted(failures, 'call')} in a row failed (${compare(failures, failureThreshold, String)})`,
  'failure-rate': ({ window }, { failureRateThreshold }) =>
    window.calls === 0
      ? 'too many calls failed'
      : `${failed(window)} (${compare(window.failureRate, failureRateThreshold, percent)})`,
  'slow-call-rate': ({ window }, { slowCallRateThreshold }) =>
    window.calls === 0
      ? 'too many calls took too long'
      : `${slow(window)} (${compare(window.slowCallRate, slowCallRateThreshold, percent)})`,
  'should-trip': ({ window }) => `shouldTrip said so${window.calls === 0 ? '' : ` when ${failed(window)}`}`,
  tripped: ({ detail }) => `trip() was called${quoted(detail)}`,
  probing: () => 'a call asked after the recovery time',
  'probe-failed': () => 'a probe failed',
  'probe-slow': () => 'a probe succeeded too slowly',
  'probe-expired': () => 'a probe did not settle in time',
  recovered: () => 'its probes succeeded',
  forced: ({ detail }) => `it was forced${quoted(detail)}`,
  reset: () => 'it was reset',
  restored: () => 'a snapshot was restored',
};

function why(facts: Facts, settings: Settings): string {
  return facts.reason === null ? '' : WHY[facts.reason](facts, settings);
}

/** The figures and failures by which the state can be understood. */
function evidence(facts: Facts, settings: Settings, beginning: Beginning | undefined): string[] {
  if (facts.state === 'CLOSED') return figuresOf(facts, settings);
  if (isBeginning(facts, beginning)) return [breakdown(facts) || failureBehind(facts)];
  return before(facts, settings, beginning);
}

/** Whether the outage began with the present stay, so that its reason tells all there is to tell. */
function isBeginning({ since, reason }: Facts, beginning: Beginning | undefined): boolean {
  if (beginning === undefined) return reason !== null && BEGINNINGS.has(reason);
  return beginning.record.at === since && beginning.record.reason === reason;
}

/** Of an outage that goes on: what was before the present stay. */
function before(facts: Facts, settings: Settings, beginning: Beginning | undefined): string[] {
  const { attempt, window } = facts;
  const again = attempt > 1 ? `opening ${attempt} in a row` : '';
  if (beginning === undefined) {
    return [failureBehind(facts), again, window.failures === 0 ? '' : `${failed(window)} before it opened`];
  }
  const { record, ago } = beginning;
  const first = `it opened ${inWords(ago)} ago because ${WHY[record.reason](record, settings)}`;
  return [failureBehind(facts), again, first, breakdown(facts)];
}

/** The reasons that explain an opening by themselves: what was before is not needed. */
const BEGINNINGS: ReadonlySet<TransitionReason> = new Set([
  'consecutive-failures',
  'failure-rate',
  'slow-call-rate',
  'should-trip',
  'tripped',
  'forced',
]);

/** The reasons with which the last failure has nothing to do. */
const WITHOUT_FAILURE: ReadonlySet<TransitionReason> = new Set([
  'slow-call-rate',
  'tripped',
  'probing',
  'probe-slow',
  'probe-expired',
  'forced',
]);

/** The failures behind the figures by type, as far as somebody has kept them. */
function breakdown({ window, consecutiveFailures, failures }: Facts): string {
  const known = totalOf(failures);
  const isWhole = known === window.failures || known === consecutiveFailures || known === 0;
  return `${describeCounts(failures)}${isWhole ? '' : ` among the last ${known}`}`;
}

/** The last failure, where the reason may have to do with it. */
function failureBehind(facts: Facts): string {
  return facts.reason !== null && WITHOUT_FAILURE.has(facts.reason) ? '' : lastFailure(facts);
}

function lastFailure({ lastFailure: last }: Facts): string {
  if (last === null) return '';
  const message = last.message === '' ? '' : ` (${oneLine(last.message, LONGEST_MESSAGE)})`;
  return `last failure ${inWords(last.ago)} ago: ${last.type}${message}`;
}

/** Of a CLOSED circuit: how near its rules are to opening it. */
function figuresOf(facts: Facts, settings: Settings): string[] {
  const { window, consecutiveFailures } = facts;
  const { failureThreshold, failureRateThreshold, minimumCalls } = settings;
  const { slowCallDuration, slowCallRateThreshold } = settings;
  const row =
    consecutiveFailures === 0 ? '' : `${consecutiveFailures} in a row${limit(failureThreshold, String)}`;
  const failures = window.failures + consecutiveFailures === 0 ? '' : breakdown(facts) || lastFailure(facts);
  if (window.calls === 0) return ['no call is in its window', row, failures];
  const slowness = `${slow(window)} (${percent(window.slowCallRate)}${limit(slowCallRateThreshold, percent)})`;
  return [
    `${failed(window)} (${percent(window.failureRate)}${limit(failureRateThreshold, percent)})`,
    slowCallDuration === false ? '' : slowness,
    window.calls < minimumCalls ? `rates count from ${minimumCalls} calls on` : '',
    row,
    failures,
  ];
}

/** What calls may expect. */
function outlook({ state, mode, retryAfter, health }: Facts, { successThreshold }: Settings): string {
  if (mode === 'forced-open') return 'forced open, no call passes until reset()';
  if (mode === 'forced-closed') return 'forced closed, no rule opens it until reset()';
  if (state === 'CLOSED') return '';
  const succeeded = `${Math.round(health * 2 * successThreshold)} of ${successThreshold} probes succeeded`;
  const next = state === 'HALF_OPEN' ? `${succeeded}, ${nextProbe(retryAfter)}` : nextProbe(retryAfter);
  return mode === 'observe' ? `${next}; it observes, so every call passes` : next;
}

/** That no more calls are allowed at a time. */
function crowd({ inFlight }: Facts, { maxConcurrentCalls }: Settings): string {
  const isFull = inFlight >= maxConcurrentCalls;
  return isFull ? `${counted(inFlight, 'call')} in flight, as many as maxConcurrentCalls allows` : '';
}

function nextProbe(retryAfter: number | null): string {
  if (retryAfter === null) return 'the probes are out';
  return retryAfter === 0 ? 'the next call probes' : `probes in ${inWords(retryAfter)}`;
}

function failed({ failures, calls }: WindowMetrics): string {
  return `${failures} of the last ${counted(calls, 'call')} failed`;
}

function slow({ slowCalls, calls }: WindowMetrics): string {
  return `${slowCalls} of the last ${counted(calls, 'call')} took too long`;
}

/** `60 % ≥ 50 %`, unless the threshold has been changed since. */
function compare(figure: number, threshold: number | false, words: (value: number) => string): string {
  if (threshold === false) return `${words(figure)}, the rule is off now`;
  return figure >= threshold
    ? `${words(figure)} ≥ ${words(threshold)}`
    : `${words(figure)}, the threshold is ${words(threshold)} now`;
}

function limit(threshold: number | false, words: (value: number) => string): string {
  return threshold === false ? '' : `, threshold ${words(threshold)}`;
}

function quoted(detail: string | null): string {
  return detail === null ? '' : `, "${detail}"`;
}
