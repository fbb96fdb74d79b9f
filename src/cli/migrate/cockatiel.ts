/** From cockatiel's circuit breaker to ours: all of a file, or nothing of it and a word on each obstacle. */
import { adviceOn } from './cockatiel-advice.js';
import { defineBreaker } from './cockatiel-definition.js';
import { importEdits, readImports } from './cockatiel-imports.js';
import { typedByPolicy, useEdits } from './cockatiel-uses.js';
import { classOf, holderOf, holdMember, holdVariable, type Reference, type Work } from './cockatiel-work.js';
import type { Edit } from './engine.js';
import { type Finding, inOrder, type Plan } from './finding.js';
import { createScopes, isReference, type Scopes } from './scope.js';
import { specifiersOf } from './specifiers.js';
import { child, keyOf, type Node, nameOf, stringOf, type Tree, unwrap } from './tree.js';

const OLD = 'cockatiel';

export function migrateCockatiel(tree: Tree): Plan {
  const scopes = createScopes();
  const obstacles: Finding[] = [];
  const obstacle = (node: Pick<Node, 'loc'>, message: string) => {
    obstacles.push({ line: node.loc.start.line, rule: 'by-hand', message, needsOld: true });
  };
  const specifiers = specifiersOf(tree, scopes).filter(
    ({ module }) => module === OLD || module.startsWith(`${OLD}/`),
  );
  const imports = readImports(specifiers, obstacle);
  for (const comment of tree.comments) {
    if (/\bimport\s*\(\s*['"]cockatiel['"]/.test(comment.value) && comment.value.startsWith('*')) {
      obstacle(comment, 'a type of cockatiel in a comment: name a type of recloser');
    }
  }
  const used = new Map<string, 'value' | 'type'>();
  const work: Work = {
    tree,
    scopes,
    references: referencesOf(tree, scopes, imports.specifiers),
    done: new Set(),
    edits: [],
    report: [],
    used,
    variables: new Set(),
    members: new Map(),
    use: (name, as = 'value') => {
      if (used.get(name) !== 'value') used.set(name, as);
    },
    obstacle,
  };
  if (specifiers.length === 0) return { edits: [], report: inOrder(obstacles) };

  const calls = [...work.references.values()].filter(isBreakerCall).map(({ node }) => node.parent as Node);
  for (const call of calls) holdBreaker(work, call);
  typedByPolicy(work);
  useEdits(work);
  // The definitions come last: they copy expressions with what was changed inside them.
  const definitions = calls.flatMap((call) => {
    const definition = defineBreaker(work, call);
    if (definition === undefined) setAside(work, call);
    return definition ?? [];
  });
  for (const { node, name } of work.references.values()) {
    if (!work.done.has(node) && !isPartOfAnother(work, node)) obstacle(node, adviceOn(name));
  }
  lookForStrangers(work, imports.specifiers);
  if (obstacles.length > 0) return { edits: [], report: inOrder(obstacles) };

  const edits = [...outside(work.edits, definitions), ...importEdits(work, imports)];
  return { edits, report: inOrder(work.report) };
}

/** The edits that are in no definition, which have taken theirs in, and the definitions. */
function outside(edits: readonly Edit[], definitions: readonly Edit[]): Edit[] {
  const isWithin = (edit: Edit) =>
    definitions.some(({ start, end }) => edit.start >= start && edit.end <= end);
  return [...edits.filter((edit) => !isWithin(edit)), ...definitions];
}

/** What a breaker that has an obstacle is made of is not told again. */
function setAside({ references, done }: Work, call: Node): void {
  for (const node of references.keys()) if (node.start >= call.start && node.end <= call.end) done.add(node);
}

/** `handleAll` in `retry(handleAll, …)`: one obstacle, told of the whole. */
function isPartOfAnother({ references, done }: Work, node: Node): boolean {
  for (
    let at = node.parent;
    at !== undefined && !/Function|Statement|Declaration/.test(at.type);
    at = at.parent
  ) {
    const callee = /^(?:Call|New)Expression$/.test(at.type) ? child(at, 'callee') : undefined;
    if (callee !== undefined && callee !== node && references.has(callee) && !done.has(callee)) return true;
  }
  return false;
}

function referencesOf(
  tree: Tree,
  scopes: Scopes,
  specifiers: ReadonlyMap<Node, string>,
): ReadonlyMap<Node, Reference> {
  const references = new Map<Node, Reference>();
  for (const node of tree.nodes) {
    const local = isReference(node) ? nameOf(node) : undefined;
    const id = local === undefined ? undefined : scopes.resolve(local, node)?.id;
    const name = id === undefined || id === node ? undefined : specifiers.get(id);
    if (name !== undefined) references.set(node, { node, name });
  }
  return references;
}

const isBreakerCall = ({ node, name }: Reference): boolean =>
  name === 'circuitBreaker' && node.parent?.type === 'CallExpression' && node.role === 'callee';

/** Notes what a new breaker is assigned to, so that its uses are found. */
function holdBreaker(work: Work, call: Node): void {
  const holder = holderOf(call);
  const target = unwrap(holder?.target);
  if (holder === undefined || target === undefined) {
    work.obstacle(call, 'assign the breaker to a variable or a member, which gives it its name');
    return;
  }
  const { kind } = holder;
  if (kind === 'field') hold(work, classOf(call), keyOf(target) as string, call);
  else if (target.type === 'MemberExpression') {
    const isOwn = child(target, 'object')?.type === 'ThisExpression' && keyOf(target) !== undefined;
    hold(work, isOwn ? classOf(call) : undefined, keyOf(target) ?? '', call);
  } else {
    const binding = work.scopes.resolve(nameOf(target) ?? '', target);
    if (binding === undefined) work.obstacle(call, 'this variable is declared elsewhere');
    else holdVariable(work, binding);
  }
}

function hold(work: Work, owner: Node | undefined, member: string, at: Node): void {
  if (owner === undefined) {
    work.obstacle(
      at,
      'keep the breaker in a variable or a member of a class: its uses cannot be followed here',
    );
    return;
  }
  holdMember(work, owner, member);
}

const OURS = ['CircuitBreaker', 'CircuitState', 'exponentialBackoff', 'isCircuitBreakerOpenError'] as const;

/** Names that we need, and that mean something else in this file. */
function lookForStrangers(work: Work, specifiers: ReadonlyMap<Node, string>): void {
  const names = OURS.filter((name) => work.used.has(name));
  if (names.length === 0) return;
  const known = new Set<string>();
  for (const node of work.tree.nodes) {
    const name = nameOf(node) as (typeof OURS)[number] | undefined;
    if (name === undefined || !names.includes(name) || work.references.has(node) || !isVariable(node))
      continue;
    const { id, by } = work.scopes.resolve(name, node) ?? {};
    if (id !== undefined && specifiers.has(id)) continue;
    if (by?.parent?.type === 'ImportDeclaration' && isOurs(by.parent)) continue;
    if (!known.has(name)) work.obstacle(node, `\`${name}\` means something else in this file`);
    known.add(name);
  }
}

const isOurs = (declaration: Node): boolean => stringOf(child(declaration, 'source')) === 'recloser';

/** Whether an identifier is, or declares, a variable. */
const isVariable = (node: Node): boolean =>
  isReference(node) || /^(?:id|local|params|param)$/.test(node.role ?? '');
