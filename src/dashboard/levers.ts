/** Pulls levers: what may be done, with which words, and how it is taken back. */
import { report } from '../core/report.js';
import type { CircuitMode, CircuitState } from '../index.js';
import { type ActionOrder, type ActionRecord, NUMERIC_OPTIONS, plain } from './action.js';
import type { Books, Entry } from './books.js';
import { Forces } from './forces.js';
import type { ResolvedOptions } from './options.js';
import type { DashboardBreaker } from './target.js';

/** A lever was pulled. */
export interface Done {
  readonly ok: true;
  readonly state: CircuitState;
  readonly mode: CircuitMode;
  /** The order that takes it back, but for the reason; `null` where there is none. */
  readonly undo: ActionOrder | null;
}

/** Somebody's order that cannot be followed, in words for them. */
export class RefusedOrder extends Error {}

const MOST_RECORDS = 100;
const LONGEST_REASON = 200;
const MINUTE = 60_000;
const MOST_MINUTES = 1_440;

/** What of an order has been checked. */
interface Checked {
  readonly reason: string;
  readonly minutes: number | undefined;
  readonly options: Readonly<Record<string, number | false>> | undefined;
  readonly isForAll: boolean;
}

export class Levers {
  readonly forces: Forces;
  /** The newest first. */
  records: readonly ActionRecord[] = [];
  readonly #books: Books;
  readonly #options: ResolvedOptions;

  constructor(books: Books, options: ResolvedOptions) {
    this.#books = books;
    this.#options = options;
    this.forces = new Forces(books.clock);
  }

  /**
   * @param as who says so
   * @throws RefusedOrder for a reason or a value out of range, and for what would have no effect
   */
  async pull(entry: Entry, order: ActionOrder, as: string | null): Promise<Done> {
    const checked = this.#check(entry, order);
    const { breaker } = entry;
    const before = { ...breaker.metrics, options: breaker.options };
    const words = as === null ? checked.reason : `${checked.reason} (${as})`;
    if (checked.isForAll) await this.#pullForAll(entry, order, checked, words);
    else await this.#pullHere(entry, order, checked, words, as);
    const { reason, minutes, options, isForAll } = checked;
    this.#note({
      time: this.#books.time,
      as,
      action: order.action,
      breaker: entry.name,
      reason,
      ...(options !== undefined && { options }),
      ...(minutes !== undefined && { minutes }),
      ...(isForAll && { scope: 'fleet' as const }),
    });
    entry.events++;
    const { state, mode } = breaker.metrics;
    return { ok: true, state, mode, undo: undoOf(order, checked, before) };
  }

  #check({ breaker }: Entry, order: ActionOrder): Checked {
    const { action, minutes, options, scope } = order;
    const reason = plain(order.reason ?? '');
    const { length } = Array.from(reason);
    if (length < 1 || length > LONGEST_REASON)
      throw new RefusedOrder(`\`reason\` must be 1 to ${LONGEST_REASON} characters, received ${length}`);
    const isForce = action === 'forceOpen' || action === 'forceClosed';
    if (minutes !== undefined) {
      if (!isForce) throw new RefusedOrder('`minutes` goes with `forceOpen` and `forceClosed` alone');
      if (!(minutes >= 1 && minutes <= MOST_MINUTES))
        throw new RefusedOrder(`\`minutes\` must be a number from 1 to ${MOST_MINUTES}, received ${minutes}`);
    }
    const isForAll = scope === 'fleet';
    if (isForAll && this.#options.fleet === undefined)
      throw new RefusedOrder('`scope` cannot be "fleet": the panel was given no `fleet`');
    if (isForAll && !isForce && action !== 'reset')
      throw new RefusedOrder(`\`scope\` cannot be "fleet" for \`${action}\`, which changes one instance`);
    const { mode } = breaker.metrics;
    if (action === 'trip' && mode.startsWith('forced'))
      throw new RefusedOrder(`\`trip\` has no effect while the breaker is ${mode}: reset it first`);
    if (action !== 'update') {
      if (options !== undefined) throw new RefusedOrder('`options` goes with `update` alone');
      return { reason, minutes, options, isForAll };
    }
    return { reason, minutes, options: readFigures(options), isForAll };
  }

  async #pullForAll(
    { name }: Entry,
    { action }: ActionOrder,
    { minutes }: Checked,
    words: string,
  ): Promise<void> {
    const fleet = this.#options.fleet as NonNullable<ResolvedOptions['fleet']>;
    if (action === 'reset') return fleet.reset(name, words);
    const options = minutes === undefined ? undefined : { for: minutes * MINUTE };
    return action === 'forceOpen'
      ? fleet.forceOpen(name, words, options)
      : fleet.forceClosed(name, words, options);
  }

  #pullHere(
    entry: Entry,
    { action }: ActionOrder,
    { reason, minutes, options }: Checked,
    words: string,
    as: string | null,
  ): void {
    const { name, breaker } = entry;
    if (action === 'update') {
      breaker.update(Object.fromEntries(Object.entries(options ?? {}).map(asGiven)));
      return;
    }
    this.forces.steer(name, () => breaker[action](words));
    if (minutes === undefined) return;
    this.forces.hold(name, minutes * MINUTE, this.#books.time, () =>
      this.#takeBack(entry, minutes, reason, as),
    );
  }

  #takeBack({ name, breaker }: Entry, minutes: number, reason: string, as: string | null): void {
    const words = `${minutes} min are over: ${reason}`.slice(0, LONGEST_REASON);
    breaker.reset(as === null ? words : `${words} (${as})`);
    this.#note({ time: this.#books.time, as, action: 'reset', breaker: name, reason: words });
  }

  #note(record: ActionRecord): void {
    this.records = [record, ...this.records].slice(0, MOST_RECORDS);
    try {
      const told: unknown = this.#options.onAction?.(record);
      Promise.resolve(told).catch(report);
    } catch (error) {
      report(error);
    }
  }
}

