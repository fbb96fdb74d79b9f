/** What the queries of a dashboard find. */

/** Seconds between two points of a line, and over which its rates are taken, as Grafana would for this zoom. */
const stepOf = (/** @type {Panel} */ { interval }) => (interval === '1m' ? 60 : 2);
const rateIntervalOf = (/** @type {number} */ step) => Math.max(step + 1, 5);

/** @typedef {import('recloser/grafana').Panel} Panel */

/**
 * @typedef {object} Line
 * @property {string} name
 * @property {Readonly<Record<string, string>>} labels
 * @property {readonly (readonly [second: number, value: number])[]} points
 */

/**
 * The lines of each query of each panel, by the panel's number.
 *
 * @param {import('recloser/grafana').Dashboard} dashboard
 * @param {string} url of Prometheus
 * @param {number} past seconds to look back on
 * @returns {Promise<Map<number, Line[][]>>}
 */
export async function readPanels(dashboard, url, past) {
  const end = Math.floor(Date.now() / 1_000);
  const panels = dashboard.panels.flatMap((panel) => (panel.type === 'row' ? [] : [panel]));
  return new Map(
    await Promise.all(
      panels.map(async (panel) => {
        const range = { start: end - past, end, step: stepOf(panel) };
        const lines = await Promise.all(panel.targets.map((target) => readLines(target, url, range)));
        return /** @type {const} */ ([panel.id, lines]);
      }),
    ),
  );
}

/**
 * @param {import('recloser/grafana').Target} target
 * @param {string} url
 * @param {{ start: number, end: number, step: number }} range
 * @returns {Promise<Line[]>}
 */
async function readLines({ expr, legendFormat }, url, { start, end, step }) {
  const query = expr.replaceAll('$__rate_interval', `${rateIntervalOf(step)}s`).replaceAll(/\$\w+/g, '.*');
  const range = new URLSearchParams({ query, start: `${start}`, end: `${end}`, step: `${step}` });
  const response = await fetch(`${url}/api/v1/query_range?${range}`);
  const { data } = await response.json();
  return data.result.map(
    (/** @type {{ metric: Record<string, string>, values: [number, string][] }} */ { metric, values }) => ({
      name: legendFormat.replaceAll(/\{\{(\w+)\}\}/g, (_, label) => metric[label] ?? ''),
      labels: metric,
      points: values.map(([second, value]) => [second - start, Number(value)]),
    }),
  );
}
