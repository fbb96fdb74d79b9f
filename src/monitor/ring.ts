/** The last so many items. It takes memory as items come, and no more once it is full. */
export class Ring<Item> {
  readonly #capacity: number;
  readonly #items: Item[] = [];
  /** Where the next item goes: the end while there is room, then over the oldest. */
  #next = 0;

  /** @param capacity items that are kept, at least 1 */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  push(item: Item): void {
    this.#items[this.#next] = item;
    this.#next = (this.#next + 1) % this.#capacity;
  }

  /** The newest item comes first. */
  *[Symbol.iterator](): Iterator<Item> {
    const { length } = this.#items;
    for (let age = 1; age <= length; age++) {
      yield this.#items[(this.#next - age + length) % length] as Item;
    }
  }
}
