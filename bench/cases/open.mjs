/** An open circuit: it was tripped by failures, and rejects. */
import { fail, succeed } from '../tasks.mjs';

const RECOVERS_LATE = { recoveryTimeout: 3_600_000 };

/** A breaker that failures have tripped. */
async function createOpen(recloser, options) {
  const breaker = new recloser.CircuitBreaker({ ...RECOVERS_LATE, ...options });
  for (let i = 0; i < 20; i++) await breaker.tryCall(fail);
  if (breaker.state !== 'OPEN') throw new Error('The breaker is not open');
  return breaker;
}

export const cases = {
  rejected: {
    title: '`call` rejected while OPEN',
    goal: 20,
    loop: 'rejects',
    create: async (recloser) => {
      const breaker = await createOpen(recloser);
      return () => breaker.call(succeed);
    },
    peers: { open: true },
  },
  'rejected-stack': {
    title: '`call` rejected, with a stack',
    loop: 'rejects',
    create: async (recloser) => {
      const breaker = await createOpen(recloser, { rejectionStackTrace: true });
      return () => breaker.call(succeed);
    },
  },
  'rejected-try': {
    title: '`tryCall` rejected while OPEN',
    goal: 8,
    create: async (recloser) => {
      const breaker = await createOpen(recloser);
      return () => breaker.tryCall(succeed);
    },
  },
  'rejected-fallback': {
    title: 'rejected into a fallback',
    goal: 10,
    create: async (recloser) => {
      const breaker = await createOpen(recloser, { fallback: () => 0 });
      return () => breaker.call(succeed);
    },
    peers: { open: true, fallback: true },
  },
};
