/** What a rule says of a file. */
import type { Edit } from './engine.js';

/** A place for a person to look at. */
export interface Finding {
  /** From 1, of the file as it was read. */
  readonly line: number;
  readonly rule: string;
  readonly message: string;
  /** Whether what stands there goes on needing the old package. */
  readonly needsOld?: boolean;
}

/** What is to be done with a file. */
export interface Plan {
  readonly edits: readonly Edit[];
  readonly report: readonly Finding[];
}

/** By line, then by rule; what is said twice is said once. */
export function inOrder(report: readonly Finding[]): Finding[] {
  const known = new Set<string>();
  return report
    .filter(({ line, rule, message }) => {
      const key = `${line} ${rule} ${message}`;
      return !known.has(key) && known.add(key);
    })
    .sort((a, b) => a.line - b.line || (a.rule < b.rule ? -1 : a.rule > b.rule ? 1 : 0));
}
