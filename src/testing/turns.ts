/** Lets microtasks run dry, by turns of the platform's loop that no test framework fakes. */
export interface Turns {
  /** Resolves when every microtask at hand has run. */
  next(): Promise<void>;
  /**
   * Leaves nothing behind that keeps a process alive: a turn later, since one move follows the other in most tests, and what
   * the turns are made of costs several times a turn.
   *
   * @param isIdle asked then: whoever goes on leaves again
   */
  leave(isIdle: () => boolean): void;
}

interface Platform {
  readonly MessageChannel?: new () => MessageChannel;
  readonly setImmediate?: ((run: () => void) => unknown) | undefined;
  readonly setTimeout: (run: () => void, ms: number) => unknown;
}

/** As they are before a test puts fake ones in their place. */
const real: Platform = /* @__PURE__ */ (() => {
  const { setImmediate, setTimeout } = globalThis as unknown as Platform;
  return { setImmediate, setTimeout };
})();

/** Real milliseconds. */
export function realTime(ms: number): Promise<void> {
  const { setTimeout } = real;
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

/** Whether messages of a channel let microtasks run dry, which they do not in Deno and workerd; known from the first move on. */
const areDry = /* @__PURE__ */ new WeakMap<object, boolean>();

export async function createTurns(): Promise<Turns> {
  const { MessageChannel } = globalThis as unknown as Platform;
  if (MessageChannel === undefined || areDry.get(MessageChannel) === false) return timerTurns();
  const turns = messageTurns(new MessageChannel());
  if (!areDry.has(MessageChannel)) areDry.set(MessageChannel, await runsDry(turns));
  if (areDry.get(MessageChannel)) return turns;
  turns.leave(() => true);
  return timerTurns();
}

function timerTurns(): Turns {
  const { setImmediate, setTimeout } = real;
  const turn = setImmediate ?? ((run: () => void) => setTimeout(run, 0));
  return {
    next: () =>
      new Promise((resolve) => {
        turn(resolve);
      }),
    leave() {},
  };
}

function messageTurns({ port1, port2 }: MessageChannel): Turns {
  const waiting: (() => void)[] = [];
  port1.onmessage = () => waiting.shift()?.();
  const next = (): Promise<void> =>
    new Promise((resolve) => {
      waiting.push(resolve);
      port2.postMessage(0);
    });
  return {
    next,
    leave(isIdle) {
      void next().then(() => {
        if (!isIdle()) return;
        port1.close();
        port2.close();
      });
    },
  };
}

/** Where messages come among microtasks, one of two at least comes before so many have run. */
async function runsDry(turns: Turns): Promise<boolean> {
  for (let round = 0; round < 3; round++) {
    let left = 100;
    const count = async () => {
      while (--left > 0) await null;
    };
    void count();
    await turns.next();
    if (left > 0) return false;
  }
  return true;
}
