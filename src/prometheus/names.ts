/** The names of the metrics, before a `prefix`. The dashboard and the alert rules of `recloser/grafana` read them here. */
export const METRIC_NAMES = Object.freeze({
  state: 'circuit_breaker_state',
  mode: 'circuit_breaker_mode',
  requests: 'circuit_breaker_requests_total',
  rejections: 'circuit_breaker_rejections_total',
  failures: 'circuit_breaker_failures_total',
  transitions: 'circuit_breaker_state_transitions_total',
  responseTime: 'circuit_breaker_response_time_seconds',
  fallbacks: 'circuit_breaker_fallback_activations_total',
  health: 'circuit_breaker_health_score',
  inFlight: 'circuit_breaker_in_flight',
  wouldReject: 'circuit_breaker_would_reject_total',
  dropped: 'circuit_breaker_exporter_dropped',

  // of breakers with a detector
  evidence: 'circuit_breaker_detector_evidence_ratio',
  threshold: 'circuit_breaker_detector_threshold',
  admitted: 'circuit_breaker_admitted_ratio',
  degraded: 'circuit_breaker_degraded',
  overdue: 'circuit_breaker_overdue_total',

  // with `resilience`
  attempts: 'circuit_breaker_attempts_total',
  retriesStopped: 'circuit_breaker_retries_stopped_total',
  recoveredCalls: 'circuit_breaker_recovered_calls_total',
  hedgesWon: 'circuit_breaker_hedges_won_total',
  limited: 'circuit_breaker_limited_total',
  waiting: 'circuit_breaker_waiting',
  queueLimit: 'circuit_breaker_queue_limit',
  waitTime: 'circuit_breaker_wait_seconds',
  retryBudget: 'circuit_breaker_retry_budget_ratio',
  paused: 'circuit_breaker_paused_seconds',

  // with `cost`
  callsSaved: 'circuit_breaker_calls_saved_total',
  costSaved: 'circuit_breaker_cost_saved_total',
});

/** The names of the metrics of fleets (`instrumentFleet`), before a `prefix`. */
export const METRIC_NAMES_OF_FLEETS = Object.freeze({
  up: 'circuit_breaker_fleet_up',
  instances: 'circuit_breaker_fleet_instances',
  commands: 'circuit_breaker_fleet_commands_total',
  staleness: 'circuit_breaker_fleet_staleness_seconds',
  state: 'circuit_breaker_fleet_state',
  voting: 'circuit_breaker_fleet_voting',
});
