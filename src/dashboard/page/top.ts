/** The top of the page: whose picture it is, how fresh, and what is wrong, in one sentence. */
import { fill, make, mark, say, show } from './dom.js';
import type { Model, Sums } from './model.js';
import { forcedIcon, stateIcon } from './shapes.js';
import type { StreamState } from './stream.js';
import { age, BIN_WORDS, BINS, type Bin, counted, perSecond } from './words.js';

const STREAM_WORDS: Readonly<Record<StreamState, string>> = {
  connecting: '… connecting',
  live: '● live',
  lost: '○ lost, tries again',
  paused: '‖ paused',
  polling: '◌ every 5 s: no stream is free',
  refused: '× not allowed: log in, then load the page again',
};

/** At most one sentence is announced in so many ms. */
const QUIET = 5_000;

export class Top {
  readonly element: HTMLElement;
  readonly #model: Model;
  readonly #title = make('h1', {});
  readonly #who = make('span', { class: 'quiet' });
  readonly #stream = make('span', { class: 'stream' });
  readonly #notice = make('p', { class: 'notice', hidden: true });
  readonly #headline = make('p', { class: 'headline' });
  readonly #below = make('p', { class: 'below' });
  readonly #status = make('p', { role: 'status', class: 'gone-from-sight' });
  #state: StreamState = 'connecting';
  #sentence = '';
  #announcedAt = Number.NEGATIVE_INFINITY;
  #waiting: ReturnType<typeof setTimeout> | undefined;

