/**
 * The conditions of alerts, each judged of one breaker at a time. A condition is told how the breaker is at every change
 * of its state and at every check in between; what it needs to know of the past it keeps itself, a few numbers. It
 * reads no clock and tells nobody.
 */

import { inWords } from '../core/in-words.js';
import type { CircuitMetrics } from '../index.js';
import type { MonitoredBreaker } from './follow.js';
import { RecentGrowth } from './growth.js';
import { createJumpDetector } from './stay.js';
import { percent, round } from './text.js';
import type { AlertFigures, AlertName } from './watch-rules.js';

/** Whether a condition holds, and how far. */
export interface Verdict {
  readonly holds: boolean;
  readonly value: number;
  readonly threshold: number;
}

/** Judges one breaker, told of it in the order of time. */
export type Judge = (metrics: CircuitMetrics, now: number) => Verdict;

/** One kind of alert. */
export interface Condition<Figures> {
  /** A judge of this breaker, from `metrics` on, as they are `now`. */
  createJudge(figures: Figures, breaker: MonitoredBreaker, metrics: CircuitMetrics, now: number): Judge;
  /** What the alert says, for instance "failure rate above 25 % within 5 min". */
  describe(figures: Figures, threshold: number): string;
  /** The value in words; empty where they would add nothing. */
  words(value: number): string;
}

export const CONDITIONS: { readonly [Name in AlertName]: Condition<AlertFigures[Name]> } = {
  open: {
    // HALF_OPEN is no end of it: one more failure would only begin it again.
    createJudge:
      () =>
      ({ state }) => ({ holds: state !== 'CLOSED', value: Number(state !== 'CLOSED'), threshold: 1 }),
    describe: () => 'circuit open',
    words: () => '',
  },

  failureRate: shareCondition('failure rate', ({ failures, successes }) => [failures, failures + successes]),

  openTooLong: {
    createJudge: ({ margin }, { options }) => {
      let left: { readonly at: number; readonly limit: number } | undefined;
      return ({ state, since, retryAfter }, now) => {
        if (state === 'CLOSED') left = undefined;
        else if (left === undefined) {
          const { recoveryTimeout } = options;
          const recovery =
            typeof recoveryTimeout === 'number' ? recoveryTimeout : now - since + (retryAfter ?? 0);
          left = { at: since, limit: recovery + margin };
        }
        const { at, limit } = left ?? { at: now, limit: margin };
        return { holds: now - at > limit, value: now - at, threshold: limit };
      };
    },
    describe: (_, threshold) => `not closed for more than ${inWords(threshold)}`,
    words: inWords,
  },

  health: {
    createJudge: ({ below, for: period }) => {
      let lowSince = Number.NaN;
      return ({ health }, now) => {
        if (health >= below) lowSince = Number.NaN;
        else if (Number.isNaN(lowSince)) lowSince = now;
        return { holds: now - lowSince >= period, value: health, threshold: below };
      };
    },
    describe: ({ below, for: period }) => `health below ${below} for ${inWords(period)}`,
    words: (value) => String(round(value)),
  },

  fallbacks: shareCondition('share of fallbacks', ({ fallbacks, successes, failures, ignored, rejected }) => [
    fallbacks,
    successes + failures + ignored + rejected,
  ]),

  flapping: {
    createJudge: ({ opened, over }, _breaker, metrics) => {
      const openings: number[] = [];
      let wasClosed = metrics.state === 'CLOSED';
      return ({ state, since, lastTransition }, now) => {
        // Openings from HALF_OPEN are one outage that goes on; one that is restored happened elsewhere.
        if (wasClosed && state === 'OPEN' && lastTransition?.reason !== 'restored') openings.push(since);
        wasClosed = state === 'CLOSED';
        if (openings.length > opened) openings.shift();
        const value = openings.filter((at) => now - at < over).length;
        return { holds: value >= opened, value, threshold: opened };
      };
    },
    describe: ({ opened, over }) => `opened at least ${opened} times within ${inWords(over)}`,
    words: (value) => `${value} times`,
  },
};

/** A share of all calls, within a period. Calls that a restored snapshot tells of are none of them. */
function shareCondition(
  name: string,
  read: (totals: CircuitMetrics['totals']) => readonly [part: number, whole: number],
): Condition<{ above: number; over: number; minimumCalls: number }> {
  return {
    createJudge: ({ above, over, minimumCalls }, _breaker, metrics, now) => {
      const hasJumped = createJumpDetector(metrics);
      let growth = new RecentGrowth(over, now, ...read(metrics.totals));
      return (later, at) => {
        const totals = read(later.totals);
        if (hasJumped(later)) growth = new RecentGrowth(over, at, ...totals);
        const { part, whole } = growth.measure(at, ...totals);
        const value = whole === 0 ? 0 : part / whole;
        return { holds: whole >= minimumCalls && value > above, value, threshold: above };
      };
    },
    describe: ({ above, over }) => `${name} above ${percent(above)} within ${inWords(over)}`,
    words: percent,
  };
}
