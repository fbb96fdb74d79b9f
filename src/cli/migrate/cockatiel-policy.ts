/** Which errors count: `handleAll`, `handleType(C, p).orWhen(f)`. */
import { adviceOn } from './cockatiel-advice.js';
import { type Rendered, render } from './cockatiel-copy.js';
import type { Work } from './cockatiel-work.js';
import { child, keyOf, list, type Node, nameOf, unwrap } from './tree.js';

/** The members of `trackedErrors`; no text for all errors. */
export function readPolicy(work: Work, policy: Node): Rendered | undefined {
  const steps = stepsOf(policy);
  const [first, ...more] = steps;
  const root = first === undefined ? undefined : work.references.get(first.callee);
  if (root?.name === 'handleAll' && more.length === 0 && first?.call === undefined) {
    work.done.add(root.node);
    return { text: '', origin: undefined, copied: [] };
  }
  const filters: Rendered[] = [];
  for (const { callee, call } of steps) {
    const name = callee === root?.node ? root.name : (keyOf(callee) ?? '');
    const filter = call === undefined ? undefined : readFilter(work, name, list(call, 'arguments'));
    if (filter === undefined) {
      work.obstacle(callee, adviceOn(name.replace(/^or(?=[A-Z])/, 'handle')));
      return undefined;
    }
    filters.push(filter);
  }
  if (root === undefined) {
    work.obstacle(policy, 'write what the breaker handles in place: handleAll, handleType(…), handleWhen(…)');
    return undefined;
  }
  work.done.add(root.node);
  return {
    text: `[${filters.map(({ text }) => text).join(', ')}]`,
    origin: policy,
    copied: filters.flatMap(({ copied }) => copied),
  };
}

interface Step {
  /** `handleType`, or the member expression that ends in `.orType`. */
  readonly callee: Node;
  readonly call: Node | undefined;
}

/** A chain of calls, the first one first. */
function stepsOf(policy: Node): Step[] {
  const steps: Step[] = [];
  for (let at = unwrap(policy); at !== undefined; ) {
    const call: Node | undefined = at.type === 'CallExpression' ? at : undefined;
    const callee: Node | undefined = call === undefined ? at : unwrap(child(call, 'callee'));
    if (callee === undefined) break;
    steps.unshift({ callee, call });
    at = callee.type === 'MemberExpression' ? unwrap(child(callee, 'object')) : undefined;
  }
  return steps;
}

function readFilter(work: Work, name: string, args: readonly Node[]): Rendered | undefined {
  const [first, second, more] = args;
  if (first === undefined || more !== undefined || args.some((one) => one.type === 'SpreadElement'))
    return undefined;
  if (name === 'handleWhen' || name === 'orWhen')
    return second === undefined ? render(work, first) : undefined;
  if (name !== 'handleType' && name !== 'orType') return undefined;
  const type = render(work, first);
  if (second === undefined) return type;

  const predicate = unwrap(second) as Node;
  const param = nameOf(list(predicate, 'params')[0]);
  const body = child(predicate, 'body');
  const isPlain =
    predicate.type === 'ArrowFunctionExpression' &&
    predicate.async !== true &&
    list(predicate, 'params').length === 1 &&
    body?.type !== 'BlockStatement';
  if (isPlain && param !== undefined && body !== undefined) {
    const inner = render(work, body);
    const test = LOOSE.has(body.type) || isLooseLogic(body) ? `(${inner.text})` : inner.text;
    const text = `(${param}) => ${param} instanceof ${type.text} && ${test}`;
    return { text, origin: undefined, copied: [...type.copied, ...inner.copied] };
  }
  const whole = render(work, second);
  const called = /^(?:Identifier|MemberExpression)$/.test(second.type) ? whole.text : `(${whole.text})`;
  const error = nameOf(second) === 'error' ? 'e' : 'error';
  const text = `(${error}) => ${error} instanceof ${type.text} && ${called}(${error})`;
  return { text, origin: undefined, copied: [...type.copied, ...whole.copied] };
}

/** What binds less than `&&`. */
const LOOSE = new Set([
  'ConditionalExpression',
  'AssignmentExpression',
  'ArrowFunctionExpression',
  'SequenceExpression',
  'YieldExpression',
]);

const isLooseLogic = (node: Node): boolean => node.type === 'LogicalExpression' && node.operator !== '&&';
