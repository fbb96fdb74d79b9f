const ALL_STEPS = [
  ...['consecutive-failures', 'failure-rate', 'slow-call-rate', 'should-trip', 'detector'].map(
    (it) => `CLOSED OPEN ${it}`,
  ),
  ...['tripped', 'forced', 'restored', 'shared'].flatMap((it) => [
    `CLOSED OPEN ${it}`,
    `HALF_OPEN OPEN ${it}`,
  ]),
  ...['probing', 'restored'].map((it) => `OPEN HALF_OPEN ${it}`),
  ...['probe-failed', 'probe-slow', 'probe-expired'].map((it) => `HALF_OPEN OPEN ${it}`),
  'CLOSED HALF_OPEN restored',
  'HALF_OPEN CLOSED recovered',
  'OPEN CLOSED shared',
  ...['forced', 'reset', 'restored'].flatMap((it) => [`OPEN CLOSED ${it}`, `HALF_OPEN CLOSED ${it}`]),
];

/** From, to and reason of every change of state that may ever be. */
export const LEGAL_STEPS: ReadonlySet<string> = new Set(ALL_STEPS);