/** @throws RefusedOrder for anything but numbers and `false` for options that the page changes */
function readFigures(options: ActionOrder['options']): Record<string, number | false> {
  const given = Object.entries(options ?? {});
  if (given.length === 0) throw new RefusedOrder('`options` must name one option at least');
  for (const [option, value] of given) {
    if (!NUMERIC_OPTIONS.some((it) => it === option))
      throw new RefusedOrder(
        `\`${plain(option).slice(0, 40)}\` cannot be changed here, only ${NUMERIC_OPTIONS.join(', ')}`,
      );
    if (value !== false && typeof value !== 'number')
      throw new RefusedOrder(
        `\`${option}\` must be a number or false, received ${value === null ? 'null' : typeof value}`,
      );
  }
  return Object.fromEntries(given) as Record<string, number | false>;
}

/** JSON knows no infinity: no limit is `false` here. */
function asGiven([option, value]: [string, number | false]): [string, number | false] {
  return [option, option === 'maxConcurrentCalls' && value === false ? Number.POSITIVE_INFINITY : value];
}

/** The order that brings back what was before, as far as there is one. */
function undoOf(
  { action, breaker }: ActionOrder,
  { options, isForAll }: Checked,
  before: {
    readonly state: CircuitState;
    readonly mode: CircuitMode;
    readonly options: DashboardBreaker['options'];
  },
): ActionOrder | null {
  if (isForAll) return action === 'reset' ? null : { action: 'reset', breaker, scope: 'fleet' };
  if (action === 'update') {
    const values = before.options as unknown as Readonly<Record<string, unknown>>;
    const old = Object.keys(options ?? {}).map((option) => {
      const value = values[option];
      return [option, value === Number.POSITIVE_INFINITY ? false : value] as const;
    });
    const isPlain = old.every(([, value]) => value === false || typeof value === 'number');
    return isPlain ? { action, breaker, options: Object.fromEntries(old) } : null;
  }
  if (before.mode === 'forced-open') return { action: 'forceOpen', breaker };
  if (before.mode === 'forced-closed') return { action: 'forceClosed', breaker };
  const wasDown = before.state !== 'CLOSED';
  if (action === 'reset') return wasDown ? { action: 'trip', breaker } : null;
  return { action: 'reset', breaker };
}
