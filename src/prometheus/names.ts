/** The names of the metrics, before a `prefix`. The dashboard and the alert rules of `recloser/grafana` read them here. */
export const METRIC_NAMES = Object.freeze({
  state: 'circuit_breaker_state',
  requests: 'circuit_breaker_requests_total',
  failures: 'circuit_breaker_failures_total',
  transitions: 'circuit_breaker_state_transitions_total',
  responseTime: 'circuit_breaker_response_time_seconds',
  fallbacks: 'circuit_breaker_fallback_activations_total',
  health: 'circuit_breaker_health_score',
  inFlight: 'circuit_breaker_in_flight',
  wouldReject: 'circuit_breaker_would_reject_total',
  dropped: 'circuit_breaker_exporter_dropped',
});
