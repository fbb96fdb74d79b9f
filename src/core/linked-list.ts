/** A member of a list; a list owns the links of its members. */
export interface Linked<Node> {
  listed: boolean;
  before: Node | undefined;
  after: Node | undefined;
}

/** A list whose members carry their own links: adding and removing cost the same wherever they happen. */
export class LinkedList<Node extends Linked<Node>> {
  first: Node | undefined;
  last: Node | undefined;

  /** @param before the member that it follows; `undefined` puts it first */
  add(node: Node, before: Node | undefined): void {
    const after = before === undefined ? this.first : before.after;
    node.listed = true;
    this.#link(before, node);
    this.#link(node, after);
  }

  /** Does nothing for a node that is no member. */
  remove(node: Node): void {
    if (!node.listed) return;
    node.listed = false;
    this.#link(node.before, node.after);
    // Whoever holds this one must not hold all that came after it.
    node.before = node.after = undefined;
  }

  #link(before: Node | undefined, after: Node | undefined): void {
    if (before === undefined) this.first = after;
    else before.after = after;
    if (after === undefined) this.last = before;
    else after.before = before;
  }
}
