import { failureTypeOf, valueTypeOf } from '../core/failure-type.js';

/** What OpenTelemetry calls whatever has no name of its own, or has one too many. */
export const OTHER = '_OTHER';

/** The `error.type` of whatever a task threw. It never throws. */
export function errorTypeOf(error: unknown): string {
  return failureTypeOf(error) ?? OTHER;
}

/** The `error.type` of a failure, which was thrown or is a value: the HTTP status of one that has one. */
export function failureErrorTypeOf(failure: { readonly error?: unknown; readonly value?: unknown }): string {
  return Object.hasOwn(failure, 'error') ? errorTypeOf(failure.error) : valueTypeOf(failure.value);
}
