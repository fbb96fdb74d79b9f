export { type Backoff, type BackoffOptions, exponentialBackoff } from './core/backoff.js';
export type { CallContext } from './core/call-context.js';
export type { CallOptions, Fallback, FallbackOn, SyncCallOptions } from './core/call-options.js';
export type { CallResult } from './core/calling-circuit.js';
export { CircuitBreaker } from './core/circuit-breaker.js';
export {
  type CircuitMode,
  CircuitState,
  type RejectionReason,
  type TransitionReason,
} from './core/circuit-state.js';
export { type Clock, systemClock } from './core/clock.js';
export type { OptionDifference } from './core/conflict.js';
export type { Detector, DetectorHost, DetectorState } from './core/detector.js';
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
  DetectorEvent,
  FallbackEvent,
  Listener,
  ModeEvent,
  RejectEvent,
  Transition,
} from './core/events.js';
export type { GuardedResult } from './core/guard.js';
export type {
  CircuitMetrics,
  CircuitTotals,
  LastFailure,
  LastTransition,
  WindowMetrics,
} from './core/metrics.js';
export type { CircuitBreakerOptions, ResolvedOptions, UpdatableOptions } from './core/options.js';
export type { ErrorFilter, Outcome, OutcomeKind } from './core/outcome.js';
export type { Permit } from './core/permit.js';
export type { AsyncMethodOf, AsyncMethodPath, Guarded, Protected } from './core/promised.js';
export type { Task } from './core/promises.js';
export { type ProtectOptions, protect } from './core/protect.js';
export { CircuitBreakerRegistry, defaultRegistry } from './core/registry.js';
export type {
  ConflictEvent,
  CreateEvent,
  DeleteEvent,
  RegistryEvents,
  RegistryOptions,
  RegistrySnapshot,
} from './core/registry-options.js';
export type { CircuitSnapshot, FailureSnapshot } from './core/snapshot.js';
export type { RegistrySummary } from './core/summary.js';
export type { ResolvedWindow, WindowOptions, WindowSnapshot } from './core/window.js';
export {
  type BreakerAccess,
  type BreakerSource,
  type CircuitBreakerWrapper,
  type InstanceBreakerAccess,
  type ResultWrapper,
  type WithCircuitBreakerOptions,
  withCircuitBreaker,
} from './core/with-circuit-breaker.js';
