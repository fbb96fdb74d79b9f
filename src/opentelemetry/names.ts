/** The names of the instruments. */
export const INSTRUMENT_NAMES = Object.freeze({
  duration: 'recloser.circuit_breaker.call.duration',
  rejections: 'recloser.circuit_breaker.rejections',
  wouldReject: 'recloser.circuit_breaker.would_reject',
  failures: 'recloser.circuit_breaker.failures',
  transitions: 'recloser.circuit_breaker.transitions',
  fallbacks: 'recloser.circuit_breaker.fallbacks',
  state: 'recloser.circuit_breaker.state',
  health: 'recloser.circuit_breaker.health',
  inFlight: 'recloser.circuit_breaker.in_flight',
});

/** The names of the attributes, of measurements, of span events and of spans. */
export const ATTRIBUTE_NAMES = Object.freeze({
  name: 'recloser.circuit_breaker.name',
  state: 'recloser.circuit_breaker.state',
  result: 'recloser.circuit_breaker.result',
  from: 'recloser.circuit_breaker.transition.from',
  to: 'recloser.circuit_breaker.transition.to',
  reason: 'recloser.circuit_breaker.reason',
  retryAfter: 'recloser.circuit_breaker.retry_after',
  observed: 'recloser.circuit_breaker.observed',
  errorType: 'error.type',
});

/** The names of the span events, and of the spans where there is none that could have them. */
export const SPAN_EVENT_NAMES = Object.freeze({
  rejection: 'recloser.circuit_breaker.rejection',
  transition: 'recloser.circuit_breaker.transition',
  fallback: 'recloser.circuit_breaker.fallback',
});
