export { type Backoff, type BackoffOptions, exponentialBackoff } from './core/backoff.js';
export type { CallContext } from './core/call-context.js';
export { type CallResult, CircuitBreaker } from './core/circuit-breaker.js';
export {
  type CircuitMode,
  CircuitState,
  type RejectionReason,
  type TransitionReason,
} from './core/circuit-state.js';
export { type Clock, systemClock } from './core/clock.js';
export {
  CallTimeoutError,
  CircuitBreakerError,
  CircuitBreakerOpenError,
  InvalidOptionsError,
  isCallTimeoutError,
  isCircuitBreakerError,
  isCircuitBreakerOpenError,
  type RejectionDetails,
} from './core/errors.js';
export type {
  CallEvent,
  CircuitBreakerEvents,
  FallbackEvent,
  Listener,
  ModeEvent,
  RejectEvent,
  Transition,
} from './core/events.js';
export type {
  CircuitMetrics,
  CircuitTotals,
  LastFailure,
  LastTransition,
  WindowMetrics,
} from './core/metrics.js';
export type {
  CallOptions,
  CircuitBreakerOptions,
  Fallback,
  FallbackOn,
  ResolvedOptions,
  UpdatableOptions,
} from './core/options.js';
export type { ErrorFilter, Outcome, OutcomeKind } from './core/outcome.js';
export type { Permit } from './core/permit.js';
export type { Task } from './core/promises.js';
export type { CircuitSnapshot, FailureSnapshot } from './core/snapshot.js';
export type { ResolvedWindow, WindowOptions, WindowSnapshot } from './core/window.js';