  constructor(model: Model) {
    this.#model = model;
    this.element = make(
      'div',
      {},
      make('header', {}, this.#title, this.#who, this.#stream),
      this.#notice,
      this.#headline,
      this.#below,
      this.#status,
    );
  }

  became(state: StreamState): void {
    this.#state = state;
    document.body.dataset.stream = state;
    if (state === 'refused' || state === 'lost')
      this.#announce(`The picture is ${state === 'lost' ? 'no longer live' : 'not allowed any more'}`);
    this.paint();
  }

  /** Another process answers than before. */
  announceInstance(label: string, was: string): void {
    const names = label === was || label === '' ? '' : `: ${was === '' ? '' : `${was}, now `}${label}`;
    const sentence = `Another instance answers, or this one has started again${names}`;
    show(this.#notice, true);
    say(this.#notice, `${sentence}. Figures begin anew.`);
    this.#announce(sentence);
  }

  paint(): void {
    const { head, sums } = this.#model;
    const { counts } = sums;
    say(this.#stream, STREAM_WORDS[this.#state]);
    if (head === undefined) {
      say(this.#headline, this.#state === 'refused' ? 'You may not look at this' : 'Asks for the picture …');
      return;
    }
    const { instance, title } = head;
    document.body.dataset.instance = instance.id;
    say(this.#title, title);
    const up = `up ${age(this.#model.now - instance.started)}`;
    say(this.#who, instance.label === '' ? `· ${up}` : `· ${instance.label}, ${up}`);
    const isKnown = this.#state === 'live' || this.#state === 'polling';
    const sentence = headlineOf(counts, this.#model.rows.size);
    const last = `Last known, ${age(this.#model.now - this.#model.heardAt)} ago: `;
    say(this.#headline, isKnown ? sentence : `${last}${sentence}`);
    const mood =
      counts.open > 0 ? 'bad' : counts['half-open'] > 0 ? 'fair' : counts.forced > 0 ? 'fair' : 'well';
    mark(this.#headline, 'class', `headline ${isKnown ? mood : ''}`);
    say(this.#below, this.#belowWords(sums));
    document.title = counts.open > 0 ? `${counts.open} open · ${title}` : title;
    if (this.#sentence !== '' && this.#sentence !== sentence) this.#announce(sentence);
    this.#sentence = sentence;
  }

  #belowWords({ counts, refused }: Sums): string {
    const { fleet, unreadable } = this.#model;
    return [
      refused === 0
        ? 'No call is refused.'
        : `${perSecond(refused).replace('/s', '')} calls a second are refused.`,
      counts.forced === 0 ? '' : `${counts.forced} forced by hand.`,
      counts.failing === 0
        ? ''
        : `${counts.failing} ${counts.failing === 1 ? 'is' : 'are'} close to opening.`,
      unreadable.length === 0
        ? ''
        : `${counted(unreadable.length, 'breaker')} cannot be read: ${unreadable[0]?.breaker}.`,
      fleet === undefined
        ? ''
        : fleet.detached
          ? 'The fleet is without Redis: each instance decides alone.'
          : `${counted(fleet.instances, 'instance')} decide together.`,
    ]
      .filter((part) => part !== '')
      .join(' ');
  }

  #announce(sentence: string): void {
    clearTimeout(this.#waiting);
    const wait = this.#announcedAt + QUIET - Date.now();
    if (wait > 0) {
      this.#waiting = setTimeout(() => this.#announce(sentence), wait);
      return;
    }
    this.#announcedAt = Date.now();
    say(this.#status, sentence);
  }
}

function headlineOf(counts: Readonly<Record<Bin, number>>, total: number): string {
  const { open, 'half-open': probing, forced } = counts;
  if (total === 0) return 'No circuit breakers yet';
  if (open > 0) {
    const many = `${counted(open, 'circuit')} ${open === 1 ? 'is' : 'are'} open`;
    return probing === 0 ? many : `${many}, ${probing} probing`;
  }
  if (probing > 0)
    return `${counted(probing, 'circuit')} ${probing === 1 ? 'is' : 'are'} probing, none is open`;
  if (forced > 0) return `No circuit is open by itself, ${forced} ${forced === 1 ? 'is' : 'are'} forced`;
  return total === 1 ? 'The circuit is closed' : `All ${total} circuits are closed`;
}

/** The bins as buttons, and the search. */
export class Tools {
  readonly element: HTMLElement;
  readonly search = make('input', {
    type: 'search',
    role: 'searchbox',
    'aria-label': 'Search',
    placeholder: 'Search  /',
    autocomplete: 'off',
    spellcheck: 'false',
  });
  readonly #buttons = new Map<Bin, { readonly button: HTMLButtonElement; readonly count: HTMLElement }>();

  constructor(chosen: (bin: Bin) => void) {
    for (const bin of BINS) {
      const count = make('b', { 'data-count': bin }, '0');
      const icon = bin === 'forced' ? forcedIcon() : bin === 'failing' ? undefined : stateIcon(STATES[bin]);
      const button = make(
        'button',
        { type: 'button', 'data-filter': bin, 'aria-pressed': 'false' },
        icon,
        BIN_WORDS[bin],
        count,
      );
      button.addEventListener('click', () => chosen(bin));
      this.#buttons.set(bin, { button, count });
    }
    const buttons = Array.from(this.#buttons.values(), ({ button }) => button);
    this.element = make(
      'div',
      { class: 'tools' },
      make('div', { class: 'filters', role: 'group', 'aria-label': 'Show only' }, ...buttons),
      this.search,
    );
  }

  paint(counts: Readonly<Record<Bin, number>>, chosen: Bin | undefined): void {
    for (const [bin, { button, count }] of this.#buttons) {
      say(count, String(counts[bin]));
      mark(button, 'aria-pressed', String(bin === chosen));
    }
  }
}

const STATES = { open: 'OPEN', 'half-open': 'HALF_OPEN', closed: 'CLOSED' } as const;

/** What the colours of the bars mean. */
export function legend(): HTMLElement {
  const item = (kind: string, words: string) => make('span', {}, make('i', { class: `k-${kind}` }), words);
  const element = make('p', { class: 'legend' });
  fill(
    element,
    item('ok', 'answered'),
    item('slow', 'slow'),
    item('failed', 'failed'),
    item('refused', 'refused, below the line'),
  );
  return element;
}
