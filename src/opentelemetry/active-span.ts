import type { OtelSpan, OtelTrace } from './otel-api.js';

/** Where each copy of `@opentelemetry/api` 1.x keeps, and looks for, what the process has registered. */
const API = /* @__PURE__ */ Symbol.for('opentelemetry.js.api.1');

/** What each of them calls the span of a context. */
const SPAN = /* @__PURE__ */ Symbol.for('OpenTelemetry Context Key SPAN');

/** What is read of the registered API. */
interface RegisteredApi {
  readonly context?: { active(): { getValue(key: symbol): unknown } };
}

/** Knows the active span as `trace` of the API does, without the API. It never throws. */
export const registeredTrace: OtelTrace = {
  getActiveSpan() {
    try {
      const { [API]: api } = globalThis as { [API]?: RegisteredApi };
      return api?.context?.active().getValue(SPAN) as OtelSpan | undefined;
    } catch {
      return undefined; // somebody else has it, or a context manager is broken
    }
  },
};
