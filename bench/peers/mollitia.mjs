import { Circuit, SlidingCountBreaker, SlidingTimeBreaker, Timeout } from 'mollitia';

export const configuration =
  'SlidingCountBreaker: the last 100 calls, trips at 50 % of at least 10; or SlidingTimeBreaker: 60 s, but no more than 1,000 calls; timeout 10 s or none, 60 s open';

export function create(task, { trips = true, timeout = false, window = 'count', fallback = false } = {}) {
  if (fallback) return undefined; // its Fallback can change the error, and not answer
  const Breaker = window === 'count' ? SlidingCountBreaker : SlidingTimeBreaker;
  const modules = [
    new Breaker({
      slidingWindowSize: window === 'count' ? 100 : 60_000,
      minimumNumberOfCalls: 10,
      failureRateThreshold: trips ? 50 : 100, // which turns the rule off
      openStateDelay: 60_000,
    }),
  ];
  if (timeout) modules.push(new Timeout({ delay: 10_000 }));
  const circuit = new Circuit({ func: task, options: { modules } });
  return (argument) => circuit.execute(argument);
}
