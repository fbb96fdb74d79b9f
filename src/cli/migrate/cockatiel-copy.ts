/** Pieces of the old text that the new one is made of. */
import type { Reference, Work } from './cockatiel-work.js';
import { child, keyOf, list, type Node, unwrap } from './tree.js';

/** A text made of pieces of the old one. */
export interface Rendered {
  readonly text: string;
  /** What it stands for: comments beside that go with it. */
  readonly origin: Node | undefined;
  /** The pieces that were copied, comments and all. */
  readonly copied: readonly { readonly start: number; readonly end: number }[];
}

/** An expression as it stands, with what is to be changed inside it. */
export function render(work: Work, node: Node, origin?: Node): Rendered {
  const { start, end } = node;
  let text = '';
  let at = start;
  const inside = work.edits
    .filter((edit) => edit.start >= start && edit.end <= end)
    .sort((a, b) => a.start - b.start || a.end - b.end);
  for (const edit of inside) {
    text += work.tree.source.slice(at, edit.start) + edit.text;
    at = edit.end;
  }
  text += work.tree.source.slice(at, end);
  // Parentheses around an expression are no part of it, and only a sequence needs them as a member's value.
  return { text: node.type === 'SequenceExpression' ? `(${text})` : text, origin, copied: [{ start, end }] };
}

/** One option of the new breaker, and what of the old text it stands for. */
export interface Member extends Rendered {
  readonly name: string;
}

/** What `new X(…)` makes, where X is cockatiel's. */
export function referenceMade(work: Work, value: Node): Reference | undefined {
  const made = unwrap(value);
  return made?.type === 'NewExpression' ? work.references.get(child(made, 'callee') as Node) : undefined;
}

/** The properties of an object that has no others, and neither spreads nor methods; none given is none. */
export function readPlain(object: Node | undefined, names: readonly string[]): Map<string, Node> | undefined {
  const properties = new Map<string, Node>();
  if (object === undefined) return properties;
  const inner = unwrap(object);
  if (inner?.type !== 'ObjectExpression') return undefined;
  for (const property of list(inner, 'properties')) {
    const key = property.type === 'Property' && property.method !== true ? keyOf(property) : undefined;
    if (key === undefined || !names.includes(key)) return undefined;
    properties.set(key, property);
  }
  return properties;
}
