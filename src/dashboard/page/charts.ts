/** The pictures of one breaker: its states, its calls, its response times. */
import type { RecentTransition } from '../recent.js';
import type { Row } from '../row.js';
import { draw, make } from './dom.js';
import { createSpark, paintSpark, sparkWords } from './shapes.js';
import { age, clockTime, STATE_WORDS } from './words.js';

const LONGEST_BAND = 30 * 60_000;
const WIDTH = 1_000;

const chart = (kind: string, title: string, ...parts: readonly Node[]) =>
  make('figure', { class: 'chart', 'data-chart': kind }, make('h3', {}, title), ...parts);

const ends = (from: string, to: string) =>
  make('p', { class: 'ends' }, make('span', {}, from), make('span', {}, to));

/** What was recorded of its states, at most half an hour: before the first record nothing is claimed. */
export function statesChart(
  row: Row,
  transitions: readonly RecentTransition[],
  started: number,
  now: number,
): HTMLElement {
  const changes = transitions.filter(({ time }) => time > now - LONGEST_BAND);
  const oldest =
    transitions.length > changes.length
      ? now - LONGEST_BAND
      : Math.max(now - LONGEST_BAND, Math.min(started, row.since));
  const span = Math.max(now - oldest, 1);
  const parts: { readonly state: Row['state']; readonly from: number; readonly to: number }[] = [];
  let [state, to] = [row.state, now];
  for (const change of changes) {
    parts.unshift({ state, from: change.time, to });
    [state, to] = [change.from, change.time];
  }
  parts.unshift({ state, from: oldest, to });
  const bars = parts.map((part) => {
    const x = ((part.from - oldest) / span) * WIDTH;
    const width = Math.max(((part.to - part.from) / span) * WIDTH, 1.5);
    return draw('path', {
      class: `band-${part.state}`,
      d: `M${x.toFixed(1)} ${HEIGHTS[part.state]}h${width.toFixed(1)}V30H${x.toFixed(1)}z`,
    });
  });
  const sums = new Map<Row['state'], number>();
  for (const part of parts) sums.set(part.state, (sums.get(part.state) ?? 0) + part.to - part.from);
  const words = Array.from(sums, ([name, ms]) => `${STATE_WORDS[name]} for ${age(ms)}`).join(', ');
  return chart(
    'states',
    'State',
    draw(
      'svg',
      {
        role: 'img',
        'aria-label': `States of the last ${age(span)}: ${words}`,
        viewBox: `0 0 ${WIDTH} 30`,
        preserveAspectRatio: 'none',
        height: '30',
      },
      ...bars,
    ),
    ends(`${clockTime(oldest)}, ${age(span)} ago`, 'now'),
    make('p', { class: 'small' }, words),
  );
}

/** Open circuits stand higher: a state is told by more than its colour. */
const HEIGHTS: Readonly<Record<Row['state'], number>> = { OPEN: 2, HALF_OPEN: 12, CLOSED: 20 };

export function outcomesChart(spark: readonly number[]): HTMLElement {
  const svg = createSpark();
  paintSpark(svg, spark);
  svg.removeAttribute('class');
  svg.setAttribute('height', '120');
  svg.setAttribute('aria-label', `Outcomes, ${sparkWords(spark)}`);
  return chart(
    'outcomes',
    'Calls',
    svg,
    ends('5 minutes ago', 'now'),
    make('p', { class: 'small' }, sparkWords(spark)),
  );
}

const HEATS = 16;
const COLUMN = 1_000 / 60;
const LINE = 10;

/** Each column 5 seconds, each line a power of two, the darker the more. */
export function timesChart(heat: readonly number[], { p50, p99 }: Row): HTMLElement {
  const most = Math.max(...heat, 1);
  const levels = [0.2, 0.4, 0.6, 0.8, 1].map((opacity) => ({ opacity, d: '' }));
  let total = 0;
  for (const [at, count] of heat.entries()) {
    if (count === 0) continue;
    total += count;
    const level = levels[Math.min(Math.floor((Math.log2(count + 1) / Math.log2(most + 1)) * 5), 4)] as {
      d: string;
    };
    const x = Math.floor(at / HEATS) * COLUMN;
    const y = (HEATS - 1 - (at % HEATS)) * LINE;
    level.d += `M${x.toFixed(1)} ${y}h${(COLUMN - 1).toFixed(1)}v${LINE - 1}h-${(COLUMN - 1).toFixed(1)}z`;
  }
  const words =
    total === 0
      ? 'Response times of the last 5 minutes: no call was timed'
      : `Response times of the last 5 minutes: ${total} calls, half of the last within ${p50 ?? '–'} ms, 99 of 100 within ${p99 ?? '–'} ms`;
  const paths = levels.map(({ opacity, d }) => draw('path', { class: 'heat', d, 'fill-opacity': opacity }));
  const labels = ['32 s', '4 s', '512 ms', '64 ms', '8 ms', '1 ms'].map((label) => make('li', {}, label));
  return chart(
    'times',
    'Response times',
    make(
      'div',
      { class: 'with-axis' },
      make('ol', { 'aria-hidden': 'true' }, ...labels),
      draw(
        'svg',
        {
          role: 'img',
          'aria-label': words,
          viewBox: `0 0 1000 ${HEATS * LINE}`,
          preserveAspectRatio: 'none',
          height: '160',
        },
        ...paths,
      ),
    ),
    ends('5 minutes ago', 'now'),
  );
}
