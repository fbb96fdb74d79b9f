/** One breaker: all that is known of it, and its levers. */
import type { Details } from '../details.js';
import type { RecentFailure, RecentTransition } from '../recent.js';
import { outcomesChart, statesChart, timesChart } from './charts.js';
import { fill, make, mark, say, show } from './dom.js';
import { type LeverHost, Levers } from './levers.js';
import { failureItem, RecentList, transitionItem } from './lists.js';
import type { ShownRow } from './model.js';
import { rateWords } from './row-view.js';
import { forcedIcon, stateIcon } from './shapes.js';
import { legend } from './top.js';
import { age, grouped, outlookOf, perSecond, STATE_WORDS, took } from './words.js';

/** Milliseconds between two looks at what a row does not tell. */
const SHORTEST = 1_000;

export class One {
  readonly element = make('section', { class: 'one', 'data-view': 'breaker' });
  readonly #host: LeverHost;
  readonly #levers: Levers;
  readonly #name = make('h2', { tabindex: '-1' });
  readonly #now = make('p', { class: 'now' });
  readonly #why = make('p', { class: 'why-all' });
  readonly #outlook = make('p', { class: 'outlook' });
  readonly #figures = make('dl', { class: 'figures' });
  readonly #missing = make('p', { class: 'nothing' });
  readonly #known = make('div', {});
  readonly #charts = make('div', {});
  readonly #kinds = make('dl', { class: 'pairs' });
  readonly #options = make('dl', { class: 'pairs' });
  readonly #totals = make('dl', { class: 'pairs' });
  readonly #around = make('div', {});
  readonly #snapshot = make('pre', { 'data-snapshot': true, tabindex: '0' });
  readonly #transitions = new RecentList<RecentTransition>('transitions', transitionItem(true), 'h3');
  readonly #failures = new RecentList<RecentFailure>('failures', failureItem(true), 'h3');
  #details: Details | undefined;
  #shown: string | undefined;
  #isAsking = false;
  #askedAt = 0;

