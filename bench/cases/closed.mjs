/** A closed circuit, and what is in use with it. */
import { NEVER_TRIPS, succeed } from '../tasks.mjs';

const closed = (options) => (recloser) => {
  const breaker = new recloser.CircuitBreaker(options);
  return () => breaker.call(succeed);
};

/** As calls are made in services: the next one starts a few microtasks after this one has settled. */
const inFunction = (call) => async () => {
  const value = await call();
  return value;
};

export const cases = {
  success: {
    title: 'closed success, default options',
    goal: 2.2,
    create: closed(),
    peers: { window: 'count' },
  },
  'time-window': {
    title: 'closed success, time window',
    goal: 3.3,
    create: closed({ window: { type: 'time' } }),
    peers: { window: 'time' },
  },
  slow: {
    title: 'slow calls watched (two clock reads)',
    goal: 4.5,
    create: closed({ slowCallDuration: 1_000 }),
  },
  timeout: {
    title: 'with `callTimeout`',
    goal: 6,
    create: closed({ callTimeout: 10_000 }),
    peers: { timeout: true },
  },
  'timeout-nested': {
    title: 'with `callTimeout`, inside an async function',
    task: (task) => inFunction(task),
    create: (recloser) => inFunction(closed({ callTimeout: 10_000 })(recloser)),
  },
  signal: {
    title: "with a caller's signal",
    create: (recloser) => {
      const breaker = new recloser.CircuitBreaker();
      const options = { signal: new AbortController().signal };
      return () => breaker.call(succeed, options);
    },
  },
  fallback: {
    title: 'with a fallback that is not needed',
    create: closed({ fallback: () => 0 }),
    peers: { fallback: true },
  },
  listener: {
    title: 'with one `success` listener',
    create: (recloser) => {
      const breaker = new recloser.CircuitBreaker();
      let heard = 0;
      breaker.on('success', () => heard++);
      return () => breaker.call(succeed);
    },
  },
  failure: {
    title: 'failure that does not trip (× bare failure)',
    goal: 1.25,
    task: 'fail',
    create: (recloser, fail) => {
      const breaker = new recloser.CircuitBreaker(NEVER_TRIPS);
      return () => breaker.call(fail);
    },
    peers: { trips: false },
  },
};
