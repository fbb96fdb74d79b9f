/**
 * Draws a dashboard from its JSON: every panel where `gridPos` puts it, with its title, its colours and what its
 * queries found. It is a sketch of what Grafana shows, no copy of how Grafana looks.
 */
import { drawChart, drawStates, scale } from './charts.mjs';
import { badge, colorOf, format, STYLE } from './look.mjs';

/** Pixels. */
export const WIDTH = 1_000;
const COLUMN = WIDTH / 24;
const LINE = 24;
const GAP = 6;

/** @typedef {import('./data.mjs').Line} Line */
/** @typedef {import('recloser/grafana').Panel} Panel */
/** @typedef {import('./charts.mjs').Frame} Frame */

/**
 * @param {import('recloser/grafana').Dashboard} dashboard its heading is drawn if its first panel is at the top
 * @param {ReadonlyMap<number, Line[][]>} data
 * @param {number} past seconds that the lines go back
 */
export function drawDashboard({ title, panels, templating }, data, past) {
  const first = Math.min(...panels.map(({ gridPos: { y } }) => y));
  const last = Math.max(...panels.map(({ gridPos: { y, h } }) => y + h));
  const above = first === 0 ? 50 : GAP;
  const variables = templating.list.map(({ label }) => `<span>${label} ▾</span>`).join(' ');
  const header = first === 0 ? `<header><b>${title}</b> ${variables}</header>` : '';

  const drawn = panels.map((panel) => {
    const { x, y, w, h } = panel.gridPos;
    const [width, height] = [w * COLUMN - GAP, h * LINE - GAP];
    const [left, top] = [x * COLUMN + GAP / 2, (y - first) * LINE + above];
    const place = `style="left:${left}px;top:${top}px;width:${width}px;height:${height}px"`;
    if (panel.type === 'row') return `<h2 ${place}>${panel.collapsed ? '▸' : '▾'} ${panel.title}</h2>`;
    const frame = { width: width - 16, height: height - 30, past };
    return `<section ${place}><h3>${panel.title}</h3>${draw(panel, data.get(panel.id) ?? [], frame)}</section>`;
  });
  return {
    height: (last - first) * LINE + above,
    page: `<!doctype html><meta charset="utf-8"><style>${STYLE}</style>${header}${drawn.join('\n')}`,
  };
}

/** @param {Panel} panel @param {Line[][]} results @param {Frame} frame */
function draw(panel, results, frame) {
  switch (panel.type) {
    case 'stat':
      return drawStat(panel, results.flat(), frame);
    case 'table':
      return drawTable(panel, results);
    case 'state-timeline':
      return drawStates(panel, results.flat(), frame);
    case 'timeseries':
      return drawChart(panel, results.flat(), frame);
  }
}

/** @param {Panel} panel @param {Line[]} lines @param {Frame} frame */
function drawStat({ fieldConfig: { defaults } }, lines, frame) {
  const points = lines.flatMap((line) => line.points).filter(([, value]) => Number.isFinite(value));
  const last = points.at(-1)?.[1] ?? Number.NaN;
  const color = colorOf(last, defaults.thresholds);
  const top = Math.max(...points.map(([, value]) => value), Number.MIN_VALUE);
  const height = frame.height * 0.45;
  const { x, y } = scale({ ...frame, width: frame.width + 16, height }, top);
  const line = points.map(([second, value]) => `${x(second)},${y(value)}`).join(' ');
  return `<p style="color:${color}">${format(last, defaults.unit)}</p>
    <svg class="spark" width="100%" height="${height}"><polyline points="${line}" stroke="${color}"/></svg>`;
}

/** @param {Panel} panel @param {Line[][]} results */
function drawTable({ fieldConfig: { overrides }, transformations = [] }, results) {
  const { options } = transformations.find(({ id }) => id === 'organize') ?? { options: {} };
  const { renameByName: renamed } = /** @type {{ renameByName: Record<string, string> }} */ (options);
  const keys = Object.keys(renamed).filter((key) => !key.startsWith('Value #'));
  const idOf = (/** @type {Line} */ { labels }) => keys.map((key) => labels[key]).join();
  const rows = (results[0] ?? []).map((first) => {
    const values = results.map(
      (lines) => lines.find((line) => idOf(line) === idOf(first))?.points.at(-1)?.[1],
    );
    return {
      labels: keys.map((key) => first.labels[key] ?? ''),
      values: values.map((value) => value ?? Number.NaN),
    };
  });
  rows.sort((a, b) => (a.values[1] ?? 0) - (b.values[1] ?? 0));
  const properties = overrides.map((override) =>
    Object.fromEntries(override.properties.map(({ id, value }) => [id, value])),
  );
  const cell = (/** @type {number} */ value, /** @type {number} */ index) => {
    const { unit, mappings, thresholds } = /** @type {any} */ (properties[index]);
    if (mappings[0].type === 'value') return `<td>${badge(mappings[0].options[value])}</td>`;
    return `<td style="color:${thresholds ? colorOf(value, thresholds) : 'inherit'}">${format(value, unit)}</td>`;
  };
  const head = Object.values(renamed).map((name) => `<th>${name}</th>`);
  const body = rows.map(({ labels, values }) => {
    return `<tr>${labels.map((label) => `<td>${label}</td>`).join('')}${values.map(cell).join('')}</tr>`;
  });
  return `<table><tr>${head.join('')}</tr>${body.join('')}</table>`;
}
