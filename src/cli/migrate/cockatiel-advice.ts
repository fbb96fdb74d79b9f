/** What a person does about each part of cockatiel that no rule changes. */

const ADVICE: Readonly<Record<string, string>> = {
  wrap: 'policies that are composed: a timeout becomes `callTimeout`, a fallback `fallback`, a bulkhead `maxConcurrentCalls` of the breaker; a retry stays around its `call`',
  retry: 'a retry: keep cockatiel for it, or write the loop around `breaker.call`',
  timeout: 'a timeout: becomes `callTimeout` of the breaker, and `context.signal` reaches the task',
  TimeoutStrategy: 'a timeout: becomes `callTimeout` of the breaker',
  bulkhead: 'a bulkhead: becomes `maxConcurrentCalls` of the breaker, which has no queue',
  fallback: 'a fallback: becomes `fallback: () => value` of the breaker, or of one call',
  usePolicy: '@usePolicy becomes @withCircuitBreaker',
  isolate: '`isolate()` … `dispose()` becomes `forceOpen()` … `reset()`',
  IsolatedCircuitError:
    'a rejection while forced open is a CircuitBreakerOpenError whose `reason` is "forced-open"',
  isIsolatedCircuitError:
    'a rejection while forced open is a CircuitBreakerOpenError whose `reason` is "forced-open"',
  onStateChange: "`onStateChange(f)` becomes `on('transition', ({ to }) => …)`",
  onFailure: "`onFailure(f)` becomes `on('failure', f)`, whose event has other members",
  onSuccess: "`onSuccess(f)` becomes `on('success', f)`, whose event has other members",
  onBreak:
    "`onBreak(f)` becomes `on('open', f)`, whose listener is told a transition; `on` answers the function that ends it",
  onReset:
    "`onReset(f)` becomes `on('close', f)`, whose listener is told a transition; `on` answers the function that ends it",
  onHalfOpen:
    "`onHalfOpen(f)` becomes `on('halfOpen', f)`, whose listener is told a transition; `on` answers the function that ends it",
  toJSON: '`toJSON()` becomes `snapshot()`, which has another shape',
  initialState: '`initialState` becomes `snapshot`, which has another shape',
  lastFailure: '`lastFailure` becomes `metrics.lastFailure`, which is `{ error, at }`',
  execute: '`execute(fn, signal)` becomes `call(fn, { signal })`: call it on the breaker',
  handleWhenResult:
    '`handleWhenResult(f)` becomes `isFailure: (outcome) => "error" in outcome || f(outcome.value)`',
  handleResultType:
    '`handleResultType(C)` becomes `isFailure: (outcome) => "error" in outcome || outcome.value instanceof C`',
  DelegateBackoff: 'a delegate becomes a function `(attempt, error) => ms` as `recoveryTimeout`',
  IterableBackoff: 'a list of times becomes a function `(attempt) => ms` as `recoveryTimeout`',
  ExponentialBackoff: 'an exponential backoff outside of `halfOpenAfter`: it is no part of the breaker',
  ConstantBackoff: 'a constant backoff outside of `halfOpenAfter`: it is no part of the breaker',
  CircuitState:
    'our CircuitState has the members CLOSED, OPEN and HALF_OPEN, which are strings; forced open is `mode`',
  BrokenCircuitError:
    'a BrokenCircuitError is our CircuitBreakerOpenError, told by isCircuitBreakerOpenError(error)',
  CircuitBreakerPolicy: 'the type is `CircuitBreaker`: its uses cannot be followed from here',
  noop: 'a policy that does nothing has no counterpart: call the function',
};

export const adviceOn = (name: string): string =>
  Object.hasOwn(ADVICE, name) ? (ADVICE[name] as string) : `\`${name}\` of cockatiel has no rule here`;
