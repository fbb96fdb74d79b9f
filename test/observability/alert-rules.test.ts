import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AlertRulesOptions, alertRules, type RuleFile, toYaml } from 'recloser/grafana';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { promtool } from './support/promtool.js';

/** Seconds between two samples, as with Prometheus' own scrape interval in most places. */
const STEP = 15;

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'recloser-rules-'));
});

afterAll(() => rmSync(folder, { recursive: true }));

/** Values for so many seconds each, one for every step. */
const hold = (...parts: readonly (readonly [seconds: number, value: number])[]): number[] =>
  parts.flatMap(([seconds, value]) => Array<number>(seconds / STEP).fill(value));

/** A counter that grows by so much in each step. */
const grow = (...parts: readonly (readonly [seconds: number, perStep: number])[]): number[] => {
  let total = 0;
  return [0, ...hold(...parts).map((more) => (total += more))];
};

/** Series by what their name and their labels are, in the two instances of a service unless another is named. */
type Series = Readonly<Record<string, readonly number[]>>;

interface Scenario {
  readonly series: Series;
  /** Whether the alert is raised, at some seconds. */
  readonly raised: Readonly<Record<number, boolean>>;
  readonly options?: AlertRulesOptions;
}

/** What `promtool test rules` says of a scenario. */
function judge(alert: string, { series, raised, options }: Scenario): string {
  const rules = alertRules(options);
  const severity = SEVERITY[alert] ?? 'warning';
  const exp_alerts = [{ exp_labels: { severity, job: 'shop', ...(OF[alert] ?? { name: 'payments' }) } }];
  const test = {
    rule_files: ['rules.yml'],
    evaluation_interval: `${STEP}s`,
    tests: [
      {
        interval: `${STEP}s`,
        input_series: Object.entries(series).map(([name, values]) => ({
          series: name.replace('{', '{job="shop",name="payments",'),
          values: values.join(' '),
        })),
        alert_rule_test: Object.entries(raised).map(([second, isRaised]) => ({
          eval_time: `${second}s`,
          alertname: alert,
          exp_alerts: isRaised ? exp_alerts : [],
        })),
      },
    ],
  };
  writeFileSync(join(folder, 'rules.yml'), toYaml(withoutWords(rules)));
  writeFileSync(join(folder, 'test.json'), JSON.stringify(test)); // which is YAML too
  return promtool(['test', 'rules', join(folder, 'test.json')])
    .output.replace(/\s+/g, ' ')
    .trim();
}

/** The words are tested where Prometheus fills them in. */
function withoutWords({ groups }: RuleFile): RuleFile {
  return {
    groups: groups.map(({ name, rules }) => ({
      name,
      rules: rules.map(({ annotations: _, ...rule }) => rule as RuleFile['groups'][0]['rules'][0]),
    })),
  };
}

const SEVERITY: Readonly<Record<string, string>> = {
  CircuitBreakerOpenTooLong: 'critical',
  CircuitBreakerDegraded: 'info',
};

/** Whom an alert speaks of, where that is not a breaker alone. */
const OF: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  CircuitBreakerFleetDetached: { namespace: 'shop' },
  CircuitBreakerFleetSplit: { namespace: 'shop', name: 'payments' },
};

const STATE = { closed: 0, open: 1, halfOpen: 2 } as const;

