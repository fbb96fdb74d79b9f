/** One breaker after the other, for what is measured of many. */
import { loadPeer } from './peers/index.mjs';
import { loadRecloser } from './process.mjs';
import { succeed } from './tasks.mjs';

/** @returns {Promise<() => () => Promise<unknown>>} creates a breaker with its defaults: a call through it */
export async function loadBreaker(library) {
  if (library !== 'recloser') {
    const { create } = await loadPeer(library);
    return () => create(succeed);
  }
  const { CircuitBreaker } = await loadRecloser();
  return () => {
    const breaker = new CircuitBreaker();
    return () => breaker.call(succeed);
  };
}

/** Waits for what ends a little later: buffers, for one, are freed beside a collection. */
export const settled = () => new Promise((resolve) => setTimeout(resolve, 20));
