/**
 * The sentence that tells how a breaker is and why. It holds in every state and mode: figures of the past are told as
 * they were then, thresholds as they are now, and where the two no longer agree it says so.
 */

import { inWords } from '../core/in-words.js';
import type { CircuitMetrics, TransitionReason } from '../index.js';
import { describeCounts, totalOf } from './breakdown.js';
import type { Explanation } from './explanation.js';
import { compare, failed, figuresOf, slow } from './figures.js';
import type { Knowledge } from './knowledge.js';
import type { TransitionRecord } from './records.js';
import { counted, oneLine, percent } from './text.js';

type Settings = Knowledge['settings'];

/** Characters of an error's message that the sentence tells; the data has more. */
const LONGEST_MESSAGE = 80;

/**
 * `OPEN for 12.3 s: 12 of the last 20 calls failed (60 % ≥ 50 %); 9 ECONNREFUSED, 3 timeouts; probes in 4.2 s`, and the
 * part of it that neither grows old nor tells messages.
 */
export function tell(known: Knowledge): Pick<Explanation, 'text' | 'why'> {
  const { facts } = known;
  const told = joined([
    reasonOf(known),
    ...evidence(known, true),
    ...circumstances(known),
    outlook(known),
    crowd(known),
  ]);
  const head = `${facts.state} for ${inWords(facts.lasted)}`;
  return {
    text: told === '' ? head : `${head}: ${told}`,
    why: joined([reasonOf(known), ...evidence(known, false), ...circumstances(known), crowd(known)]),
  };
}

const joined = (parts: readonly string[]) => parts.filter((part) => part !== '').join('; ');

/** What a reason to change the state is judged by. */
type Figures = Pick<TransitionRecord, 'window' | 'consecutiveFailures' | 'detail'>;

type Reason = TransitionReason | 'detector' | 'shared';

const WHY: { readonly [It in Reason]: (figures: Figures, settings: Settings) => string } = {
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
  detector: ({ detail }) => `the detector tripped${bracketed(detail)}`,
  tripped: ({ detail }) => `trip() was called${quoted(detail)}`,
  probing: () => 'a call asked after the recovery time',
  'probe-failed': () => 'a probe failed',
  'probe-slow': () => 'a probe succeeded too slowly',
  'probe-expired': () => 'a probe did not settle in time',
  recovered: () => 'its probes succeeded',
  shared: ({ detail }) => `others decided so${bracketed(detail)}`,
  forced: ({ detail }) => `it was forced${quoted(detail)}`,
  reset: () => 'it was reset',
  restored: () => 'a snapshot was restored',
};

/** The reasons that tell the detail themselves. */
const WITH_DETAIL: ReadonlySet<Reason> = new Set(['detector', 'tripped', 'shared', 'forced']);

function reasonOf(known: Knowledge): string {
  const { facts, settings } = known;
  if (facts.reason === null) return '';
  return WHY[facts.reason](
    isForcedLater(facts) ? { ...facts, detail: wordsOfReason(known) } : facts,
    settings,
  );
}

/** Whether somebody has forced it after it had come into its state for a reason of its own. */
function isForcedLater({ mode, reason }: Knowledge['facts']): boolean {
  return mode.startsWith('forced') && reason !== null && reason !== 'forced';
}

/** What was said when it opened, where a history has heard it: the latest words may be of whoever forced it. */
function wordsOfReason({ facts, beginning }: Knowledge): string | null {
  return beginning?.record.at === facts.since ? beginning.record.detail : null;
}

/** The figures and failures by which the state can be understood. */
function evidence(known: Knowledge, isWhole: boolean): string[] {
  const { facts } = known;
  const behind = () => failureBehind(facts, isWhole);
  if (facts.state === 'CLOSED') {
    const failures = facts.window.failures + facts.consecutiveFailures === 0 ? '' : breakdown(facts);
    const isUnknown = failures === '' && facts.window.failures + facts.consecutiveFailures > 0;
    return figuresOf(known, isUnknown ? lastFailure(facts, isWhole) : failures);
  }
  if (isBeginning(known)) return [breakdown(facts) || behind()];
  return before(known, isWhole, behind());
}

/** Whether the outage began with the present stay, so that its reason tells all there is to tell. */
function isBeginning({ facts: { since, reason }, beginning }: Knowledge): boolean {
  if (beginning === undefined) return reason !== null && BEGINNINGS.has(reason);
  return beginning.record.at === since && beginning.record.reason === reason;
}

