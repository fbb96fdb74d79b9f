/**
 * Which bulkhead or rate limit has turned a task away. What a dependency's own limits have refused says nothing of it,
 * where it comes back as the outcome of another call to the same.
 */
import { comesOf } from '../core/errors.js';

const makers = /* @__PURE__ */ new WeakMap<object, object>();

/** Notes who has made a refusal; answers it. */
export function madeBy<E extends Error>(maker: object, refusal: E): E {
  makers.set(refusal, maker);
  return refusal;
}

/** Whether an error comes of refusals by these alone. */
export function isRefusalBy(error: unknown, ...own: readonly (object | undefined)[]): boolean {
  return comesOf(error, isMadeBy, own);
}

function isMadeBy(error: object, own: readonly (object | undefined)[]): boolean | undefined {
  const maker = makers.get(error);
  return maker && own.includes(maker);
}
