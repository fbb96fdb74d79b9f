/** One row of the table: what it is made of, and what is written there. */
import { make } from './dom.js';
import type { ShownRow } from './model.js';
import { createSpark, forcedIcon, paintSpark, stateIcon } from './shapes.js';
import { age, type Bin, binOf, grouped, outlookOf, percent, perSecond, STATE_WORDS, took } from './words.js';

/** One row on the page. */
export interface RowView {
  readonly name: string;
  readonly tr: HTMLTableRowElement;
  readonly cells: Cells;
  bin: Bin;
  /** What its state was painted of. */
  row: ShownRow | undefined;
  /** What is written there: asking the document takes longer. */
  readonly written: Map<Element, string>;
}

interface Cells {
  readonly icon: HTMLElement;
  readonly age: HTMLElement;
  readonly link: HTMLAnchorElement;
  readonly why: HTMLElement;
  readonly outlook: HTMLElement;
  readonly tags: HTMLElement;
  readonly spark: SVGSVGElement;
  readonly calls: HTMLElement;
  readonly refused: HTMLElement;
  readonly rate: HTMLElement;
  readonly times: HTMLElement;
  readonly inflight: HTMLElement;
}

export function createRow(name: string, bin: Bin): RowView {
  const cells: Cells = {
    icon: make('span', { class: 'state-word' }),
    age: make('span', { class: 'small' }),
    link: make('a', { href: `#/b/${encodeURIComponent(name)}` }, name),
    tags: make('span', {}),
    why: make('p', { class: 'why' }),
    outlook: make('p', { class: 'outlook' }),
    spark: createSpark(),
    calls: make('span', {}),
    refused: make('span', {}),
    rate: make('span', {}),
    times: make('span', {}),
    inflight: make('span', {}),
  };
  const cell = (key: string, label: string | undefined, ...children: readonly Node[]) =>
    make('td', { role: 'cell', 'data-cell': key, 'data-label': label }, ...children);
  const tr = make(
    'tr',
    { role: 'row', 'data-breaker': name },
    cell('state', undefined, cells.icon, cells.age),
    make(
      'td',
      { role: 'cell', 'data-cell': 'name', class: 'name' },
      cells.link,
      cells.tags,
      cells.why,
      cells.outlook,
    ),
    cell('spark', undefined, cells.spark),
    cell('calls', 'Calls', cells.calls),
    cell('refused', 'Refused', cells.refused, make('span', { class: 'unit' }, ' refused')),
    cell('rate', 'Failed', cells.rate),
    cell('times', 'p50 / p99', cells.times),
    cell('inflight', 'In flight', cells.inflight),
  );
  return { name, tr, cells, bin, row: undefined, written: new Map() };
}

/** Writes what is not there yet. */
function write({ written }: RowView, element: Element, text: string): void {
  if (written.get(element) === text) return;
  written.set(element, text);
  element.textContent = text;
}

/** Gives a figure the look that it needs. */
function dress({ written }: RowView, element: HTMLElement, look: string): void {
  const key = element.parentElement as Element;
  if (written.get(key) === look) return;
  written.set(key, look);
  element.className = look;
}

/**
 * Whether a row is as it was but for its figures: those that are well mostly are. Their words hold figures alone, which
 * are painted where somebody sees them.
 */
export function isAsBefore(before: ShownRow | undefined, row: ShownRow): boolean {
  return (
    before?.state === 'CLOSED' &&
    row.state === 'CLOSED' &&
    before.mode === row.mode &&
    before.detail === row.detail &&
    before.fleet === undefined &&
    row.fleet === undefined &&
    binOf(before) === binOf(row)
  );
}

/** What is painted at once, wherever the row is. */
export function paintState(view: RowView, row: ShownRow, now: number): void {
  const { tr, cells, bin, written } = view;
  const { state, mode, fleet } = row;
  const isForced = mode.startsWith('forced');
  const looks = `${state} ${mode}`;
  if (written.get(tr) !== looks) {
    written.set(tr, looks);
    tr.dataset.state = state;
    tr.dataset.mode = mode;
    cells.icon.className = `state-word${isForced ? ' forced-frame' : ''}`;
    cells.icon.replaceChildren(
      isForced ? forcedIcon() : stateIcon(state),
      make('span', { class: `word s-${state}` }, STATE_WORDS[state]),
      ...(isForced ? [make('span', { class: 'tag' }, 'forced')] : []),
    );
  }
  if (written.get(cells.link) !== bin) {
    written.set(cells.link, bin);
    tr.dataset.bin = bin;
  }
  writeWhy(view, row);
  write(view, cells.outlook, outlookOf(row, now));
  const tags = [
    mode === 'observe' ? 'observes' : '',
    fleet === undefined ? '' : `fleet: ${fleet.state}${fleet.words === '' ? '' : `, ${fleet.words}`}`,
    fleet?.voting ? 'votes open' : '',
    fleet?.probing ? 'probes' : '',
  ].filter((tag) => tag !== '');
  if ((written.get(cells.tags) ?? '') === tags.join()) return;
  written.set(cells.tags, tags.join());
  cells.tags.replaceChildren(...tags.flatMap((tag) => [' ', make('span', { class: 'tag plain' }, tag)]));
}

function writeWhy(view: RowView, { why, detail }: ShownRow): void {
  const hasWords = detail === null || why.includes(detail);
  write(view, view.cells.why, hasWords ? why : `${why}${why === '' ? '' : '; '}“${detail}”`);
}

/** What is painted where somebody sees it. */
export function paintFigures(view: RowView, row: ShownRow, spark: ArrayLike<number>, now: number): void {
  const { cells } = view;
  const { state, ok, failed, rejected, failureRate, threshold, run, runMax, p50, p99, inFlight, limit } = row;
  const isPast = state !== 'CLOSED';
  paintSpark(cells.spark, spark);
  writeWhy(view, row);
  write(view, cells.age, `for ${age(now - row.since)}`);
  write(view, cells.outlook, outlookOf(row, now));
  write(view, cells.calls, perSecond(ok + failed));
  write(view, cells.refused, rejected === 0 ? '–' : perSecond(rejected));
  dress(view, cells.refused, rejected > 0 ? 'refused bad-figure' : 'quiet');
  write(view, cells.rate, rateWords(row));
  const isNear =
    (threshold !== null && failureRate > 0 && failureRate >= threshold / 2) ||
    (runMax !== null && run > 0 && run >= runMax / 2);
  dress(view, cells.rate, isPast ? 'past' : isNear ? 'fair-figure' : '');
  write(view, cells.times, p50 === null ? '–' : `${took(p50)} / ${took(p99)}`);
  dress(view, cells.times, isPast ? 'past' : '');
  write(
    view,
    cells.inflight,
    limit === null ? grouped(inFlight) : `${grouped(inFlight)} of ${grouped(limit)}`,
  );
  dress(view, cells.inflight, limit !== null && inFlight >= limit ? 'bad-figure' : '');
}

/** `60 % of 50 %`; a run of failures goes before, where it is nearer to its threshold. */
export function rateWords({ calls, failureRate, threshold, run, runMax }: ShownRow): string {
  const runShare = runMax === null ? 0 : run / runMax;
  const rateShare = threshold === null || threshold === 0 ? 0 : failureRate / threshold;
  if (runMax !== null && runShare > rateShare) return `${run} of ${runMax} in a row`;
  if (calls === 0) return '–';
  return threshold === null ? percent(failureRate) : `${percent(failureRate)} of ${percent(threshold)}`;
}
