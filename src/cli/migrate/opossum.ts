/** From `opossum` to `recloser/opossum`, which has the same API: the module's name changes, and nothing else. */
import type { Edit } from './engine.js';
import { type Finding, inOrder, type Plan } from './finding.js';
import { lookAtBreakers } from './opossum-breakers.js';
import { createScopes } from './scope.js';
import { type Specifier, specifiersOf, standInOf, stubKeysOf } from './specifiers.js';
import { child, keyOf, lineOf, type Node, outerOf, stringOf, type Tree, textOf, wrapped } from './tree.js';

const OLD = 'opossum';
const NEW = 'recloser/opossum';

/** What only our module exports: a file that imports it from there cannot go back by a change of the name. */
const OURS_ALONE = new Set(['sideBySide', 'CircuitBreaker', 'Semaphore', 'MemoryCache']);

/** @param undo from `recloser/opossum` back to `opossum` */
export function migrateOpossum(tree: Tree, undo = false): Plan {
  const scopes = createScopes();
  const specifiers = specifiersOf(tree, scopes);
  const [from, to] = undo ? [NEW, OLD] : [OLD, NEW];
  const named = specifiers.filter(({ module }) => module === from);
  const stubs = stubKeysOf(tree, scopes).filter((property) => keyOf(property) === from);

  const kept = keptTogether(specifiers, undo);
  if (kept.length > 0) return { edits: [], report: inOrder(kept) };

  const edits = [
    ...named.map(({ literal }) => inItsQuotes(literal, to)),
    ...stubs.map((property) => stubEdit(tree, property, to)),
    ...commentEdits(tree, from, to),
  ];
  if (undo) return { edits, report: [] };

  const changed = new Set([...named.map(({ literal }) => literal), ...stubs.map((one) => child(one, 'key'))]);
  const report: Finding[] = [
    ...specifiers.flatMap(lookAtSpecifier),
    ...tree.nodes.flatMap((node) => (changed.has(node) ? [] : lookAtString(node))),
    ...lookAtReferences(tree),
    ...tree.nodes.flatMap(lookAtWrite),
    ...lookAtBreakers(tree, scopes, named),
  ];
  return { edits, report: inOrder(report) };
}

/** A file that has both side by side is left alone: it is the place where somebody chooses between them. */
function keptTogether(specifiers: readonly Specifier[], undo: boolean): Finding[] {
  return specifiers
    .filter(({ module }) => module === NEW)
    .flatMap(({ owner }) => {
      const taken = undo ? importedBy(owner).find((name) => OURS_ALONE.has(name)) : undefined;
      const name = taken ?? importedBy(owner).find((name) => name === 'sideBySide');
      if (name === undefined) return [];
      const message =
        name === 'sideBySide'
          ? 'sideBySide runs both libraries here, so this file stays as it is; when one has won, export its class instead'
          : `opossum has no export \`${name}\`, so this file stays as it is`;
      return [{ line: lineOf(owner), rule: 'side-by-side', message, needsOld: !undo }];
    });
}

/** The exported names that an import, or a destructured require, takes. */
function importedBy(owner: Node): string[] {
  const specifiers = owner.type === 'ImportDeclaration' ? owner.specifiers : patternOf(owner)?.properties;
  return (Array.isArray(specifiers) ? (specifiers as Node[]) : []).flatMap((one) => {
    const imported = one.type === 'ImportSpecifier' ? child(one, 'imported') : undefined;
    const name = imported === undefined ? keyOf(one) : ((imported.name as string) ?? stringOf(imported));
    return name === undefined ? [] : [name];
  });
}

/** The quotes of a template are one character, too. */
const inItsQuotes = (literal: Node, text: string): Edit => ({
  start: literal.start + 1,
  end: literal.end - 1,
  text,
});

/** `opossum: X` must get quotes, `{ opossum }` its value. */
function stubEdit(tree: Tree, property: Node, to: string): Edit {
  const key = child(property, 'key') as Node;
  if (key.type === 'Literal') return inItsQuotes(key, to);
  const quote = quoteNear(tree, property);
  const text = `${quote}${to}${quote}`;
  return property.shorthand === true
    ? { start: property.start, end: property.start, text: `${text}: ` }
    : { start: key.start, end: key.end, text };
}

/** The quotes of the first string of the call or the file. */
function quoteNear(tree: Tree, property: Node): string {
  const literal =
    tree.nodes.find((node) => node.start > (property.parent?.parent?.start ?? 0) && isString(node)) ??
    tree.nodes.find(isString);
  return literal === undefined ? "'" : textOf(tree, literal).charAt(0);
}

