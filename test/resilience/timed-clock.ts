import { createManualClock, type ManualClock } from 'recloser/testing';

/** A manual clock with dice that the test throws. */
export const timedClock = (random: () => number = () => 0.5): ManualClock =>
  Object.create(createManualClock({ start: 1_000 }), { random: { value: random } }) as ManualClock;
