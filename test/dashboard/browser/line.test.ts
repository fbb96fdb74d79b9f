/** The line to the server, as it breaks in every way that lines do. */
import { describe, expect, it } from 'vitest';
import { badDay, openShop, useBrowser, visit } from './shop.js';

useBrowser();

describe('the stream', () => {
  it('that is lost leaves the last picture, says how old it is, and comes back by itself', async () => {
    const shop = await openShop();
    await badDay(shop);
    const { page } = await visit(shop.url);
    await page.waitForSelector('tr[data-breaker=payments]');

    shop.before = (request) => {
      request.socket.destroy();
      return false;
    };
    shop.cut();
    await page.waitForSelector('body[data-stream=lost]');
    const headline = await page.textContent('.headline');
    const rows = await page.locator('tbody tr').count();
    shop.before = () => true;
    await page.waitForSelector('body[data-stream=live]');

    expect(headline).toMatch(/^Last known, \d+ s ago: 2 circuits are open/);
    expect(rows).toBe(9);
    await expect.poll(() => page.textContent('.headline')).toBe('2 circuits are open, 1 probing');
  });

  it('of another process is announced', async () => {
    const shop = await openShop();
    shop.breakers.getOrCreate('payments');
    const { page } = await visit(shop.url);
    await page.waitForSelector('tr[data-breaker=payments]');
    const before = await page.getAttribute('body', 'data-instance');

    shop.restart('pod-2');

    await page.getByText('Another instance answers').first().waitFor();
    expect(await page.textContent('.notice')).toContain('pod-1, now pod-2');
    expect(await page.getAttribute('body', 'data-instance')).not.toBe(before);
  });

  it('is hung up while nobody sees the tab', async () => {
    const shop = await openShop();
    shop.breakers.getOrCreate('payments');
    const { page } = await visit(shop.url);
    const see = (state: string) =>
      page.evaluate((it) => {
        Object.defineProperty(document, 'visibilityState', { value: it, configurable: true });
        document.dispatchEvent(new Event('visibilitychange'));
      }, state);
    let streams = 0;
    shop.before = (request) => {
      if (request.url?.endsWith('/events')) streams++;
      return true;
    };

    await see('hidden');
    await page.waitForSelector('body[data-stream=paused]');
    shop.breakers.getOrCreate('payments').trip();
    await see('visible');
    await page.waitForSelector('tr[data-breaker=payments][data-state=OPEN]');

    expect(streams).toBe(1);
  });

  it('that is one too many becomes a question every five seconds', async () => {
    const shop = await openShop();
    shop.breakers.getOrCreate('payments');
    const controller = new AbortController();
    const lines = Array.from({ length: 20 }, () =>
      fetch(`${shop.url}/events`, { signal: controller.signal }),
    );
    for (const line of lines) await line;

    const { page } = await visit(shop.url, {}, 'polling');
    shop.breakers.getOrCreate('payments').trip();
    await page.waitForSelector('tr[data-breaker=payments][data-state=OPEN]');
    controller.abort();
    await Promise.allSettled(lines);

    expect(await page.getAttribute('body', 'data-stream')).toBe('polling');
  });

  it('that is not allowed any more is not asked for again', async () => {
    let isAllowed = true;
    const shop = await openShop({ authorize: () => isAllowed });
    shop.breakers.getOrCreate('payments');
    const { page } = await visit(shop.url);
    await page.waitForSelector('tr[data-breaker=payments]');

    isAllowed = false;
    shop.cut();
    await page.waitForSelector('body[data-stream=refused]');
    let asked = 0;
    shop.before = () => {
      asked++;
      return true;
    };
    await page.waitForTimeout(2_500);

    expect(asked).toBe(0);
    expect(await page.textContent('.stream')).toContain('not allowed');
  });
});
