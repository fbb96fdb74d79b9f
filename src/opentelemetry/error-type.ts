import { failureTypeOf } from '../core/failure-type.js';

/** What OpenTelemetry calls whatever has no name of its own, or has one too many. */
export const OTHER = '_OTHER';

/** The `error.type` of whatever a task threw. It never throws. */
export function errorTypeOf(error: unknown): string {
  return failureTypeOf(error) ?? OTHER;
}
