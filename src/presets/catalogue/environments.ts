/** What each environment asks of a breaker. */
import type { Environment } from '../../config/environments.js';
import { freezeDeeply } from '../../config/freeze.js';

/** What an environment says, wherever a preset has no figure of its own. */
export interface EnvironmentFigures {
  /** Consecutive failures that trip. */
  readonly failureThreshold: number;
  /** Milliseconds spent OPEN. */
  readonly recoveryTimeout: number;
  /** Share of failures in the window that trips, 0 to 1. */
  readonly failureRateThreshold: number;
  /** Why these figures, in one sentence. */
  readonly reason: string;
}

/** The environments and their figures. */
export const ENVIRONMENTS: Readonly<Record<Environment, EnvironmentFigures>> = /* @__PURE__ */ freezeDeeply({
  development: {
    failureThreshold: 10,
    recoveryTimeout: 180_000,
    failureRateThreshold: 0.7,
    reason:
      'Dependencies are restarted and broken on purpose, and an open circuit would hide what was broken.',
  },
  staging: {
    failureThreshold: 5,
    recoveryTimeout: 90_000,
    failureRateThreshold: 0.5,
    reason: 'Near to production, with room for dependencies that are smaller and shared.',
  },
  production: {
    failureThreshold: 3,
    recoveryTimeout: 60_000,
    failureRateThreshold: 0.4,
    reason: 'Users wait: stop early, and look again after a minute.',
  },
  testing: {
    failureThreshold: 20,
    recoveryTimeout: 300_000,
    failureRateThreshold: 0.9,
    reason: 'Tests fail on purpose: a circuit opens when nothing works at all, and stays open for the run.',
  },
});
