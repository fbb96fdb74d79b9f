/** What is done with a breaker of cockatiel, its states and its errors. */
import { adviceOn } from './cockatiel-advice.js';
import { classOf, holdMember, holdVariable, type Work } from './cockatiel-work.js';
import { isReference } from './scope.js';
import { child, isFunction, keyOf, list, type Node, nameOf, outerOf, unwrap, walk, wrapped } from './tree.js';

const EVENTS: Readonly<Record<string, string>> = {
  onBreak: 'open',
  onReset: 'close',
  onHalfOpen: 'halfOpen',
};

const STATES: Readonly<Record<string, string>> = { Open: 'OPEN', Closed: 'CLOSED', HalfOpen: 'HALF_OPEN' };

const MEMBERS = new Set([
  ...Object.keys(EVENTS),
  'execute',
  'onStateChange',
  'onSuccess',
  'onFailure',
  'isolate',
  'toJSON',
  'lastFailure',
]);

/** Notes the variables and members that are declared to hold a breaker. */
export function typedByPolicy(work: Work): void {
  for (const { node, name } of work.references.values()) {
    if (name !== 'CircuitBreakerPolicy' || node.parent?.type !== 'TSTypeReference') continue;
    work.done.add(node);
    const holder = annotatedBy(node.parent);
    if (holder === undefined || !holdTyped(work, holder)) {
      work.obstacle(node, adviceOn(name));
      continue;
    }
    work.edits.push({ start: node.start, end: node.end, text: 'CircuitBreaker' });
    work.use('CircuitBreaker', 'type');
  }
}

/** What an annotation is about: `x: T`, `x?: T`, `x: T | undefined`. */
function annotatedBy(type: Node): Node | undefined {
  let at = type.parent;
  while (at?.type === 'TSUnionType' || at?.type === 'TSParenthesizedType') at = at.parent;
  return at?.type === 'TSTypeAnnotation' && at.role === 'typeAnnotation' ? at.parent : undefined;
}

function holdTyped(work: Work, holder: Node): boolean {
  const owner = classOf(holder);
  if (/^(?:PropertyDefinition|AccessorProperty)$/.test(holder.type)) {
    const key = keyOf(holder);
    if (owner !== undefined && key !== undefined) holdMember(work, owner, key);
    return owner !== undefined && key !== undefined;
  }
  const name = holder.type === 'Identifier' ? nameOf(holder) : undefined;
  const binding = name === undefined ? undefined : work.scopes.resolve(name, holder);
  if (name === undefined || binding?.id !== holder) return false;
  holdVariable(work, binding);
  const isMember = binding.by.type === 'TSParameterProperty' || holder.parent?.type === 'TSParameterProperty';
  if (isMember && owner !== undefined) holdMember(work, owner, name);
  return true;
}

/** Changes all uses that have a rule; each of the others is an obstacle. */
export function useEdits(work: Work): void {
  for (const node of work.tree.nodes) {
    if (isBreaker(work, node)) useBreaker(work, node);
    else if (isStrangersBreaker(work, node)) work.obstacle(node, adviceOn('execute'));
  }
  for (const { node, name } of work.references.values()) {
    if (name === 'CircuitState') useState(work, node);
    else if (name === 'BrokenCircuitError') useError(work, node);
    else if (name === 'isBrokenCircuitError') useGuard(work, node);
  }
}

function isBreaker(work: Work, node: Node): boolean {
  if (node.type === 'Identifier') {
    if (!isReference(node)) return false;
    const id = work.scopes.resolve(nameOf(node) as string, node)?.id;
    return id !== undefined && id !== node && work.variables.has(id);
  }
  if (node.type !== 'MemberExpression' || child(node, 'object')?.type !== 'ThisExpression') return false;
  const owner = classOf(node);
  return owner !== undefined && (work.members.get(owner)?.has(keyOf(node) ?? '') ?? false);
}

