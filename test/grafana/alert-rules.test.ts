import type { InvalidOptionsError } from 'recloser';
import { type AlertRule, type AlertRulesOptions, alertRules } from 'recloser/grafana';
import { ALERT_CONDITIONS } from 'recloser/monitor';
import { METRIC_NAMES, METRIC_NAMES_OF_FLEETS } from 'recloser/prometheus';
import { describe, expect, it } from 'vitest';

function rulesOf(options?: AlertRulesOptions): readonly AlertRule[] {
  return alertRules(options).groups.flatMap(({ rules }) => rules);
}

function rule(alert: string, options?: AlertRulesOptions): AlertRule {
  return rulesOf(options).find((it) => it.alert === alert) as AlertRule;
}

/** The words of a query, without what is only layout. */
const expr = (alert: string, options?: AlertRulesOptions) => rule(alert, options).expr.replace(/\s+/g, ' ');

const ALERT_OF = {
  open: 'CircuitBreakerOpen',
  failureRate: 'CircuitBreakerFailureRateHigh',
  openTooLong: 'CircuitBreakerOpenTooLong',
  health: 'CircuitBreakerHealthLow',
  fallbacks: 'CircuitBreakerFallbacksHigh',
  flapping: 'CircuitBreakerFlapping',
} as const;

/** Those for what `watch` does not see: what is around breakers, and what detectors say. */
const ALERT_AROUND = {
  retryBudget: 'CircuitBreakerRetryBudgetEmpty',
  retries: 'CircuitBreakerRetriesHigh',
  queue: 'CircuitBreakerQueueFull',
  degraded: 'CircuitBreakerDegraded',
  fleetDetached: 'CircuitBreakerFleetDetached',
  fleetSplit: 'CircuitBreakerFleetSplit',
} as const;

const ALL = { ...ALERT_OF, ...ALERT_AROUND };

const SEVERITY: Readonly<Record<string, string>> = {
  CircuitBreakerOpenTooLong: 'critical',
  CircuitBreakerDegraded: 'info',
};

describe('the alert rules', () => {
  it('are plain data', () => {
    const made = alertRules();

    expect(JSON.parse(JSON.stringify(made))).toEqual(made);
  });

  it('have an alert for each condition of `recloser/monitor`, and some for what it does not see', () => {
    expect(Object.keys(ALERT_OF)).toEqual(Object.keys(ALERT_CONDITIONS));
    expect(rulesOf().map(({ alert }) => alert)).toEqual(Object.values(ALL));
  });

  it.each(Object.entries(ALL))('leave out %s if it is false', (option, alert) => {
    const alerts = rulesOf({ [option]: false }).map((it) => it.alert);

    expect(alerts).toHaveLength(11);
    expect(alerts).not.toContain(alert);
  });

  it('take `true` for the defaults', () => {
    expect(alertRules({ open: true, health: true })).toEqual(alertRules());
  });

  it.each(Object.values(ALL))('say of %s how bad it is, what it means and what to do', (alert) => {
    const { labels, annotations } = rule(alert);

    expect(labels).toEqual({ severity: SEVERITY[alert] ?? 'warning' });
    expect(annotations.summary).toMatch(
      /^(Circuit breaker \{\{ \$labels\.name \}\}|Fleet \{\{ \$labels\.namespace \}\}) \(job \{\{ \$labels\.job \}\}\) \w/,
    );
    expect(annotations.description).toMatch(/\{\{ \$value.*\}\}.*\n1\. .*\.\n2\. .*\.$/s);
  });

  it.each(Object.entries(ALL).map(([option]) => option))(
    'give %s another severity and duration',
    (option) => {
      const changed = rulesOf({ [option]: { severity: 'page', for: 90_000 } }).filter(
        ({ labels, for: duration }) => labels.severity === 'page' && duration === '90s',
      );

      expect(changed.map(({ alert }) => alert)).toEqual([ALL[option as keyof typeof ALL]]);
    },
  );

  it('read the metrics by the prefix of the exporter, and only what matches', () => {
    const options = { prefix: 'shop_', matchers: { env: 'prod' } };
    const read = rulesOf(options).flatMap(
      (it) => it.expr.match(/[\w:]*circuit_breaker_\w+(\{[^}]*\})?/g) ?? [],
    );

    expect(read.length).toBeGreaterThan(8);
    expect(read.filter((series) => !/^shop_circuit_breaker_\w+\{env="prod"/.test(series))).toEqual([]);
  });

  it('read metrics that the exporter has', () => {
    const read = rulesOf().flatMap((it) => it.expr.match(/circuit_breaker_\w+/g) ?? []);

    const known = [...Object.values<string>(METRIC_NAMES), ...Object.values<string>(METRIC_NAMES_OF_FLEETS)];

    expect(read.filter((metric) => !known.includes(metric))).toEqual([]);
  });

  it('judge as one what agrees in the labels that make a breaker', () => {
    const exprs = rulesOf({ by: ['name', 'cluster'] }).map((it) => it.expr);

    expect(
      exprs.filter((it) => !/ by \((name, )?cluster(, namespace)?\) /.test(it) || it.includes('job')),
    ).toEqual([]);
  });

  it('name all of those labels in the summary', () => {
    const { summary } = rule('CircuitBreakerOpen', { by: ['name', 'cluster', 'job'] }).annotations;

    expect(summary).toBe(
      'Circuit breaker {{ $labels.name }} (cluster {{ $labels.cluster }}, job {{ $labels.job }}) is open',
    );
  });

  it('give all alerts the labels that are given, and each its own severity', () => {
    const labels = rulesOf({ labels: { team: 'shop', severity: 'none' } }).map((it) => it.labels);

    expect(labels[0]).toEqual({ team: 'shop', severity: 'warning' });
    expect(new Set(labels.map(({ team }) => team))).toEqual(new Set(['shop']));
  });
});

