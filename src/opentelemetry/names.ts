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
  mode: 'recloser.circuit_breaker.mode',
  evidence: 'recloser.circuit_breaker.detector.evidence_ratio',
  admitted: 'recloser.circuit_breaker.admitted_ratio',
  degraded: 'recloser.circuit_breaker.degraded',
  callsSaved: 'recloser.circuit_breaker.calls_saved',
  costSaved: 'recloser.circuit_breaker.cost_saved',
  attempts: 'recloser.resilience.attempts',
  retriesStopped: 'recloser.resilience.stopped',
  recoveredCalls: 'recloser.resilience.recovered_calls',
  hedgesWon: 'recloser.resilience.hedges_won',
  limited: 'recloser.resilience.limited',
  waiting: 'recloser.resilience.waiting',
  waitDuration: 'recloser.resilience.wait.duration',
  retryBudget: 'recloser.resilience.retry_budget_ratio',
  paused: 'recloser.resilience.paused_seconds',
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
  currency: 'recloser.circuit_breaker.currency',
  kind: 'recloser.resilience.kind',
  stopReason: 'recloser.resilience.reason',
  stopAttempts: 'recloser.resilience.attempts',
  stopRetryAfter: 'recloser.resilience.retry_after',
  by: 'recloser.resilience.by',
  queue: 'recloser.resilience.queue',
  errorType: 'error.type',
});

/** The names of the span events, and of the spans where there is none that could have them. */
export const SPAN_EVENT_NAMES = Object.freeze({
  rejection: 'recloser.circuit_breaker.rejection',
  transition: 'recloser.circuit_breaker.transition',
  fallback: 'recloser.circuit_breaker.fallback',
  stop: 'recloser.resilience.stop',
});
