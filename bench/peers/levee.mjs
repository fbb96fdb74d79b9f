import levee from 'levee';

export const configuration =
  'trips after 5 consecutive failures (it has no window), timeout 10 s always (it cannot be off), 60 s open, behind a promise as it takes callbacks';

export function create(task, { trips = true, window = 'count', fallback = false } = {}) {
  if (window === 'time') return undefined;
  const command = (argument, callback) => {
    task(argument).then((value) => callback(null, value), callback);
  };
  const breaker = levee.createBreaker(command, {
    maxFailures: trips ? 5 : Number.MAX_SAFE_INTEGER,
    timeout: 10_000,
    resetTimeout: 60_000,
  });
  if (fallback) breaker.fallback = levee.createBreaker((_, callback) => callback(null, 0));
  return (argument) =>
    new Promise((resolve, reject) =>
      breaker.run(argument, (error, value) => (error ? reject(error) : resolve(value))),
    );
}
