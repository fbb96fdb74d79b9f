/** Every place of a file where a string is the name of a module. */
import type { Scopes } from './scope.js';
import { child, keyOf, list, type Node, nameOf, stringOf, type Tree, unwrap } from './tree.js';

export interface Specifier {
  readonly kind: 'import' | 'export' | 'type' | 'require' | 'dynamic' | 'resolve' | 'mock';
  /** The string itself: a literal, or a template without gaps. */
  readonly literal: Node;
  readonly module: string;
  /** The declaration, the call or the type that the string belongs to. */
  readonly owner: Node;
}

const MOCKS = new Set(['jest', 'vi', 'vitest', 'mock', 'td']);

/** What takes the name of a module first. Those that replace the module take what stands for it second. */
const MOCKING = new Map<string, 'replaces' | 'names'>([
  ...[
    'mock',
    'doMock',
    'setMock',
    'unstable_mockModule',
    'module',
    'replace',
    'replaceEsm',
    'replaceCjs',
  ].map((method) => [method, 'replaces'] as const),
  ...[
    'unmock',
    'doUnmock',
    'dontMock',
    'deepUnmock',
    'requireActual',
    'requireMock',
    'importActual',
    'importMock',
    'createMockFromModule',
    'genMockFromModule',
    'unstable_unmockModule',
  ].map((method) => [method, 'names'] as const),
]);

export function specifiersOf(tree: Tree, scopes: Scopes): Specifier[] {
  const known = new Set<Node>();
  return tree.nodes.flatMap((node) => {
    const found = specifierOf(node, scopes);
    const literal = bare(found?.literal);
    const module = stringOf(literal);
    if (found === undefined || literal === undefined || module === undefined || known.has(literal)) return [];
    known.add(literal);
    return [{ kind: found.kind, literal, module, owner: node }];
  });
}

type Found = { readonly kind: Specifier['kind']; readonly literal: Node | undefined } | undefined;

function specifierOf(node: Node, scopes: Scopes): Found {
  switch (node.type) {
    case 'ImportDeclaration':
      return { kind: 'import', literal: child(node, 'source') };
    case 'ExportNamedDeclaration':
    case 'ExportAllDeclaration':
      return { kind: 'export', literal: child(node, 'source') };
    case 'TSExternalModuleReference':
      return { kind: 'import', literal: child(node, 'expression') };
    case 'TSImportType':
      return { kind: 'type', literal: child(node, 'argument') ?? child(node, 'source') };
    case 'ImportExpression':
      return { kind: 'dynamic', literal: child(node, 'source') };
    case 'CallExpression':
      return calledSpecifier(node, scopes);
    default:
      return undefined;
  }
}

function calledSpecifier(call: Node, scopes: Scopes): Found {
  const literal = list(call, 'arguments')[0];
  const callee = unwrap(child(call, 'callee'));
  if (callee?.type === 'Import') return { kind: 'dynamic', literal };
  if (isRequire(callee, scopes)) return { kind: 'require', literal };
  if (callee?.type !== 'MemberExpression') return undefined;

  const object = unwrap(child(callee, 'object'));
  const method = keyOf(callee) ?? '';
  if (method === 'resolve' && (isRequire(object, scopes) || object?.type === 'MetaProperty')) {
    return { kind: 'resolve', literal };
  }
  return MOCKING.has(method) && isMocker(object) ? { kind: 'mock', literal } : undefined;
}

/** `require`, `module.require`, and what `createRequire` made. */
function isRequire(callee: Node | undefined, scopes: Scopes): boolean {
  if (callee?.type === 'MemberExpression') {
    return keyOf(callee) === 'require' && nameOf(child(callee, 'object')) === 'module';
  }
  if (callee?.type === 'CallExpression') return isCreateRequire(callee);
  const name = nameOf(callee);
  if (callee === undefined || name === undefined) return false;
  if (name === 'require') return true;
  return isCreateRequire(unwrap(child(scopes.resolve(name, callee)?.by, 'init')));
}

