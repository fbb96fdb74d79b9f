/** Many calls in flight at once: one after the other is `success` of `closed.mjs`. */
import { succeed } from '../tasks.mjs';

const inFlight = (size) => ({
  title: `${size.toLocaleString('en')} ${size === 1 ? 'call' : 'calls'} in flight`,
  task: (task) => () => together(size, task),
  create: (recloser) => {
    const breaker = new recloser.CircuitBreaker();
    return () => together(size, () => breaker.call(succeed));
  },
});

function together(size, start) {
  const calls = [];
  for (let i = 0; i < size; i++) calls.push(start());
  return Promise.all(calls);
}

export const cases = {
  'in-flight-1': inFlight(1),
  'in-flight-100': inFlight(100),
  'in-flight-1000': inFlight(1_000),
};
