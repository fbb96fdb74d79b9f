/**
 * What is asked of the metrics of `recloser/prometheus`, by the dashboard and by the alerts alike. Each instance of
 * a service has breakers of its own; those that agree in the labels `by` are judged as one: the worst state, the sum
 * of the calls.
 */
import { METRIC_NAMES_OF_FLEETS as FLEET, METRIC_NAMES } from '../prometheus/index.js';
import { aggregate, select } from './promql.js';

/** Where the series are. */
export interface Source {
  /** What the metrics' names begin with. */
  readonly prefix: string;
  /** What all series must match, in PromQL. */
  readonly matchers: readonly string[];
}

/** Labels that results are split by; none for one result in all. */
export type By = readonly string[];

const OPEN = 1;
const FAILED = 'result=~"failure|timeout"';
const COUNTED = 'result=~"success|failure|timeout"';
const REJECTED = 'result="rejected"';

export type Queries = ReturnType<typeof createQueries>;

/** A `range` is a duration in PromQL, or a variable of Grafana. */
export function createQueries({ prefix, matchers }: Source) {
  const series = (name: string, ...more: readonly string[]) => select(prefix + name, [...matchers, ...more]);
  const state = series(METRIC_NAMES.state);
  const requests = (...more: readonly string[]) => series(METRIC_NAMES.requests, ...more);
  const attempts = (...more: readonly string[]) => series(METRIC_NAMES.attempts, ...more);
  const ofFleet = (by: By) => [...by.filter((label) => label !== 'name'), 'namespace'];
  const inFleet = (by: By) => [...by, 'namespace'];
  const fleetState = series(FLEET.state);
  const queues = (by: By) => [...by, 'queue'];
  const queueShare = (by: By) =>
    `${aggregate('sum', queues(by), series(METRIC_NAMES.waiting))}\n  / ${aggregate('sum', queues(by), `${series(METRIC_NAMES.queueLimit)} > 0`)}`;

  const perSecond = (by: By, range: string, counter: string) =>
    aggregate('sum', by, `rate(${counter}[${range}])`);
  const share = (by: By, range: string, part: string, whole: string) =>
    `${perSecond(by, range, part)}\n  / ${perSecond(by, range, whole)}`;

  return {
    /** The state of each instance: 0 closed, 1 open, 2 half-open. */
    stateOfInstances: () => state,
    /** The state, open if it is so in any instance. */
    worstState: (by: By) =>
      `${aggregate('max', by, `${state} == ${OPEN}`)} or ${aggregate('max', by, state)}`,
    /** Breakers that are open in any instance, 0 included. */
    openBreakers: (by: By) => aggregate('sum', [], aggregate('max', by, `${state} == bool ${OPEN}`)),
    /** The mode, the most unusual of any instance: 0 active, 1 observe, 2 forced open, 3 forced closed. */
    mode: (by: By) => aggregate('max', by, series(METRIC_NAMES.mode)),
    instances: (by: By) => aggregate('count', by, state),
    /** Instances in which the breaker is open, 0 included. */
    openInstances: (by: By) => aggregate('sum', by, `${state} == bool ${OPEN}`),
    /** Instances in which the breaker is not closed; nothing where there are none. */
    instancesNotClosed: (by: By) => aggregate('count', by, `${state} > 0`),
    /** Instances in which the breaker has not been closed for so long; nothing where there are none. */
    instancesNotClosedFor: (by: By, duration: string) =>
      aggregate('count', by, `${state} offset ${duration} > 0 and min_over_time(${state}[${duration}]) > 0`),

    /** Calls per second, rejected ones among them. */
    requests: (by: By, range: string) => perSecond(by, range, requests()),
    /** Calls that counted, within the range. */
    countedCalls: (by: By, range: string) => aggregate('sum', by, `increase(${requests(COUNTED)}[${range}])`),
    /** All calls within the range. */
    allCalls: (by: By, range: string) => aggregate('sum', by, `increase(${requests()}[${range}])`),
    /** Failures and timeouts among the calls that counted, from 0 to 1. */
    failureRate: (by: By, range: string) => share(by, range, requests(FAILED), requests(COUNTED)),
    /** Rejections among all calls, from 0 to 1. */
    rejectedShare: (by: By, range: string) => share(by, range, requests(REJECTED), requests()),
    /** Rejections per second. */
    rejections: (by: By, range: string) => perSecond(by, range, series(METRIC_NAMES.rejections)),
    /** Calls for which a fallback was run among all calls, from 0 to 1. */
    fallbackShare: (by: By, range: string) => share(by, range, series(METRIC_NAMES.fallbacks), requests()),
    /** Calls per second that ran only because the mode is `observe`. */
    wouldBeRejected: (by: By, range: string) => perSecond(by, range, series(METRIC_NAMES.wouldReject)),
    /** Breakers that the exporter leaves out. */
    notExported: (by: By) => aggregate('sum', by, series(METRIC_NAMES.dropped)),
    /** Failures per second. */
    failures: (by: By, range: string) => perSecond(by, range, series(METRIC_NAMES.failures)),

    /** The response time, in seconds, that this share of the calls stayed below. */
    responseTime: (quantile: number, by: By, range: string) => {
      const buckets = perSecond(['le', ...by], range, series(`${METRIC_NAMES.responseTime}_bucket`));
      return `histogram_quantile(${quantile}, ${buckets})`;
    },
    /** The lowest health of any instance, from 0 to 1. */
    health: (by: By) => aggregate('min', by, series(METRIC_NAMES.health)),
    inFlight: (by: By) => aggregate('sum', by, series(METRIC_NAMES.inFlight)),
    /** Changes of state within the range. */
    transitions: (by: By, range: string) =>
      aggregate('sum', by, `increase(${series(METRIC_NAMES.transitions)}[${range}])`),
    /** How much of the evidence that trips it the detector has, 0 to 1, in the instance where that is most. */
    evidence: (by: By) => aggregate('max', by, series(METRIC_NAMES.evidence)),
    /** The evidence that it takes. */
    thresholds: (by: By) => aggregate('max', [...by, 'line'], series(METRIC_NAMES.threshold)),
    /** The share of the calls that the ramp lets pass, in the instance where that is least. */
    admitted: (by: By) => aggregate('min', by, series(METRIC_NAMES.admitted)),
    /** Instances in which more calls fail than usual; nothing where there are none. */
    instancesDegraded: (by: By) => aggregate('count', by, `${series(METRIC_NAMES.degraded)} > 0`),
    /** 1 where more calls fail than usual in any instance. */
    degraded: (by: By) => aggregate('max', by, series(METRIC_NAMES.degraded)),
    /** Calls that were overdue, per second. */
    overdue: (by: By, range: string) => perSecond(by, range, series(METRIC_NAMES.overdue)),

    /** Instances of a fleet that Redis does not answer; nothing where there are none. */
    instancesDetached: (by: By) => aggregate('count', ofFleet(by), `${series(FLEET.up)} == 0`),
    /** Instances that believe that a fleet has decided more than others believe; nothing where all agree. */
    instancesThatDisagree: (by: By) =>
      `${aggregate('count', inFleet(by), `${fleetState} > 0`)}\n  < on (${ofFleet(by).join(', ')}) group_left\n    ${aggregate('count', ofFleet(by), `${series(FLEET.up)} == 1`)}`,
    /** 1 where Redis answers every instance. */
    fleetUp: (by: By) => aggregate('min', ofFleet(by), series(FLEET.up)),
    /** Instances that are alive, as those have heard that have heard of most and of fewest. */
    fleetInstances: (by: By, which: 'min' | 'max') => aggregate(which, ofFleet(by), series(FLEET.instances)),
    /** What a fleet has decided, the most unusual that an instance believes. */
    fleetState: (by: By) => aggregate('max', inFleet(by), fleetState),
    /** Instances that find it down. */
    votes: (by: By) => aggregate('sum', inFleet(by), series(FLEET.voting)),
    /** Commands to Redis, per second. */
    fleetCommands: (by: By, range: string) => perSecond(by, range, series(FLEET.commands)),
    /** Seconds since the last poll that was answered, in the instance where that is longest. */
    staleness: (by: By) => aggregate('max', ofFleet(by), series(FLEET.staleness)),

    /** Attempts per second. */
    attempts: (by: By, range: string) => perSecond(by, range, attempts()),
    /** First attempts within the range. */
    firstAttempts: (by: By, range: string) =>
      aggregate('sum', by, `increase(${attempts('kind="first"')}[${range}])`),
    /** Attempts for each call: 1 without retries. */
    attemptsPerCall: (by: By, range: string) => share(by, range, attempts(), attempts('kind="first"')),
    /** Calls per second that were given up. */
    retriesStopped: (by: By, range: string) => perSecond(by, range, series(METRIC_NAMES.retriesStopped)),
    /** Calls per second that a retry saved. */
    recoveredCalls: (by: By, range: string) => perSecond(by, range, series(METRIC_NAMES.recoveredCalls)),
    /** Calls per second that a hedge answered first. */
    hedgesWon: (by: By, range: string) => perSecond(by, range, series(METRIC_NAMES.hedgesWon)),
    /** Calls per second for which there was no place. */
    limited: (by: By, range: string) => perSecond(by, range, series(METRIC_NAMES.limited)),
    /** Calls that wait, by queue. */
    waiting: (by: By) => aggregate('sum', queues(by), series(METRIC_NAMES.waiting)),
    /** How full the queues are, from 0 to 1: those that have a limit. */
    queueShare,
    /** How full the fuller of the queues is. */
    fullestQueue: (by: By) => aggregate('max', by, queueShare(by)),
    /** How long this share of the calls waited at most, in seconds. */
    waitTime: (quantile: number, by: By, range: string) => {
      const buckets = perSecond(['le', ...queues(by)], range, series(`${METRIC_NAMES.waitTime}_bucket`));
      return `histogram_quantile(${quantile}, ${buckets})`;
    },
    /** What is left of the retry budget, from 0 to 1, in the instance where that is least. */
    retryBudget: (by: By) => aggregate('min', by, series(METRIC_NAMES.retryBudget)),
    /** For how many seconds the rate limit is paused yet. */
    paused: (by: By) => aggregate('max', by, series(METRIC_NAMES.paused)),
    /** Calls that were saved within the range. */
    callsSaved: (by: By, range: string) =>
      aggregate('sum', by, `increase(${series(METRIC_NAMES.callsSaved)}[${range}])`),
    /** What was saved within the range. */
    costSaved: (by: By, range: string) =>
      aggregate('sum', by, `increase(${series(METRIC_NAMES.costSaved)}[${range}])`),

    /** Times that a closed circuit opened within the range, in the instance where it did so most. */
    tripsOfWorstInstance: (by: By, range: string) =>
      aggregate(
        'max',
        by,
        `increase(${series(METRIC_NAMES.transitions, 'from="closed"', 'to="open"')}[${range}])`,
      ),
  };
}
