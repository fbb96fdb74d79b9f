import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fromRoot } from './root.js';

export interface Page {
  /** The path from the root of the repository, e.g. `docs/README.md`. */
  readonly path: string;
  readonly lines: readonly string[];
}

export interface Fence {
  /** The first word of the info string: `ts` of `ts no-run`. */
  readonly language: string;
  readonly flags: readonly string[];
  /** The line of the opening fence, from 1. */
  readonly line: number;
  /** The lines of code, as indexes into the page's lines: from `start`, before `end`. */
  readonly start: number;
  readonly end: number;
}

/** README.md and every page of docs. */
export function readPages(): Page[] {
  const docs = existsSync(fromRoot('docs'))
    ? readdirSync(fromRoot('docs'), { recursive: true, encoding: 'utf8' })
    : [];
  const paths = ['README.md', ...docs.filter((path) => path.endsWith('.md')).map((path) => `docs/${path}`)];
  return paths.map((path) => ({ path, lines: readFileSync(fromRoot(path), 'utf8').split('\n') }));
}

/** The fenced code blocks of a page, also those inside lists and quotes. */
export function fencesOf({ path, lines }: Page): Fence[] {
  const fences: Fence[] = [];
  for (let index = 0; index < lines.length; index++) {
    const [, marks, info] = /^[\s>]*(`{3,}|~{3,})([^`]*)$/.exec(lines[index]!) ?? [];
    if (marks === undefined || info === undefined) continue;

    const start = index + 1;
    do index++;
    while (index < lines.length && lines[index]!.replace(/^[\s>]*/, '').trimEnd() !== marks);
    if (index === lines.length) throw new Error(`${path}:${start} opens a code block that nothing closes`);

    const [language = '', ...flags] = info.trim().split(/\s+/);
    fences.push({ language, flags, line: start, start, end: index });
  }
  return fences;
}

/** The page's lines with its code blocks left empty, so that nothing in them is taken for prose. */
export function proseOf(page: Page): string[] {
  const prose = [...page.lines];
  for (const { start, end } of fencesOf(page)) prose.fill('', start, end);
  return prose;
}
