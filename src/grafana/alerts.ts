/** The alerts: when each is raised, and what it tells the person whom it wakes. */
import { numberFrom, positiveInteger, ratio } from '../core/validate.js';
import { ALERT_CONDITIONS } from '../monitor/index.js';
import { formatDuration } from './promql.js';
import type { By, Queries } from './queries.js';
import { type Checks, duration, text } from './query-options.js';

/** What every alert has. */
export interface AlertSettings {
  /** The label by which Alertmanager knows whom to tell. @default 'warning', and 'critical' for `openTooLong` */
  severity: string;
  /** Milliseconds, at least 0, for which the condition must hold. @default 0, and 120_000 for `health` */
  for: number;
}

/**
 * The figures of each alert. Durations are milliseconds; the defaults are `ALERT_CONDITIONS` of `recloser/monitor`.
 */
export interface AlertFigures {
  /** The circuit is open; it is over when it is closed. */
  open: AlertSettings;
  /** `above`: share of failures, 0 to 1, among the calls counted within `over`, from `minimumCalls` calls on. */
  failureRate: AlertSettings & { above: number; over: number; minimumCalls: number };
  /** Not closed for longer than `recoveryTimeout`, the longest that your breakers have, plus `margin`. */
  openTooLong: AlertSettings & { recoveryTimeout: number; margin: number };
  /** The health score is `below`, 0 to 1. */
  health: AlertSettings & { below: number };
  /** `above`: share of calls, 0 to 1, for which a fallback was run within `over`, from `minimumCalls` calls on. */
  fallbacks: AlertSettings & { above: number; over: number; minimumCalls: number };
  /** An instance's circuit left closed for open at least `opened` times within `over`. */
  flapping: AlertSettings & { opened: number; over: number };
  /** The retry budget has been at most `below`, 0 to 1, of its capacity. */
  retryBudget: AlertSettings & { below: number };
  /** `above`: attempts for each call, at least 1, within `over`, from `minimumCalls` calls on. */
  retries: AlertSettings & { above: number; over: number; minimumCalls: number };
  /** A queue has been fuller than `above`, 0 to 1. */
  queue: AlertSettings & { above: number };
  /** A detector says that more calls fail than usual. */
  degraded: AlertSettings;
  /** Redis does not answer instances of a fleet. */
  fleetDetached: AlertSettings;
  /** Instances of a fleet believe different things of a breaker. */
  fleetSplit: AlertSettings;
}

export type AlertName = keyof AlertFigures;

/** One kind of alert. */
export interface Alert<Figures> {
  readonly alert: string;
  readonly defaults: Figures;
  readonly checks: Checks<Figures>;
  /** What it is about: a breaker, unless it says otherwise. */
  readonly of?: 'fleet';
  /** The condition in PromQL: one series, with the labels `by`, for each breaker that it holds for. */
  condition(queries: Queries, by: By, figures: Figures): string;
  /** What comes after the name of what it is about. */
  summary(figures: Figures): string;
  /** What it means, and what to do, a line each. */
  runbook(figures: Figures): readonly string[];
}

const SETTINGS: AlertSettings = { severity: 'warning', for: 0 };
const SETTINGS_CHECKS: Checks<AlertSettings> = { severity: text, for: duration(0) };
const SHARE_CHECKS = { ...SETTINGS_CHECKS, above: ratio, over: duration(1), minimumCalls: positiveInteger() };

const percent = (share: number) => `${Number((share * 100).toFixed(2))} %`;

const SHARE = '{{ $value | humanizePercentage }}';

/** A share above its threshold, where there are enough calls to judge it. */
const judged = (share: string, above: number, calls: string, minimumCalls: number) =>
  `${share}\n  > ${above}\nand ${calls} >= ${minimumCalls}`;

