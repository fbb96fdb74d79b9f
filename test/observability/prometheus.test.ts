import { type AlertRule, alertRules, dashboard, toYaml } from 'recloser/grafana';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startPrometheus } from '../../examples/observability/prometheus.mjs';
import { PrometheusApi } from './support/prometheus-api.js';
import { promtool } from './support/promtool.js';
import { type Service, startService } from './support/service.js';
import { until } from './support/until.js';

/** Figures under which every alert is raised within seconds. */
const RULES = alertRules({
  failureRate: { above: 0.25, over: 5_000, minimumCalls: 5 },
  openTooLong: { recoveryTimeout: 1_000, margin: 1_000 },
  health: { for: 0 },
  fallbacks: { above: 0.1, over: 5_000, minimumCalls: 5 },
  flapping: { opened: 3, over: 5_000 },
  retryBudget: { for: 0 },
  retries: { over: 5_000, minimumCalls: 5 },
  queue: { for: 0 },
  degraded: { for: 0 },
  fleetDetached: { for: 0 },
  fleetSplit: { for: 0 },
});

const ALERTS = RULES.groups.flatMap(({ rules }) => rules);

const PANELS = dashboard()
  .panels.flatMap((panel) => (panel.type === 'row' ? panel.panels : panel))
  .flatMap(({ title, targets }) => targets.map(({ refId, expr }) => [`${title} ${refId}`, expr] as const));

const BREAKERS = [
  'closed',
  'failing',
  'flapping',
  'learning',
  'mixed',
  'observing',
  'odd "name" \\ of ä',
  'open',
  'probing',
  'steady',
  'values',
];

let services: Service[];
let stopPrometheus: () => Promise<void>;
let prometheus: PrometheusApi;

beforeAll(async () => {
  services = await Promise.all([startService(), startService('split')]);
  const targets = services.map(({ address }) => address);
  const started = await startPrometheus({ targets, rules: toYaml(RULES), interval: '250ms' });
  stopPrometheus = started!.stop;
  prometheus = new PrometheusApi(started!.url);
  await until('enough samples for a rate', async () => {
    const old = await prometheus.query(
      'min_over_time(circuit_breaker_state[5s]) and circuit_breaker_state offset 5s',
    );
    return old.length === targets.length * BREAKERS.length ? true : undefined;
  });
});

afterAll(async () => {
  await stopPrometheus?.();
  await Promise.all(services?.map((service) => service.stop()) ?? []);
});

/** What Grafana makes of a query. */
function substitute(query: string, variables: Readonly<Record<string, string>> = {}): string {
  const values = { job: '.*', breaker: '.*', __rate_interval: '5s', ...variables };
  return Object.entries(values).reduce((text, [name, value]) => text.replaceAll(`$${name}`, value), query);
}

describe('the exposition', () => {
  it('has nothing that `promtool check metrics` would say', async () => {
    const response = await fetch(`http://${services[0]?.address}/metrics`);

    expect(promtool(['check', 'metrics'], await response.text())).toEqual({ isContent: true, output: '' });
  });

  it('has a series for every way in which a call ends', async () => {
    const results = await prometheus.query('count by (result) (circuit_breaker_requests_total > 0)');

    expect(results.map(({ metric }) => metric.result).sort()).toEqual([
      'failure',
      'ignored',
      'rejected',
      'success',
      'timeout',
    ]);
  });

  it('has a breaker in every mode', async () => {
    const modes = await prometheus.query('count_values by () ("mode", circuit_breaker_mode)');

    expect(modes.map(({ metric }) => metric.mode).sort()).toEqual(['0', '1', '2', '3']);
  });

  it('tells rejections by reason, as many as there are', async () => {
    const [difference] = await prometheus.query(
      'sum(circuit_breaker_rejections_total) - sum(circuit_breaker_requests_total{result="rejected"})',
    );

    expect(difference?.value).toBe(0);
  });

  it('tells the HTTP status of values that counted as failures', async () => {
    const types = await prometheus.query('count by (type) (circuit_breaker_failures_total)');

    expect(types.map(({ metric }) => metric.type)).toEqual(expect.arrayContaining(['503', 'ECONNREFUSED']));
  });

  it('has a breaker in every state', async () => {
    const states = await prometheus.query(
      'count_values by () ("state", circuit_breaker_state{name!="flapping"})',
    );

    expect(states.map(({ metric }) => metric.state).sort()).toEqual(['0', '1', '2']);
  });
});

describe('the dashboard', () => {
  it.each(PANELS)('gets an answer in figures: %s', async (_, query) => {
    const samples = await prometheus.query(substitute(query));

    expect(samples.filter(({ value }) => Number.isFinite(value))).not.toEqual([]);
  });

  it.each(PANELS)('holds no variable that is unknown: %s', (_, query) => {
    expect(substitute(query)).not.toContain('$');
  });

  it('offers every job and every breaker to choose from', async () => {
    const variables = dashboard().templating.list.filter(({ type }) => type === 'query');

    const offered = await Promise.all(
      variables.map(({ query }) => {
        const [, series = '', label = ''] = /^label_values\((.*), (\w+)\)$/.exec(substitute(query)) ?? [];
        return prometheus.labelValues(label, series);
      }),
    );

    expect(offered).toEqual([['shop'], BREAKERS]);
  });

  it('judges the instances of a service as one', async () => {
    const [state] = PANELS.filter(([title]) => title === 'State of each breaker A');

    const samples = await prometheus.query(substitute(state![1]));

    expect(samples.map(({ metric }) => metric.name).sort()).toEqual(BREAKERS);
    expect(samples.find(({ metric }) => metric.name === 'open')).toEqual({
      metric: { job: 'shop', name: 'open' },
      value: 1,
    });
  });

  it('shows one breaker where one is chosen', async () => {
    const [requests] = PANELS.filter(([title]) => title === 'All breakers E');

    const samples = await prometheus.query(substitute(requests![1], { breaker: 'mixed' }));

    expect(samples.map(({ metric }) => metric)).toEqual([{ job: 'shop', name: 'mixed' }]);
  });

  it('finds as many failures as the service makes', async () => {
    const [rate] = PANELS.filter(([title]) => title === 'Failure rate A' || title === 'All breakers F');

    const [sample] = await prometheus.query(substitute(rate![1], { breaker: 'mixed' }));

    expect(sample?.value).toBeCloseTo(2 / 3, 1); // a failure and a timeout for each success
  });
});

describe('the alert rules', () => {
  it.each(ALERTS.map((rule) => [rule.alert, rule] as const))('get an answer: %s', async (_, { expr }) => {
    expect(await prometheus.query(expr)).not.toEqual([]);
  });

  it.each(ALERTS.map((rule) => [rule.alert, rule] as const))(
    'are raised, with labels and words of their own: %s',
    async (_, rule: AlertRule) => {
      const raised = await until(`${rule.alert} fires`, async () =>
        (await prometheus.alerts()).find(
          ({ state, labels }) => state === 'firing' && labels.alertname === rule.alert,
        ),
      );

      const { name, namespace } = raised.labels;
      expect(raised.labels).toEqual({
        alertname: rule.alert,
        job: 'shop',
        severity: rule.labels.severity,
        ...(name !== undefined && { name: expect.any(String) }),
        ...(namespace !== undefined && { namespace: expect.any(String) }),
      });
      expect(raised.annotations.summary).toMatch(/^(Circuit breaker|Fleet) /);
      expect(raised.annotations.summary).toContain(` ${name ?? namespace} `);
      expect(raised.annotations.description).not.toMatch(/\{\{|%!|<no value>|NaN/);
    },
  );
});
