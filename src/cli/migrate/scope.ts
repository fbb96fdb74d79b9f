/** What a name means at a place: the nearest declaration of it, by the rules of JavaScript's scopes. */
import { child, isFunction, list, type Node, nameOf } from './tree.js';

/** One declared name. */
export interface Binding {
  readonly name: string;
  /** The identifier that declares it. */
  readonly id: Node;
  /** The declarator, specifier, parameter, function or class around it. */
  readonly by: Node;
}

export type Scopes = ReturnType<typeof createScopes>;

export function createScopes() {
  const known = new Map<Node, Map<string, Binding>>();

  function declaredIn(scope: Node): Map<string, Binding> {
    let names = known.get(scope);
    if (names === undefined) {
      names = new Map();
      for (const binding of bindingsOf(scope)) if (!names.has(binding.name)) names.set(binding.name, binding);
      known.set(scope, names);
    }
    return names;
  }

  return {
    /** @param at the node from which the name is seen */
    resolve(name: string, at: Node): Binding | undefined {
      for (let scope: Node | undefined = at; scope !== undefined; scope = scope.parent) {
        const found = SCOPES.test(scope.type) ? declaredIn(scope).get(name) : undefined;
        if (found !== undefined) return found;
      }
      return undefined;
    },
  };
}

const SCOPES =
  /^(?:Program|BlockStatement|StaticBlock|SwitchStatement|TSModuleBlock|CatchClause|For(?:In|Of)?Statement|Class(?:Declaration|Expression)|(?:Arrow)?Function(?:Expression|Declaration))$/;

function* bindingsOf(scope: Node): Generator<Binding> {
  if (isFunction(scope)) {
    for (const param of list(scope, 'params')) yield* patternBindings(param, param);
    yield* declared(scope.type === 'FunctionExpression' ? child(scope, 'id') : undefined, scope);
    const body = child(scope, 'body');
    if (body?.type === 'BlockStatement') yield* hoisted(list(body, 'body'));
    return;
  }
  switch (scope.type) {
    case 'ClassExpression':
    case 'ClassDeclaration':
      yield* declared(child(scope, 'id'), scope);
      return;
    case 'CatchClause': {
      const param = child(scope, 'param');
      if (param !== undefined) yield* patternBindings(param, param);
      return;
    }
    case 'ForStatement':
      yield* statementBindings(child(scope, 'init'));
      return;
    case 'ForInStatement':
    case 'ForOfStatement':
      yield* statementBindings(child(scope, 'left'));
      return;
    case 'SwitchStatement':
      for (const one of list(scope, 'cases')) {
        for (const statement of list(one, 'consequent')) yield* statementBindings(statement);
      }
      return;
    default:
      for (const statement of list(scope, 'body')) yield* statementBindings(statement);
      if (scope.type === 'Program') yield* hoisted(list(scope, 'body'));
  }
}

function* statementBindings(statement: Node | undefined): Generator<Binding> {
  switch (statement?.type) {
    case 'ImportDeclaration':
      for (const specifier of list(statement, 'specifiers'))
        yield* declared(child(specifier, 'local'), specifier);
      return;
    case 'ExportNamedDeclaration':
    case 'ExportDefaultDeclaration':
      yield* statementBindings(child(statement, 'declaration'));
      return;
    case 'VariableDeclaration':
      for (const one of list(statement, 'declarations')) yield* patternBindings(child(one, 'id'), one);
      return;
    case 'FunctionDeclaration':
    case 'ClassDeclaration':
    case 'TSDeclareFunction':
    case 'TSEnumDeclaration':
    case 'TSModuleDeclaration':
    case 'TSImportEqualsDeclaration':
    case 'TSInterfaceDeclaration':
    case 'TSTypeAliasDeclaration':
    case 'TypeAlias':
    case 'InterfaceDeclaration':
      yield* declared(child(statement, 'id'), statement);
  }
}

/** `var` of all blocks, but of no inner function. */
function* hoisted(statements: readonly Node[]): Generator<Binding> {
  const waiting = [...statements];
  for (let node = waiting.shift(); node !== undefined; node = waiting.shift()) {
    if (node.type === 'VariableDeclaration' && node.kind === 'var') yield* statementBindings(node);
    if (!/Statement$|^SwitchCase$|^CatchClause$|^Export/.test(node.type)) continue;
    for (const member of [
      'body',
      'consequent',
      'alternate',
      'block',
      'handler',
      'finalizer',
      'init',
      'left',
      'cases',
    ]) {
      const inner = child(node, member);
      waiting.push(...(inner === undefined ? list(node, member) : [inner]));
    }
  }
}

function* declared(id: Node | undefined, by: Node): Generator<Binding> {
  const name = nameOf(id);
  if (id !== undefined && name !== undefined) yield { name, id, by };
}

function* patternBindings(pattern: Node | undefined, by: Node): Generator<Binding> {
  switch (pattern?.type) {
    case 'Identifier':
      yield* declared(pattern, by);
      return;
    case 'ObjectPattern':
      for (const one of list(pattern, 'properties')) {
        yield* patternBindings(child(one, one.type === 'RestElement' ? 'argument' : 'value'), by);
      }
      return;
    case 'ArrayPattern':
      for (const one of list(pattern, 'elements')) yield* patternBindings(one, by);
      return;
    case 'AssignmentPattern':
      yield* patternBindings(child(pattern, 'left'), by);
      return;
    case 'RestElement':
      yield* patternBindings(child(pattern, 'argument'), by);
      return;
    case 'TSParameterProperty':
      yield* patternBindings(child(pattern, 'parameter'), by);
  }
}

/** Whether an identifier reads or writes a variable: it is no key, no member's name, no label and no declaration. */
export function isReference(node: Node): boolean {
  const { parent, role } = node;
  if (parent === undefined || !['Identifier', 'JSXIdentifier'].includes(node.type)) return false;
  switch (parent.type) {
    case 'MemberExpression':
    case 'JSXMemberExpression':
      return role === 'object' || parent.computed === true;
    case 'Property':
    case 'PropertyDefinition':
    case 'MethodDefinition':
    case 'AccessorProperty':
    case 'TSAbstractMethodDefinition':
    case 'TSAbstractPropertyDefinition':
    case 'TSPropertySignature':
    case 'TSMethodSignature':
    case 'ObjectTypeProperty':
      return role !== 'key' || parent.computed === true;
    case 'ImportSpecifier':
    case 'ImportDefaultSpecifier':
    case 'ImportNamespaceSpecifier':
    case 'ExportAllDeclaration':
    case 'ExportNamespaceSpecifier':
    case 'LabeledStatement':
    case 'BreakStatement':
    case 'ContinueStatement':
    case 'MetaProperty':
    case 'TSNamedTupleMember':
    case 'TSTypeParameter':
    case 'JSXAttribute':
    case 'TSImportType':
      return false;
    case 'TSEnumMember':
      return role === 'initializer';
    case 'ExportSpecifier':
      return role === 'local' && child(parent.parent, 'source') === undefined;
    case 'TSQualifiedName':
      return role === 'left';
    default:
      return true;
  }
}
