/**
 * What the shop knows of a product: put together from three upstreams, with a fallback where something is better than
 * nothing.
 */

/**
 * @param {import('recloser').CircuitBreakerRegistry} breakers
 * @param {Record<import('./breakers.mjs').UpstreamName, string>} urls where the upstreams are
 */
export function createShop(breakers, urls) {
  /** @type {Map<string, number>} */
  const lastPrices = new Map(); // bound it in real life

  /** There is no product without its name, so there is no fallback. */
  const getName = (/** @type {string} */ id) =>
    breakers.getOrCreate('catalogue').call(({ signal }) => getJson(`${urls.catalogue}/${id}`, signal));

  /** An old price is better than none. */
  const getPrice = (/** @type {string} */ id) =>
    breakers.getOrCreate('prices').call(
      async ({ signal }) => {
        const price = await getJson(`${urls.prices}/${id}`, signal);
        lastPrices.set(id, price);
        return { price, isFresh: true };
      },
      { fallback: () => ({ price: lastPrices.get(id) ?? null, isFresh: false }) }, // it is about this call's product
    );

  /** A page without reviews is a page. */
  const getReviews = (/** @type {string} */ id) =>
    breakers
      .getOrCreate('reviews')
      .call(({ signal }) => getJson(`${urls.reviews}/${id}`, signal), { fallback: () => [] });

  return {
    /** @param {string} id */
    async getProduct(id) {
      const [name, price, reviews] = await Promise.all([getName(id), getPrice(id), getReviews(id)]);
      return { id, name, ...price, reviews };
    },
  };
}

/**
 * @param {string} url
 * @param {AbortSignal} signal a timeout aborts it, and it the request
 */
async function getJson(url, signal) {
  const response = await fetch(url, { signal });
  if (!response.ok) {
    await response.body?.cancel();
    throw new Error(`HTTP ${response.status}`);
  }
  return response.json();
}
