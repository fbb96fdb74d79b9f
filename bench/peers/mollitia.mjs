import { Circuit, SlidingCountBreaker, SlidingTimeBreaker, Timeout } from 'mollitia';

export const configuration =
  'SlidingCountBreaker: the last 100 calls, trips at 50 % of at least 10; or SlidingTimeBreaker: 60 s; timeout 10 s or none, 60 s open';

export function create(task, { trips = true, timeout = false, window = 'count', fallback = false } = {}) {
  if (fallback) return undefined; // its Fallback can change the error, and not answer
  const Breaker = window === 'count' ? SlidingCountBreaker : SlidingTimeBreaker;
  const modules = [
    new Breaker({
      slidingWindowSize: window === 'count' ? 100 : 60_000,
      minimumNumberOfCalls: trips ? 10 : 1_000_000_000,
      failureRateThreshold: 50,
      openStateDelay: 60_000,
    }),
  ];
  if (timeout) modules.push(new Timeout({ delay: 10_000 }));
  const circuit = new Circuit({ func: task, options: { modules } });
  return (argument) => circuit.execute(argument);
}
