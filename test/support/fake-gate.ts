import type { ProbeGate } from '../../src/core/seam.js';

/** A gate of a partner who does what a test tells it to. */
export function fakeGate(isReady = false) {
  const settled: string[] = [];
  const gate = {
    ready: isReady,
    taken: 0,
    asked: 0,
    grant: (): void => {},
    settled,
    ask(): Promise<void> | undefined {
      gate.asked++;
      return new Promise((resolve) => {
        gate.grant = () => {
          gate.ready = true;
          resolve();
        };
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
