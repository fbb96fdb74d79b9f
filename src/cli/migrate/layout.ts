/** How a file is laid out, so that what is written new looks like the rest. */

export interface Layout {
  /** One level of indentation. */
  readonly unit: string;
  readonly newline: string;
}

export function layoutOf(source: string): Layout {
  const newline = /\r?\n/.exec(source)?.[0] ?? '\n';
  const steps = new Map<string, number>();
  let before = '';
  for (const [, indent = '', first = ''] of source.matchAll(/^([ \t]*)(\S)/gm)) {
    // Lines that begin with `*` are mostly comments.
    if (first === '*') continue;
    if (indent.length > before.length && indent.startsWith(before)) {
      const step = indent.slice(before.length);
      steps.set(step, (steps.get(step) ?? 0) + 1);
    }
    before = indent;
  }
  const [unit] = [...steps].sort(([, a], [, b]) => b - a)[0] ?? ['  '];
  return { unit, newline };
}

/** What the line of a place begins with. */
export function indentAt(source: string, position: number): string {
  const start = source.lastIndexOf('\n', position - 1) + 1;
  return /^[ \t]*/.exec(source.slice(start, position))?.[0] ?? '';
}
