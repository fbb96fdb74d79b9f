/** A unified diff that `git apply` takes, made from the edits: what no edit touches is the same by construction. */
import type { Edit } from './engine.js';

const CONTEXT = 3;

interface Change {
  /** Lines of the old text, from 0; `to` is not among them. */
  readonly from: number;
  readonly to: number;
  readonly lines: readonly string[];
}

/** Lines with their ends: `\n` alone ends one, as git sees it. */
const linesOf = (text: string): string[] => text.match(/[^\n]*\n|[^\n]+$/g) ?? [];

/**
 * @param name the path from where `git apply` runs
 * @param mark what the file begins with beside the text: a byte order mark, or nothing
 */
export function unifiedDiff(name: string, source: string, edits: readonly Edit[], mark = ''): string {
  const lines = linesOf(mark + source);
  const changes = changesOf(lines, mark, source, edits);
  if (changes.length === 0) return '';

  let shift = 0;
  let text = `--- ${quoted(`a/${name}`)}\n+++ ${quoted(`b/${name}`)}\n`;
  for (const hunk of hunksOf(changes)) {
    const first = Math.max(0, (hunk[0] as Change).from - CONTEXT);
    const last = Math.min(lines.length, (hunk.at(-1) as Change).to + CONTEXT);
    const body: string[] = [];
    let at = first;
    let added = 0;
    for (const { from, to, lines: after } of hunk) {
      body.push(...lines.slice(at, from).map((line) => ` ${line}`));
      body.push(...lines.slice(from, to).map((line) => `-${line}`), ...after.map((line) => `+${line}`));
      added += after.length - (to - from);
      at = to;
    }
    body.push(...lines.slice(at, last).map((line) => ` ${line}`));
    const size = last - first;
    text += `@@ -${range(first, size)} +${range(first + shift, size + added)} @@\n`;
    text += body
      .map((line) => (line.endsWith('\n') ? line : `${line}\n\\ No newline at end of file\n`))
      .join('');
    shift += added;
  }
  return text;
}

/** The edits as whole lines, those that share a line as one. */
function changesOf(lines: readonly string[], mark: string, source: string, edits: readonly Edit[]): Change[] {
  const starts: number[] = [];
  let offset = -mark.length;
  for (const line of lines) {
    starts.push(offset);
    offset += line.length;
  }
  const lineAt = (position: number) => {
    let low = 0;
    let high = lines.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((starts[middle] as number) <= position) low = middle;
      else high = middle - 1;
    }
    return low;
  };

  const groups: { from: number; to: number; edits: Edit[] }[] = [];
  for (const edit of [...edits].sort((a, b) => a.start - b.start)) {
    const from = lineAt(edit.start);
    // An end just behind a line's own end joins that line with the next one.
    const to = lineAt(edit.end) + 1;
    const last = groups.at(-1);
    if (last !== undefined && from < last.to) {
      last.to = Math.max(last.to, to);
      last.edits.push(edit);
    } else {
      groups.push({ from, to, edits: [edit] });
    }
  }
  return groups.map(({ from, to, edits }) => {
    const begin = starts[from] as number;
    const end = to < lines.length ? (starts[to] as number) : source.length;
    let text = '';
    let at = Math.max(begin, 0);
    for (const edit of edits) {
      text += source.slice(at, edit.start) + edit.text;
      at = edit.end;
    }
    return trimmed(
      { from, to, lines: linesOf((begin < 0 ? mark : '') + text + source.slice(at, end)) },
      lines,
    );
  });
}

/** Without the lines at both ends that stay as they are. */
function trimmed({ from, to, lines }: Change, old: readonly string[]): Change {
  let head = 0;
  while (head < lines.length && from + head < to && lines[head] === old[from + head]) head++;
  let tail = 0;
  while (
    tail < lines.length - head &&
    to - tail > from + head &&
    lines[lines.length - 1 - tail] === old[to - 1 - tail]
  ) {
    tail++;
  }
  return { from: from + head, to: to - tail, lines: lines.slice(head, lines.length - tail) };
}

/** Changes whose surroundings would touch are shown together. */
function hunksOf(changes: readonly Change[]): Change[][] {
  const hunks: Change[][] = [];
  for (const change of changes) {
    const last = hunks.at(-1)?.at(-1);
    if (last !== undefined && change.from - last.to <= 2 * CONTEXT) hunks.at(-1)?.push(change);
    else hunks.push([change]);
  }
  return hunks;
}

const range = (first: number, size: number): string =>
  `${size === 0 ? first : first + 1}${size === 1 ? '' : `,${size}`}`;

/** As git writes names: in quotes where it must, and with a tab behind one that has a space. */
function quoted(name: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  if (!/["\\\u0000-\u001f\u007f]/.test(name)) return name.includes(' ') ? `${name}\t` : name;
  const escaped = name.replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
    /["\\\u0000-\u001f\u007f]/g,
    (char) => ESCAPES[char] ?? `\\${char.charCodeAt(0).toString(8).padStart(3, '0')}`,
  );
  return `"${escaped}"`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\n': '\\n',
  '\t': '\\t',
  '\r': '\\r',
};
