import { orFalse } from '../core/validate.js';
import { arrange } from './layout.js';
import type { Dashboard } from './model.js';
import { formatDuration, matchersOf } from './promql.js';
import {
  type Checks,
  readOptions,
  SOURCE_CHECKS,
  type SourceOptions,
  seconds,
  text,
  uid,
} from './query-options.js';
import { createSections } from './sections.js';
import { createVariables, variableMatchers } from './variables.js';

/** How the dashboard is made. Durations are milliseconds; `undefined` means "not given". */
export interface DashboardOptions extends SourceOptions {
  /** @default 'Circuit breakers' */
  title?: string | undefined;
  /** What Grafana knows it by, and its address: 1 to 40 letters, digits, `_` and `-`. @default 'recloser' */
  uid?: string | undefined;
  /** The name or the uid of the data source that is chosen at first. @default Grafana's own default */
  datasource?: string | undefined;
  /** How often the dashboard reads anew, whole seconds; `false` for never. @default 30_000 */
  refresh?: number | false | undefined;
  /** How much of the past it shows at first, whole seconds. @default 3_600_000 */
  range?: number | undefined;
}

const CHECKS: Checks<DashboardOptions> = {
  ...SOURCE_CHECKS,
  title: text,
  uid,
  datasource: text,
  refresh: orFalse(seconds),
  range: seconds,
};

/**
 * A Grafana dashboard of the metrics of `recloser/prometheus`, as plain data: give it to Grafana as JSON.
 *
 * @throws InvalidOptionsError for an unknown option or a value out of range
 *
 * @example
 * ```ts
 * import { dashboard } from 'recloser/grafana';
 *
 * const { uid, title, panels } = dashboard({ title: 'Shop: circuit breakers', matchers: { job: 'shop' } });
 * console.log(uid, title, panels.length > 10); // → recloser Shop: circuit breakers true
 * ```
 */
export function dashboard(options: DashboardOptions = {}): Dashboard {
  const {
    title = 'Circuit breakers',
    uid = 'recloser',
    prefix = '',
    matchers = {},
    by = ['job', 'name'],
    datasource,
    refresh = 30_000,
    range = 3_600_000,
  } = readOptions('create dashboard', options, CHECKS);
  const fixed = matchersOf(matchers);

  const made: Dashboard = {
    uid,
    title,
    description: 'Which circuit breakers are open, since when, why, and what it costs.',
    tags: ['circuit-breaker', 'recloser'],
    schemaVersion: 42,
    editable: true,
    graphTooltip: 1,
    refresh: refresh === false ? '' : formatDuration(refresh),
    time: { from: `now-${formatDuration(range)}`, to: 'now' },
    templating: { list: createVariables({ prefix, matchers: fixed }, by, datasource) },
    annotations: { list: [] },
    panels: arrange(createSections({ prefix, matchers: [...fixed, ...variableMatchers(by)] }, by)),
  };
  return JSON.parse(JSON.stringify(made)); // so that whoever changes a part of it changes nothing else
}
