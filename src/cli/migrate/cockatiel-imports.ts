/** The import of cockatiel, and the one of recloser in its place. */
import type { Work } from './cockatiel-work.js';
import type { Edit } from './engine.js';
import { indentAt, layoutOf } from './layout.js';
import type { Specifier } from './specifiers.js';
import { child, keyOf, list, type Node, nameOf, outerOf, stringOf, type Tree, wrapped } from './tree.js';

interface Import {
  /** An import declaration, or the pattern of a destructured require. */
  readonly node: Node;
  readonly literal: Node;
  readonly isType: boolean;
}

export interface Imports {
  readonly all: readonly Import[];
  /** What cockatiel calls each imported name, by the identifier that declares it here. */
  readonly specifiers: ReadonlyMap<Node, string>;
  /** Local names that were imported as types. */
  readonly types: ReadonlySet<string>;
}

export function readImports(
  places: readonly Specifier[],
  obstacle: (node: Node, message: string) => void,
): Imports {
  const all: Import[] = [];
  const specifiers = new Map<Node, string>();
  const types = new Set<string>();
  for (const { kind, owner, literal, module } of places) {
    const names =
      module !== 'cockatiel' ? undefined : kind === 'import' ? importNames(owner) : requireNames(owner);
    if (names === undefined) {
      obstacle(owner, FORMS[kind]);
      continue;
    }
    const isType = owner.importKind === 'type';
    all.push({ node: kind === 'import' ? owner : patternOf(owner)!, literal, isType });
    for (const { id, name, type } of names) {
      specifiers.set(id, name);
      if (type || isType) types.add(name);
    }
  }
  return { all, specifiers, types };
}

const FORMS: Readonly<Record<Specifier['kind'], string>> = {
  import: 'import the names that you use: `import { circuitBreaker } from "cockatiel"`',
  export: 'what is exported on from cockatiel: change its users first',
  type: 'a type of cockatiel: name a type of recloser',
  require: 'take out the names that you use: `const { circuitBreaker } = require("cockatiel")`',
  dynamic: 'an import at run time',
  resolve: 'the place of cockatiel is asked for',
  mock: 'a mock of cockatiel: test with a real breaker and a clock by hand instead',
};

interface Name {
  readonly id: Node;
  readonly name: string;
  readonly type: boolean;
}

function importNames(declaration: Node): Name[] | undefined {
  const specifiers = list(declaration, 'specifiers');
  if (declaration.type !== 'ImportDeclaration' || specifiers.length === 0) return undefined;
  const names: Name[] = [];
  for (const specifier of specifiers) {
    const id = child(specifier, 'local');
    const imported = child(specifier, 'imported');
    const name = nameOf(imported) ?? stringOf(imported);
    if (id === undefined || name === undefined) return undefined;
    names.push({ id, name, type: specifier.importKind === 'type' });
  }
  return names;
}

function requireNames(call: Node): Name[] | undefined {
  const properties = list(patternOf(call), 'properties');
  if (properties.length === 0) return undefined;
  const names: Name[] = [];
  for (const property of properties) {
    const id = child(property, 'value');
    const name = keyOf(property);
    if (property.type !== 'Property' || id?.type !== 'Identifier' || name === undefined) return undefined;
    names.push({ id, name, type: false });
  }
  return names;
}

function patternOf(call: Node): Node | undefined {
  const outer = outerOf(call);
  if (call.type !== 'CallExpression' || outer?.type !== 'VariableDeclarator') return undefined;
  const pattern = wrapped(call).role === 'init' ? child(outer, 'id') : undefined;
  return pattern?.type === 'ObjectPattern' ? pattern : undefined;
}

export function importEdits(work: Work, { all, specifiers, types }: Imports): Edit[] {
  const main = all.find(({ isType }) => !isType) ?? all[0];
  if (main === undefined) return [];
  const present = importedFromOurs(work.tree);
  const alias = [...specifiers].find(([, name]) => name === 'CircuitState')?.[0];
  const names = [...work.used]
    .filter(([name]) => !present.has(name))
    .sort(([a], [b]) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1))
    .map(([name, as]) => {
      const isType = !main.isType && as === 'type' && types.has(OLD_NAMES[name] ?? name);
      const local = name === 'CircuitState' ? nameOf(alias) : name;
      const as_ = main.node.type === 'ObjectPattern' ? ': ' : ' as ';
      return `${isType ? 'type ' : ''}${name}${local === undefined || local === name ? '' : as_ + local}`;
    });
  return all.flatMap((one) =>
    one === main && names.length > 0 ? rewritten(work.tree, one, names) : removed(work.tree, one),
  );
}

