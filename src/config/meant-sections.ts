/** What of a configuration somebody means who writes something that it does not have there. */
import { AROUND_OPTIONS, BREAKER_OPTIONS, DETECTOR_OPTION } from './option-names.js';

/** Names that sections have elsewhere. */
const MEANT: Readonly<Record<string, string>> = {
  breaker: 'defaults',
  breakers: 'names',
  circuitBreaker: 'defaults',
  circuitBreakers: 'names',
  circuits: 'names',
  default: 'defaults',
  env: 'environment',
  instances: 'names',
  kinds: 'services',
  options: 'defaults',
};

/** The place of what stands beside the sections: that of a section by another name, or of an option. */
export function meantSection(given: string): string | undefined {
  if (Object.hasOwn(MEANT, given)) return MEANT[given];
  if ([...BREAKER_OPTIONS, DETECTOR_OPTION].includes(given as never)) return `defaults.${given}`;
  return AROUND_OPTIONS.includes(given) ? `resilience.defaults.${given}` : undefined;
}

/** The place of what stands beside the sections of `resilience`. */
export const meantAround = (given: string): string | undefined =>
  AROUND_OPTIONS.includes(given) ? `resilience.defaults.${given}` : undefined;