const isString = (node: Node): boolean => node.type === 'Literal' && typeof node.value === 'string';

/** Types in JSDoc: `import('opossum')`, and the tag `@import … from 'opossum'`. Other comments are prose. */
function commentEdits(tree: Tree, from: string, to: string): Edit[] {
  const pattern = new RegExp(`(\\bimport\\s*\\(\\s*|@import\\s[^'"\`@]*?\\bfrom\\s+)(['"\`])${from}\\2`, 'g');
  return tree.comments
    .filter(({ type, value }) => type === 'CommentBlock' && value.startsWith('*'))
    .flatMap(({ start, value }) =>
      Array.from(value.matchAll(pattern), (match) => {
        const [, before = ''] = match;
        const at = start + '/*'.length + match.index + before.length + 1;
        return { start: at, end: at + from.length, text: to };
      }),
    );
}

function lookAtSpecifier({ kind, module, owner }: Specifier): Finding[] {
  const line = lineOf(owner);
  if (module.startsWith(`${OLD}/`)) {
    const message = `"${module}" is opossum's inside and has no counterpart: Status, Semaphore and MemoryCache are exports of ${NEW}`;
    return [{ line, rule: 'deep-import', message, needsOld: true }];
  }
  if (module !== OLD) return [];
  const found: Finding[] = [];
  const pattern = kind === 'require' ? patternOf(owner) : undefined;
  if (pattern !== undefined) {
    const message = `what is taken out of require('${NEW}') must be one of default, CircuitBreaker, Status, Semaphore, MemoryCache, sideBySide, or a static member`;
    found.push({ line: lineOf(pattern), rule: 'named-require', message });
  }
  if (kind === 'mock' && standInOf(owner) !== undefined) {
    const message = `what stands in for the module must have what your code takes from ${NEW}`;
    found.push({ line, rule: 'mock-factory', message });
  }
  return found;
}

/** The pattern that takes members out of what a require or an import answers. */
function patternOf(call: Node): Node | undefined {
  const outer = outerOf(call);
  const whole = wrapped(call);
  if (outer?.type === 'AwaitExpression') return patternOf(outer);
  const pattern =
    outer?.type === 'VariableDeclarator' && whole.role === 'init'
      ? child(outer, 'id')
      : outer?.type === 'AssignmentExpression' && whole.role === 'right'
        ? child(outer, 'left')
        : undefined;
  return pattern?.type === 'ObjectPattern' ? pattern : undefined;
}

function lookAtString(node: Node): Finding[] {
  if (node.type !== 'Literal' || node.value !== OLD) return [];
  const isModule = node.role === 'arguments' || node.parent?.type === 'TSModuleDeclaration';
  const message = `the string "${OLD}" stays: if it names the module, make it "${NEW}"`;
  return [{ line: lineOf(node), rule: 'string', message, needsOld: isModule }];
}

/** `/// <reference types="opossum" />` */
function lookAtReferences(tree: Tree): Finding[] {
  return tree.comments
    .filter(
      ({ type, value }) => type === 'CommentLine' && /^\/\s*<reference\s+types=["']opossum["']/.test(value),
    )
    .map(({ loc }) => ({
      line: loc.start.line,
      rule: 'string',
      message: `${NEW} brings its own types: this reference can go`,
    }));
}

const WRITING = new Set([
  'push',
  'pop',
  'shift',
  'unshift',
  'splice',
  'fill',
  'sort',
  'reverse',
  'copyWithin',
]);

/** Assignments into `status.window`, which is a report here and steers nothing. */
function lookAtWrite(node: Node): Finding[] {
  if (node.type !== 'MemberExpression' || keyOf(node) !== 'window') return [];
  const status = child(node, 'object');
  if (status === undefined || (keyOf(status) ?? status.name) !== 'status') return [];

  let target = node;
  while (outerOf(target)?.type === 'MemberExpression' && wrapped(target).role === 'object') {
    target = outerOf(target) as Node;
  }
  const by = outerOf(target);
  const { role } = wrapped(target);
  const isWritten =
    (by?.type === 'AssignmentExpression' && role === 'left') ||
    by?.type === 'UpdateExpression' ||
    (by?.type === 'UnaryExpression' && by.operator === 'delete') ||
    (by?.type === 'CallExpression' && role === 'callee' && WRITING.has(keyOf(target) ?? ''));
  if (!isWritten) return [];
  const message = 'writing into status.window changes nothing: what opens a breaker is kept elsewhere';
  return [{ line: lineOf(by), rule: 'window-write', message }];
}
