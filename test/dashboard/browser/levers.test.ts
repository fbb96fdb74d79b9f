/** Levers, from the button to what the breaker does. */
import type { DashboardOptions } from 'recloser/dashboard';
import { describe, expect, it } from 'vitest';
import { openShop, useBrowser, visit } from './shop.js';

useBrowser();

async function atLever(options: DashboardOptions = {}) {
  const shop = await openShop({ controls: true, authorize: () => ({ as: 'ada' }), ...options });
  const payments = shop.breakers.getOrCreate('payments');
  const { page, problems } = await visit(`${shop.url}/#/b/payments`);
  await page.waitForSelector('[data-option]');
  const open = async (action: string) => {
    await page.click(`button[data-action=${action}]`);
    await page.waitForSelector(`dialog[open][data-action=${action}]`);
  };
  return { shop, payments, page, problems, open };
}

describe('a lever', () => {
  it('says what callers will feel, asks why, does it, and takes it back', async () => {
    const { payments, page, problems, open } = await atLever();

    await open('forceOpen');
    const words = await page.textContent('dialog');
    const focused = await page.evaluate(() => (document.activeElement as HTMLInputElement).name);
    await page.getByLabel('Reason').fill('drill');
    const button = await page.textContent('[data-submit]');
    await page.click('[data-submit]');
    await page.waitForSelector('[data-result=ok]');
    const told = await page.textContent('[data-result=ok]');
    const [mode, detail] = [payments.mode, payments.metrics.lastTransition?.detail];
    await page.waitForSelector('[data-view=breaker][data-mode=forced-open]');
    await page.click('[data-undo]');
    await page.waitForSelector('[data-view=breaker][data-mode=active]');

    expect(words).toContain('Every call is refused at once');
    expect([focused, button]).toEqual(['reason', 'Force open payments']);
    expect(told).toMatch(/^payments is OPEN, forced open/);
    expect([mode, detail]).toEqual(['forced-open', 'drill (ada)']);
    expect([payments.mode, payments.state]).toEqual(['active', 'CLOSED']);
    expect(problems).toEqual([]);
  });

  it('is pulled by the keyboard alone', async () => {
    const { payments, page } = await atLever();
    await page.focus('button[data-action=trip]');

    await page.keyboard.press('Enter');
    await page.keyboard.press('Escape');
    const isClosed = (await page.locator('dialog').count()) === 0;
    const focused = await page.evaluate(() => (document.activeElement as HTMLElement).dataset.action);
    await page.keyboard.press('Enter');
    await page.keyboard.type('failover');
    await page.keyboard.press('Enter');
    await page.waitForSelector('[data-result=ok]');

    expect([isClosed, focused, payments.state]).toEqual([true, 'trip', 'OPEN']);
  });

  it('changes options, and keeps the dialog where they are out of range', async () => {
    const { payments, page, open } = await atLever();

    await open('update');
    await page.fill('[name=failureRateThreshold]', '50');
    await page.getByLabel('Reason').fill('calmer');
    await page.click('[data-submit]');
    const alert = page.locator('dialog [role=alert][data-result=invalid]');
    await alert.waitFor();
    const problem = await alert.textContent();
    await page.fill('[name=failureRateThreshold]', 'off');
    await page.fill('[name=failureThreshold]', '9');
    await page.click('[data-submit]');
    await page.waitForSelector('[data-result=ok]');

    expect(problem).toContain('`failureRateThreshold` must be a number from 0 to 1, received 50');
    expect(payments.options).toMatchObject({ failureRateThreshold: false, failureThreshold: 9 });
    await expect.poll(() => page.getAttribute('[data-option=failureThreshold]', 'data-differs')).toBe('true');
  });

  it.each([
    ['stale', 'of another process', (shop: Awaited<ReturnType<typeof openShop>>) => shop.restart('pod-2')],
    ['refused', 'Forbidden', () => {}],
    [
      'lost',
      'Nobody answered',
      (shop: Awaited<ReturnType<typeof openShop>>) => {
        shop.before = () => {
          shop.cut();
          return false;
        };
      },
    ],
  ])('that was not pulled says so: %s', async (result, words, happen) => {
    const { shop, payments, page, open } = await atLever({
      authorize: ({ action }) => action === 'view' || result !== 'refused',
    });
    await open('trip');
    await page.getByLabel('Reason').fill('why not');
    if (result === 'stale')
      await page.evaluate(() => {
        (window as unknown as { EventSource: unknown }).EventSource = class {
          addEventListener() {}
          close() {}
        };
      });

    happen(shop);
    await page.click('[data-submit]');
    const alert = page.locator(`dialog [role=alert][data-result=${result}]`);
    await alert.waitFor();

    expect(await alert.textContent()).toContain(words);
    expect(payments.state).toBe('CLOSED');
  });

  it('asks for its scope where there is a fleet', async () => {
    const calls: unknown[][] = [];
    const note =
      (name: string) =>
      async (...args: unknown[]) =>
        void calls.push([name, ...args]);
    const fleet = {
      status: () => ({
        namespace: 'shop',
        detached: false,
        instances: 3,
        breakers: { payments: { state: 'open', words: '2 of 3', voting: true, probing: false } },
      }),
      forceOpen: note('forceOpen'),
      forceClosed: note('forceClosed'),
      reset: note('reset'),
    };
    const { page, open } = await atLever({ fleet });

    await open('forceOpen');
    await page.selectOption('[name=scope]', 'fleet');
    await page.fill('[name=minutes]', '5');
    await page.getByLabel('Reason').fill('drill');
    await page.click('[data-submit]');
    await page.waitForSelector('[data-result=ok]');

    expect(calls).toEqual([['forceOpen', 'payments', 'drill (ada)', { for: 300_000 }]]);
    expect(await page.textContent('.now')).toContain('fleet: open 2 of 3, votes open');
  });
});
