/** What is drawn: states, and the counts of the last five minutes. */
import type { Row } from '../row.js';
import { draw } from './dom.js';

const CIRCLE = 'M8 2a6 6 0 1 1 0 12a6 6 0 1 1 0-12z';

/** A state by its shape: a circle, half of one, a barred diamond. */
export function stateIcon(state: Row['state']): SVGSVGElement {
  const icon = (...parts: readonly SVGElement[]) =>
    draw('svg', { class: `icon s-${state}`, viewBox: '0 0 16 16', 'aria-hidden': 'true' }, ...parts);
  if (state === 'CLOSED') return icon(draw('path', { d: CIRCLE }));
  if (state === 'HALF_OPEN')
    return icon(draw('path', { class: 'rim', d: CIRCLE }), draw('path', { d: 'M8 2a6 6 0 0 0 0 12z' }));
  return icon(
    draw('path', { d: 'M8 .5L15.5 8L8 15.5L.5 8z' }),
    draw('path', { class: 'bar', d: 'M4 7h8v2h-8z' }),
  );
}

/** What is forced: a square with a square in it. */
export function forcedIcon(): SVGSVGElement {
  return draw(
    'svg',
    { class: 'icon s-forced', viewBox: '0 0 16 16', 'aria-hidden': 'true' },
    draw('path', { class: 'rim', d: 'M2 2h12v12h-12z' }),
    draw('path', { d: 'M5 5h6v6h-6z' }),
  );
}

const KINDS = 4;
const NAMES = ['ok', 'slow', 'failed', 'refused'] as const;
/** In which order they are stacked, by their places in `[ok, failed, slow, refused]`. */
const STACK = [0, 2, 1];
const REFUSED = 3;

const BAR = 3;
const GAP = 1;
const UP = 24;
const DOWN = 10;
/** What there is can be seen. */
const LEAST = 1.2;

export const SPARK_WIDTH = 60 * BAR;
export const SPARK_HEIGHT = UP + DOWN;

/** A spark without its bars. */
export function createSpark(): SVGSVGElement {
  return draw(
    'svg',
    {
      class: 'spark',
      role: 'img',
      'aria-label': 'last 5 minutes',
      viewBox: `0 0 ${SPARK_WIDTH} ${SPARK_HEIGHT}`,
      preserveAspectRatio: 'none',
    },
    draw('path', { class: 'axis', d: `M0 ${UP}H${SPARK_WIDTH}` }),
    ...NAMES.map((name) => draw('path', { class: `b-${name}` })),
  );
}

/** Bars up for what was tried, below the line for what was refused, all by one scale. */
export function paintSpark(svg: SVGSVGElement, spark: ArrayLike<number>): void {
  const label = sparkWords(spark);
  const paths = barsOf(spark);
  if (svg.getAttribute('aria-label') !== label) svg.setAttribute('aria-label', label);
  for (const [at, d] of paths.entries()) {
    const path = svg.children[at + 1] as Element;
    if (path.getAttribute('d') !== d) path.setAttribute('d', d);
  }
}

/** The paths of ok, slow, failed and refused. */
function barsOf(spark: ArrayLike<number>): string[] {
  let tried = 0;
  let refused = 0;
  for (let at = 0; at < spark.length; at += KINDS) {
    tried = Math.max(tried, (spark[at] ?? 0) + (spark[at + 1] ?? 0) + (spark[at + 2] ?? 0));
    refused = Math.max(refused, spark[at + REFUSED] ?? 0);
  }
  const scale = Math.min(UP / Math.max(tried, 1), DOWN / Math.max(refused, 1));
  const paths = ['', '', '', ''];
  for (let bucket = 0; bucket < 60; bucket++) {
    const x = bucket * BAR;
    let y = UP;
    for (const [at, kind] of STACK.entries()) {
      const count = spark[bucket * KINDS + kind] ?? 0;
      if (count === 0) continue;
      const height = round(Math.min(Math.max(count * scale, LEAST), y));
      y = round(y - height);
      paths[at] += bar(x, y, height);
    }
    const below = spark[bucket * KINDS + REFUSED] ?? 0;
    if (below > 0) paths[3] += bar(x, UP + 1, round(Math.min(Math.max(below * scale, LEAST), DOWN - 1)));
  }
  return paths;
}

const bar = (x: number, y: number, height: number) => `M${x} ${y}h${BAR - GAP}v${height}h-${BAR - GAP}z`;
const round = (value: number) => Math.round(value * 10) / 10;

export function sparkWords(spark: ArrayLike<number>): string {
  const sums = [0, 0, 0, 0];
  for (let at = 0; at < spark.length; at++)
    sums[at % KINDS] = (sums[at % KINDS] as number) + (spark[at] as number);
  const [ok, failed, slow, refused] = sums;
  return `last 5 minutes: ${ok} ok, ${slow} slow, ${failed} failed, ${refused} refused`;
}
