/** `circuitBreaker(policy, { … })` of cockatiel as `new CircuitBreaker({ … })`. */
import { adviceOn } from './cockatiel-advice.js';
import { type Member, type Rendered, readPlain, referenceMade, render } from './cockatiel-copy.js';
import { readPolicy } from './cockatiel-policy.js';
import { readRules } from './cockatiel-rules.js';
import { holderOf, type Work } from './cockatiel-work.js';
import type { Edit } from './engine.js';
import { indentAt, layoutOf } from './layout.js';
import { child, keyOf, lineOf, list, type Node, nameOf, unwrap } from './tree.js';

const ORDER = [
  'name',
  'failureThreshold',
  'failureRateThreshold',
  'window',
  'minimumCalls',
  'recoveryTimeout',
  'halfOpenMaxCalls',
  'successThreshold',
  'trackedErrors',
];

/** The edit that makes the breaker, unless something stands against it. */
export function defineBreaker(work: Work, call: Node): Edit | undefined {
  const [policy, given] = list(call, 'arguments');
  const options = unwrap(given);
  const name = nameOfHolder(call);
  if (name === undefined) return undefined;
  if (policy === undefined || options?.type !== 'ObjectExpression') {
    work.obstacle(call, 'write the options of the breaker in place');
    return undefined;
  }
  const members = readOptions(work, call, options);
  const tracked = readPolicy(work, policy);
  if (members === undefined || tracked === undefined) return undefined;

  work.done.add(child(call, 'callee') as Node);
  work.use('CircuitBreaker');
  const line = lineOf(call);
  work.report.push({
    line,
    rule: 'rejected-not-held',
    message: 'callers during a probe are rejected; cockatiel lets them wait for it',
  });
  if (tracked.text !== '') {
    members.push({ ...tracked, name: 'trackedErrors' });
    const message =
      'errors that are not tracked count as successes: the dependency answered; cockatiel does not count them';
    work.report.push({ line, rule: 'other-errors', message });
  }
  // What was said of all errors is said above the name, which comes first.
  const origin = tracked.text === '' ? policy : undefined;
  members.push({ name: 'name', text: `'${name}'`, origin, copied: [] });
  members.sort((a, b) => ORDER.indexOf(a.name) - ORDER.indexOf(b.name));
  return { start: call.start, end: call.end, text: written(work, call, members) };
}

/** The variable or member that the breaker is assigned to. */
function nameOfHolder(call: Node): string | undefined {
  const target = unwrap(holderOf(call)?.target);
  return nameOf(target) ?? keyOf(target);
}

function readOptions(work: Work, call: Node, options: Node): Member[] | undefined {
  const properties = new Map<string, Node>();
  for (const property of list(options, 'properties')) {
    const key = property.type === 'Property' ? keyOf(property) : undefined;
    if (key === undefined || !['breaker', 'halfOpenAfter', 'halfOpenSampling'].includes(key)) {
      work.obstacle(property, adviceOn(key ?? 'a spread'));
      return undefined;
    }
    properties.set(key, property);
  }
  const breaker = properties.get('breaker');
  const after = properties.get('halfOpenAfter');
  if (breaker === undefined || after === undefined) {
    work.obstacle(call, 'a breaker without `breaker` and `halfOpenAfter`');
    return undefined;
  }
  const rules = readRules(work, call, breaker);
  const recovery = readRecovery(work, after);
  const probes = readProbes(work, properties.get('halfOpenSampling'));
  return rules === undefined || recovery === undefined || probes === undefined
    ? undefined
    : [...rules, recovery, ...probes];
}

function readRecovery(work: Work, property: Node): Member | undefined {
  const value = child(property, 'value') as Node;
  const made = referenceMade(work, value);
  if (made === undefined) return { name: 'recoveryTimeout', ...render(work, value, property) };

  const [argument, more] = list(unwrap(value), 'arguments');
  if (made.name === 'ConstantBackoff' && argument !== undefined && more === undefined) {
    work.done.add(made.node);
    return { name: 'recoveryTimeout', ...render(work, argument, property) };
  }
  const options =
    more === undefined ? readPlain(argument, ['initialDelay', 'maxDelay', 'exponent']) : undefined;
  if (made.name !== 'ExponentialBackoff' || options === undefined) {
    work.obstacle(
      value,
      adviceOn(made.name === 'ExponentialBackoff' ? 'the generator of a backoff' : made.name),
    );
    return undefined;
  }
  work.done.add(made.node);
  work.use('exponentialBackoff');
  const [initial, max, factor] = ['initialDelay', 'maxDelay', 'exponent'].map((key) => {
    const one = options.get(key);
    return one === undefined ? undefined : render(work, child(one, 'value') as Node, one);
  });
  const text = `exponentialBackoff({ initial: ${initial?.text ?? '128'}, max: ${max?.text ?? '30_000'}${
    factor === undefined ? '' : `, factor: ${factor.text}`
  } })`;
  const copied = [initial, max, factor].flatMap((one) => one?.copied ?? []);
  return { name: 'recoveryTimeout', text, origin: property, copied };
}

