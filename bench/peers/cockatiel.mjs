import * as cockatiel from 'cockatiel';

export const configuration =
  'CountBreaker: the last 100 calls, trips at more than 50 % of at least 10; or SamplingBreaker: 60 s in 60 buckets, more than 50 % of at least 10 (`minimumRps` is 10 / 60); timeout 10 s (aggressive) or none, 60 s open';

export function create(task, { trips = true, timeout = false, window = 'count', fallback = false } = {}) {
  const breaker =
    window === 'count'
      ? new cockatiel.CountBreaker({ size: 100, threshold: 0.5, minimumNumberOfCalls: 10 })
      : new cockatiel.SamplingBreaker({ threshold: 0.5, duration: 60_000, minimumRps: 10 / 60 });
  const circuit = cockatiel.circuitBreaker(cockatiel.handleAll, {
    halfOpenAfter: 60_000,
    breaker: trips ? breaker : unbreakable(breaker),
  });
  const policies = [circuit];
  if (fallback) policies.unshift(cockatiel.fallback(cockatiel.handleAll, 0));
  if (timeout) policies.push(cockatiel.timeout(10_000, cockatiel.TimeoutStrategy.Aggressive));
  const policy = policies.length === 1 ? circuit : cockatiel.wrap(...policies);
  return (argument) => policy.execute(() => task(argument));
}

/** It has no threshold above 1: the window is kept as ever, and its verdict is not heard. */
function unbreakable(breaker) {
  const failure = breaker.failure.bind(breaker);
  breaker.failure = (state) => {
    failure(state);
    return false;
  };
  return breaker;
}