const SCENARIOS: Readonly<Record<string, Readonly<Record<string, Scenario>>>> = {
  CircuitBreakerOpen: {
    'is raised when a circuit opens, stays while it probes, and is resolved when it closes': {
      series: {
        'circuit_breaker_state{instance="a"}': hold(
          [60, STATE.closed],
          [60, STATE.open],
          [60, STATE.halfOpen],
          [90, STATE.closed],
        ),
        'circuit_breaker_state{instance="b"}': hold([270, STATE.closed]),
      },
      raised: { 45: false, 60: true, 105: true, 150: true, 180: false, 240: false },
    },
    'waits for as long as it is told': {
      series: { 'circuit_breaker_state{instance="a"}': hold([300, STATE.open], [60, STATE.closed]) },
      raised: { 60: false, 105: false, 120: true, 285: true, 300: false },
      options: { open: { for: 120_000 } },
    },
  },

  CircuitBreakerFailureRateHigh: {
    'is raised when more calls fail, and is resolved when they succeed again': {
      series: {
        'circuit_breaker_requests_total{instance="a",result="success"}': grow([600, 9], [600, 4], [900, 10]),
        'circuit_breaker_requests_total{instance="a",result="failure"}': grow([600, 1], [600, 4], [900, 0]),
        'circuit_breaker_requests_total{instance="a",result="timeout"}': grow([600, 0], [600, 2], [900, 0]),
      },
      raised: { 300: false, 600: false, 1200: true, 1800: false },
    },
    'is judged over all instances together': {
      series: {
        'circuit_breaker_requests_total{instance="a",result="success"}': grow([600, 90]),
        'circuit_breaker_requests_total{instance="a",result="failure"}': grow([600, 0]),
        'circuit_breaker_requests_total{instance="b",result="success"}': grow([600, 0]),
        'circuit_breaker_requests_total{instance="b",result="failure"}': grow([600, 10]),
      },
      raised: { 300: false, 600: false },
    },
    'is not raised for a few calls': {
      series: {
        'circuit_breaker_requests_total{instance="a",result="success"}': grow([1_200, 0]),
        'circuit_breaker_requests_total{instance="a",result="failure"}': [
          0,
          ...hold([1_200, 0]).map((_, i) => Math.floor(i / 4)),
        ],
      },
      raised: { 300: false, 600: false, 1200: false },
    },
    'does not take rejected and ignored calls for calls that were made': {
      series: {
        'circuit_breaker_requests_total{instance="a",result="success"}': grow([600, 6]),
        'circuit_breaker_requests_total{instance="a",result="failure"}': grow([600, 4]),
        'circuit_breaker_requests_total{instance="a",result="rejected"}': grow([600, 100]),
        'circuit_breaker_requests_total{instance="a",result="ignored"}': grow([600, 100]),
      },
      raised: { 600: true },
    },
  },

  CircuitBreakerOpenTooLong: {
    'is raised when a circuit has not closed for too long, and is resolved when it closes': {
      series: {
        'circuit_breaker_state{instance="a"}': hold(
          [60, STATE.closed],
          [75, STATE.open],
          [15, STATE.halfOpen],
          [90, STATE.open],
          [90, STATE.closed],
        ),
        'circuit_breaker_state{instance="b"}': hold([330, STATE.closed]),
      },
      raised: { 60: false, 165: false, 180: true, 225: true, 240: false, 315: false },
    },
    'is not raised by instances that are open one after the other': {
      series: {
        'circuit_breaker_state{instance="a"}': hold([105, STATE.open], [210, STATE.closed]),
        'circuit_breaker_state{instance="b"}': hold(
          [90, STATE.closed],
          [105, STATE.open],
          [120, STATE.closed],
        ),
        'circuit_breaker_state{instance="c"}': hold(
          [180, STATE.closed],
          [105, STATE.open],
          [30, STATE.closed],
        ),
      },
      raised: { 90: false, 120: false, 180: false, 240: false, 300: false },
    },
    'is not raised by an instance that has only just come': {
      series: { 'circuit_breaker_state{instance="a"}': hold([90, STATE.open], [60, STATE.closed]) },
      raised: { 0: false, 15: false, 75: false, 120: false },
    },
    'begins with the longest recovery time that is given': {
      series: { 'circuit_breaker_state{instance="a"}': hold([600, STATE.open], [60, STATE.closed]) },
      raised: { 120: false, 345: false, 360: true, 600: false },
      options: { openTooLong: { recoveryTimeout: 300_000 } },
    },
  },

  CircuitBreakerHealthLow: {
    'is raised when the health stays low, and is resolved when it is better': {
      series: {
        'circuit_breaker_health_score{instance="a"}': hold([60, 0.9], [180, 0.4], [60, 0.5]),
        'circuit_breaker_health_score{instance="b"}': hold([300, 1]),
      },
      raised: { 60: false, 165: false, 180: true, 225: true, 240: false },
    },
    'is not raised by a health that is low for a moment': {
      series: { 'circuit_breaker_health_score{instance="a"}': hold([60, 0.9], [90, 0.1], [60, 0.9]) },
      raised: { 60: false, 120: false, 150: false, 195: false },
    },
  },

  CircuitBreakerFallbacksHigh: {
    'is raised when a fallback answers many calls, and is resolved when it does not': {
      series: {
        'circuit_breaker_requests_total{instance="a",result="success"}': grow([600, 10], [600, 0], [900, 10]),
        'circuit_breaker_requests_total{instance="a",result="rejected"}': grow([600, 0], [600, 10], [900, 0]),
        'circuit_breaker_fallback_activations_total{instance="a"}': grow([600, 0], [600, 10], [900, 0]),
      },
      raised: { 300: false, 600: false, 1200: true, 1800: false },
    },
    'is not raised by a share that is not above the threshold': {
      series: {
        'circuit_breaker_requests_total{instance="a",result="success"}': grow([900, 100]),
        'circuit_breaker_fallback_activations_total{instance="a"}': grow([900, 9]),
      },
      raised: { 600: false, 900: false },
    },
    'is not raised for a few calls': {
      series: {
        'circuit_breaker_requests_total{instance="a",result="rejected"}': [
          0,
          ...hold([1_200, 0]).map((_, i) => Math.floor(i / 4)),
        ],
        'circuit_breaker_fallback_activations_total{instance="a"}': [
          0,
          ...hold([1_200, 0]).map((_, i) => Math.floor(i / 4)),
        ],
      },
      raised: { 600: false, 1200: false },
    },
  },

  CircuitBreakerFlapping: {
    'is raised when a circuit has opened three times, and is resolved when that was long ago': {
      series: {
        'circuit_breaker_state_transitions_total{instance="a",from="closed",to="open"}': grow(
          [300, 0],
          [15, 1],
          [120, 0],
          [15, 1],
          [120, 0],
          [15, 1],
          [1_200, 0],
        ),
      },
      raised: { 300: false, 450: false, 570: false, 585: true, 900: true, 1500: false },
    },
    'is not raised by an outage in which the probes fail': {
      series: {
        'circuit_breaker_state_transitions_total{instance="a",from="closed",to="open"}': grow(
          [300, 0],
          [15, 1],
          [600, 0],
        ),
        'circuit_breaker_state_transitions_total{instance="a",from="half_open",to="open"}': grow(
          [315, 0],
          [600, 1],
        ),
      },
      raised: { 600: false, 900: false },
    },
    'is not raised by many instances that open once': {
      series: Object.fromEntries(
        ['a', 'b', 'c', 'd', 'e'].map((instance) => [
          `circuit_breaker_state_transitions_total{instance="${instance}",from="closed",to="open"}`,
          grow([300, 0], [15, 1], [600, 0]),
        ]),
      ),
      raised: { 330: false, 900: false },
    },
  },

  CircuitBreakerRetryBudgetEmpty: {
    'is raised when a budget has been empty for five minutes, and is resolved when it fills again': {
      series: {
        'circuit_breaker_retry_budget_ratio{instance="a"}': hold([60, 0.1], [600, 0], [300, 0.2]),
        'circuit_breaker_retry_budget_ratio{instance="b"}': hold([960, 1]),
      },
      raised: { 45: false, 330: false, 375: true, 645: true, 675: false },
    },
  },

  CircuitBreakerRetriesHigh: {
    'is raised when calls make many attempts, and is resolved when they do not any more': {
      series: {
        'circuit_breaker_attempts_total{instance="a",kind="first"}': grow([600, 10], [600, 10], [900, 10]),
        'circuit_breaker_attempts_total{instance="a",kind="retry"}': grow([600, 2], [600, 4], [900, 1]),
        'circuit_breaker_attempts_total{instance="a",kind="hedge"}': grow([600, 0], [600, 1], [900, 0]),
      },
      raised: { 600: false, 1200: true, 1800: false },
    },
    'is not raised by a few calls': {
      series: {
        'circuit_breaker_attempts_total{instance="a",kind="first"}': grow([15, 1], [600, 0]),
        'circuit_breaker_attempts_total{instance="a",kind="retry"}': grow([15, 9], [600, 0]),
      },
      raised: { 60: false, 300: false },
    },
  },

  CircuitBreakerQueueFull: {
    'is raised when one of its queues has been full for five minutes, over all instances': {
      series: {
        'circuit_breaker_waiting{instance="a",queue="bulkhead"}': hold([60, 5], [600, 10], [300, 2]),
        'circuit_breaker_waiting{instance="b",queue="bulkhead"}': hold([60, 5], [600, 7], [300, 2]),
        'circuit_breaker_waiting{instance="a",queue="rate_limit"}': hold([960, 1]),
        'circuit_breaker_waiting{instance="a",queue="backoff"}': hold([960, 99]),
        'circuit_breaker_queue_limit{instance="a",queue="bulkhead"}': hold([960, 10]),
        'circuit_breaker_queue_limit{instance="b",queue="bulkhead"}': hold([960, 10]),
        'circuit_breaker_queue_limit{instance="a",queue="rate_limit"}': hold([960, 0]),
      },
      raised: { 45: false, 330: false, 375: true, 645: true, 675: false },
    },
  },

  CircuitBreakerDegraded: {
    'is raised when more calls fail than usual for two minutes': {
      series: {
        'circuit_breaker_degraded{instance="a"}': hold([60, 0], [300, 1], [60, 0]),
        'circuit_breaker_degraded{instance="b"}': hold([420, 0]),
      },
      raised: { 45: false, 165: false, 195: true, 345: true, 375: false },
    },
  },

  CircuitBreakerFleetDetached: {
    'is raised when Redis has not answered an instance for two minutes': {
      series: {
        'circuit_breaker_fleet_up{instance="a",namespace="shop"}': hold([60, 1], [300, 0], [60, 1]),
        'circuit_breaker_fleet_up{instance="b",namespace="shop"}': hold([420, 1]),
      },
      raised: { 45: false, 165: false, 195: true, 345: true, 375: false },
    },
  },

  CircuitBreakerFleetSplit: {
    'is raised when one instance believes for half a minute what another does not': {
      series: {
        'circuit_breaker_fleet_up{instance="a",namespace="shop"}': hold([420, 1]),
        'circuit_breaker_fleet_up{instance="b",namespace="shop"}': hold([420, 1]),
        'circuit_breaker_fleet_state{instance="a",namespace="shop"}': hold([60, 0], [300, 1], [60, 0]),
        'circuit_breaker_fleet_state{instance="b",namespace="shop"}': hold([180, 0], [180, 1], [60, 0]),
      },
      raised: { 45: false, 75: false, 120: true, 165: true, 210: false, 375: false },
    },
    'is none of those whom Redis does not answer': {
      series: {
        'circuit_breaker_fleet_up{instance="a",namespace="shop"}': hold([420, 1]),
        'circuit_breaker_fleet_up{instance="b",namespace="shop"}': hold([420, 0]),
        'circuit_breaker_fleet_state{instance="a",namespace="shop"}': hold([60, 0], [360, 1]),
      },
      raised: { 45: false, 150: false, 375: false },
    },
  },
};

