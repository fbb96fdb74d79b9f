import { onTestFinished } from 'vitest';

// Taken before a test can put fake timers in their place.
const { setImmediate } = globalThis;

/** Resolves when every microtask has run, and the runtime has reported what nobody handled. */
export function quiet(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
}

export interface RuntimeReports {
  /** What was thrown where nobody could catch it. */
  readonly uncaught: unknown[];
  /** What promises were rejected with that nobody handled. */
  readonly unhandled: unknown[];
}

/** Takes the place of those who listen for uncaught errors (the test runner among them) until the test ends. */
export function watchRuntime(): RuntimeReports {
  const reports = { uncaught: [] as unknown[], unhandled: [] as unknown[] };
  standInFor('uncaughtException', (error) => reports.uncaught.push(error));
  standInFor('unhandledRejection', (error) => reports.unhandled.push(error));
  return reports;
}

/** The warnings of the process from now until the test ends. */
export function watchWarnings(): unknown[] {
  const warnings: unknown[] = [];
  standInFor('warning', (warning) => warnings.push(warning));
  return warnings;
}

type Report = 'uncaughtException' | 'unhandledRejection' | 'warning';

function standInFor(event: Report, listener: (error: unknown) => void): void {
  const emitter: NodeJS.EventEmitter = process;
  const others = emitter.listeners(event) as ((...args: unknown[]) => void)[];
  emitter.removeAllListeners(event);
  emitter.on(event, listener);
  onTestFinished(async () => {
    await quiet();
    emitter.off(event, listener);
    for (const other of others) emitter.on(event, other);
  });
}
