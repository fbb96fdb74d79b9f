/** Lines over time, as SVG. */
import { badge, format, hex, round } from './look.mjs';

const PALETTE = ['#56a64b', '#3274d9', '#ff780a', '#a352cc', '#e0a800', '#e02f44', '#37872d', '#1f60c4'];

/** Pixels for the figures at the side and for the names below. */
const SIDE = 50;
const FOOT = 24;

/** @typedef {import('./data.mjs').Line} Line */
/** @typedef {import('recloser/grafana').Panel} Panel */
/** @typedef {{ width: number, height: number, past: number }} Frame pixels, and the seconds that they show */
/** @typedef {readonly (readonly [x: number, top: number, bottom: number])[]} Shape */

/** @param {Panel} panel @param {Line[]} lines @param {Frame} frame */
export function drawStates({ fieldConfig: { defaults } }, lines, { width, height, past }) {
  const [mapping] = defaults.mappings ?? [];
  const states = mapping?.type === 'value' ? mapping.options : {};
  const names = 110;
  const row = (height - FOOT) / lines.length;
  const x = (/** @type {number} */ second) => round(names + (second / past) * (width - names));
  const rows = lines.map(({ name, points }, index) => {
    const changes = points.filter(([, value], i) => value !== points[i - 1]?.[1]);
    const cells = changes.map(([at, value], i) => {
      const wide = x(changes[i + 1]?.[0] ?? past) - x(at);
      const place = `x="${x(at)}" y="${index * row + 2}" width="${wide}" height="${row - 4}"`;
      return `<rect ${place} fill="${hex(states[value]?.color)}"/>`;
    });
    return `<text x="0" y="${(index + 0.5) * row + 4}">${name}</text>${cells.join('')}`;
  });
  const words = Object.values(states).map(badge).join(' ');
  return `<svg width="${width}" height="${height - FOOT}">${rows.join('')}</svg><footer>${words}</footer>`;
}

/** @param {Panel} panel @param {Line[]} lines @param {Frame} frame */
export function drawChart({ interval, fieldConfig }, lines, { width, height, past }) {
  const { defaults, overrides } = fieldConfig;
  const { drawStyle, stacking, thresholdsStyle } =
    /** @type {{ drawStyle: string, stacking: { mode: string }, thresholdsStyle: { mode: string } }} */ (
      defaults.custom
    );
  const placed = stacking.mode === 'normal' ? stack(lines) : lines.map(fromZero);
  const highest = Math.max(0, ...placed.flatMap(({ spans }) => spans.map(([, top]) => top)));
  const top = defaults.max ?? (highest * 1.1 || 1);
  const frame = { width: width - SIDE, height: height - FOOT - 16, past };
  const { x, y } = scale(frame, top);

  const colors = lines.map(({ name }, index) => {
    const property = overrides.find(({ matcher }) => matcher.options === name)?.properties[0];
    const { fixedColor } = /** @type {{ fixedColor?: string }} */ (property?.value ?? {});
    return fixedColor ? hex(fixedColor) : PALETTE[index % PALETTE.length];
  });
  const rule = (/** @type {number} */ value, /** @type {string} */ stroke) =>
    `<line x1="0" x2="${frame.width}" y1="${y(value)}" y2="${y(value)}" ${stroke}/>`;
  const figures = [0, top / 2, top].map((value) => {
    const figure = `<text x="-6" y="${y(value) + 4}" text-anchor="end">${format(value, defaults.unit)}</text>`;
    return rule(value, 'stroke="#ddd"') + figure;
  });
  const thresholds = thresholdsStyle.mode === 'off' ? [] : defaults.thresholds.steps.slice(1);
  const dashes = thresholds.map(({ value, color }) =>
    rule(value ?? 0, `stroke="${hex(color)}" stroke-dasharray="6 4"`),
  );
  const shapes = placed.map(({ spans }, index) => {
    const shape = spans.map(([second, high, low]) => /** @type {const} */ ([x(second), y(high), y(low)]));
    if (drawStyle === 'bars') return bars(shape, x(interval === '1m' ? 60 : 2) * 0.8, colors[index]);
    return stacking.mode === 'normal' ? area(shape, colors[index]) : path(shape, colors[index]);
  });
  const names = lines.map(({ name }, index) => `<i style="color:${colors[index]}">▬</i> ${name}`);
  return `<svg width="${width}" height="${height - FOOT}"><g transform="translate(${SIDE} 8)">
    ${[...figures, ...dashes, ...shapes].join('')}</g></svg><footer>${names.join(' &nbsp; ')}</footer>`;
}

/** @param {Shape} shape @param {string | undefined} color */
function path(shape, color) {
  return `<polyline points="${shape.map(([x, top]) => `${x},${top}`).join(' ')}" stroke="${color}"/>`;
}

/** @param {Shape} shape @param {string | undefined} color */
function area(shape, color) {
  const there = shape.map(([x, top]) => `${x},${top}`);
  const back = shape.map(([x, , bottom]) => `${x},${bottom}`).reverse();
  return `<polygon points="${[...there, ...back].join(' ')}" fill="${color}" fill-opacity="0.6"/>`;
}

/** @param {Shape} shape @param {number} width @param {string | undefined} color */
function bars(shape, width, color) {
  const rects = shape.map(([x, top, bottom]) => {
    const left = Math.max(0, x - width / 2);
    return `<rect x="${left}" y="${top}" width="${x + width / 2 - left}" height="${bottom - top}"/>`;
  });
  return `<g fill="${color}" fill-opacity="0.6">${rects.join('')}</g>`;
}

/**
 * What is known of a line, from zero to its values.
 *
 * @param {Line} line
 */
function fromZero({ points }) {
  const known = points.filter(([, value]) => Number.isFinite(value));
  return { spans: known.map(([second, value]) => /** @type {const} */ ([second, value, 0])) };
}

/**
 * Lines on top of each other.
 *
 * @param {Line[]} lines
 */
function stack(lines) {
  /** @type {Map<number, number>} */
  const heights = new Map();
  return lines.map(fromZero).map(({ spans }) => ({
    spans: spans.map(([second, value]) => {
      const low = heights.get(second) ?? 0;
      heights.set(second, low + value);
      return /** @type {const} */ ([second, low + value, low]);
    }),
  }));
}

/**
 * Where a second and a value are, in pixels.
 *
 * @param {Frame} frame
 * @param {number} top the value at the upper edge
 */
export function scale({ width, height, past }, top) {
  return {
    x: (/** @type {number} */ second) => round((second / past) * width),
    y: (/** @type {number} */ value) => round(height - (Math.min(value, top) / top) * (height - 2)),
  };
}
