/**
 * Makes the pictures of docs/images again, in about four minutes, with the example's shop, a real Prometheus and
 * Chromium: `npm run pictures`.
 */
import { mkdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { alertRules, dashboard, toYaml } from 'recloser/grafana';
import { startPrometheus } from '../../../examples/observability/prometheus.mjs';
import { startService } from '../../../examples/observability/service.mjs';
import { photograph } from './chromium.mjs';
import { readPanels } from './data.mjs';
import { drawDashboard, WIDTH } from './drawing.mjs';

/** Seconds that the pictures look back on: two bad times, of which the second is not over. */
const PAST = 175;

const FOLDER = fileURLToPath(new URL('../../../docs/images/', import.meta.url));

/** The pages of Prometheus, each with the query that it shows. */
const GRAPHS = {
  'prometheus-state': 'circuit_breaker_state',
  'prometheus-requests': 'sum by (result) (rate(circuit_breaker_requests_total{name="payments"}[5s]))',
};

async function main() {
  await mkdir(FOLDER, { recursive: true });
  const service = await startService();
  const rules = alertRules({ openTooLong: { recoveryTimeout: 4_000, margin: 10_000 } });
  const prometheus = await startPrometheus({ targets: [service.address], rules: toYaml(rules) });
  if (prometheus === undefined) throw new Error('install the Debian package `prometheus`');

  try {
    console.log(`The shop is open; the pictures are made in ${PAST} seconds.`);
    await sleep(PAST * 1_000);
    for (const [name, query] of Object.entries(GRAPHS)) {
      const page = new URLSearchParams({ 'g0.expr': query, 'g0.tab': '0', 'g0.range_input': `${PAST}s` });
      await photograph(`${prometheus.url}/graph?${page}`, `${FOLDER}${name}.png`, {
        width: 1_100,
        height: 900,
      });
    }
    const whole = dashboard();
    const data = await readPanels(whole, prometheus.url, PAST);
    const below = whole.panels.findIndex(({ type }) => type === 'row');
    const parts = {
      'dashboard-overview': whole.panels.slice(0, below),
      'dashboard-details': whole.panels.slice(below),
    };
    for (const [name, panels] of Object.entries(parts)) {
      const { page, height } = drawDashboard({ ...whole, panels }, data, PAST);
      await photograph(page, `${FOLDER}${name}.png`, { width: WIDTH, height });
    }
  } finally {
    service.close();
    await prometheus.stop();
  }
}

await main();
process.exit();