export const ALERTS: { readonly [Name in AlertName]: Alert<AlertFigures[Name]> } = {
  open: {
    alert: 'CircuitBreakerOpen',
    defaults: { ...SETTINGS, ...ALERT_CONDITIONS.open },
    checks: SETTINGS_CHECKS,
    condition: (queries, by) => queries.instancesNotClosed(by),
    summary: () => 'is open',
    runbook: () => [
      'Instances in which it is open, or probing: {{ $value }}. They reject calls, unless its mode is observe.',
      '1. Look at what it protects: the breaker only tells of it. "Failures by type" says why calls failed.',
      '2. Leave the breaker alone: it probes after the recovery time, and closes when the probes succeed.',
      '3. "Mode of each breaker" says whether somebody has forced it open: then it stays so until reset().',
    ],
  },

  failureRate: {
    alert: 'CircuitBreakerFailureRateHigh',
    defaults: { ...SETTINGS, ...ALERT_CONDITIONS.failureRate },
    checks: SHARE_CHECKS,
    condition: (queries, by, { above, over, minimumCalls }) => {
      const range = formatDuration(over);
      return judged(queries.failureRate(by, range), above, queries.countedCalls(by, range), minimumCalls);
    },
    summary: ({ above }) => `sees more than ${percent(above)} of its calls fail`,
    runbook: ({ over }) => [
      `${SHARE} of the calls of the last ${formatDuration(over)} failed or timed out.`,
      '1. "Failures by type" says why: refused connections, timeouts, error answers.',
      '2. The circuit may still be closed, with a longer window or a higher threshold. Callers see the failures.',
      '3. If it does not open, compare failureRateThreshold, minimumCalls and window with the traffic.',
    ],
  },

  openTooLong: {
    alert: 'CircuitBreakerOpenTooLong',
    defaults: { ...SETTINGS, severity: 'critical', recoveryTimeout: 60_000, ...ALERT_CONDITIONS.openTooLong },
    checks: { ...SETTINGS_CHECKS, recoveryTimeout: duration(1), margin: duration(0) },
    condition: (queries, by, { recoveryTimeout, margin }) =>
      queries.instancesNotClosedFor(by, formatDuration(recoveryTimeout + margin)),
    summary: ({ recoveryTimeout, margin }) =>
      `has not closed for ${formatDuration(recoveryTimeout + margin)}`,
    runbook: () => [
      'Instances in which it has not closed, although the recovery time is over: {{ $value }}.',
      '1. Is it half-open now and then? Then its probes fail, and what it protects is still down.',
      '2. Does it never change? Then nobody calls, and only a call can probe; or it is forced open until reset().',
      '3. Are the other instances closed? Then this one has a problem of its own, such as its network.',
    ],
  },

  health: {
    alert: 'CircuitBreakerHealthLow',
    defaults: { ...SETTINGS, ...ALERT_CONDITIONS.health },
    checks: { ...SETTINGS_CHECKS, below: ratio },
    condition: (queries, by, { below }) => `${queries.health(by)} < ${below}`,
    summary: ({ below }) => `has a health below ${below}`,
    runbook: () => [
      'The health of its worst instance is {{ $value | printf "%.2f" }}: 0 is open, 1 is without a failure.',
      '1. Above 0 it lets calls pass, and has used up much of what it tolerates: it may open soon.',
      '2. "Failure rate" and "Response time percentiles" say whether calls fail or are slow.',
      '3. A breaker that nobody calls keeps its health: look at "Requests by result" before you do anything.',
    ],
  },

  fallbacks: {
    alert: 'CircuitBreakerFallbacksHigh',
    defaults: { ...SETTINGS, ...ALERT_CONDITIONS.fallbacks },
    checks: SHARE_CHECKS,
    condition: (queries, by, { above, over, minimumCalls }) => {
      const range = formatDuration(over);
      return judged(queries.fallbackShare(by, range), above, queries.allCalls(by, range), minimumCalls);
    },
    summary: ({ above }) => `runs a fallback for more than ${percent(above)} of its calls`,
    runbook: ({ over }) => [
      `For ${SHARE} of the calls of the last ${formatDuration(over)} a fallback was run.`,
      '1. "Requests by result" says whether the calls failed or were rejected.',
      '2. Find out what the fallback costs: how old its data may be, what it leaves out, and what serves it.',
    ],
  },

  flapping: {
    alert: 'CircuitBreakerFlapping',
    defaults: { ...SETTINGS, ...ALERT_CONDITIONS.flapping },
    checks: { ...SETTINGS_CHECKS, opened: positiveInteger(), over: duration(1) },
    condition: (queries, by, { opened, over }) =>
      `${queries.tripsOfWorstInstance(by, formatDuration(over))} >= ${opened}`,
    summary: ({ opened, over }) => `opened at least ${opened} times within ${formatDuration(over)}`,
    runbook: () => [
      'It opened about {{ $value | printf "%.0f" }} times in one instance, and closed in between.',
      '1. What it protects answers probes and breaks under the full load: look for a limit, or one bad replica.',
      '2. A higher successThreshold and a growing recoveryTimeout (exponentialBackoff) let it recover in peace.',
      '3. With few calls, a rate that is judged from too few of them opens by chance: raise minimumCalls.',
    ],
  },

  retryBudget: {
    alert: 'CircuitBreakerRetryBudgetEmpty',
    defaults: { ...SETTINGS, for: 300_000, below: 0.01 },
    checks: { ...SETTINGS_CHECKS, below: ratio },
    condition: (queries, by, { below }) => `${queries.retryBudget(by)} <= ${below}`,
    summary: () => 'has no retries left',
    runbook: () => [
      'Of the retry budget of its worst instance there is left: {{ $value | humanizePercentage }}. Nothing is retried.',
      '1. Too little succeeds for retries to be of use: "Failures by type" says why calls fail.',
      '2. Leave the budget as it is: it keeps the load of the dependency down until it recovers.',
      '3. If nearly all calls succeed, the budget is too small for this traffic: look at ratio and perSecond.',
    ],
  },

  retries: {
    alert: 'CircuitBreakerRetriesHigh',
    defaults: { ...SETTINGS, above: 1.3, over: 300_000, minimumCalls: 20 },
    checks: { ...SETTINGS_CHECKS, above: numberFrom(1), over: duration(1), minimumCalls: positiveInteger() },
    condition: (queries, by, { above, over, minimumCalls }) => {
      const range = formatDuration(over);
      return judged(
        queries.attemptsPerCall(by, range),
        above,
        queries.firstAttempts(by, range),
        minimumCalls,
      );
    },
    summary: ({ above }) => `makes more than ${above} attempts for each call`,
    runbook: ({ over }) => [
      `Attempts for each call within the last ${formatDuration(over)}: {{ $value | printf "%.2f" }}.`,
      '1. The dependency gets that much more load than you have calls: it may be what keeps it down.',
      '2. "Attempts by kind" says whether they are retries or hedges. A budget keeps retries to 1.2.',
      '3. Look for a second layer that retries: in the client, in a proxy, in the caller of this service.',
    ],
  },

  queue: {
    alert: 'CircuitBreakerQueueFull',
    defaults: { ...SETTINGS, for: 300_000, above: 0.8 },
    checks: { ...SETTINGS_CHECKS, above: ratio },
    condition: (queries, by, { above }) => `${queries.fullestQueue(by)}\n  > ${above}`,
    summary: ({ above }) => `has a queue that is more than ${percent(above)} full`,
    runbook: () => [
      `Places to wait that are taken, in the fuller of its queues: ${SHARE}. "Calls that wait" says which it is.`,
      '1. Calls come faster than they are done: "Response time percentiles" says whether the dependency is slow.',
      '2. A longer queue makes everybody wait longer; it helps against bursts alone.',
      '3. If the dependency bears more, raise the limit; else let fewer calls in, or more instances do them.',
    ],
  },

  degraded: {
    alert: 'CircuitBreakerDegraded',
    defaults: { ...SETTINGS, severity: 'info', for: 120_000 },
    checks: SETTINGS_CHECKS,
    condition: (queries, by) => queries.instancesDegraded(by),
    summary: () => 'sees more failures than usual',
    runbook: () => [
      'Instances in which more calls fail than usual: {{ $value }}. The circuit is closed.',
      '1. "Evidence" says how near it is to opening, "Failures by type" what fails.',
      '2. Nothing is to be done yet: it opens by itself when it must.',
    ],
  },

  fleetDetached: {
    alert: 'CircuitBreakerFleetDetached',
    defaults: { ...SETTINGS, for: 120_000 },
    checks: SETTINGS_CHECKS,
    of: 'fleet',
    condition: (queries, by) => queries.instancesDetached(by),
    summary: () => 'has instances that Redis does not answer',
    runbook: () => [
      'Instances that decide alone, since Redis does not answer them: {{ $value }}. Their calls do not notice.',
      '1. All of them? Then look at Redis. One? Then at its network; "Fleet: answered by Redis" says since when.',
      '2. Nothing is to be done about the breakers: they agree again within an interval after Redis answers.',
    ],
  },

  fleetSplit: {
    alert: 'CircuitBreakerFleetSplit',
    defaults: { ...SETTINGS, for: 30_000 },
    checks: SETTINGS_CHECKS,
    condition: (queries, by) => queries.instancesThatDisagree(by),
    summary: () => 'is not in one state for all instances of its fleet',
    runbook: () => [
      'Instances that believe it is not closed, while others that Redis answers believe it is: {{ $value }}.',
      '1. For longer than three intervals that must not be: look for two versions of the wire format, or a breaker that is not shared.',
      '2. Reading Redis by hand shows what is true: redis-cli HGETALL of the records of the namespace.',
      '3. reset(name) of the fleet closes it for all.',
    ],
  },
};
