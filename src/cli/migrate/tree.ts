/** The syntax tree as the rules read it: ESTree with what TypeScript, Flow and JSX add, and each node's parent. */

export interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly loc: { readonly start: { readonly line: number } };
  /** Of `Program`, none. Set by `walk`. */
  parent?: Node | undefined;
  /** Under which member of the parent it hangs. Set by `walk`. */
  role?: string;
  readonly [member: string]: unknown;
}

export interface Comment {
  readonly type: 'CommentBlock' | 'CommentLine';
  readonly value: string;
  readonly start: number;
  readonly end: number;
  readonly loc: { readonly start: { readonly line: number }; readonly end: { readonly line: number } };
}

/** A parsed file. */
export interface Tree {
  readonly source: string;
  readonly program: Node;
  /** All nodes, parents before their children, in the order of the source. */
  readonly nodes: readonly Node[];
  readonly comments: readonly Comment[];
}

const NO_CHILDREN = new Set([
  'parent',
  'role',
  'loc',
  'range',
  'extra',
  'errors',
  'comments',
  'tokens',
  'interpreter',
]);

export const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && typeof (value as Node).type === 'string';

/** All nodes below and with `root`. It keeps a list of its own in place of calling itself: sources nest deeply. */
export function walk(root: Node): Node[] {
  const nodes: Node[] = [];
  const waiting: Node[] = [root];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    nodes.push(node);
    const children = childrenOf(node);
    for (let i = children.length - 1; i >= 0; i--) waiting.push(children[i] as Node);
  }
  return nodes;
}

function childrenOf(node: Node): Node[] {
  const children: Node[] = [];
  for (const role of Object.keys(node)) {
    if (NO_CHILDREN.has(role)) continue;
    const member = node[role];
    for (const child of Array.isArray(member) ? member : [member]) {
      // `{ a }` has one node as key and value in some versions: it is walked once, as the value.
      if (!isNode(child) || (role === 'key' && node.value === child)) continue;
      child.parent = node;
      child.role = role;
      children.push(child);
    }
  }
  return children;
}

export const child = (node: Node | undefined, member: string): Node | undefined => {
  const found = node?.[member];
  return isNode(found) ? found : undefined;
};

export const list = (node: Node | undefined, member: string): readonly Node[] => {
  const found = node?.[member];
  return Array.isArray(found) ? found.filter(isNode) : [];
};

export const lineOf = (node: Node): number => node.loc.start.line;

export const textOf = (tree: Tree, node: Node): string => tree.source.slice(node.start, node.end);

/** The string that a literal, or a template without gaps, stands for. */
export function stringOf(node: Node | undefined): string | undefined {
  if (node?.type === 'Literal' && typeof node.value === 'string') return node.value;
  if (node?.type === 'TSLiteralType') return stringOf(child(node, 'literal'));
  if (node?.type !== 'TemplateLiteral' || list(node, 'expressions').length > 0) return undefined;
  const { cooked } = (list(node, 'quasis')[0]?.value ?? {}) as { cooked?: string };
  return cooked;
}

/** The name of an identifier, private ones without their `#`. */
export const nameOf = (node: Node | undefined): string | undefined =>
  node !== undefined && ['Identifier', 'PrivateIdentifier', 'JSXIdentifier'].includes(node.type)
    ? (node.name as string)
    : undefined;

/** The key of a property or a member, unless it is computed from anything but a string. */
export function keyOf(node: Node | undefined): string | undefined {
  const key = child(node, node?.type === 'MemberExpression' ? 'property' : 'key') ?? child(node, 'value');
  if (node?.computed !== true && nameOf(key) !== undefined) return nameOf(key);
  return stringOf(key);
}

const WRAPPERS = new Set([
  'TSAsExpression',
  'TSSatisfiesExpression',
  'TSNonNullExpression',
  'TSTypeAssertion',
  'TSInstantiationExpression',
  'TypeCastExpression',
  'ParenthesizedExpression',
  'ChainExpression',
]);

export const isWrapper = (node: Node | undefined): boolean => node !== undefined && WRAPPERS.has(node.type);

/** The expression within `as`, `satisfies`, `!`, parentheses and optional chains. */
export function unwrap(node: Node | undefined): Node | undefined {
  let inner = node;
  while (inner !== undefined && isWrapper(inner)) inner = child(inner, 'expression');
  return inner;
}

/** The nearest node above that is no wrapper of this one. */
export function outerOf(node: Node): Node | undefined {
  let outer = node.parent;
  while (isWrapper(outer)) outer = outer?.parent;
  return outer;
}

/** The node as it stands in `outerOf(node)`: with its wrappers. */
export function wrapped(node: Node): Node {
  let whole = node;
  while (isWrapper(whole.parent)) whole = whole.parent as Node;
  return whole;
}

export const isFunction = (node: Node | undefined): boolean =>
  node !== undefined && /^(?:Arrow)?Function(?:Expression|Declaration)$/.test(node.type);

export const isClass = (node: Node | undefined): boolean =>
  node?.type === 'ClassDeclaration' || node?.type === 'ClassExpression';