/** `client.policy.execute(…)`, where `policy` is a member that holds a breaker in one of this file's classes. */
function isStrangersBreaker(work: Work, node: Node): boolean {
  if (node.type !== 'MemberExpression' || child(node, 'object')?.type === 'ThisExpression') return false;
  const key = keyOf(node) ?? '';
  const outer = outerOf(node);
  return (
    [...work.members.values()].some((members) => members.has(key)) &&
    outer?.type === 'MemberExpression' &&
    wrapped(node).role === 'object' &&
    MEMBERS.has(keyOf(outer) ?? '')
  );
}

function useBreaker(work: Work, breaker: Node): void {
  const outer = outerOf(breaker);
  const { role } = wrapped(breaker);
  if (outer?.type === 'MemberExpression' && role === 'object') {
    useMember(work, outer);
  } else if (!isHarmless(work, outer, role)) {
    work.obstacle(breaker, 'the breaker is passed on: where it goes, `execute` must become `call`');
  }
}

/** Assigned to, or asked whether it is there. */
function isHarmless(work: Work, outer: Node | undefined, role: string | undefined): boolean {
  switch (outer?.type) {
    case 'AssignmentExpression': {
      if (role === 'left') return true;
      const left = unwrap(child(outer, 'left'));
      return left !== undefined && isBreaker(work, left) && outerOf(outer)?.type === 'ExpressionStatement';
    }
    case 'UnaryExpression':
      return outer.operator === '!';
    case 'IfStatement':
      return role === 'test';
    case 'BinaryExpression': {
      const other = unwrap(child(outer, role === 'left' ? 'right' : 'left'));
      const isNothing = nameOf(other) === 'undefined' || (other?.type === 'Literal' && other.value === null);
      return isNothing && /^[!=]==?$/.test(outer.operator as string);
    }
    default:
      return false;
  }
}

function useMember(work: Work, member: Node): void {
  const name = keyOf(member);
  const call = outerOf(member);
  const isCalled =
    call?.type === 'CallExpression' && wrapped(member).role === 'callee' && member.computed !== true;
  if (name === 'state') {
    useStateOf(work, member);
  } else if (name === 'execute' && isCalled) {
    useCall(work, member, call);
  } else if (name !== undefined && Object.hasOwn(EVENTS, name) && isCalled && isListening(work, call)) {
    rename(work, member, 'on');
    const listener = list(call, 'arguments')[0] as Node;
    const { start } = parenthesized(listener);
    work.edits.push({ start, end: start, text: `'${EVENTS[name]}', ` });
  } else {
    work.obstacle(member, adviceOn(name ?? 'execute'));
  }
}

function useCall(work: Work, member: Node, call: Node): void {
  const [task, signal, more] = list(call, 'arguments');
  if (
    task === undefined ||
    more !== undefined ||
    [task, signal].some((one) => one?.type === 'SpreadElement')
  ) {
    work.obstacle(call, adviceOn('execute'));
    return;
  }
  rename(work, member, 'call');
  if (signal === undefined) return;
  const { start } = parenthesized(signal);
  const end = endOf(work, signal);
  work.edits.push({ start, end: start, text: nameOf(signal) === 'signal' ? '{ ' : '{ signal: ' });
  work.edits.push({ start: end, end, text: ' }' });
}

/** Where a node begins with its parentheses. */
function parenthesized(node: Node): { start: number } {
  const { parenthesized: is, parenStart } = (node.extra ?? {}) as {
    parenthesized?: boolean;
    parenStart?: number;
  };
  return { start: is === true && parenStart !== undefined ? parenStart : node.start };
}

/** Where an argument ends with its parentheses: what follows it in the call is a comma, or the end of the list. */
function endOf(work: Work, node: Node): number {
  let depth = 0;
  const { start } = parenthesized(node);
  if (start === node.start) return node.end;
  for (let at = start; at < node.start; at++) if (work.tree.source[at] === '(' && isCode(work, at)) depth++;
  let at = node.end;
  for (; depth > 0; at++) if (work.tree.source[at] === ')' && isCode(work, at)) depth--;
  return at;
}

const isCode = (work: Work, position: number): boolean =>
  !work.tree.comments.some(({ start, end }) => start <= position && position < end);

