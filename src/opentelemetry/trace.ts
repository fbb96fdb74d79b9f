import type { Target } from '../core/target.js';
import { isCallTimeoutError, isCircuitBreakerOpenError } from '../index.js';
import type { Attributes, OtelTrace, OtelTracer } from './api.js';
import { errorTypeOf } from './error-type.js';
import { listen } from './listen.js';
import { ATTRIBUTE_NAMES, SPAN_EVENT_NAMES } from './names.js';

/** What has happened, for a span. */
interface SpanEvent {
  readonly name: string;
  /** What the span itself is to say. */
  readonly subject: Attributes;
  readonly details: Attributes;
  /** The error that it is about. */
  readonly error: unknown;
}

/**
 * Tells of rejections, transitions and fallbacks as events of the active span. Where there is none, each becomes a
 * short span of its own, if there is a tracer.
 *
 * @returns a function that ends it
 */
export function traceEvents(target: Target, trace: OtelTrace, tracer: OtelTracer | undefined): () => void {
  const tell = (event: SpanEvent) => tellSpan(event, trace, tracer);
  return listen(target, {
    reject: ({ breaker, reason, error, observed }) =>
      tell({
        name: SPAN_EVENT_NAMES.rejection,
        subject: subjectOf(breaker, error.state),
        details: {
          [ATTRIBUTE_NAMES.reason]: reason,
          [ATTRIBUTE_NAMES.observed]: observed,
          ...(error.retryAfter === null ? {} : { [ATTRIBUTE_NAMES.retryAfter]: error.retryAfter / 1_000 }),
        },
        error,
      }),
    transition: ({ breaker, from, to, reason, error }) =>
      tell({
        name: SPAN_EVENT_NAMES.transition,
        subject: subjectOf(breaker, to),
        details: {
          [ATTRIBUTE_NAMES.from]: from.toLowerCase(),
          [ATTRIBUTE_NAMES.to]: to.toLowerCase(),
          [ATTRIBUTE_NAMES.reason]: reason,
        },
        error,
      }),
    fallback: ({ breaker, error }) =>
      tell({
        name: SPAN_EVENT_NAMES.fallback,
        subject: subjectOf(breaker, isCircuitBreakerOpenError(error) ? error.state : undefined),
        details: { [ATTRIBUTE_NAMES.errorType]: errorTypeOf(error) },
        error,
      }),
  });
}

function subjectOf(breaker: string, state: string | undefined): Attributes {
  const subject = { [ATTRIBUTE_NAMES.name]: breaker };
  return state === undefined ? subject : { ...subject, [ATTRIBUTE_NAMES.state]: state.toLowerCase() };
}

function tellSpan(
  { name, subject, details, error }: SpanEvent,
  trace: OtelTrace,
  tracer: OtelTracer | undefined,
): void {
  // One timer ends the calls of many requests, in the context of the one that has set it: that span may be another's.
  const isElsewhere = isCallTimeoutError(error);
  const active = isElsewhere ? undefined : trace.getActiveSpan();
  if (active === undefined) {
    const span = tracer?.startSpan(name, { root: isElsewhere });
    span?.setAttributes(subject);
    span?.addEvent(name, { ...subject, ...details });
    span?.end();
  } else if (active.isRecording()) {
    active.setAttributes(subject);
    active.addEvent(name, { ...subject, ...details });
  }
}
