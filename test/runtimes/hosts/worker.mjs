/**
 * What runs inside workerd: the behaviours in each module system, and one breaker that all requests share.
 *
 * @typedef {typeof import('recloser')} Recloser
 * @typedef {import('../behaviours.mjs').Subpaths} Subpaths
 * @param {{ esm: Recloser, cjs: Recloser, esmSubpaths: Subpaths, cjsSubpaths: Subpaths,
 *   behaviours: typeof import('../behaviours.mjs').behaviours }} modules
 */
export function createWorker({ esm, cjs, esmSubpaths, cjsSubpaths, behaviours }) {
  const shared = new esm.CircuitBreaker({
    name: 'shared',
    callTimeout: 300,
    failureThreshold: false,
    failureRateThreshold: false,
  });

  /** @type {Record<string, () => Promise<unknown>>} */
  const routes = {
    '/esm': () => behaviours(esm, esmSubpaths),
    '/cjs': () => behaviours(cjs, cjsSubpaths),

    /** A call that hangs, and whose task listens to its signal. */
    '/hang': async () => {
      let aborted = false;
      const result = await shared.tryCall(
        ({ signal }) =>
          new Promise((resolve) => {
            const timer = setTimeout(resolve, 30_000);
            signal.addEventListener('abort', () => {
              aborted = true;
              clearTimeout(timer);
            });
          }),
      );
      return { isTimeout: !result.ok && esm.isCallTimeoutError(result.error), aborted };
    },

    /** A call that answers before its timeout. */
    '/answer': () => shared.call(() => new Promise((resolve) => setTimeout(resolve, 100, 'answered'))),

    /** A request that ends while its call hangs. */
    '/leave': async () => {
      shared.call(() => new Promise(() => {})).catch(() => {});
      return 'left';
    },
  };

  return {
    /** @param {Request} request */
    async fetch(request) {
      return Response.json(await routes[new URL(request.url).pathname]?.());
    },
  };
}
