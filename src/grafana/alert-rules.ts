import { ALERTS, type Alert, type AlertFigures, type AlertName } from './alerts.js';
import { formatDuration, matchersOf } from './promql.js';
import { type By, createQueries, type Queries } from './queries.js';
import {
  type Checks,
  flagOrObject,
  labels,
  readOptions,
  SOURCE_CHECKS,
  type SourceOptions,
} from './query-options.js';

/** What is said about an alert: figures in place of the defaults, or `false` to leave it out. */
type Choice<Figures> = boolean | { readonly [Figure in keyof Figures]?: Figures[Figure] | undefined };

/** How the alert rules are made. Durations are milliseconds; `undefined` means "not given". */
export interface AlertRulesOptions extends SourceOptions {
  /** Labels that all alerts get, besides `severity`, such as `{ team: 'shop' }`. @default {} */
  labels?: Readonly<Record<string, string>> | undefined;
  /** A circuit is open. */
  open?: Choice<AlertFigures['open']> | undefined;
  /** Many calls fail. */
  failureRate?: Choice<AlertFigures['failureRate']> | undefined;
  /** A circuit does not close again. */
  openTooLong?: Choice<AlertFigures['openTooLong']> | undefined;
  /** A circuit has used up much of what it tolerates. */
  health?: Choice<AlertFigures['health']> | undefined;
  /** A fallback is run for many calls. */
  fallbacks?: Choice<AlertFigures['fallbacks']> | undefined;
  /** A circuit opens and closes in turns. */
  flapping?: Choice<AlertFigures['flapping']> | undefined;
  /** Nothing is left of a retry budget; needs the exporter's `resilience`. */
  retryBudget?: Choice<AlertFigures['retryBudget']> | undefined;
  /** Calls make many attempts; needs the exporter's `resilience`. */
  retries?: Choice<AlertFigures['retries']> | undefined;
  /** Many calls wait; needs the exporter's `resilience`. */
  queue?: Choice<AlertFigures['queue']> | undefined;
  /** More calls fail than usual; needs a detector. */
  degraded?: Choice<AlertFigures['degraded']> | undefined;
  /** Redis does not answer instances of a fleet; needs `instrumentFleet`. */
  fleetDetached?: Choice<AlertFigures['fleetDetached']> | undefined;
  /** Instances of a fleet disagree; needs `instrumentFleet`. */
  fleetSplit?: Choice<AlertFigures['fleetSplit']> | undefined;
}

/** A rule file of Prometheus. */
export interface RuleFile {
  readonly groups: readonly { readonly name: string; readonly rules: readonly AlertRule[] }[];
}

/** An alert as Prometheus judges it. */
export interface AlertRule {
  readonly alert: string;
  /** The condition in PromQL. */
  readonly expr: string;
  /** How long it must hold, such as `2m`. */
  readonly for: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: { readonly summary: string; readonly description: string };
}

const ACTION = 'create alert rules';

const NAMES = Object.keys(ALERTS) as AlertName[];

const CHECKS: Checks<AlertRulesOptions> = {
  ...SOURCE_CHECKS,
  labels,
  open: flagOrObject,
  failureRate: flagOrObject,
  openTooLong: flagOrObject,
  health: flagOrObject,
  fallbacks: flagOrObject,
  flapping: flagOrObject,
  retryBudget: flagOrObject,
  retries: flagOrObject,
  queue: flagOrObject,
  degraded: flagOrObject,
  fleetDetached: flagOrObject,
  fleetSplit: flagOrObject,
};

/**
 * Alert rules for Prometheus over the metrics of `recloser/prometheus`, as plain data; `toYaml` makes a file of them.
 * An alert is raised for each breaker, not for each of its instances.
 *
 * @throws InvalidOptionsError for an unknown option or a value out of range
 *
 * @example
 * ```ts
 * import { alertRules } from 'recloser/grafana';
 *
 * const { groups } = alertRules({ health: false, openTooLong: { recoveryTimeout: 30_000 } });
 * console.log(groups[0]?.rules[0]?.alert, groups[0]?.rules.length); // → CircuitBreakerOpen 11
 * ```
 */
export function alertRules(options: AlertRulesOptions = {}): RuleFile {
  const given = readOptions(ACTION, options, CHECKS);
  const { prefix = '', matchers = {}, by = ['job', 'name'], labels = {} } = given;
  const queries = createQueries({ prefix, matchers: matchersOf(matchers) });
  const rules = NAMES.filter((name) => given[name] !== false).map((name) => {
    const rule = createRule(name, given[name] ?? true, queries, by);
    return { ...rule, labels: { ...labels, ...rule.labels } };
  });
  return { groups: [{ name: 'circuit-breakers', rules }] };
}

function createRule<Name extends AlertName>(
  name: Name,
  choice: Choice<AlertFigures[Name]>,
  queries: Queries,
  by: By,
): AlertRule {
  const { alert, defaults, checks, of, condition, summary, runbook }: Alert<AlertFigures[Name]> =
    ALERTS[name];
  const chosen = typeof choice === 'object' ? readOptions(ACTION, choice, checks, `${name}.`) : {};
  const figures = { ...defaults, ...chosen };
  return {
    alert,
    expr: condition(queries, by, figures),
    for: formatDuration(figures.for),
    labels: { severity: figures.severity },
    annotations: {
      summary: `${of === 'fleet' ? `Fleet ${nameIn(by, 'namespace')}` : `Circuit breaker ${nameIn(by, 'name')}`} ${summary(figures)}`,
      description: runbook(figures).join('\n'),
    },
  };
}

/** What an alert is about, in the language of annotations: `payments (job shop)`. */
function nameIn(by: By, known: 'name' | 'namespace'): string {
  const value = (label: string) => `{{ $labels.${label} }}`;
  const others = by.filter((label) => label !== 'name').map((label) => `${label} ${value(label)}`);
  return others.length === 0 ? value(known) : `${value(known)} (${others.join(', ')})`;
}
