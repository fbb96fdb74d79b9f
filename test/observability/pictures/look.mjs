/** Colours, figures in words, and the style of the page. */

/** @type {Readonly<Record<string, string>>} */
const COLORS = {
  green: '#56a64b',
  yellow: '#e0a800',
  orange: '#ff780a',
  red: '#e02f44',
  purple: '#8f3bb8',
  text: '#888',
};

/** @param {string | undefined} color one of Grafana's names for colours */
export const hex = (color = '') => COLORS[color] ?? '#888';

/** @param {{ text: string, color: string }} state */
export const badge = ({ text, color }) => `<b style="background:${hex(color)}">${text}</b>`;

export const round = (/** @type {number} */ value) => Math.round(value * 10) / 10;

/** @param {number} value @param {import('recloser/grafana').Thresholds} thresholds */
export function colorOf(value, { steps }) {
  const step = steps.filter((it) => it.value === null || value >= it.value).at(-1);
  return hex(step?.color);
}

/** @param {number} value @param {string} unit */
export function format(value, unit) {
  if (!Number.isFinite(value)) return '–';
  if (unit === 'percentunit') return `${round(value * 100)} %`;
  if (unit === 'reqps') return `${round(value)} req/s`;
  if (unit === 's') return value < 1 ? `${Math.round(value * 1_000)} ms` : `${round(value)} s`;
  return `${Math.round(value * 100) / 100}`;
}

export const STYLE = `
  body { margin: 0; background: #f4f5f5; font: 11px sans-serif; color: #24292e; }
  header { position: absolute; left: 8px; top: 12px; }
  header b { font-size: 17px; margin-right: 16px; }
  header span { background: #fff; border: 1px solid #d8d9da; padding: 4px 8px; margin-right: 4px; }
  section, h2 { position: absolute; box-sizing: border-box; margin: 0; }
  section { background: #fff; border: 1px solid #d8d9da; padding: 6px 8px; overflow: hidden; }
  h2 { font-size: 13px; line-height: 18px; padding-left: 6px; }
  h3 { font-size: 11px; margin: 0 0 4px; }
  p { font-size: 20px; margin: 4px 0; text-align: center; }
  svg { display: block; overflow: visible; }
  .spark { position: absolute; left: 0; bottom: 4px; }
  polyline { fill: none; stroke-width: 1.4; }
  text { font-size: 10px; fill: #555; }
  footer { line-height: 22px; white-space: nowrap; }
  i { font-style: normal; }
  table { width: 100%; border-collapse: collapse; }
  th { text-align: left; color: #3274d9; }
  th, td { padding: 3px 6px; border-bottom: 1px solid #e4e5e6; }
  b[style] { color: #fff; padding: 1px 8px; border-radius: 2px; font-weight: normal; }
`;