describe.each(Object.entries(SCENARIOS))('%s', (alert, scenarios) => {
  it.each(Object.entries(scenarios))('%s', (_, scenario) => {
    expect(judge(alert, scenario)).toMatch(/^Unit Testing: \S+ SUCCESS$/);
  });
});

describe('the scenarios', () => {
  it('raise and resolve every alert', () => {
    const alerts = alertRules().groups.flatMap(({ rules }) => rules.map(({ alert }) => alert));

    const covered = Object.entries(SCENARIOS)
      .filter(([, scenarios]) =>
        Object.values(scenarios).some(({ raised }) =>
          /false.*true.*false/.test(Object.values(raised).join()),
        ),
      )
      .map(([alert]) => alert);

    expect(covered).toEqual(alerts);
  });

  it('fail where an alert is not as it should be', () => {
    const wrong: Scenario = {
      series: { 'circuit_breaker_state{instance="a"}': hold([60, STATE.closed]) },
      raised: { 45: true },
    };

    expect(judge('CircuitBreakerOpen', wrong)).toContain('FAILED');
  });
});

describe('promtool check rules', () => {
  it.each<[string, AlertRulesOptions]>([
    ['as they are', {}],
    [
      'with everything changed',
      {
        prefix: 'a:b_',
        matchers: { path: 'C:\\ / "x"\n', job: 'a' },
        by: ['cluster', 'name', 'infinity', 'by', 'on', 'offset'],
        labels: {
          team: 'a: b',
          no: 'yes',
          text: '{{ $labels.name }}\nand more',
          odd: '\u007f\u0080\u0085\u2028\u2029\ufeff\uffff',
        },
        openTooLong: { recoveryTimeout: 1, margin: 0 },
        failureRate: { over: 31_536_000_000, above: 1e-7, severity: 'on' },
        health: { for: 1_500 },
      },
    ],
    [
      'with one alert',
      {
        open: false,
        failureRate: false,
        openTooLong: false,
        health: false,
        fallbacks: false,
        retryBudget: false,
        retries: false,
        queue: false,
        degraded: false,
        fleetDetached: false,
        fleetSplit: false,
      },
    ],
  ])('finds nothing wrong with the rules %s', (_, options) => {
    const rules = alertRules(options);
    const file = join(folder, 'check.yml');
    writeFileSync(file, toYaml(rules));

    const { isContent, output } = promtool(['check', 'rules', file]);

    expect(output).toContain(`SUCCESS: ${rules.groups[0]?.rules.length} rules found`);
    expect(isContent).toBe(true);
  });
});
