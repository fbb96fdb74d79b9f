/** What the tables of presets are made of: figures that carry their reasons, so that they can be told with them. */
import type { Kind } from '../../config/preset-names.js';
import type { CircuitBreakerOptions, WindowOptions } from '../../index.js';

/** A figure, and why it is that one. */
export interface Figure<Value> {
  readonly value: Value;
  /** One sentence. */
  readonly reason: string;
}

/**
 * A number that depends on the environment. The strict end holds in production and the lenient end in testing; staging
 * is a third of the way and development two thirds, rounded to the nearest whole number.
 */
export interface FigureRange {
  readonly strict: number;
  readonly lenient: number;
  /** One sentence. */
  readonly reason: string;
}

/** The options that presets have figures for. Durations are milliseconds. */
export interface PresetFigures {
  readonly failureThreshold?: Figure<number> | FigureRange;
  readonly failureRateThreshold?: Figure<number>;
  readonly recoveryTimeout?: Figure<number>;
  readonly callTimeout?: Figure<number>;
  /** A time window: any minimum of calls goes with it. */
  readonly window?: Figure<Readonly<WindowOptions>>;
  /** At most the default, or it would be too much for a small count window that the code gives. */
  readonly minimumCalls?: Figure<number>;
  readonly halfOpenMaxCalls?: Figure<number>;
  readonly successThreshold?: Figure<number>;
  readonly isFailure?: Figure<NonNullable<CircuitBreakerOptions['isFailure']>>;
}

/** One preset, before the environment has its say. */
export interface PresetData {
  /** What people call it. */
  readonly title: string;
  /** What a breaker protects against here. */
  readonly protectsAgainst: string;
  /** The kind that says what this preset leaves open. What the kind leaves open too, the environment says. */
  readonly kind?: Kind;
  readonly figures: PresetFigures;
}
