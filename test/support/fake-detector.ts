import type { Detector, DetectorHost, DetectorState } from 'recloser';

/** A detector without statistics: it does what a test tells it to, and remembers what it was told. */
export function fakeDetector(behaviour: Partial<DetectorState> & { defaults?: Detector['defaults'] } = {}) {
  const { defaults } = behaviour;
  const { defaults: _, ...members } = Object.getOwnPropertyDescriptors(behaviour);
  const hosts: DetectorHost[] = [];
  const recorded: string[] = [];
  const entered: string[] = [];
  const state: DetectorState = {
    asks: () => true,
    admit: () => 'admit',
    stamp: Number.NaN,
    record: (kind) => {
      recorded.push(kind);
      return false;
    },
    isRamping: false,
    entered: (to, reason) => entered.push(`${to} ${reason}`),
    used: () => 0,
    describe: () => ({ evidence: 0 }),
    explain: () => 'evidence 9 of 9',
    snapshot: () => ({ learned: 1 }),
    restore: () => {},
  };
  Object.defineProperties(state, members);
  const detector: Detector = {
    ...(defaults && { defaults }),
    create: (host) => {
      hosts.push(host);
      return state;
    },
  };
  return { detector, state, hosts, recorded, entered };
}
