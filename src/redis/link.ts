/** The one way to Redis: bounded, counted, and silent towards callers. */
import type { SendCommand } from './command-client.js';
import type { Script } from './lua.js';

/** What a command is for. */
export type CommandKind = 'sync' | 'lease' | 'report' | 'steer';

/** How commands have ended. */
export interface CommandResults {
  readonly ok: number;
  readonly failed: number;
  readonly skipped: number;
}

/** Commands that may be unanswered at once. What comes beyond is skipped. */
const MOST_PENDING = 8;

export class Link {
  readonly results: Record<CommandKind, { ok: number; failed: number; skipped: number }> = {
    sync: { ok: 0, failed: 0, skipped: 0 },
    lease: { ok: 0, failed: 0, skipped: 0 },
    report: { ok: 0, failed: 0, skipped: 0 },
    steer: { ok: 0, failed: 0, skipped: 0 },
  };
  readonly #send: SendCommand;
  readonly #onError: (error: unknown, command: CommandKind) => void;
  #pending = 0;

  constructor(send: SendCommand, onError: (error: unknown, command: CommandKind) => void) {
    this.#send = send;
    this.#onError = onError;
  }

  skip(kind: CommandKind): void {
    this.results[kind].skipped++;
  }

  /**
   * Runs a script, and reads what it answers. `undefined`, at once, where too much is unanswered; a promise of `undefined`
   * where it failed. Nothing rejects.
   */
  run<T>(
    kind: CommandKind,
    script: Script,
    keys: readonly string[],
    args: readonly string[],
    read: (reply: unknown) => T,
  ): Promise<T | undefined> | undefined {
    if (this.#pending >= MOST_PENDING) {
      this.skip(kind);
      return undefined;
    }
    this.#pending++;
    return this.#run(kind, script, [String(keys.length), ...keys, ...args], read);
  }

  async #run<T>(
    kind: CommandKind,
    { digest, text }: Script,
    rest: readonly string[],
    read: (reply: unknown) => T,
  ): Promise<T | undefined> {
    const results = this.results[kind];
    try {
      const reply = read(
        await this.#send(['EVALSHA', digest, ...rest]).catch((error) => {
          if (!isUnknownScript(error)) throw error;
          return this.#send(['EVAL', text, ...rest]);
        }),
      );
      results.ok++;
      return reply;
    } catch (error) {
      results.failed++;
      this.#onError(error, kind);
      return undefined;
    } finally {
      this.#pending--;
    }
  }
}

/** Redis words it `NOSCRIPT No matching script`, GLIDE otherwise. */
function isUnknownScript(error: unknown): boolean {
  try {
    return /noscript|no matching script/i.test(String((error as Error | undefined)?.message ?? error));
  } catch {
    return false;
  }
}
