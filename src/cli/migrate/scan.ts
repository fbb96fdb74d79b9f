/** What is there: opossum, cockatiel, and breakers that somebody made. It changes nothing. */
import { type Finding, inOrder, type Plan } from './finding.js';
import { createScopes } from './scope.js';
import { specifiersOf } from './specifiers.js';
import { child, isClass, keyOf, lineOf, list, type Node, nameOf, type Tree, unwrap } from './tree.js';

/** What a hand-made breaker can do, by any of its names: who may pass, what went well, what failed. */
const ABILITIES = [
  ['canExecute', 'allowRequest', 'isOpen', 'shouldAttemptReset'],
  ['recordSuccess', 'onSuccess'],
  ['recordFailure', 'onFailure'],
] as const;

const plain = (name: string): string => name.replace(/[_#]/g, '').toLowerCase();

const ABILITY = new Map(
  ABILITIES.flatMap((names, index) => names.map((name) => [plain(name), index] as const)),
);

const PATTERNS = ABILITIES.map(
  (names) => new RegExp(names.map((name) => name.replace(/[A-Z]/g, '_?$&')).join('|'), 'i'),
);

/** Whether a file may have something to tell. */
export const isWorthScanning = (text: string): boolean =>
  /opossum|cockatiel/.test(text) || PATTERNS.filter((pattern) => pattern.test(text)).length >= 2;

export function scan(tree: Tree): Plan {
  const scopes = createScopes();
  const imports = specifiersOf(tree, scopes).flatMap(({ module, kind, owner }): Finding[] => {
    const library = /^(opossum|cockatiel)(?:\/|$)/.exec(module)?.[1];
    if (library === undefined) return [];
    const message = `${WAYS[kind]} "${module}": \`recloser migrate ${library}\` changes it, or says what stands against it`;
    return [{ line: lineOf(owner), rule: library, message }];
  });
  return { edits: [], report: inOrder([...imports, ...tree.nodes.flatMap(handMade), ...prototypes(tree)]) };
}

const WAYS = {
  import: 'imports',
  export: 'exports from',
  type: 'takes a type of',
  require: 'requires',
  dynamic: 'imports at run time',
  resolve: 'resolves',
  mock: 'mocks',
} as const;

function handMade(node: Node): Finding[] {
  const members = isClass(node)
    ? list(child(node, 'body'), 'body').concat(ownFields(node))
    : node.type === 'ObjectExpression'
      ? list(node, 'properties')
      : [];
  return lookAt(
    node,
    nameOf(child(node, 'id')) ?? nameOf(child(node.parent, 'id')),
    members.flatMap((one) => keyOf(one) ?? []),
  );
}

/** `this.onSuccess = …` in the constructor. */
function ownFields(node: Node): Node[] {
  const making = list(child(node, 'body'), 'body').find((one) => one.kind === 'constructor');
  return list(child(child(making, 'value'), 'body'), 'body').flatMap((statement) => {
    const left = child(child(statement, 'expression'), 'left');
    return left?.type === 'MemberExpression' && child(left, 'object')?.type === 'ThisExpression'
      ? [left]
      : [];
  });
}

/** `Breaker.prototype.canExecute = function () { … }` */
function prototypes(tree: Tree): Finding[] {
  const members = new Map<string, { first: Node; names: string[] }>();
  for (const node of tree.nodes) {
    const left = node.type === 'AssignmentExpression' ? unwrap(child(node, 'left')) : undefined;
    const prototype = left?.type === 'MemberExpression' ? unwrap(child(left, 'object')) : undefined;
    const owner = keyOf(prototype) === 'prototype' ? nameOf(child(prototype, 'object')) : undefined;
    const name = owner === undefined ? undefined : keyOf(left);
    if (owner === undefined || name === undefined) continue;
    const known = members.get(owner) ?? { first: node, names: [] };
    members.set(owner, known);
    known.names.push(name);
  }
  return [...members].flatMap(([owner, { first, names }]) => lookAt(first, owner, names));
}

function lookAt(node: Node, name: string | undefined, members: readonly string[]): Finding[] {
  const telling = members.filter((member) => ABILITY.has(plain(member)));
  if (new Set(telling.map((member) => ABILITY.get(plain(member)))).size < 2) return [];
  const what = name === undefined ? 'an object' : `\`${name}\``;
  const message = `${what} looks like a circuit breaker (${telling.join(', ')}): keep it as an adapter over one of ours, and move its callers one by one`;
  return [{ line: lineOf(node), rule: 'hand-made', message }];
}