describe('the conditions', () => {
  it('hold the figures of `recloser/monitor`', () => {
    expect(expr('CircuitBreakerFailureRateHigh')).toMatch(/\[5m\].* > 0\.25 and .*\[5m\]\)\) >= 20$/);
    expect(expr('CircuitBreakerOpenTooLong')).toContain('[2m]');
    expect(expr('CircuitBreakerHealthLow')).toMatch(/ < 0\.5$/);
    expect(rule('CircuitBreakerHealthLow').for).toBe('2m');
    expect(expr('CircuitBreakerFallbacksHigh')).toMatch(/\[5m\].* > 0\.1 and .*\[5m\]\)\) >= 20$/);
    expect(expr('CircuitBreakerFlapping')).toMatch(/\[15m\]\)\) >= 3$/);
  });

  it('of what is around breakers hold for five minutes, or over them', () => {
    expect(expr('CircuitBreakerRetryBudgetEmpty')).toBe(
      'min by (job, name) (circuit_breaker_retry_budget_ratio) <= 0.01',
    );
    expect(rule('CircuitBreakerRetryBudgetEmpty').for).toBe('5m');
    expect(expr('CircuitBreakerRetriesHigh')).toMatch(
      /\[5m\].* > 1\.3 and .*kind="first".*\[5m\]\)\) >= 20$/,
    );
    expect(expr('CircuitBreakerQueueFull')).toMatch(
      /^max by \(job, name\) \(.*_waiting\) \/ .*_queue_limit > 0\)\) > 0\.8$/,
    );
    expect(rule('CircuitBreakerQueueFull').for).toBe('5m');
    expect(expr('CircuitBreakerDegraded')).toBe('count by (job, name) (circuit_breaker_degraded > 0)');
  });

  it('of fleets count those who are cut off, and those who believe what others do not', () => {
    expect(expr('CircuitBreakerFleetDetached')).toBe(
      'count by (job, namespace) (circuit_breaker_fleet_up == 0)',
    );
    expect(rule('CircuitBreakerFleetDetached').for).toBe('2m');
    expect(expr('CircuitBreakerFleetSplit')).toBe(
      'count by (job, name, namespace) (circuit_breaker_fleet_state > 0) < on (job, namespace) group_left ' +
        'count by (job, namespace) (circuit_breaker_fleet_up == 1)',
    );
    expect(rule('CircuitBreakerFleetSplit').for).toBe('30s');
  });

  it('hold the figures that are given', () => {
    const options: AlertRulesOptions = {
      failureRate: { above: 0.4, over: 90_000, minimumCalls: 7 },
      openTooLong: { recoveryTimeout: 30_000, margin: 500 },
      health: { below: 0.25, for: 0 },
      fallbacks: { above: 0, over: 86_400_000 },
      flapping: { opened: 9, over: 7_200_000 },
    };

    expect(expr('CircuitBreakerFailureRateHigh', options)).toMatch(
      /\[90s\].* > 0\.4 and .*\[90s\]\)\) >= 7$/,
    );
    expect(expr('CircuitBreakerOpenTooLong', options)).toContain('[30500ms]');
    expect(expr('CircuitBreakerHealthLow', options)).toMatch(/ < 0\.25$/);
    expect(rule('CircuitBreakerHealthLow', options).for).toBe('0s');
    expect(expr('CircuitBreakerFallbacksHigh', options)).toMatch(/\[1d\].* > 0 and .*\[1d\]\)\) >= 20$/);
    expect(expr('CircuitBreakerFlapping', options)).toMatch(/\[2h\]\)\) >= 9$/);
  });

  it('promise no rejections where the mode is observe', () => {
    expect(rule('CircuitBreakerOpen').annotations.description).toContain('unless its mode is observe');
  });

  it('are said in the summary with the same figures', () => {
    const summaryOf = (alert: string, options: AlertRulesOptions) => rule(alert, options).annotations.summary;

    expect(summaryOf('CircuitBreakerFailureRateHigh', { failureRate: { above: 0.07 } })).toContain(' 7 % ');
    expect(summaryOf('CircuitBreakerOpenTooLong', { openTooLong: { margin: 30_000 } })).toContain(' 90s');
    expect(summaryOf('CircuitBreakerHealthLow', { health: { below: 0.3 } })).toContain(' 0.3');
    expect(summaryOf('CircuitBreakerFlapping', { flapping: { opened: 5 } })).toContain(' 5 times within 15m');
  });
});

