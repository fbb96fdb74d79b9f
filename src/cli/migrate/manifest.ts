/** `--package`: the dependency in package.json, in place of the old one. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Engine } from './engine.js';
import { child, keyOf, list, type Node } from './tree.js';

const SECTIONS = ['dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies'];

export interface Change {
  readonly from: string;
  readonly to: string;
  /** The range that the new dependency gets. */
  readonly range: string;
  /** Whether something goes on needing the old package. */
  readonly keepsOld: boolean;
}

/** The nearest package.json above a folder that depends on a package. */
export function manifestAbove(folder: string, name: string): string | undefined {
  for (let at = folder; ; at = dirname(at)) {
    const path = join(at, 'package.json');
    if (existsSync(path) && dependsOn(readFileSync(path, 'utf8'), name)) return path;
    if (dirname(at) === at) return undefined;
  }
}

function dependsOn(text: string, name: string): boolean {
  try {
    const manifest = JSON.parse(text.replace(/^\uFEFF/, ''));
    return SECTIONS.some((section) => Object.hasOwn(manifest?.[section] ?? {}, name));
  } catch {
    return false;
  }
}

/** The text with the change: nothing else in it moves. */
export function changeManifest(engine: Engine, source: string, change: Change): string {
  let text = source;
  for (const section of SECTIONS) text = changeSection(engine, text, section, change);
  return changeMeta(engine, text, change);
}

function changeSection(engine: Engine, text: string, section: string, change: Change): string {
  const { from, to, range, keepsOld } = change;
  const old = find(engine, text, section, from);
  let changed = text;
  if (old !== undefined) {
    const isThere = SECTIONS.slice(0, 2)
      .concat(section)
      .some((one) => find(engine, text, one, to) !== undefined);
    const dependency = JSON.stringify(to) + old.colon + JSON.stringify(range);
    if (isThere) changed = keepsOld ? text : without(text, old);
    else if (keepsOld) changed = splice(text, old.node.end, old.node.end, `,${old.gap}${dependency}`);
    else changed = splice(text, old.node.start, old.node.end, dependency);
  }
  const types = keepsOld ? undefined : find(engine, changed, section, `@types/${from}`);
  return types === undefined ? changed : without(changed, types);
}

/** `"opossum": { "optional": true }` of `peerDependenciesMeta`. */
function changeMeta(engine: Engine, text: string, { from, to, keepsOld }: Change): string {
  const meta = keepsOld ? undefined : find(engine, text, 'peerDependenciesMeta', from);
  const key = child(meta?.node, 'key');
  return key === undefined ? text : splice(text, key.start, key.end, JSON.stringify(to));
}

interface Entry {
  readonly node: Node;
  readonly section: Node;
  readonly index: number;
  /** What stands between the entry and the one before it, or the brace. */
  readonly gap: string;
  /** What stands between its name and its value. */
  readonly colon: string;
}

function find(engine: Engine, text: string, section: string, name: string): Entry | undefined {
  const manifest = engine.parseExpression(text);
  const object = child(
    list(manifest, 'properties').find((one) => keyOf(one) === section),
    'value',
  );
  const entries = list(object, 'properties');
  const index = entries.findIndex((one) => keyOf(one) === name);
  const node = entries[index];
  if (object === undefined || node === undefined) return undefined;
  const before = index === 0 ? object.start + 1 : text.indexOf(',', (entries[index - 1] as Node).end) + 1;
  const colon = text.slice(child(node, 'key')?.end, child(node, 'value')?.start);
  return { node, section: object, index, gap: text.slice(before, node.start), colon };
}

const splice = (text: string, start: number, end: number, piece: string): string =>
  text.slice(0, start) + piece + text.slice(end);

function without(text: string, { node, section, index }: Entry): string {
  const entries = list(section, 'properties');
  const next = entries[index + 1];
  if (next !== undefined) return splice(text, node.start, next.start, '');
  const last = entries[index - 1];
  return last === undefined
    ? splice(text, section.start + 1, section.end - 1, '')
    : splice(text, last.end, node.end, '');
}
