/** Lets microtasks run dry, by turns of the platform's loop that no test framework fakes. */
export interface Turns {
  /** Resolves when every microtask at hand has run. */
  next(): Promise<void>;
  /** Leaves nothing behind that keeps a process alive. */
  close(): void;
}

interface Platform {
  readonly MessageChannel?: new () => MessageChannel;
  readonly setImmediate?: (run: () => void) => unknown;
  readonly setTimeout: (run: () => void, ms: number) => unknown;
}

/** As they are before a test puts fake ones in their place. */
const { setImmediate, setTimeout } = globalThis as unknown as Platform;

/** Real milliseconds. */
export function realTime(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

export function createTurns(): Turns {
  const { MessageChannel } = globalThis as unknown as Platform;
  if (MessageChannel === undefined) {
    const turn = setImmediate ?? ((run: () => void) => setTimeout(run, 0));
    return {
      next: () =>
        new Promise((resolve) => {
          turn(resolve);
        }),
      close() {},
    };
  }
  const { port1, port2 } = new MessageChannel();
  let goOn: () => void;
  port1.onmessage = () => goOn();
  return {
    next: () =>
      new Promise((resolve) => {
        goOn = resolve;
        port2.postMessage(0);
      }),
    close() {
      port1.close();
      port2.close();
    },
  };
}