/** How many probes there are, and how many have to succeed. */
function readProbes(work: Work, property: Node | undefined): Member[] | undefined {
  let probes: Rendered = { text: '1', origin: undefined, copied: [] };
  if (property !== undefined) {
    const options = readPlain(child(property, 'value'), ['calls', 'threshold']);
    const calls = child(options?.get('calls'), 'value');
    const threshold = options?.get('threshold');
    const isAll = threshold === undefined || unwrap(child(threshold, 'value'))?.value === 0;
    if (calls === undefined || !isAll) {
      work.obstacle(
        property,
        'halfOpenSampling: all of `successThreshold` probes must succeed here, none may fail',
      );
      return undefined;
    }
    probes = render(work, calls, property);
  }
  return [
    { ...probes, name: 'halfOpenMaxCalls' },
    { ...probes, name: 'successThreshold', origin: undefined },
  ];
}

/** One member a line, each with the comments that stood beside what it was made of. */
function written(work: Work, call: Node, members: readonly Member[]): string {
  const { source } = work.tree;
  const { unit, newline } = layoutOf(source);
  const outer = indentAt(source, call.start);
  const inner = ownIndent(source, call, outer) ?? outer + unit;
  const comments = commentsOf(work, call, members);
  const lines = members.map(({ name, text }, index) => {
    const { above, behind } = comments[index] as Beside;
    return [...above.map((one) => inner + one), [`${inner}${name}: ${text},`, ...behind].join(' ')].join(
      newline,
    );
  });
  const below =
    comments
      .at(-1)
      ?.above.map((one) => newline + inner + one)
      .join('') ?? '';
  return `new CircuitBreaker({${newline}${lines.join(newline)}${below}${newline}${outer}})`;
}

/** The indentation that the options have already, if they are on lines of their own below the call. */
function ownIndent(source: string, call: Node, outer: string): string | undefined {
  const options = unwrap(list(call, 'arguments')[1]);
  const first = list(options, 'properties')[0];
  if (options === undefined || first === undefined || lineOf(options) !== lineOf(call)) return undefined;
  const indent = indentAt(source, first.start);
  const isAlone = source.slice(0, first.start).endsWith(`\n${indent}`);
  const isOneDeeper = indent.startsWith(outer) && /^(?:\t| {1,4})$/.test(indent.slice(outer.length));
  return isAlone && isOneDeeper ? indent : undefined;
}

interface Beside {
  readonly above: string[];
  readonly behind: string[];
}

/** The comments of each member; the last entry has those that belong below all. */
function commentsOf(work: Work, call: Node, members: readonly Member[]): Beside[] {
  const beside = Array.from({ length: members.length + 1 }, (): Beside => ({ above: [], behind: [] }));
  const copied = members.flatMap((member) => member.copied);
  const origins = members
    .map(({ origin }, index) => ({ origin: origin as Node, index }))
    .filter(({ origin }) => origin !== undefined);
  /** Whether a comma lies between an option and a place behind it. */
  const isPast = (origin: Node | undefined, at: number) =>
    origin === undefined || work.tree.source.slice(origin.end, at).includes(',');
  for (const comment of work.tree.comments) {
    const { start, end } = comment;
    if (start < call.start || end > call.end) continue;
    if (copied.some((range) => range.start <= start && end <= range.end)) continue;
    const text = work.tree.source.slice(start, end);
    const before = origins
      .filter(
        ({ origin }) => origin.end <= start && work.tree.source.slice(origin.end, start).indexOf('\n') < 0,
      )
      .sort((a, b) => b.origin.end - a.origin.end || a.index - b.index)[0];
    const after = origins
      .filter(({ origin }) => origin.start >= end)
      .sort((a, b) => a.origin.start - b.origin.start || a.index - b.index)[0];
    const follows = after !== undefined && !work.tree.source.slice(end, after.origin.start).includes('\n');
    const isOfNext = follows && comment.type === 'CommentBlock' && isPast(before?.origin, comment.start);
    if (before !== undefined && !isOfNext) {
      (beside[before.index] as Beside)[members[before.index]?.name === 'name' ? 'above' : 'behind'].push(
        text,
      );
    } else {
      (beside[after?.index ?? members.length] as Beside).above.push(text);
    }
  }
  return beside;
}
