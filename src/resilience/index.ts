export type { AttemptContext, AttemptTask } from './attempt-context.js';
export { type Attempts, attemptsOf, type Stopped } from './attempts-of.js';
export { Bulkhead, type BulkheadOptions } from './bulkhead.js';
export { BulkheadFullError, type QueueReason } from './bulkhead-error.js';
export {
  type ConfigResilience,
  type ConfiguredResilience,
  type ResilienceConfig,
  type ResilienceConfigContext,
  resilienceFromConfig,
} from './config.js';
export {
  isBulkheadFullError,
  isRateLimitError,
  isRejection,
  isTotalTimeoutError,
  TotalTimeoutError,
} from './errors.js';
export type { ResilienceEvents } from './events.js';
export type { HedgeOptions, HedgeQuantile } from './hedge-options.js';
export type {
  BulkheadSetting,
  DependencyOptions,
  FunctionOptions,
  RateLimitSetting,
  ResilienceCallOptions,
  ResilienceOptions,
  RetryBudgetSetting,
} from './options.js';
export { RateLimitError } from './rate-limit-error.js';
export type { RateLimiterOptions } from './rate-limit-options.js';
export { RateLimiter } from './rate-limiter.js';
export {
  defaultResilience,
  type NamedOptions,
  ResilienceRegistry,
  type ResilienceRegistryOptions,
} from './registry.js';
export { Resilience, type ResilienceResult } from './resilience.js';
export { RetryBudget, type RetryBudgetOptions } from './retry-budget.js';
export { RETRY_POLICIES, type RetryOptions, type RetryPolicyName } from './retry-options.js';
export type { RunOptions } from './run-options.js';
export type { ResilienceMetrics, ResilienceTotals } from './tally.js';
export {
  type InstanceResilienceAccess,
  type ResilienceAccess,
  type ResilienceResultWrapper,
  type ResilienceSource,
  type ResilienceWrapper,
  type WithResilienceOptions,
  withResilience,
} from './with-resilience.js';