/** As a statement, with one listener that takes nothing. */
function isListening(work: Work, call: Node): boolean {
  const args = list(call, 'arguments');
  return (
    outerOf(call)?.type === 'ExpressionStatement' && args.length === 1 && takesNothing(work, unwrap(args[0]))
  );
}

function takesNothing(work: Work, listener: Node | undefined): boolean {
  if (listener?.type === 'Identifier') {
    const by = work.scopes.resolve(nameOf(listener) as string, listener)?.by;
    const init =
      by?.type === 'VariableDeclarator' && by.parent?.kind === 'const' ? unwrap(child(by, 'init')) : by;
    return isFunction(init) && takesNothing(work, init);
  }
  if (listener === undefined || !isFunction(listener) || list(listener, 'params').length > 0) return false;
  const readsArguments = () =>
    walk(listener).some((node) => nameOf(node) === 'arguments' && isReference(node));
  return listener.type === 'ArrowFunctionExpression' || !readsArguments();
}

/** A state is a number there and a string here: a number that it is compared with would never be it again. */
function useStateOf(work: Work, member: Node): void {
  const outer = outerOf(member);
  const isCompared =
    outer?.type === 'BinaryExpression' ||
    (outer?.type === 'MemberExpression' && wrapped(member).role === 'property');
  const others = [child(outer, 'left'), child(outer, 'right')].map(unwrap);
  const isNumber = others.some((other) => other?.type === 'Literal' && typeof other.value === 'number');
  const cases =
    outer?.type === 'SwitchStatement' ? list(outer, 'cases').map((one) => unwrap(child(one, 'test'))) : [];
  const isWritten = outer?.type === 'AssignmentExpression' && wrapped(member).role === 'left';
  const isKey = isCompared && outer?.type === 'MemberExpression';
  if (
    (isCompared && isNumber) ||
    isKey ||
    isWritten ||
    cases.some((test) => typeof test?.value === 'number')
  ) {
    work.obstacle(member, adviceOn('CircuitState'));
  }
}

function useState(work: Work, node: Node): void {
  const { parent } = node;
  if (parent?.type === 'TSTypeReference') {
    work.done.add(node);
    work.use('CircuitState', 'type');
    return;
  }
  const key = parent?.type === 'MemberExpression' && parent.computed !== true ? keyOf(parent) : undefined;
  const state = key !== undefined && Object.hasOwn(STATES, key) ? STATES[key] : undefined;
  if (parent === undefined || state === undefined) return;
  work.done.add(node);
  rename(work, parent, state);
  work.use('CircuitState');
}

/** `error instanceof BrokenCircuitError` */
function useError(work: Work, node: Node): void {
  const test = node.parent;
  if (test?.type !== 'BinaryExpression' || test.operator !== 'instanceof' || node.role !== 'right') return;
  const left = child(test, 'left') as Node;
  const start = parenthesized(left).start;
  const end = endOf(work, left);
  // What stands around `instanceof` is text, or comments, which stay within the call.
  const between = work.tree.comments
    .filter((comment) => comment.start >= end && comment.end <= node.start)
    .map(
      (comment) =>
        ` ${work.tree.source.slice(comment.start, comment.end)}${comment.type === 'CommentLine' ? '\n' : ''}`,
    )
    .join('');
  work.done.add(node);
  work.edits.push({ start, end: start, text: 'isCircuitBreakerOpenError(' });
  work.edits.push({ start: end, end: endOf(work, node), text: `${between})` });
  work.use('isCircuitBreakerOpenError');
}

function useGuard(work: Work, node: Node): void {
  const isExported = node.parent?.type === 'ExportSpecifier';
  const isShort = node.parent?.type === 'Property' && node.parent.shorthand === true;
  if (isExported || isShort) return;
  work.done.add(node);
  work.edits.push({ start: node.start, end: node.end, text: 'isCircuitBreakerOpenError' });
  work.use('isCircuitBreakerOpenError');
}

function rename(work: Work, member: Node, name: string): void {
  const property = child(member, 'property') as Node;
  work.edits.push({ start: property.start, end: property.end, text: name });
}