describe('the options', () => {
  const refused: readonly [options: unknown, message: string][] = [
    [7, '`options` must be an object, received 7'],
    [{ flaping: false }, 'unknown option "flaping", did you mean "flapping"?'],
    [{ open: 'no' }, '`open` must be true or false, or an object, received "no"'],
    [{ open: null }, '`open` must be true or false, or an object, received null'],
    [{ open: { severty: 1 } }, 'unknown option "open.severty", did you mean "open.severity"?'],
    [
      { health: { severity: '' } },
      '`health.severity` must be a well-formed string that is not empty, received ""',
    ],
    [{ health: { below: 50 } }, '`health.below` must be a number from 0 to 1, received 50'],
    [
      { health: { for: -1 } },
      '`health.for` must be a whole number of milliseconds from 0 to 31536000000, received -1',
    ],
    [{ flapping: { opened: 0 } }, '`flapping.opened` must be an integer of at least 1, received 0'],
    [
      { flapping: { over: 0 } },
      '`flapping.over` must be a whole number of milliseconds from 1 to 31536000000, received 0',
    ],
    [
      { failureRate: { over: 0.5 } },
      '`failureRate.over` must be a whole number of milliseconds from 1 to 31536000000, received 0.5',
    ],
    [
      { labels: { 'a b': 'c' } },
      '`labels` must be an object of well-formed strings, named by letters, digits and _ that begin with neither a digit nor __, received an object',
    ],
  ];

  it.each(refused)('refuse %j with one sentence', (options, message) => {
    expect(() => alertRules(options as AlertRulesOptions)).toThrow(
      expect.objectContaining<Partial<InvalidOptionsError>>({
        code: 'ERR_INVALID_OPTIONS',
        message: `Cannot create alert rules: ${message}`,
      }),
    );
  });
});
