import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createShop, WEATHERS } from '../../examples/dashboard/shop.mjs';

const storm = WEATHERS.find(({ name }) => name === 'storm')!;

// Its time stands still: no answer is slow because the machine is.
beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('the shop of the example trades in the sun, and opens the circuits of those who have a storm', async () => {
  const shop = createShop({ wait: async () => {} });
  for (let customer = 0; customer < 5; customer++) await shop.serve();
  const inTheSun = shop.breakers.summary();

  shop.weather.set('payments', storm);
  for (let customer = 0; customer < 5; customer++) await shop.serve();

  expect([inTheSun.open, shop.breakers.summary().open]).toEqual([0, 1]);
  expect(shop.breakers.get('payments')?.metrics.lastFailure?.error).toMatchObject({ code: 'ECONNREFUSED' });
});

it('the weather of the example changes for one after the other', () => {
  const dice = [0, 0.9, 0.99, 0.99, 0.1];
  const shop = createShop({ random: () => dice.shift() ?? 0 });

  expect([shop.change(), shop.change()]).toEqual([
    { name: 'catalogue', weather: 'storm' },
    { name: 'stock', weather: 'sun' },
  ]);
});
