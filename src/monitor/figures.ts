/** Of a CLOSED circuit: how near its rules are to opening it, and what keeps them from doing so. */
import { readDetector } from '../core/detector-figures.js';
import { inWords } from '../core/in-words.js';
import type { WindowMetrics } from '../index.js';
import { describeCounts, totalOf } from './breakdown.js';
import type { Knowledge } from './knowledge.js';
import { counted, percent } from './text.js';

/** From this share of the calls on, those that did not count are worth a word. */
const WORTH_A_WORD = 0.1;

/** @param failures the failures behind the figures, in words */
export function figuresOf(known: Knowledge, failures: string): string[] {
  const { window, consecutiveFailures } = known.facts;
  const { failureThreshold, failureRateThreshold, minimumCalls } = known.settings;
  const { slowCallDuration, slowCallRateThreshold } = known.settings;
  const row =
    consecutiveFailures === 0 ? '' : `${consecutiveFailures} in a row${limit(failureThreshold, String)}`;
  const others = [...detectorOf(known), ...uncountedOf(known)];
  if (window.calls === 0) return ['no call is in its window', row, failures, ...others];
  const slowness = `${slow(window)} (${percent(window.slowCallRate)}${limit(slowCallRateThreshold, percent)})`;
  return [
    `${failed(window)} (${percent(window.failureRate)}${limit(failureRateThreshold, percent)})`,
    slowCallDuration === false ? '' : slowness,
    window.calls < minimumCalls ? `rates count from ${minimumCalls} calls on` : '',
    row,
    failures,
    ...others,
  ];
}

/** How near a detector is to tripping, how much it lets pass, and how seldom it is wrong. */
function detectorOf({ metrics, facts }: Knowledge): string[] {
  const detector = readDetector(metrics);
  if (detector === undefined) return [];
  const { admitted, degraded, evidence, nearest, promise } = detector;
  const usual = promise === undefined ? '' : ` (normal ${percent(promise.normal)})`;
  return [
    admitted < 1
      ? `it admits ${percent(admitted)} of the calls since it closed ${inWords(facts.lasted)} ago`
      : '',
    degraded ? `it fails more than usual, ${percent(metrics.window.failureRate)}${usual}` : '',
    evidence === 0 || nearest === undefined
      ? ''
      : `evidence ${nearest.value} of ${nearest.limit}${steps(nearest.line)}`,
    promise === undefined
      ? ''
      : `trips about ${often(promise.falseTripsPerDay)} at up to ${percent(promise.normal)} failures`,
  ];
}

/** What a line adds and takes off, as far as its name is a rate: `1/7`, `2/3`. */
function steps(line: string): string {
  const [, over, under] = /^(?:slow )?(\d+)\/(\d+)$/.exec(line) ?? [];
  if (over === undefined) return '';
  const left = Number(under) - Number(over);
  return ` (a ${line.startsWith('slow') ? 'slow call' : 'failure'} adds ${left}, a success takes ${over} off)`;
}

function often(perDay: number): string {
  return perDay < 1
    ? `once in ${Number((1 / perDay).toPrecision(2))} days`
    : `${Number(perDay.toPrecision(2))} times a day`;
}

/** Calls at which something was thrown and that count as no failures: they keep a circuit closed. */
function uncountedOf(known: Knowledge): string[] {
  const { uncounted, metrics, settings } = known;
  const { trackedErrors, isFailure } = settings;
  if (uncounted === undefined) {
    const { calls, ignored } = metrics.totals;
    const isOnly = trackedErrors !== undefined && metrics.window.failures === 0 && metrics.window.calls > 0;
    return [
      isWorth(ignored, calls)
        ? `${ignored} of ${counted(calls, 'call')} in all ignored: ${whyIgnored(known)}`
        : '',
      isOnly ? 'other errors than trackedErrors names count as answers' : '',
    ];
  }
  const { calls } = uncounted;
  const [ignored, answers] = [totalOf(uncounted.ignored), totalOf(uncounted.answers)];
  const by = trackedErrors !== undefined ? 'trackedErrors' : isFailure !== undefined ? 'isFailure' : '';
  return [
    isWorth(ignored, calls)
      ? `${ignored} of ${counted(calls, 'call')} ignored: ${describeCounts(uncounted.ignored)} (${whyIgnored(known)})`
      : '',
    isWorth(answers, calls)
      ? `${counted(answers, 'error')} counted as ${answers === 1 ? 'an answer' : 'answers'}${by === '' ? '' : ` by ${by}`}: ${describeCounts(uncounted.answers)}`
      : '',
  ];
}

/** Why calls are ignored, as far as the options tell. */
function whyIgnored({ settings: { excludedErrors, isFailure } }: Knowledge): string {
  const filters = [
    excludedErrors === undefined || excludedErrors.length === 0 ? '' : 'excludedErrors',
    isFailure === undefined ? '' : 'isFailure',
  ].filter((filter) => filter !== '');
  return filters.length === 0
    ? 'given up by their callers'
    : `given up by their callers, or ${filters.join(', ')}`;
}

const isWorth = (part: number, whole: number) => part > 0 && part >= WORTH_A_WORD * whole;

export function failed({ failures, calls }: WindowMetrics): string {
  return `${failures} of the last ${counted(calls, 'call')} failed`;
}

export function slow({ slowCalls, calls }: WindowMetrics): string {
  return `${slowCalls} of the last ${counted(calls, 'call')} took too long`;
}

/** `60 % ≥ 50 %`, unless the threshold has been changed since. */
export function compare(figure: number, threshold: number | false, words: (value: number) => string): string {
  if (threshold === false) return `${words(figure)}, the rule is off now`;
  return figure >= threshold
    ? `${words(figure)} ≥ ${words(threshold)}`
    : `${words(figure)}, the threshold is ${words(threshold)} now`;
}

function limit(threshold: number | false, words: (value: number) => string): string {
  return threshold === false ? '' : `, threshold ${words(threshold)}`;
}
