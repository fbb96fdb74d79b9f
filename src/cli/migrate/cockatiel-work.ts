/** What the rules of cockatiel share while they read one file, and which names hold a breaker there. */
import type { Edit } from './engine.js';
import type { Finding } from './finding.js';
import type { Binding, Scopes } from './scope.js';
import { child, isClass, keyOf, type Node, outerOf, type Tree } from './tree.js';

/** One imported name of cockatiel where it is used. */
export interface Reference {
  readonly node: Node;
  /** As cockatiel calls it. */
  readonly name: string;
}

/** What the rules of cockatiel share while they read one file. */
export interface Work {
  readonly tree: Tree;
  readonly scopes: Scopes;
  readonly references: ReadonlyMap<Node, Reference>;
  /** References that a rule has dealt with. */
  readonly done: Set<Node>;
  readonly edits: Edit[];
  readonly report: Finding[];
  /** What is used of recloser, and whether as more than a type. */
  readonly used: Map<string, 'value' | 'type'>;
  /** Variables that hold a breaker. */
  readonly variables: Set<Node>;
  /** Members that hold one, by their class. */
  readonly members: Map<Node, Set<string>>;
  use(name: string, as?: 'value' | 'type'): void;
  obstacle(node: Node, message: string): void;
}

export function holdVariable(work: Work, { id, by }: Binding): void {
  work.variables.add(id);
  const isExported = by.type === 'VariableDeclarator' && by.parent?.parent?.type === 'ExportNamedDeclaration';
  if (isExported) {
    work.obstacle(
      id,
      'an exported breaker: change its users first, `execute` is `call` there, or wrap it in a function',
    );
  }
}

export function holdMember(work: Work, owner: Node, member: string): void {
  const members = work.members.get(owner) ?? new Set();
  work.members.set(owner, members.add(member));
}

/** What a breaker is assigned to: a variable, `this.x`, or a field of a class. */
export function holderOf(call: Node): { kind: 'target' | 'field'; target: Node } | undefined {
  const outer = outerOf(call);
  if (outer === undefined) return undefined;
  if (/^(?:PropertyDefinition|AccessorProperty)$/.test(outer.type)) {
    return keyOf(outer) === undefined ? undefined : { kind: 'field', target: outer };
  }
  const target =
    outer.type === 'VariableDeclarator'
      ? child(outer, 'id')
      : outer.type === 'AssignmentExpression'
        ? child(outer, 'left')
        : undefined;
  const isName = target?.type === 'Identifier' || target?.type === 'MemberExpression';
  return isName ? { kind: 'target', target } : undefined;
}

export function classOf(node: Node): Node | undefined {
  let at: Node | undefined = node.parent;
  while (at !== undefined && !isClass(at)) at = at.parent;
  return at;
}
