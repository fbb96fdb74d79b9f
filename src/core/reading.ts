/** Readings of clocks that users hand in. */
import { type Clock, systemClock } from './clock.js';
import { describeError } from './describe-error.js';
import { describe, refuse, type Subject } from './validate.js';
import { warn } from './warn.js';

/** @throws InvalidOptionsError for a clock that tells no time */
export function firstReading(clock: Clock, subject: Subject): number {
  let reading: unknown;
  try {
    reading = clock.now();
  } catch (cause) {
    refuse(subject, 'clock', '`clock.now()` threw', { cause });
  }
  if (Number.isFinite(reading)) return reading as number;
  refuse(
    subject,
    'clock',
    `\`clock.now()\` must return a finite number of milliseconds, received ${describe(reading)}`,
  );
}

/**
 * What the clock says, or `otherwise` where that is no time: of that the process is warned, once for each clock.
 *
 * @param whose whom the warning is about, where the clock stands for another
 */
export function readingOf(clock: Pick<Clock, 'now'>, otherwise: number, whose: object = clock): number {
  try {
    const reading: unknown = clock.now();
    if (typeof reading === 'number' && reading - reading === 0) return reading;
    warnOnce(whose, `told ${describe(reading)} in place of a finite number`);
  } catch (error) {
    warnOnce(whose, `threw ${describeError(error)}`);
  }
  return otherwise;
}

/** The time of day by the clock, or where it has none, or one that is no time, by the platform. */
export function wallTimeOf(clock: Clock): number {
  return readingOf({ now: () => clock.epoch?.() ?? Date.now() }, Date.now(), clock);
}

const broken = /* @__PURE__ */ new WeakSet<object>();

/** What a clock does wrong it does with every reading. */
function warnOnce(clock: object, problem: string): void {
  if (broken.has(clock)) return;
  broken.add(clock);
  warn('RECLOSER_CONFIG', `The clock of a circuit breaker ${problem}: the circuit stays as it is meanwhile`);
}

/**
 * The clock as bookkeeping may read it: `now` never throws, and what is no time stands for the last reading that was one.
 * Its timers, dice and wall clock are those of the clock.
 */
export function soundClock(clock: Clock): Clock {
  if (clock === systemClock) return clock;
  let sound = soundClocks.get(clock);
  if (sound === undefined) {
    sound = createSound(clock);
    soundClocks.set(clock, sound);
  }
  return sound;
}

/**
 * The clock that somebody has handed in, as bookkeeping may read it, or the platform's.
 *
 * @throws InvalidOptionsError for a clock that tells no time
 */
export function readClock(clock: Clock | undefined, subject: Subject): Clock {
  if (clock === undefined) return systemClock;
  firstReading(clock, subject);
  return soundClock(clock);
}

const soundClocks = /* @__PURE__ */ new WeakMap<Clock, Clock>();

const OTHERS = ['epoch', 'random', 'setTimeout', 'clearTimeout'] as const;

function createSound(clock: Clock): Clock {
  const members = clock as unknown as Readonly<Record<string, (...args: unknown[]) => unknown>>;
  const others = OTHERS.filter((name) => members[name] !== undefined).map((name) => [
    name,
    (...args: unknown[]) => members[name]?.(...args),
  ]);
  let last = 0;
  const now = () => {
    last = readingOf(clock, last);
    return last;
  };
  return { now, ...Object.fromEntries(others) };
}