  constructor(host: LeverHost) {
    this.#host = host;
    this.#levers = new Levers(host);
    const section = (title: string, ...parts: readonly Node[]) =>
      make('section', {}, make('h3', {}, title), ...parts);
    this.#known.append(
      this.#now,
      this.#why,
      this.#outlook,
      this.#figures,
      this.#levers.element,
      this.#levers.result,
      this.#charts,
      legend(),
      make(
        'div',
        { class: 'grid2' },
        this.#transitions.element,
        this.#failures.element,
        section('Failures by kind', this.#kinds),
      ),
      this.#around,
      make(
        'div',
        { class: 'grid2' },
        section('Options, bold where they differ from the defaults', this.#options),
        section('Totals', this.#totals),
      ),
      make(
        'div',
        { class: 'grid2' },
        make(
          'details',
          {},
          make('summary', {}, 'Snapshot, to start from in another process'),
          this.#snapshot,
        ),
      ),
    );
    this.element.append(
      make('a', { class: 'back', href: '#/' }, '← All circuits'),
      this.#name,
      this.#missing,
      this.#known,
    );
  }

  /** Shows a breaker; its name takes the focus, so that readers of screens hear where they are. */
  open(name: string): void {
    if (this.#shown === name) return;
    this.#shown = name;
    this.#details = undefined;
    this.#askedAt = 0;
    this.element.dataset.breaker = name;
    say(this.#name, name);
    this.#charts.replaceChildren();
    this.paint();
    this.#name.focus({ preventScroll: true });
    void this.refresh();
  }

  close(): void {
    this.#shown = undefined;
  }

  /** Asks for what a row does not tell. */
  async refresh(): Promise<void> {
    const name = this.#shown;
    if (name === undefined || this.#isAsking || Date.now() - this.#askedAt < SHORTEST) return;
    this.#isAsking = true;
    this.#askedAt = Date.now();
    try {
      const response = await fetch(`${this.#host.base}breaker.json?name=${encodeURIComponent(name)}`, {
        cache: 'no-store',
      });
      if (response.ok && name === this.#shown) {
        this.#details = (await response.json()) as Details;
        this.#paintDetails(this.#details);
      }
    } catch {
      // The stream says that the line is lost.
    } finally {
      this.#isAsking = false;
      if (name !== this.#shown) void this.refresh();
    }
  }

  paint(): void {
    const name = this.#shown;
    if (name === undefined) return;
    const { model } = this.#host;
    const row = model.rows.get(name);
    show(this.#known, row !== undefined);
    show(this.#missing, row === undefined && model.head !== undefined);
    if (row === undefined) {
      say(this.#missing, 'There is no breaker of this name: it has not been made yet, or it was forgotten.');
      return;
    }
    mark(this.element, 'data-state', row.state);
    mark(this.element, 'data-mode', row.mode);
    this.#paintState(row);
    fill(this.#figures, ...figuresOf(row));
    this.#levers.paint(row, this.#details?.options ?? {});
    if (this.#details?.name === name) {
      this.#transitions.paint(this.#details.transitions, model.now);
      this.#failures.paint(this.#details.failures, model.now);
    }
  }

  #paintState(row: ShownRow): void {
    const { now } = this.#host.model;
    const isForced = row.mode.startsWith('forced');
    fill(
      this.#now,
      isForced ? forcedIcon() : stateIcon(row.state),
      make('strong', { class: `s-${row.state}` }, STATE_WORDS[row.state]),
      isForced && make('span', { class: 'tag' }, row.mode.replace('-', ' ')),
      row.mode === 'observe' && make('span', { class: 'tag plain' }, 'observes: every call passes'),
      row.fleet !== undefined &&
        make(
          'span',
          { class: 'tag plain' },
          `fleet: ${row.fleet.state} ${row.fleet.words}${row.fleet.voting ? ', votes open' : ''}${row.fleet.probing ? ', probes' : ''}`,
        ),
      make('span', { class: 'quiet' }, `for ${age(now - row.since)}`),
    );
    const isTold = row.detail === null || row.why.includes(row.detail);
    say(this.#why, isTold ? row.why : `${row.why}; “${row.detail}”`);
    say(this.#outlook, outlookOf(row, now));
  }

  #paintDetails(details: Details): void {
    const { model } = this.#host;
    const { row, transitions, heat, kinds, options, totals, snapshot } = details;
    const started = model.head?.instance.started ?? details.time;
    fill(
      this.#charts,
      statesChart(row, transitions, started, details.time),
      outcomesChart(row.spark),
      timesChart(heat, row),
    );
    fill(
      this.#kinds,
      ...(kinds.length === 0
        ? [make('div', {}, make('dt', {}, 'none'), make('dd', {}, 'No failure is kept.'))]
        : kinds.map(({ type, count }) => pair(type, grouped(count)))),
    );
    fill(
      this.#options,
      ...Object.entries(options).map(([option, { value, differs }]) => {
        const element = pair(option, shown(value));
        element.dataset.option = option;
        element.dataset.differs = String(differs);
        return element;
      }),
    );
    fill(this.#totals, ...Object.entries(totals).map(([total, count]) => pair(total, grouped(count))));
    fill(this.#around, ...aroundOf(details));
    say(this.#snapshot, snapshot === null ? 'It cannot be read' : JSON.stringify(snapshot, null, 2));
    this.paint();
  }
}

const pair = (term: string, words: string) => make('div', {}, make('dt', {}, term), make('dd', {}, words));

function figuresOf(row: ShownRow): Node[] {
  const { ok, failed, rejected, p50, p99, inFlight, limit } = row;
  return [
    pair('Calls', perSecond(ok + failed)),
    pair('Refused', rejected === 0 ? 'none' : perSecond(rejected)),
    pair(row.state === 'CLOSED' ? 'Failed' : 'Failed, when it opened', rateWords(row)),
    pair('p50 / p99', p50 === null ? '–' : `${took(p50)} / ${took(p99)}`),
    pair('In flight', limit === null ? grouped(inFlight) : `${grouped(inFlight)} of ${grouped(limit)}`),
  ];
}

function shown(value: unknown): string {
  if (value === null) return 'none';
  if (value === false) return 'off';
  if (typeof value === 'object')
    return Array.isArray(value) && value.length === 0 ? 'none' : JSON.stringify(value);
  return typeof value === 'number' ? String(value) : String(value);
}

/** What is around the breaker, where something is. */
function aroundOf({ resilience, detector }: Details): Node[] {
  const parts: Node[] = [];
  const add = (title: string, around: unknown) => {
    if (typeof around !== 'object' || around === null) return;
    const pairs = flat(around).map(([term, words]) => pair(term, words));
    parts.push(make('section', {}, make('h3', {}, title), make('dl', { class: 'pairs' }, ...pairs)));
  };
  add('Retries and limits', resilience);
  add('Detector', detector);
  return parts.length === 0 ? [] : [make('div', { class: 'grid2' }, ...parts)];
}

/** Nested figures as pairs: `totals retries` 12. */
function flat(value: object, path = ''): [string, string][] {
  return Object.entries(value).flatMap(([key, it]): [string, string][] => {
    const name = path === '' ? key : `${path} ${key}`;
    if (typeof it === 'object' && it !== null && !Array.isArray(it)) return flat(it, name);
    if (it === null || it === undefined) return [];
    return [
      [
        name,
        Array.isArray(it)
          ? it.map(String).join(', ')
          : typeof it === 'number'
            ? String(Math.round(it * 1_000) / 1_000)
            : String(it),
      ],
    ];
  });
}
