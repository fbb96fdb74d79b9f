/** What in the use of opossum's class behaves otherwise in ours. */
import type { Finding } from './finding.js';
import type { Scopes } from './scope.js';
import type { Specifier } from './specifiers.js';
import {
  child,
  isClass,
  keyOf,
  lineOf,
  list,
  type Node,
  nameOf,
  outerOf,
  type Tree,
  unwrap,
  walk,
  wrapped,
} from './tree.js';

const KNOWN = new Set(
  `timeout maxFailures resetTimeout rollingCountTimeout rollingCountBuckets name group rollingPercentilesEnabled capacity
  errorThresholdPercentage enabled allowWarmUp volumeThreshold errorFilter cache cacheTTL cacheSize cacheGetKey
  cacheTransport coalesce coalesceTTL coalesceSize coalesceResetOn abortController autoRenewAbortController
  enableSnapshots rotateBucketController state status clock`.split(/\s+/),
);

/** Options that are taken and mean something else; the words say what. */
const OTHERWISE: Readonly<Record<string, readonly [rule: string, message: string]>> = {
  maxFailures: [
    'max-failures',
    'maxFailures does nothing, in opossum as here: errorThresholdPercentage and volumeThreshold decide',
  ],
  abortController: [
    'abort-controller',
    'one controller for all calls: a timeout aborts them all; for a signal of each call use `recloser` itself',
  ],
  capacity: ['capacity', 'a full semaphore rejects and opens nothing: it says nothing of the dependency'],
  rotateBucketController: [
    'rotate',
    'rotateBucketController moves what `status` shows; what opens the breaker goes by time',
  ],
};

export function lookAtBreakers(tree: Tree, scopes: Scopes, imports: readonly Specifier[]): Finding[] {
  const classes = classNames(tree, imports);
  return tree.nodes
    .filter((node) => makesBreaker(node, classes))
    .flatMap((made) => [...lookAtCall(made), ...lookAtOptions(list(made, 'arguments')[1], scopes)]);
}

/** `new CircuitBreaker(…)`, or `super(…)` in a class that extends it. */
function makesBreaker(node: Node, classes: ReadonlySet<string>): boolean {
  const callee = child(node, 'callee');
  if (node.type === 'NewExpression') return isOpossum(callee, classes);
  if (node.type !== 'CallExpression' || callee?.type !== 'Super') return false;
  let owner = node.parent;
  while (owner !== undefined && !isClass(owner)) owner = owner.parent;
  return isOpossum(child(owner, 'superClass'), classes);
}

/** The names by which the class, or the module, is known in this file. */
function classNames(tree: Tree, imports: readonly Specifier[]): Set<string> {
  const names = new Set<string>();
  for (const { owner, kind } of imports) {
    for (const name of kind === 'import' ? importedNames(owner) : receivedNames(receiverOf(owner)))
      names.add(name);
  }
  // `const Breaker = opossum.default || opossum`
  for (const node of tree.nodes) {
    const name = node.type === 'VariableDeclarator' ? nameOf(child(node, 'id')) : undefined;
    if (name !== undefined && isClassExpression(child(node, 'init'), names)) names.add(name);
  }
  return names;
}

const CLASS = /^(?:default|CircuitBreaker)$/;

function importedNames(owner: Node): string[] {
  // `import X = require('opossum')`
  if (owner.type === 'TSExternalModuleReference') return receivedNames(child(owner.parent, 'id'));
  return list(owner, 'specifiers').flatMap((specifier) => {
    const imported = child(specifier, 'imported');
    const isClass = imported === undefined || CLASS.test(nameOf(imported) ?? '');
    return isClass ? receivedNames(child(specifier, 'local')) : [];
  });
}

function receivedNames(pattern: Node | undefined): string[] {
  if (pattern?.type !== 'ObjectPattern') return [nameOf(pattern) ?? []].flat();
  return list(pattern, 'properties').flatMap((property) => {
    const value = child(property, 'value');
    const id = value?.type === 'AssignmentPattern' ? child(value, 'left') : value;
    return CLASS.test(keyOf(property) ?? '') ? [nameOf(id) ?? []].flat() : [];
  });
}

function isClassExpression(node: Node | undefined, names: ReadonlySet<string>): boolean {
  const inner = unwrap(node);
  if (inner?.type === 'LogicalExpression') {
    return isClassExpression(child(inner, 'left'), names) || isClassExpression(child(inner, 'right'), names);
  }
  return isOpossum(inner, names);
}

