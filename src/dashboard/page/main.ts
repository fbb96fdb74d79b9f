/** The page: what the address says is shown, and what the stream tells. */
import { make, show } from './dom.js';
import { List } from './list.js';
import { actionItem, failureItem, RecentList, transitionItem } from './lists.js';
import { Model } from './model.js';
import { One } from './one.js';
import { Stream } from './stream.js';
import { legend, Tools, Top } from './top.js';
import { BINS, type Bin } from './words.js';

/** The page may have been asked for without the slash at its end. */
if (!location.pathname.endsWith('/'))
  history.replaceState(null, '', `${location.pathname}/${location.search}${location.hash}`);
const base = location.pathname;

const model = new Model();
const top = new Top(model);
const tools = new Tools((bin) => go({ bin: route.bin === bin ? undefined : bin, query: route.query }));
const list = new List(model);
const one = new One({ model, base });
const transitions = new RecentList('transitions', transitionItem(false));
const failures = new RecentList('failures', failureItem(false));
const actions = new RecentList('actions', actionItem);
const columns = make('div', { class: 'columns' }, transitions.element, failures.element, actions.element);
/** With many circuits, what has happened last is far below. */
const later = make('button', { type: 'button', class: 'later' }, 'What happened last');
later.addEventListener('click', () => columns.scrollIntoView());
tools.element.insertBefore(later, tools.search);
const all = make('div', { 'data-view': 'list' }, tools.element, list.element, legend(), columns);
document.body.append(make('main', {}, top.element, all, one.element));

interface Route {
  readonly bin: Bin | undefined;
  readonly query: string;
  readonly breaker?: string;
}

let route: Route = { bin: undefined, query: '' };
let paintedAt = 0;

/** `#/`, `#/?state=open&q=pay`, `#/b/payments`. */
function readRoute(): Route {
  const hash = location.hash.slice(1);
  if (hash.startsWith('/b/')) return { bin: undefined, query: '', breaker: decoded(hash.slice(3)) };
  const given = new URLSearchParams(hash.includes('?') ? hash.slice(hash.indexOf('?') + 1) : '');
  const state = given.get('state');
  return { bin: BINS.find((bin) => bin === state), query: given.get('q') ?? '' };
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

/** What is typed is no step that the way back should go. */
function go({ bin, query }: Route): void {
  const given = new URLSearchParams();
  if (bin !== undefined) given.set('state', bin);
  if (query !== '') given.set('q', query);
  const words = given.toString();
  history.replaceState(null, '', `#/${words === '' ? '' : `?${words}`}`);
  follow();
}

function follow(): void {
  const before = route.breaker;
  route = readRoute();
  const { breaker, bin, query } = route;
  show(all, breaker === undefined);
  show(one.element, breaker !== undefined);
  if (breaker !== undefined) {
    one.open(breaker);
    if (before !== breaker) scrollTo(0, 0);
    return;
  }
  one.close();
  if (tools.search.value !== query) tools.search.value = query;
  tools.paint(model.sums.counts, bin);
  list.filter({ bin, query });
}

function paint(): void {
  paintedAt = Date.now();
  top.paint();
  tools.paint(model.sums.counts, route.bin);
  if (route.breaker !== undefined) {
    one.paint();
    return;
  }
  transitions.paint(model.recent.transitions, model.now);
  failures.paint(model.recent.failures, model.now);
  actions.paint(model.recent.actions, model.now);
}

const stream = new Stream({
  model,
  base,
  changed(names, isWhole) {
    const { id, label } = model.head?.instance ?? { id: '', label: '' };
    const was = document.body.dataset.instance;
    if (was !== undefined && was !== '' && was !== id) top.announceInstance(label, lastLabel);
    lastLabel = label;
    list.update(names, isWhole);
    paint();
    if (route.breaker !== undefined && (isWhole || names.includes(route.breaker))) void one.refresh();
  },
  became(state) {
    top.became(state);
  },
});
let lastLabel = '';

tools.search.addEventListener('input', () => go({ bin: route.bin, query: tools.search.value }));
addEventListener('hashchange', follow);
addEventListener('keydown', (event) => {
  if (event.defaultPrevented || document.querySelector('dialog[open]') !== null) return;
  const isTyping = event.target instanceof HTMLInputElement || event.target instanceof HTMLTextAreaElement;
  if (event.key === '/' && !isTyping && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    if (route.breaker !== undefined) location.hash = '#/';
    follow();
    tools.search.focus();
    tools.search.select();
  } else if (event.key === 'Escape') {
    if (event.target === tools.search) {
      if (tools.search.value === '') tools.search.blur();
      else go({ bin: route.bin, query: '' });
    } else if (route.breaker !== undefined) location.hash = '#/';
  }
});

/** What was painted so many ms ago is not painted again: changes come as often as seconds pass. */
const FRESH = 700;
let ticks = 0;
setInterval(() => {
  if (document.hidden) return;
  if (Date.now() - paintedAt > FRESH) {
    paint();
    if (route.breaker === undefined) list.paintSeen();
  }
  if (route.breaker !== undefined && stream.state === 'live' && ++ticks % 5 === 0) void one.refresh();
}, 1_000);

follow();
top.paint();
stream.start();
