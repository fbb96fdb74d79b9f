/** What users write with the subpaths. None of the libraries that these talk to is installed here. */
import { CircuitBreaker, CircuitBreakerRegistry } from 'recloser';
import { alertRules, type Dashboard, dashboard, toYaml } from 'recloser/grafana';
import { type Alert, explain, formatReport, history, report, watch } from 'recloser/monitor';
import { instrument as measure, type OtelMeter } from 'recloser/opentelemetry';
import Opossum, { CircuitBreaker as Face, type Options, sideBySide } from 'recloser/opossum';
import { applyConfig, fromConfig, isDatabaseFailure, preset, presets } from 'recloser/presets';
import { instrument, METRIC_NAMES, type PromClient } from 'recloser/prometheus';

declare const client: PromClient;
declare const meter: OtelMeter;

const breakers = new CircuitBreakerRegistry({ configure: presets({ environment: 'staging' }) });
const orders = new CircuitBreaker({ name: 'orders', isFailure: isDatabaseFailure });
const opus = new CircuitBreaker(preset('claude', { overrides: { name: 'opus' } }));

export const stops: (() => void)[] = [
  instrument(breakers, { client, prefix: 'shop_', labels: { region: 'eu' }, buckets: [0.1, 1] }),
  instrument(orders, { client }),
  measure(breakers, { meter }),
  measure(opus, { meter, attributes: { region: 'eu' } }),
];

const past = history(breakers, { failures: 100 });
const firing: Alert[] = [];
const watching = watch(
  breakers,
  { failureRate: { above: 0.1 }, health: false },
  (alert) => firing.push(alert),
  {
    history: past,
    every: false,
  },
);
export const said: string[] = [
  explain(orders).text,
  formatReport(report(breakers, past)),
  METRIC_NAMES.state,
];
watching.stop();

export const configured = new CircuitBreakerRegistry(fromConfig({ defaults: { callTimeout: 2_000 } }));
applyConfig(configured, { names: { orders: { mode: 'observe' } } });

export const drawn: Dashboard = dashboard({ title: 'Breakers' });
export const rules: string = toYaml(alertRules());

// @ts-expect-error: there is no such preset
preset('gpt4');

const settings = { timeout: 500, coalesceResetOn: ['error'], name: 'prices' } as const satisfies object;
const options: Options<[article: string]> = { ...settings, cacheGetKey: (article) => article };
const face = new Opossum(async (article: string) => article.length, options);
face.fallback((article: string, error: Error) => `${article}: ${error.message}`);
face.on('success', (length, ms) => length.toFixed(ms));
export const length: Promise<number> = face.fire('ball');
export const same: boolean = face instanceof Face && explain(face.core).state === 'OPEN';
export const Both: typeof Face = sideBySide(Face, { use: 'recloser' });

// @ts-expect-error: the article is missing
face.fire();
