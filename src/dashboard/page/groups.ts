/**
 * The rows of the table in groups. Whatever changes in a row, the browser goes through all its neighbours in the same
 * parent: of a thousand, that takes longer than all else of an update. So it goes through one group.
 */
import { make } from './dom.js';

const SIZE = 40;
/** A group that has grown beyond this is divided. */
const MOST = 2 * SIZE;

export class Groups {
  readonly #table: HTMLTableElement;

  constructor(table: HTMLTableElement) {
    this.#table = table;
  }

  /** All rows, in this order. */
  fill(rows: readonly HTMLTableRowElement[]): void {
    this.#keepFocus(() => {
      const groups: Element[] = [];
      for (let at = 0; at < rows.length; at += SIZE)
        groups.push(make('tbody', { role: 'rowgroup' }, ...rows.slice(at, at + SIZE)));
      for (const old of Array.from(this.#table.tBodies)) old.remove();
      this.#table.append(...groups);
    });
  }

  /** Puts a row before the first one that is to come after it. */
  place(row: HTMLTableRowElement, isBefore: (other: Element) => boolean): void {
    const others = Array.from(this.#table.querySelectorAll('tbody tr')).filter((other) => other !== row);
    const at = others.findIndex(isBefore);
    const next = at < 0 ? undefined : others[at];
    const last = others[at < 0 ? others.length - 1 : at - 1];
    const group = (last ?? next)?.parentElement;
    if (!group) {
      this.fill([row]);
      return;
    }
    // The neighbour before it decides the group: the next one may be in another.
    const before = last === undefined ? group.firstElementChild : last.nextElementSibling;
    if (before === row) return;
    this.#keepFocus(() => group.insertBefore(row, before));
    if (group.childElementCount > MOST) this.#divide(group);
  }

  #divide(group: Element): void {
    const rest = Array.from(group.children).slice(SIZE);
    this.#keepFocus(() => group.after(make('tbody', { role: 'rowgroup' }, ...rest)));
  }

  /** What is moved loses the focus. */
  #keepFocus(move: () => void): void {
    const active = document.activeElement;
    move();
    if (active instanceof HTMLElement && active !== document.activeElement && this.#table.contains(active))
      active.focus({ preventScroll: true });
  }
}
