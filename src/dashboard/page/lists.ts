/** What has happened lately: changes, failures, levers pulled. */
import type { ActionRecord } from '../action.js';
import type { RecentFailure, RecentTransition } from '../recent.js';
import { make, say } from './dom.js';
import { stateIcon } from './shapes.js';
import { age, clockTime, counted, STATE_WORDS, took, wordsOf } from './words.js';

type Kind = 'transitions' | 'failures' | 'actions';

const TITLES: Readonly<Record<Kind, string>> = {
  transitions: 'Last changes',
  failures: 'Last failures',
  actions: 'Levers pulled',
};

const NOTHING: Readonly<Record<Kind, string>> = {
  transitions: 'No circuit has changed its state.',
  failures: 'No call has failed.',
  actions: 'Nobody has pulled a lever.',
};

export const ACTION_WORDS: Readonly<Record<ActionRecord['action'], string>> = {
  trip: 'Trip',
  forceOpen: 'Force open',
  forceClosed: 'Force closed',
  reset: 'Reset',
  update: 'Change options',
};

/** One of the lists. */
export class RecentList<Item extends { readonly time: number }> {
  readonly element: HTMLElement;
  readonly #list: HTMLOListElement;
  readonly #kind: Kind;
  readonly #draw: (item: Item) => readonly Node[];
  #items: readonly Item[] | undefined;
  #told = '';
  #ages: { readonly element: Element; readonly time: number }[] = [];
  #isSeen = true;

  constructor(kind: Kind, draw: (item: Item) => readonly Node[], heading: 'h2' | 'h3' = 'h2') {
    this.#kind = kind;
    this.#draw = draw;
    this.#list = make('ol', { 'data-list': kind });
    this.element = make('section', {}, make(heading, { class: 'title' }, TITLES[kind]), this.#list);
    new IntersectionObserver(([change]) => {
      this.#isSeen = change?.isIntersecting ?? true;
    }).observe(this.element);
  }

  /** Its ages are painted where somebody sees them: with many circuits, the lists are far below. */
  paint(items: readonly Item[], now: number): void {
    const isOther = items !== this.#items && this.#take(items);
    if (!isOther && !this.#isSeen) return;
    for (const { element, time } of this.#ages) say(element, `${age(now - time)} ago`);
  }

  /** Draws them, unless they are those that are there. */
  #take(items: readonly Item[]): boolean {
    this.#items = items;
    const told = JSON.stringify(items);
    if (told === this.#told) return false;
    this.#told = told;
    this.#list.replaceChildren(
      ...(items.length === 0
        ? [make('li', { class: 'quiet' }, NOTHING[this.#kind])]
        : items.map((item) => make('li', {}, ...this.#draw(item)))),
    );
    this.#ages = Array.from(this.#list.querySelectorAll('.age'), (element, at) => ({
      element,
      time: items[at]?.time ?? 0,
    }));
    return true;
  }
}

/** A time, and how long ago it was. */
function timed(time: number): readonly Node[] {
  const iso = new Date(time).toISOString();
  return [make('time', { datetime: iso, title: iso }, clockTime(time)), make('span', { class: 'age' })];
}

const link = (breaker: string) => make('a', { href: `#/b/${encodeURIComponent(breaker)}` }, breaker);
const head = (...parts: readonly (Node | string)[]) => make('div', { class: 'head' }, ...parts);

export function transitionItem(isOfOne: boolean) {
  return ({ breaker, time, from, to, reason, detail }: RecentTransition): readonly Node[] => [
    head(
      stateIcon(to),
      ...(isOfOne ? [] : [link(breaker)]),
      make('span', {}, `${STATE_WORDS[from]} → ${STATE_WORDS[to]}`),
      ...timed(time),
    ),
    make('p', { class: 'quiet' }, `${wordsOf(reason)}${detail === null ? '' : `: ${detail}`}`),
  ];
}

export function failureItem(isOfOne: boolean) {
  return ({ breaker, time, type, message, count, first, duration }: RecentFailure): readonly Node[] => [
    head(
      ...(isOfOne ? [] : [link(breaker)]),
      make('strong', {}, type),
      make('span', {}, count === 1 ? '' : `${count} times in ${age(time - first)}`),
      ...timed(time),
    ),
    make(
      'p',
      { class: 'quiet' },
      `${message}${duration === null ? '' : `${message === '' ? '' : ' · '}after ${took(duration)}`}`,
    ),
  ];
}

export function actionItem({
  breaker,
  time,
  as,
  action,
  reason,
  options,
  minutes,
  scope,
}: ActionRecord): readonly Node[] {
  const figures = Object.entries(options ?? {}).map(
    ([option, value]) => `${option} ${value === false ? 'off' : value}`,
  );
  const words = [
    `“${reason}”`,
    as === null ? '' : `by ${as}`,
    minutes === undefined ? '' : `for ${counted(minutes, 'minute')}`,
    scope === 'fleet' ? 'in every instance' : '',
    ...figures,
  ].filter((part) => part !== '');
  return [
    head(make('strong', {}, ACTION_WORDS[action]), link(breaker), ...timed(time)),
    make('p', { class: 'quiet' }, words.join(' · ')),
  ];
}