/** What a require, or an awaited import, is assigned to. */
function receiverOf(call: Node): Node | undefined {
  let node = call;
  let outer = outerOf(node);
  while (outer !== undefined && isPassedOn(outer, wrapped(node))) {
    node = outer;
    outer = outerOf(node);
  }
  if (outer?.type === 'VariableDeclarator') return child(outer, 'id');
  return outer?.type === 'AssignmentExpression' ? child(outer, 'left') : undefined;
}

/** `await x`, `x.default`, `x || y`, `interop(x)` */
function isPassedOn(outer: Node, inner: Node): boolean {
  if (outer.type === 'MemberExpression') return inner.role === 'object';
  if (outer.type === 'CallExpression') return inner.role === 'arguments';
  return outer.type === 'AwaitExpression' || outer.type === 'LogicalExpression';
}

/** The class itself, or as a member of the module: `opossum.default`. */
function isOpossum(callee: Node | undefined, names: ReadonlySet<string>): boolean {
  const inner = unwrap(callee);
  if (inner?.type === 'MemberExpression' && CLASS.test(keyOf(inner) ?? '')) {
    return isOpossum(child(inner, 'object'), names);
  }
  if (inner?.type === 'LogicalExpression') return isClassExpression(inner, names);
  return names.has(nameOf(inner) ?? '');
}

function lookAtCall(made: Node): Finding[] {
  const member = outerOf(made);
  const isFired =
    member?.type === 'MemberExpression' &&
    wrapped(made).role === 'object' &&
    /^(?:fire|call)$/.test(keyOf(member) ?? '') &&
    outerOf(member)?.type === 'CallExpression';
  if (!isFired) return [];
  const message = 'a breaker made for one call never opens: make it once, outside of the function';
  return [{ line: lineOf(made), rule: 'per-call', message }];
}

function lookAtOptions(options: Node | undefined, scopes: Scopes): Finding[] {
  const given = unwrap(options);
  const objects = objectsOf(given, scopes);
  if (objects.length > 0) {
    return objects
      .flatMap((object) => list(object, 'properties'))
      .flatMap((one) => lookAtProperty(one, scopes));
  }
  return given !== undefined && isFromElsewhere(given, scopes)
    ? [
        {
          line: lineOf(given),
          rule: 'options-elsewhere',
          message:
            'these options are made elsewhere: look there for errorThresholdPercentage 100, capacity and the like',
        },
      ]
    : [];
}

/** The object literals that options are made of: several in `Object.assign({}, defaults, { … })`. */
function objectsOf(given: Node | undefined, scopes: Scopes): Node[] {
  const inner = unwrap(given);
  if (isObjectMethod(inner, /^assign$/)) {
    return list(inner, 'arguments').flatMap((one) => objectsOf(one, scopes));
  }
  return [objectOf(inner, scopes) ?? []].flat();
}

/** `Object.freeze(…)` and its like. */
function isObjectMethod(call: Node | undefined, name: RegExp): boolean {
  const callee = call?.type === 'CallExpression' ? unwrap(child(call, 'callee')) : undefined;
  return nameOf(child(callee, 'object')) === 'Object' && name.test(keyOf(callee) ?? '');
}

/** What a field of the class around is initialised with. */
function fieldOf(member: Node): Node | undefined {
  let owner = member.parent;
  while (owner !== undefined && !isClass(owner)) owner = owner.parent;
  const field = list(child(owner, 'body'), 'body').find(
    (one) => one.type === 'PropertyDefinition' && keyOf(one) === keyOf(member),
  );
  return child(field, 'value');
}

/** The object literal that is given in place, or by a variable or a field of this file. */
function objectOf(given: Node | undefined, scopes: Scopes, depth = 0): Node | undefined {
  if (given === undefined || depth > 8) return undefined;
  const inner = unwrap(given);
  switch (inner?.type) {
    case 'ObjectExpression':
      return inner;
    case 'Identifier': {
      const by = scopes.resolve(nameOf(inner) as string, inner)?.by;
      return by?.type === 'VariableDeclarator' && child(by, 'id')?.type === 'Identifier'
        ? objectOf(child(by, 'init'), scopes, depth + 1)
        : undefined;
    }
    case 'MemberExpression': {
      const key = keyOf(inner);
      if (child(inner, 'object')?.type === 'ThisExpression')
        return objectOf(fieldOf(inner), scopes, depth + 1);
      const owner = objectOf(child(inner, 'object'), scopes, depth + 1);
      const property = list(owner, 'properties').find((one) => one.type === 'Property' && keyOf(one) === key);
      return key === undefined ? undefined : objectOf(child(property, 'value'), scopes, depth + 1);
    }
    case 'CallExpression':
      return isObjectMethod(inner, /^(?:freeze|seal)$/)
        ? objectOf(list(inner, 'arguments')[0], scopes, depth + 1)
        : undefined;
    default:
      return undefined;
  }
}

