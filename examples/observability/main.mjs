/**
 * A shop, its circuit breakers, and a Prometheus that watches them. After `npm run build`:
 *
 *     node examples/observability/main.mjs                runs for ten minutes, or until Ctrl-C
 *     node examples/observability/main.mjs --seconds 60   runs for as long as you like
 *
 * Without a Prometheus it shows after 40 seconds what there is to see without one.
 */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { alertRules, toYaml } from 'recloser/grafana';
import { formatReport, watch } from 'recloser/monitor';
import { startPrometheus } from './prometheus.mjs';
import { startService } from './service.mjs';

/** Figures for outages that are over in half a minute. */
const ALERTS = {
  failureRate: { over: 30_000 },
  openTooLong: { margin: 10_000 },
  health: { for: 15_000 },
  fallbacks: { over: 30_000 },
  flapping: { over: 60_000 },
};

/** Prometheus does not know how long a breaker stays open: it is told the longest. */
const RULES = alertRules({ ...ALERTS, openTooLong: { ...ALERTS.openTooLong, recoveryTimeout: 4_000 } });

/** What the graph page shows first: how each breaker is, and how calls end. */
const QUERIES = [
  'circuit_breaker_state',
  'sum by (name, result) (rate(circuit_breaker_requests_total[10s]))',
];

/** @param {string} line */
const print = (line) => console.log(line);

async function main() {
  const { values } = parseArgs({ options: { seconds: { type: 'string' } } });
  const service = await startService();
  const watching = watch(service.shop.breakers, ALERTS, ({ status, text }) => print(`  ${status}: ${text}`));
  /** @type {Awaited<ReturnType<typeof startPrometheus>>} */
  let prometheus;
  try {
    prometheus = await startPrometheus({ targets: [service.address], rules: toYaml(RULES) });
    print(
      `The metrics are at http://${service.address}/metrics, a report at http://${service.address}/report`,
    );
    print(prometheus ? describePages(prometheus.url) : HOW_TO_GET_IT);
    print('Something breaks after 20 seconds, and again every two minutes. Ctrl-C ends it.');

    const seconds = Number(values.seconds ?? (prometheus ? 600 : 40));
    await Promise.race([sleep(seconds * 1_000), once(process, 'SIGINT')]);

    if (!prometheus) print(`\nSome of the metrics:\n${await someMetrics(service.shop.register)}`);
    print(`\n${formatReport(service.shop.past.report(), { rows: 5 })}`);
  } finally {
    watching.stop();
    service.close();
    await prometheus?.stop();
  }
}

const HOW_TO_GET_IT =
  'There is no `prometheus` to start: `apt-get install prometheus`, `brew install prometheus`, or ' +
  'https://prometheus.io/download. Here is what there is without it.';

/** @param {string} url */
function describePages(url) {
  const graphs = QUERIES.map(
    (query, index) => `g${index}.expr=${encodeURIComponent(query)}&g${index}.tab=0&g${index}.range_input=5m`,
  );
  return `Prometheus is at ${url}/graph?${graphs.join('&')}\nand its alerts are at ${url}/alerts`;
}

/**
 * The state of each breaker, and how the calls to the payments ended.
 *
 * @param {import('prom-client').Registry} register
 */
async function someMetrics(register) {
  const lines = (await register.metrics()).split('\n');
  return lines.filter((line) => /_state\{|requests_total\{.*"payments"/.test(line)).join('\n');
}

main()
  .then(() => process.exit()) // a call may still be waiting for its dependency
  .catch((error) => {
    console.error(`The example failed: ${error.message}`);
    process.exitCode = 1;
  });
