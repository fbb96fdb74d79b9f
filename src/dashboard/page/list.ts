/** The table of all breakers. Every one is in the document; figures are painted where somebody sees them. */
import { make, say, show } from './dom.js';
import type { Model, ShownRow } from './model.js';
import { createSpark, forcedIcon, paintSpark, stateIcon } from './shapes.js';
import {
  age,
  BINS,
  type Bin,
  binOf,
  grouped,
  outlookOf,
  percent,
  perSecond,
  STATE_WORDS,
  took,
} from './words.js';

/** One row on the page. */
interface RowView {
  readonly tr: HTMLTableRowElement;
  readonly cells: Cells;
  bin: Bin;
  /** What its state was painted of. */
  row: ShownRow | undefined;
  isSeen: boolean;
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

const COLUMNS = [
  'State',
  'Circuit',
  'Last 5 minutes',
  'Calls',
  'Refused',
  'Failed',
  'p50 / p99',
  'In flight',
];

/** What was painted so many ms ago is not painted again: changes come as often as seconds pass. */
const FRESH = 700;

export interface Filter {
  readonly bin: Bin | undefined;
  readonly query: string;
}

export class List {
  readonly element: HTMLElement;
  readonly #model: Model;
  readonly #views = new Map<string, RowView>();
  readonly #byRow = new WeakMap<Element, RowView & { readonly name: string }>();
  readonly #body = make('tbody', { role: 'rowgroup' });
  readonly #nothing = make('p', { class: 'nothing' });
  readonly #observer: IntersectionObserver;
  #filter: Filter = { bin: undefined, query: '' };
  #paintedAt = 0;