/** Names of ours that stand for another one of cockatiel's, where that is a type. */
const OLD_NAMES: Readonly<Record<string, string>> = { CircuitBreaker: 'CircuitBreakerPolicy' };

function importedFromOurs(tree: Tree): Set<string> {
  const declarations = list(tree.program, 'body').filter(
    (node) => node.type === 'ImportDeclaration' && stringOf(child(node, 'source')) === 'recloser',
  );
  return new Set(
    declarations
      .flatMap((one) => list(one, 'specifiers'))
      .flatMap((one) => nameOf(child(one, 'local')) ?? []),
  );
}

/** New names and a new module; every other character of the statement stays. */
function rewritten(tree: Tree, { node, literal }: Import, names: readonly string[]): Edit[] {
  const { start, end } = bracesOf(tree, node);
  return [
    ...keptComments(tree, node, start, end),
    { start, end, text: `{ ${names.join(', ')} }` },
    { start: literal.start + 1, end: literal.end - 1, text: 'recloser' },
  ];
}

function bracesOf(tree: Tree, node: Node): { start: number; end: number } {
  if (node.type === 'ObjectPattern')
    return { start: node.start, end: child(node, 'typeAnnotation')?.start ?? node.end };
  const specifiers = list(node, 'specifiers');
  const isCode = (position: number) =>
    !tree.comments.some(({ start, end }) => start <= position && position < end);
  let start = (specifiers[0] as Node).start;
  while (tree.source[start] !== '{' || !isCode(start)) start--;
  let end = (specifiers.at(-1) as Node).end;
  while (tree.source[end] !== '}' || !isCode(end)) end++;
  return { start, end: end + 1 };
}

/** Comments among the names stay, on lines of their own above the statement. */
function keptComments(tree: Tree, node: Node, start: number, end: number): Edit[] {
  const statement = statementOf(node);
  const comments = tree.comments.filter((comment) => comment.start >= start && comment.end <= end);
  if (comments.length === 0) return [];
  const below = layoutOf(tree.source).newline + indentAt(tree.source, statement.start);
  const text = comments.map((comment) => tree.source.slice(comment.start, comment.end) + below).join('');
  return [{ start: statement.start, end: statement.start, text }];
}

/** Takes a statement out, with its line if nothing else is on it. Comments inside it stay. */
function removed(tree: Tree, { node }: Import): Edit[] {
  const statement = statementOf(node);
  // `const { a } = require('cockatiel'), b = 1` keeps its other half.
  if (statement.type === 'VariableDeclaration' && list(statement, 'declarations').length > 1) {
    return declaratorEdit(statement, node.parent as Node);
  }
  const { newline } = layoutOf(tree.source);
  const indent = indentAt(tree.source, statement.start);
  const comments = tree.comments
    .filter(({ start, end }) => start >= statement.start && end <= statement.end)
    .map(({ start, end }) => indent + tree.source.slice(start, end) + newline)
    .join('');
  const before = tree.source.slice(tree.source.lastIndexOf('\n', statement.start - 1) + 1, statement.start);
  const after = /^[ \t]*(?:\r?\n|$)/.exec(tree.source.slice(statement.end))?.[0];
  const isAlone = before.trim() === '' && after !== undefined;
  return [
    {
      start: isAlone ? statement.start - before.length : statement.start,
      end: isAlone ? statement.end + after.length : statement.end,
      text: comments,
    },
  ];
}

function declaratorEdit(statement: Node, declarator: Node): Edit[] {
  const all = list(statement, 'declarations');
  const index = all.indexOf(declarator);
  const next = all[index + 1];
  return next === undefined
    ? [{ start: (all[index - 1] as Node).end, end: declarator.end, text: '' }]
    : [{ start: declarator.start, end: next.start, text: '' }];
}

const statementOf = (node: Node): Node =>
  node.type === 'ObjectPattern' ? (node.parent?.parent as Node) : node;
