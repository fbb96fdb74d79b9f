/**
 * What is asked of the metrics of `recloser/prometheus`, by the dashboard and by the alerts alike. Each instance of
 * a service has breakers of its own; those that agree in the labels `by` are judged as one: the worst state, the sum
 * of the calls.
 */
import { METRIC_NAMES } from '../prometheus/index.js';
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
    /** Times that a closed circuit opened within the range, in the instance where it did so most. */
    tripsOfWorstInstance: (by: By, range: string) =>
      aggregate(
        'max',
        by,
        `increase(${series(METRIC_NAMES.transitions, 'from="closed"', 'to="open"')}[${range}])`,
      ),
  };
}
