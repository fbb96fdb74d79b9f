import type { ProbeGate } from '../../src/core/seam.js';

/** A gate of a partner who does what a test tells it to. */
export function fakeGate(isReady = false) {
  const settled: string[] = [];
  let answer: (() => void) | undefined;
  const gate = {
    ready: isReady,
    taken: 0,
    /** How often leave was asked for. */
    asked: 0,
    settled,
    /** Gives leave to whoever waits for it. */
    grant(): void {
      gate.ready = true;
      gate.refuse();
    },
    /** Lets whoever waits go on without. */
    refuse(): void {
      answer?.();
      answer = undefined;
    },
    ask(): Promise<void> | undefined {
      if (answer !== undefined) return undefined;
      gate.asked++;
      return new Promise((resolve) => {
        answer = resolve;
      });
    },
    take() {
      gate.taken++;
      gate.ready = false;
    },
    settle(index: number, kind: string) {
      settled.push(`${index} ${kind}`);
    },
  } satisfies ProbeGate & Record<string, unknown>;
  return gate;
}
