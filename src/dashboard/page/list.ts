/** The table of all breakers. Every one is in the document; figures are painted where somebody sees them. */
import { make, say, show } from './dom.js';
import { Groups } from './groups.js';
import type { Model, ShownRow } from './model.js';
import { createRow, isAsBefore, paintFigures, paintState, type RowView } from './row-view.js';
import { BINS, type Bin, binOf } from './words.js';

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

export interface Filter {
  readonly bin: Bin | undefined;
  readonly query: string;
}

export class List {
  readonly element: HTMLElement;
  readonly #model: Model;
  readonly #views = new Map<string, RowView>();
  readonly #byRow = new WeakMap<Element, RowView>();
  readonly #seen = new Set<RowView>();
  readonly #groups: Groups;
  readonly #nothing = make('p', { class: 'nothing' });
  readonly #observer: IntersectionObserver;
  #filter: Filter = { bin: undefined, query: '' };

  constructor(model: Model) {
    this.#model = model;
    const head = COLUMNS.map((column) => make('th', { role: 'columnheader', scope: 'col' }, column));
    const table = make(
      'table',
      { role: 'table', 'aria-label': 'Circuit breakers' },
      make('thead', { role: 'rowgroup' }, make('tr', { role: 'row' }, ...head)),
    );
    this.#groups = new Groups(table);
    this.element = make('section', {}, table, this.#nothing);
    this.#observer = new IntersectionObserver((changes) => this.#looked(changes), {
      rootMargin: '200px 0px',
    });
  }

  /** @param names of what has changed @param isWhole whether others may have gone */
  update(names: readonly string[], isWhole: boolean): void {
    const { rows, now } = this.#model;
    if (isWhole) for (const [name, view] of this.#views) if (!rows.has(name)) this.#remove(view);
    const isFirst = this.#views.size === 0;
    const moved: RowView[] = [];
    for (const name of names) {
      const row = rows.get(name);
      if (row === undefined) continue;
      const view = this.#views.get(name) ?? this.#add(name, row);
      const before = view.row;
      view.row = row;
      if (isAsBefore(before, row)) {
        if (this.#filter.query !== '') this.#choose(view, row);
        continue;
      }
      const bin = binOf(row);
      if (before === undefined || bin !== view.bin) moved.push(view);
      view.bin = bin;
      paintState(view, row, now);
      this.#choose(view, row);
    }
    if (isFirst || moved.length > 50) this.#sortAll();
    else for (const view of moved) this.#place(view);
    this.#tellNothing();
    this.paintSeen();
  }

  /** Ages, outlooks and figures of what is in view. */
  paintSeen(): void {
    for (const view of this.#seen) this.#paint(view);
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
    const view = createRow(name, binOf(row));
    this.#views.set(name, view);
    this.#byRow.set(view.tr, view);
    this.#observer.observe(view.tr);
    return view;
  }

  #remove(view: RowView): void {
    this.#views.delete(view.name);
    this.#seen.delete(view);
    this.#observer.unobserve(view.tr);
    view.tr.remove();
  }

  #paint(view: RowView): void {
    const row = this.#model.rows.get(view.name);
    if (row !== undefined) paintFigures(view, row, this.#model.sparkOf(row), this.#model.now);
  }

  #looked(changes: readonly IntersectionObserverEntry[]): void {
    for (const { target, isIntersecting } of changes) {
      const view = this.#byRow.get(target);
      if (view === undefined) continue;
      if (isIntersecting) {
        this.#seen.add(view);
        this.#paint(view);
      } else this.#seen.delete(view);
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
    this.#groups.fill([...this.#views.values()].sort(byBinAndName).map(({ tr }) => tr));
  }

  #place(view: RowView): void {
    this.#groups.place(view.tr, (other) => {
      const shown = this.#byRow.get(other);
      return shown !== undefined && byBinAndName(view, shown) < 0;
    });
  }
}

function byBinAndName(one: RowView, other: RowView): number {
  return (
    BINS.indexOf(one.bin) - BINS.indexOf(other.bin) ||
    (one.name < other.name ? -1 : one.name > other.name ? 1 : 0)
  );
}
