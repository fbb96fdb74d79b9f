import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { proseOf, readPages } from '../support/markdown.js';
import { fromRoot } from '../support/root.js';

const pages = readPages();
const anchors = new Map(pages.map((page) => [page.path, anchorsOf(proseOf(page))]));

/** Links of README.md are whole, so that they work from the tarball and on the page of a registry, too. */
const REPOSITORY = `${manifest.repository.url.replace(/^git\+|\.git$/g, '')}/blob/main/`;

/** Lines of a page in docs: more than that is two pages. */
const MOST_LINES = 400;

describe('the pages of docs', () => {
  it(`have at most ${MOST_LINES} lines, so that they are read`, () => {
    const long = pages.filter(({ path, lines }) => path.startsWith('docs/') && lines.length > MOST_LINES + 1);

    expect(long.map(({ path, lines }) => [path, lines.length])).toEqual([]);
  });
});

describe.each(pages)('$path', (page) => {
  it('links only to files and headings that exist', () => {
    const links = linksOf(proseOf(page))
      .map((link) => (link.startsWith(REPOSITORY) ? `/${link.slice(REPOSITORY.length)}` : link))
      .filter((link) => !/^(?:[a-z]+:|\/\/)/i.test(link));

    expect(links.filter((link) => !leadsSomewhere(page.path, link))).toEqual([]);
  });
});

describe('README.md', () => {
  it('has at most 200 lines', () => {
    const { lines } = pages.find(({ path }) => path === 'README.md')!;

    expect(lines.join('\n').trimEnd().split('\n').length).toBeLessThanOrEqual(200);
  });

  it('has no link that is dead in the tarball, which has no docs', () => {
    const links = linksOf(proseOf(pages.find(({ path }) => path === 'README.md')!));

    expect(links.filter((link) => !link.startsWith('https://'))).toEqual([]);
  });
});

function linksOf(prose: readonly string[]): string[] {
  const text = prose.join('\n').replace(/`[^`\n]*`/g, '');
  const patterns = [/\]\(\s*<?([^)\s>]+)/g, /^\s*\[[^\]]+\]:\s*(\S+)/gm, /\b(?:href|src)="([^"]+)"/g];
  return patterns.flatMap((pattern) => Array.from(text.matchAll(pattern), ([, link]) => link!));
}

function leadsSomewhere(from: string, link: string): boolean {
  const [path, anchor] = decodeURI(link).split('#');
  const target = path ? (path.startsWith('/') ? path.slice(1) : join(dirname(from), path)) : from;
  if (!existsSync(fromRoot(target))) return false;
  return anchor === undefined || (anchors.get(target)?.has(anchor) ?? false);
}

/** The ids that GitHub gives to the headings, and those given by hand. */
function anchorsOf(prose: readonly string[]): Set<string> {
  const ids = new Set<string>();
  for (const line of prose) {
    const heading = /^#{1,6}\s+(.*?)\s*#*$/.exec(line)?.[1];
    if (heading !== undefined) {
      const slug = slugOf(heading);
      let id = slug;
      for (let n = 1; ids.has(id); n++) id = `${slug}-${n}`;
      ids.add(id);
    }
    for (const [, id] of line.matchAll(/<a\s+(?:id|name)="([^"]+)"/g)) ids.add(id!);
  }
  return ids;
}

function slugOf(heading: string): string {
  return heading
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/<\/?[a-z][^>]*>/gi, (tag, at) => (heading.slice(0, at).split('`').length % 2 === 0 ? tag : ''))
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, '')
    .replaceAll(' ', '-');
}