/** A variable, or a member of one, that this file does not initialise: imported, or handed in. */
function isFromElsewhere(given: Node, scopes: Scopes): boolean {
  let root: Node | undefined = given;
  while (root?.type === 'MemberExpression') root = unwrap(child(root, 'object'));
  const name = nameOf(root);
  if (root === undefined || name === undefined || name === 'undefined') return false;
  const by = scopes.resolve(name, root)?.by;
  return (
    by?.type !== 'VariableDeclarator' ||
    child(by, 'init') === undefined ||
    child(by, 'id')?.type !== 'Identifier'
  );
}

function lookAtProperty(property: Node, scopes: Scopes): Finding[] {
  const line = lineOf(property);
  if (property.type === 'SpreadElement') {
    return objectsOf(child(property, 'argument'), scopes)
      .flatMap((object) => list(object, 'properties'))
      .flatMap((one) => lookAtProperty(one, scopes));
  }
  const key = keyOf(property);
  if (key === undefined) return [];

  const found: Finding[] = [];
  const [rule, message] = OTHERWISE[key] ?? [];
  if (rule !== undefined && message !== undefined) found.push({ line, rule, message });
  if (!KNOWN.has(key)) {
    found.push({
      line,
      rule: 'unknown-option',
      message: `opossum has no option \`${key}\`: it is ignored, there and here`,
    });
  }
  const value = constantOf(child(property, 'value'), scopes);
  if (key === 'errorThresholdPercentage' && Number(literalOf(value)) === 100) {
    found.push({
      line,
      rule: 'threshold-100',
      message: '100 opens when all calls of the window failed (opossum: never); 101 is never',
    });
  }
  if (value !== undefined && readsNumberFromEnvironment(value)) {
    found.push({
      line,
      rule: 'env-number',
      message: `without the variable \`${key}\` is NaN, which is refused: give a figure for that case, \`?? …\``,
    });
  }
  return found;
}

/** The value itself, or what the constant that it names is initialised with. */
function constantOf(value: Node | undefined, scopes: Scopes): Node | undefined {
  const inner = unwrap(value);
  if (inner?.type !== 'Identifier') return inner;
  const by = scopes.resolve(nameOf(inner) as string, inner)?.by;
  const isConstant = by?.type === 'VariableDeclarator' && by.parent?.kind === 'const';
  return isConstant && child(by, 'id')?.type === 'Identifier' ? unwrap(child(by, 'init')) : inner;
}

const literalOf = (node: Node | undefined): unknown => (node?.type === 'Literal' ? node.value : Number.NaN);

/** `Number(process.env.X)` and its like, where nothing stands in for a variable that is not set. */
function readsNumberFromEnvironment(value: Node): boolean {
  if (/Function/.test(value.type)) return false;
  const nodes = walk(value);
  if (nodes.some(isDefaulted)) return false;
  return nodes.some(
    (node) =>
      (node.type === 'CallExpression' &&
        isNumberReader(child(node, 'callee')) &&
        isFromEnvironment(list(node, 'arguments')[0])) ||
      (node.type === 'UnaryExpression' &&
        node.operator === '+' &&
        isFromEnvironment(child(node, 'argument'))),
  );
}

const isDefaulted = (node: Node): boolean =>
  (node.type === 'LogicalExpression' && node.operator !== '&&') || node.type === 'ConditionalExpression';

function isNumberReader(callee: Node | undefined): boolean {
  const inner = unwrap(callee);
  const name = nameOf(inner) ?? (nameOf(child(inner, 'object')) === 'Number' ? keyOf(inner) : undefined);
  return name !== undefined && /^(?:Number|parseInt|parseFloat)$/.test(name);
}

function isFromEnvironment(node: Node | undefined): boolean {
  const variable = unwrap(node);
  const env = variable?.type === 'MemberExpression' ? unwrap(child(variable, 'object')) : undefined;
  return keyOf(env) === 'env' && nameOf(unwrap(child(env, 'object'))) === 'process';
}