  constructor(model: Model) {
    this.#model = model;
    const head = COLUMNS.map((column) => make('th', { role: 'columnheader', scope: 'col' }, column));
    this.element = make(
      'section',
      {},
      make(
        'table',
        { role: 'table', 'aria-label': 'Circuit breakers' },
        make('thead', { role: 'rowgroup' }, make('tr', { role: 'row' }, ...head)),
        this.#body,
      ),
      this.#nothing,
    );
    this.#observer = new IntersectionObserver((changes) => this.#looked(changes), {
      rootMargin: '200px 0px',
    });
  }

  /** @param names of what has changed @param isWhole whether others may have gone */
  update(names: readonly string[], isWhole: boolean): void {
    if (isWhole) {
      for (const [name, view] of this.#views) if (!this.#model.rows.has(name)) this.#remove(name, view);
    }
    const isFirst = this.#views.size === 0;
    const moved: string[] = [];
    for (const name of names) {
      const row = this.#model.rows.get(name);
      if (row === undefined) continue;
      const known = this.#views.get(name);
      const view = known ?? this.#add(name, row);
      const bin = binOf(row);
      if (known === undefined || bin !== view.bin) moved.push(name);
      view.bin = bin;
      if (saysSame(view.row, row)) continue;
      view.row = row;
      paintState(view, row, this.#model.now);
      this.#choose(view, row);
    }
    if (isFirst || moved.length > 50) this.#sortAll();
    else for (const name of moved) this.#place(name);
    this.#tellNothing();
    this.#paintSeen();
  }

  /** Time has passed: ages, outlooks and sparks of what is in view. */
  tick(): void {
    if (Date.now() - this.#paintedAt > FRESH) this.#paintSeen();
  }

  #paintSeen(): void {
    this.#paintedAt = Date.now();
    for (const [name, view] of this.#views) {
      const row = view.isSeen ? this.#model.rows.get(name) : undefined;
      if (row !== undefined) this.#paint(view, row);
    }
  }

  filter(filter: Filter): void {
    this.#filter = filter;
    for (const [name, view] of this.#views) {
      const row = this.#model.rows.get(name);
      if (row !== undefined) this.#choose(view, row);
    }
    this.#tellNothing();
  }

  #add(name: string, row: ShownRow): RowView {
    const { tr, cells } = createRow(name);
    const view = {
      tr,
      cells,
      bin: binOf(row),
      row: undefined,
      isSeen: false,
      written: new Map<Element, string>(),
    };
    this.#views.set(name, view);
    this.#byRow.set(tr, Object.assign(view, { name }));
    this.#observer.observe(tr);
    return view;
  }

  #remove(name: string, { tr }: RowView): void {
    this.#views.delete(name);
    this.#observer.unobserve(tr);
    tr.remove();
  }

  #paint(view: RowView, row: ShownRow): void {
    paintFigures(view, row, this.#model.sparkOf(row), this.#model.now);
  }

  #looked(changes: readonly IntersectionObserverEntry[]): void {
    for (const { target, isIntersecting } of changes) {
      const view = this.#byRow.get(target);
      if (view === undefined) continue;
      view.isSeen = isIntersecting;
      const row = this.#model.rows.get(view.name);
      if (isIntersecting && row !== undefined) this.#paint(view, row);
    }
  }

  #choose(view: RowView, row: ShownRow): void {
    const { bin, query } = this.#filter;
    if (bin === undefined && query === '') {
      if (view.tr.hidden) view.tr.hidden = false;
      return;
    }
    const words = query.toLowerCase();
    const isFound =
      words === '' ||
      [row.name, row.why, row.detail ?? ''].some((text) => text.toLowerCase().includes(words));
    show(view.tr, isFound && (bin === undefined || view.bin === bin));
  }

  #tellNothing(): void {
    const { bin, query } = this.#filter;
    let isEmpty = true;
    for (const { tr } of this.#views.values()) {
      if (tr.hidden) continue;
      isEmpty = false;
      break;
    }
    show(this.#nothing, isEmpty);
    if (!isEmpty) return;
    const which = bin === undefined ? '' : ` that is ${bin}`;
    const words = query === '' ? '' : ` with “${query}” in its name or its reason`;
    say(
      this.#nothing,
      this.#views.size === 0 ? 'No breaker has been made yet' : `No breaker${which}${words}`,
    );
  }

  /** Bins, then names: figures never move a row. */
  #sortAll(): void {
    const active = document.activeElement;
    const sorted = Array.from(this.#views).sort(byBinAndName);
    this.#body.append(...sorted.map(([, { tr }]) => tr));
    if (active instanceof HTMLElement && this.#body.contains(active)) active.focus({ preventScroll: true });
  }

  #place(name: string): void {
    const view = this.#views.get(name) as RowView;
    const active = document.activeElement;
    let before: Element | null = this.#body.firstElementChild;
    while (before !== null) {
      const other = this.#byRow.get(before);
      if (other !== undefined && other !== view && byBinAndName([name, view], [other.name, other]) < 0) break;
      before = before.nextElementSibling;
    }
    if (before === view.tr || (view.tr.parentNode && view.tr.nextElementSibling === before)) return;
    this.#body.insertBefore(view.tr, before);
    if (active instanceof HTMLElement && view.tr.contains(active)) active.focus({ preventScroll: true });
  }
}

type Named = readonly [name: string, view: Pick<RowView, 'bin'>];

function byBinAndName([a, { bin: one }]: Named, [b, { bin: other }]: Named): number {
  return BINS.indexOf(one) - BINS.indexOf(other) || (a < b ? -1 : a > b ? 1 : 0);
}

function createRow(name: string): Pick<RowView, 'tr' | 'cells'> {
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
  return { tr, cells };
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

/** Whether a row says in words what it said before: those that are well mostly do. */
function saysSame(before: ShownRow | undefined, row: ShownRow): boolean {
  return (
    before?.state === 'CLOSED' &&
    row.state === 'CLOSED' &&
    before.mode === row.mode &&
    before.why === row.why &&
    before.detail === row.detail &&
    before.fleet === undefined &&
    row.fleet === undefined &&
    binOf(before) === binOf(row)
  );
}

/** What is painted at once, wherever the row is. */
function paintState(view: RowView, row: ShownRow, now: number): void {
  const { tr, cells, bin, written } = view;
  const { state, mode, why, detail, fleet } = row;
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
  const hasWords = detail === null || why.includes(detail);
  write(view, cells.why, hasWords ? why : `${why}${why === '' ? '' : '; '}“${detail}”`);
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

function paintFigures(view: RowView, row: ShownRow, spark: readonly number[], now: number): void {
  const { cells } = view;
  const { state, ok, failed, rejected, failureRate, threshold, run, runMax, p50, p99, inFlight, limit } = row;
  const isPast = state !== 'CLOSED';
  paintSpark(cells.spark, spark);
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