/** Of an outage that goes on: what was before the present stay. */
function before({ facts, settings, beginning }: Knowledge, isWhole: boolean, behind: string): string[] {
  const { attempt, window } = facts;
  const again = attempt > 1 ? `opening ${attempt} in a row` : '';
  if (beginning === undefined) {
    return [behind, again, window.failures === 0 ? '' : `${failed(window)} before it opened`];
  }
  const { record, ago } = beginning;
  const when = isWhole ? ` ${inWords(ago)} ago` : '';
  return [
    behind,
    again,
    `it opened${when} because ${WHY[record.reason](record, settings)}`,
    breakdown(facts),
  ];
}

/** The reasons that explain an opening by themselves: what was before is not needed. */
const BEGINNINGS: ReadonlySet<Reason> = new Set([
  'consecutive-failures',
  'failure-rate',
  'slow-call-rate',
  'should-trip',
  'detector',
  'tripped',
  'shared',
  'forced',
]);

/** The reasons with which the last failure has nothing to do. */
const WITHOUT_FAILURE: ReadonlySet<Reason> = new Set([
  'slow-call-rate',
  'tripped',
  'probing',
  'probe-slow',
  'probe-expired',
  'shared',
  'forced',
]);

/** The failures behind the figures by type, as far as somebody has kept them. */
function breakdown({ window, consecutiveFailures, failures }: Knowledge['facts']): string {
  const known = totalOf(failures);
  const isAll = known === window.failures || known === consecutiveFailures || known === 0;
  return `${describeCounts(failures)}${isAll ? '' : ` among the last ${known}`}`;
}

/** The last failure, where the reason may have to do with it. */
function failureBehind(facts: Knowledge['facts'], isWhole: boolean): string {
  return facts.reason !== null && WITHOUT_FAILURE.has(facts.reason) ? '' : lastFailure(facts, isWhole);
}

function lastFailure({ lastFailure: last }: Knowledge['facts'], isWhole: boolean): string {
  if (last === null) return '';
  if (!isWhole) return `last failure: ${last.type}`;
  const isTold = last.message === '' || last.message === `status ${last.type}`;
  const message = isTold ? '' : ` (${oneLine(last.message, LONGEST_MESSAGE)})`;
  return `last failure ${inWords(last.ago)} ago: ${last.type}${message}`;
}

/** What somebody has decided by hand. */
function circumstances(known: Knowledge): string[] {
  const { state, mode, reason, detail } = known.facts;
  const isTold =
    reason !== null &&
    WITH_DETAIL.has(reason) &&
    (!isForcedLater(known.facts) || detail === wordsOfReason(known));
  const words = isTold ? '' : quoted(detail);
  if (mode === 'forced-open') return [`forced open${words}, no call passes until reset()`];
  if (mode === 'forced-closed') return [`forced closed${words}, no rule opens it until reset()`];
  if (mode === 'observe' && state === 'CLOSED')
    return ['it observes, so it rejects nobody even when it opens'];
  return [words === '' ? '' : `told${words}`];
}

/** What calls may expect. */
function outlook({ facts: { state, mode, retryAfter, health }, settings, metrics }: Knowledge): string {
  if (mode.startsWith('forced') || state === 'CLOSED') return '';
  const { successThreshold } = settings;
  const next = nextProbe(retryAfter, isShared(metrics) && state === 'OPEN');
  const succeeded = `${Math.round(health * 2 * successThreshold)} of ${successThreshold} probes succeeded`;
  const told = state === 'HALF_OPEN' ? `${succeeded}, ${next}` : next;
  return mode === 'observe' ? `${told}; it observes, so every call passes` : told;
}

/** Whether a fleet has to give leave before anybody probes. */
function isShared(metrics: CircuitMetrics): boolean {
  return (metrics as { readonly shared?: unknown }).shared === true;
}

/** That no more calls are allowed at a time. */
function crowd({ facts: { inFlight }, settings: { maxConcurrentCalls } }: Knowledge): string {
  const isFull = inFlight >= maxConcurrentCalls;
  return isFull ? `${counted(inFlight, 'call')} in flight, as many as maxConcurrentCalls allows` : '';
}

function nextProbe(retryAfter: number | null, needsLeave: boolean): string {
  if (retryAfter === null) return 'the probes are out';
  if (retryAfter > 0) return `probes in ${inWords(retryAfter)}`;
  return needsLeave ? 'waits for leave to probe' : 'the next call probes';
}

function quoted(detail: string | null): string {
  return detail === null ? '' : `, "${detail}"`;
}

function bracketed(detail: string | null): string {
  return detail === null ? '' : ` (${detail})`;
}
