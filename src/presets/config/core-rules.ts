/**
 * What the core says to options. Its rules are asked by making a breaker, so that no range is written down twice.
 */
import {
  CircuitBreaker,
  type CircuitBreakerOptions,
  InvalidOptionsError,
  type ResolvedOptions,
  type WindowOptions,
} from '../../index.js';

/** Why the core refuses options. */
export interface Refusal {
  readonly option: string;
  /** A sentence without its subject: `must be …, received …`. */
  readonly problem: string;
}

/** The options that a breaker has which is made with these. */
export function resolve(options: CircuitBreakerOptions): ResolvedOptions {
  return new CircuitBreaker(options).options;
}

/** Why the core refuses what is made here; `undefined` if it does not. */
export function refusalOf(make: () => unknown): Refusal | undefined {
  try {
    make();
    return undefined;
  } catch (error) {
    if (!(error instanceof InvalidOptionsError)) throw error;
    const { message, option } = error;
    // The core begins with what cannot be made: `Cannot create …: `.
    const sentence = message.slice(message.indexOf(': ') + 2);
    return { option, problem: sentence.replace(`\`${option}\` `, '') };
  }
}

/** A window that any `minimumCalls` goes with. */
export const ANY_WINDOW: WindowOptions = { type: 'time' };

/** What each option goes with by itself. */
const ANY_OTHERS: CircuitBreakerOptions = { window: ANY_WINDOW, slowCallDuration: 1_000 };

/** Why the core refuses one option, whatever the others are. */
export function refusalAs(option: string, value: unknown): Refusal | undefined {
  return refusalOf(() => new CircuitBreaker({ ...ANY_OTHERS, [option]: value }));
}

/** Why a rate of slow calls can never work: nobody has said from when on a call is slow, or that none is. */
export function idleRateIn(options: CircuitBreakerOptions): Refusal | undefined {
  const { slowCallDuration, slowCallRateThreshold } = options;
  if (slowCallRateThreshold === undefined || slowCallDuration !== undefined) return undefined;
  return refusalOf(() => new CircuitBreaker({ slowCallRateThreshold }));
}

/** A rate of slow calls is for those that have a duration: what is said for many gives way. */
export function withoutIdleRate(options: CircuitBreakerOptions): CircuitBreakerOptions {
  return options.slowCallDuration === undefined ? without(options, ['slowCallRateThreshold']) : options;
}

/** Why the window and the minimum of calls do not go together. */
export function conflictIn({ window, minimumCalls }: CircuitBreakerOptions): Refusal | undefined {
  if (window === undefined && minimumCalls === undefined) return undefined;
  return refusalOf(() => new CircuitBreaker({ window, minimumCalls }));
}

/**
 * One layer over another. A detector has defaults of its own, which go before all that is below the layer that names it.
 */
export function lay(below: CircuitBreakerOptions, above: CircuitBreakerOptions): CircuitBreakerOptions {
  const { detector } = above as { readonly detector?: { readonly defaults?: object } | false };
  const taken = typeof detector === 'object' ? Object.keys(detector.defaults ?? {}) : [];
  const left = taken.length === 0 ? below : without(below, taken);
  return { ...left, ...above };
}

function without(options: CircuitBreakerOptions, names: readonly string[]): CircuitBreakerOptions {
  return Object.fromEntries(Object.entries(options).filter(([name]) => !names.includes(name)));
}

/**
 * What was chosen, with what was written laid over it. A minimum of calls that was chosen gives way where the window has
 * no room for it; one that was written stays, for somebody to refuse.
 */
export function layOver(
  chosen: CircuitBreakerOptions,
  written: CircuitBreakerOptions,
): CircuitBreakerOptions {
  const merged = lay(chosen, written);
  const givesWay = written.minimumCalls === undefined && conflictIn(merged) !== undefined;
  return givesWay ? withDefaultMinimum(merged) : merged;
}

/** The default goes with every window. */
export function withDefaultMinimum({
  minimumCalls,
  ...others
}: CircuitBreakerOptions): CircuitBreakerOptions {
  return others;
}