function isCreateRequire(call: Node | undefined): boolean {
  const callee = unwrap(child(call, 'callee'));
  return call?.type === 'CallExpression' && (nameOf(callee) ?? keyOf(callee)) === 'createRequire';
}

/** `jest`, `vi`, `t.mock`, and chains of calls that begin with one. */
function isMocker(object: Node | undefined): boolean {
  let from = object;
  while (from?.type === 'CallExpression') {
    const callee = unwrap(child(from, 'callee'));
    from = callee?.type === 'MemberExpression' ? unwrap(child(callee, 'object')) : undefined;
  }
  const name = from?.type === 'MemberExpression' ? keyOf(from) : nameOf(from);
  return name !== undefined && MOCKS.has(name);
}

/** What stands for the module in a call that replaces it, unless it is a mock without contents. */
export function standInOf(call: Node): Node | undefined {
  const method = keyOf(unwrap(child(call, 'callee'))) ?? '';
  const standIn = list(call, 'arguments')[1];
  if (standIn === undefined || MOCKING.get(method) !== 'replaces') return undefined;
  const areSettings = /^(?:mock|doMock)$/.test(method) && unwrap(standIn)?.type === 'ObjectExpression';
  return areSettings ? undefined : standIn;
}

/** Stubs by the names of modules, as proxyquire and esmock take them: the keys of the objects handed in. */
export function stubKeysOf(tree: Tree, scopes: Scopes): Node[] {
  return tree.nodes
    .filter((node) => node.type === 'CallExpression' && isStubber(node, scopes))
    .flatMap((call) => list(call, 'arguments').slice(1))
    .flatMap((argument) => list(stubsIn(argument, tree, scopes), 'properties'))
    .filter((property) => property.type === 'Property' && property.computed !== true);
}

function stubsIn(argument: Node, tree: Tree, scopes: Scopes): Node | undefined {
  const given = unwrap(argument);
  if (given?.type === 'ObjectExpression') return given;
  const binding = given?.type === 'Identifier' ? scopes.resolve(nameOf(given) as string, given) : undefined;
  const stubs = unwrap(child(binding?.by, 'init'));
  if (binding === undefined || stubs?.type !== 'ObjectExpression') return undefined;
  // Who reads `stubs.opossum` elsewhere must go on finding it.
  const readElsewhere = tree.nodes.some(
    (node) =>
      nameOf(node) === binding.name && node.role === 'object' && node.parent?.type === 'MemberExpression',
  );
  return readElsewhere ? undefined : stubs;
}

const STUBBERS = new Set(['proxyquire', 'esmock']);

/** @param depth how many variables lie between: `x = x(…)` of minified code would never end */
function isStubber(call: Node, scopes: Scopes, depth = 0): boolean {
  let from = unwrap(child(call, 'callee'));
  while (from !== undefined) {
    const name = nameOf(from);
    if (name !== undefined)
      return STUBBERS.has(name) || isFromStubber(scopes.resolve(name, from)?.by, scopes, depth);
    if (from.type === 'CallExpression' && isStubberModule(list(from, 'arguments')[0])) return true;
    from = unwrap(child(from, from.type === 'CallExpression' ? 'callee' : 'object'));
  }
  return false;
}

const isStubberModule = (node: Node | undefined) => STUBBERS.has(stringOf(node) ?? '');

function isFromStubber(by: Node | undefined, scopes: Scopes, depth: number): boolean {
  if (by?.parent?.type === 'ImportDeclaration') return isStubberModule(child(by.parent, 'source'));
  const init = unwrap(child(by, 'init'));
  return (
    init?.type === 'CallExpression' &&
    (isStubberModule(list(init, 'arguments')[0]) || (depth < 4 && isStubber(init, scopes, depth + 1)))
  );
}

/** The literal within a type, as some versions of the parser have it, or within `vi.mock(import('x'))`. */
function bare(node: Node | undefined): Node | undefined {
  if (node?.type === 'TSLiteralType') return child(node, 'literal');
  if (node?.type === 'ImportExpression') return child(node, 'source');
  return node;
}
