import { type BackoffOptions, type CircuitBreakerOptions, exponentialBackoff } from '../index.js';
import { adaptive } from './adaptive.js';
import type { AdaptiveOptions } from './options.js';

/** Options of a breaker as plain JSON, as `recloser/presets` reads them; `detector` is the options of `adaptive`. */
export type CandidateConfig = Readonly<Record<string, unknown>>;

/** Options to try. */
export interface Candidate {
  readonly name: string;
  readonly config: CandidateConfig;
}

const TOLERATED = [0.5, 0.33, 0.25, 0.14];
const PATIENCE = [0, 250, 1_000];
const WINDOWS = [10, 20, 50, 100];

/** What is tried unless you say otherwise. */
export function defaultCandidates(): Candidate[] {
  return [
    ...TOLERATED.flatMap((tolerate) =>
      PATIENCE.map((patience) => ({
        name: `adaptive, tolerate ${tolerate}, patience ${patience}`,
        config: { detector: { tolerate, patience } },
      })),
    ),
    ...WINDOWS.map((size) => ({
      name: `half of the last ${size}`,
      config: {
        failureThreshold: false,
        failureRateThreshold: 0.5,
        window: { type: 'count', size },
        minimumCalls: size,
      },
    })),
    { name: '5 in a row', config: { failureThreshold: 5, failureRateThreshold: false } },
  ];
}

/** The options that the plain JSON stands for. */
export function optionsOf({ config }: Candidate): CircuitBreakerOptions {
  const options: Record<string, unknown> = { ...config };
  const { detector, recoveryTimeout } = options;
  if (detector !== undefined && detector !== false) options.detector = adaptive(detector as AdaptiveOptions);
  if (typeof recoveryTimeout === 'object')
    options.recoveryTimeout = exponentialBackoff(recoveryTimeout as BackoffOptions);
  return options;
}
