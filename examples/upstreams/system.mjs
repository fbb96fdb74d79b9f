/** Three upstreams and the service that needs them, all started together. */
import { createBreakers } from './breakers.mjs';
import { startService } from './service.mjs';
import { createShop } from './shop.mjs';
import { startUpstream } from './upstream.mjs';

/**
 * @param {import('recloser').Clock} [clock] for tests
 */
export async function startSystem(clock) {
  const upstreams = {
    catalogue: await startUpstream((path) => `Lamp ${path.slice(1)}`),
    prices: await startUpstream(() => 42),
    reviews: await startUpstream(() => ['Bright.', 'Warm.']),
  };
  const { catalogue, prices, reviews } = upstreams;
  const breakers = createBreakers(clock);
  const shop = createShop(breakers, { catalogue: catalogue.url, prices: prices.url, reviews: reviews.url });
  const service = await startService(shop, breakers);

  return {
    url: service.url,
    upstreams,
    breakers,
    close() {
      service.close();
      for (const upstream of Object.values(upstreams)) upstream.close();
    },
  };
}
