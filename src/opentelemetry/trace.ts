import type { BreakerSource } from '../core/source.js';
import { isCircuitBreakerOpenError } from '../index.js';
import { errorTypeOf } from './error-type.js';
import { listen } from './listen.js';
import { ATTRIBUTE_NAMES, SPAN_EVENT_NAMES } from './names.js';
import type { Attributes, OtelTrace, OtelTracer } from './otel-api.js';
import { SharedTimer } from './shared-timer.js';

/** What has happened, for a span. */
export interface SpanEvent {
  readonly name: string;
  /** What the span itself is to say. */
  readonly ofSpan: Attributes;
  readonly details: Attributes;
  /** Whether the active span is of a request that may have nothing to do with it. */
  readonly isElsewhere: boolean;
}

/** Tells an event on the span that it belongs to. */
export type TellSpan = (event: SpanEvent) => void;

/**
 * Tells of rejections, transitions and fallbacks as events of the active span. Where there is none, each becomes a
 * short span of its own, if there is a tracer.
 *
 * @returns a function that ends it
 */
export function traceEvents(source: BreakerSource, tell: TellSpan): () => void {
  const timer = new SharedTimer();
  return listen(source, {
    reject: ({ breaker, reason, error, observed }) =>
      tell({
        name: SPAN_EVENT_NAMES.rejection,
        ofSpan: attributesOf(breaker, error.state),
        details: {
          [ATTRIBUTE_NAMES.reason]: reason,
          [ATTRIBUTE_NAMES.observed]: observed,
          ...(error.retryAfter === null ? {} : { [ATTRIBUTE_NAMES.retryAfter]: secondsOf(error.retryAfter) }),
        },
        isElsewhere: false,
      }),
    transition: (transition) =>
      tell({
        name: SPAN_EVENT_NAMES.transition,
        ofSpan: attributesOf(transition.breaker, transition.to),
        details: {
          [ATTRIBUTE_NAMES.from]: transition.from.toLowerCase(),
          [ATTRIBUTE_NAMES.to]: transition.to.toLowerCase(),
          [ATTRIBUTE_NAMES.reason]: transition.reason,
        },
        isElsewhere: timer.tellsTransition(transition),
      }),
    fallback: (fallback) =>
      tell({
        name: SPAN_EVENT_NAMES.fallback,
        ofSpan: attributesOf(
          fallback.breaker,
          isCircuitBreakerOpenError(fallback.error) ? fallback.error.state : undefined,
        ),
        details: { [ATTRIBUTE_NAMES.errorType]: errorTypeOf(fallback.error) },
        isElsewhere: timer.tellsFallback(fallback),
      }),
  });
}

/** What a span says of the breaker that its events are about. */
function attributesOf(breaker: string, state: string | undefined): Attributes {
  const name = { [ATTRIBUTE_NAMES.name]: breaker };
  return state === undefined ? name : { ...name, [ATTRIBUTE_NAMES.state]: state.toLowerCase() };
}

/** Milliseconds as seconds, of which a clock may know more decimals than anybody reads. */
export function secondsOf(ms: number): number {
  return Math.ceil(ms) / 1_000;
}

/** Tells on the active span, or on a short span of its own if there is none that it belongs to. */
export function createTeller(trace: OtelTrace, tracer: OtelTracer | undefined): TellSpan {
  return ({ name, ofSpan, details, isElsewhere }) => {
    const active = isElsewhere ? undefined : trace.getActiveSpan();
    if (active === undefined) {
      const span = tracer?.startSpan(name, { root: isElsewhere });
      span?.setAttributes(ofSpan);
      span?.addEvent(name, { ...ofSpan, ...details });
      span?.end();
    } else if (active.isRecording()) {
      active.setAttributes(ofSpan);
      active.addEvent(name, { ...ofSpan, ...details });
    }
  };
}
