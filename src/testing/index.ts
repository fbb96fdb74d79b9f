export {
  type Chaos,
  type ChaosOptions,
  type ChaosProtectOptions,
  type ChaosStats,
  createChaos,
} from './chaos.js';
export type { ChaosPlan, Faults } from './chaos-plan.js';
export type {
  ChaosPhase,
  ErrorFault,
  Fault,
  FaultKind,
  HangFault,
  LatencyFault,
  ResultFault,
} from './faults.js';
export { isInjected } from './injected.js';
export { type IsolateOptions, type Isolation, isolate, isolateDefaultRegistry } from './isolate.js';
export type { Latency } from './latency.js';
export {
  createManualClock,
  type ManualClock,
  type ManualClockOptions,
  type SettleOptions,
} from './manual-clock.js';
export { type CircuitBreakerMatchers, type MatcherResult, matchers } from './matchers.js';
export {
  type EventRecord,
  type EventSource,
  type RecordedError,
  type RecordedEvent,
  type RecordedTransition,
  type RecordOptions,
  recordEvents,
} from './record-events.js';
export type { SignalLike } from './signals.js';
export type {
  SimulatedIncident,
  SimulatedTransition,
  SimulationData,
  SimulationFigures,
  TimelineRow,
} from './simulation/figures.js';
export type {
  Phase,
  SimulatedInstance,
  SimulatedSubject,
  SimulationSettings,
  TracedCall,
  Traffic,
} from './simulation/settings.js';
export { type SimulationRun, simulate } from './simulation/simulate.js';
export type { ManualTimer } from './timer-queue.js';
