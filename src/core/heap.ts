/** A member of a heap; after `key` has grown, `sink` says so. */
export interface Keyed {
  key: number;
}

/** A binary heap: the member with the least key is at hand, and every step costs the logarithm of their number. */
export class Heap<Member extends Keyed> {
  #members: Member[] = [];

  get top(): Member | undefined {
    return this.#members[0];
  }

  get size(): number {
    return this.#members.length;
  }

  add(member: Member): void {
    let at = this.#members.length;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = this.#members[above] as Member;
      if (parent.key <= member.key) break;
      this.#members[at] = parent;
      at = above;
    }
    this.#members[at] = member;
  }

  removeTop(): void {
    const last = this.#members.pop();
    if (last === undefined || this.#members.length === 0) return;
    this.#members[0] = last;
    this.sinkTop();
  }

  /** Puts the top where it belongs, its key having grown. */
  sinkTop(): void {
    const members = this.#members;
    const member = members[0] as Member;
    let at = 0;
    for (let below = 1; below < members.length; below = 2 * at + 1) {
      const right = members[below + 1];
      const least = right !== undefined && right.key < (members[below] as Member).key ? below + 1 : below;
      const child = members[least] as Member;
      if (member.key <= child.key) break;
      members[at] = child;
      at = least;
    }
    members[at] = member;
  }

  /** Keeps those that pass. */
  keep(passes: (member: Member) => boolean): void {
    // In the order of their keys they are a heap again.
    this.#members = this.#members.filter(passes).sort((a, b) => a.key - b.key);
  }
}
