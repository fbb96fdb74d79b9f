/** What opens the breaker: `new ConsecutiveBreaker(5)`, `CountBreaker`, `SamplingBreaker`. */
import { type Member, readPlain, referenceMade, render } from './cockatiel-copy.js';
import type { Work } from './cockatiel-work.js';
import { child, lineOf, list, type Node, unwrap } from './tree.js';

/** @param property `breaker: …` */
export function readRules(work: Work, call: Node, property: Node): Member[] | undefined {
  const value = child(property, 'value') as Node;
  const made = referenceMade(work, value);
  const [argument, more] = list(unwrap(value), 'arguments');
  const read =
    made === undefined || argument === undefined || more !== undefined ? undefined : RULES[made.name];
  const members = read?.(work, argument as Node, property);
  if (made === undefined || members === undefined) {
    work.obstacle(value, 'a breaker whose rule is not written in place, with plain options');
    return undefined;
  }
  work.done.add(made.node);
  if (made.name !== 'ConsecutiveBreaker') {
    const message = 'the threshold opens when it is reached; in cockatiel when it is passed';
    work.report.push({ line: lineOf(call), rule: 'inclusive', message });
  }
  return members;
}

type ReadRule = (work: Work, argument: Node, property: Node) => Member[] | undefined;

const RULES: Readonly<Record<string, ReadRule>> = {
  ConsecutiveBreaker(work, argument, property) {
    if (argument.type === 'SpreadElement') return undefined;
    return [
      { name: 'failureThreshold', ...render(work, argument, property) },
      fixed('failureRateThreshold', 'false'),
    ];
  },

  CountBreaker(work, argument, property) {
    const given = readPlain(argument, ['threshold', 'size', 'minimumNumberOfCalls']);
    const threshold = given?.get('threshold');
    const size = given?.get('size');
    if (given === undefined || threshold === undefined || size === undefined) return undefined;
    const sizes = render(work, child(size, 'value') as Node, size);
    const minimum = given.get('minimumNumberOfCalls');
    return [
      fixed('failureThreshold', 'false', property),
      { name: 'failureRateThreshold', ...render(work, child(threshold, 'value') as Node, threshold) },
      { ...sizes, name: 'window', text: `{ type: 'count', size: ${sizes.text} }` },
      minimum === undefined
        ? fixed('minimumCalls', sizes.text)
        : { name: 'minimumCalls', ...render(work, child(minimum, 'value') as Node, minimum) },
    ];
  },

  SamplingBreaker(work, argument, property) {
    const given = readPlain(argument, ['threshold', 'duration', 'minimumRps']);
    const [threshold, duration, minimum] = ['threshold', 'duration', 'minimumRps'].map((key) =>
      given?.get(key),
    );
    const t = numberOf(child(threshold, 'value'));
    const d = numberOf(child(duration, 'value'));
    const given_ = minimum === undefined ? 0 : numberOf(child(minimum, 'value'));
    if (threshold === undefined || duration === undefined) return undefined;
    if (t === undefined || d === undefined || given_ === undefined) return undefined;
    const rate = given_ || 5 / t;
    const durations = render(work, child(duration, 'value') as Node, duration);
    const buckets = Math.max(5, Math.ceil(d / 1000));
    return [
      fixed('failureThreshold', 'false', property),
      { name: 'failureRateThreshold', ...render(work, child(threshold, 'value') as Node, threshold) },
      {
        ...durations,
        name: 'window',
        text: `{ type: 'time', duration: ${durations.text}, buckets: ${buckets} }`,
      },
      // Less than a millionth is an error of the arithmetic, not a call.
      fixed('minimumCalls', String(Math.max(1, Math.ceil((rate * d) / 1000 - 1e-6))), minimum),
    ];
  },
};

const fixed = (name: string, text: string, origin?: Node): Member => ({ name, text, origin, copied: [] });

/** The value of a number, or of a sum or product of numbers. */
function numberOf(node: Node | undefined): number | undefined {
  const inner = unwrap(node);
  if (inner?.type === 'Literal') return typeof inner.value === 'number' ? inner.value : undefined;
  if (inner?.type !== 'BinaryExpression') return undefined;
  const left = numberOf(child(inner, 'left'));
  const right = numberOf(child(inner, 'right'));
  if (left === undefined || right === undefined) return undefined;
  switch (inner.operator) {
    case '*':
      return left * right;
    case '/':
      return left / right;
    case '+':
      return left + right;
    case '-':
      return left - right;
    default:
      return undefined;
  }
}
