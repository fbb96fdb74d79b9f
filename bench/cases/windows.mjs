/** Windows of many sizes: what a call costs should not depend on it. */
import { guarded } from '../loops.mjs';
import { succeed } from '../tasks.mjs';

export const SIZES = [10, 100, 1_000, 10_000, 100_000];

/** A breaker for each size, beside each other, with their windows full. */
export async function createWindowLoops({ CircuitBreaker }) {
  const loops = [];
  for (const size of SIZES) {
    const breaker = new CircuitBreaker({ window: { type: 'count', size } });
    const call = () => breaker.call(succeed);
    for (let i = 0; i < size; i++) await call();
    loops.push({ name: String(size), loop: guarded.resolves(call) });
  }
  return loops;
}
