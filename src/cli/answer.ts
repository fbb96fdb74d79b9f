/** What a command answers, and what it may ask the process for. */

/** What to print, and the status to end with. */
export interface Answer {
  /** 0 where all is well, 2 for arguments that make no sense, 1 for what `check` and `migrate` found. */
  readonly status: 0 | 1 | 2;
  readonly stdout: string;
  readonly stderr: string;
}

/** The process, as far as commands know it. */
export interface Surroundings {
  /** @throws whatever keeps the file from being read */
  readFile(path: string): string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The version of the package. */
  version(): string;
}

/** What a command does with the arguments after its name. */
export type Run = (args: readonly string[], surroundings: Surroundings) => Answer | Promise<Answer>;

/** Arguments that make no sense. */
export class UsageError extends Error {}

/** An answer that is nothing but text. */
export function printed(stdout: string, status: 0 | 1 = 0): Answer {
  return { status, stdout, stderr: '' };
}
