/** The page in a real browser: what it shows, and what a hand on the keyboard does with it. */
import { describe, expect, it } from 'vitest';
import { badDay, fine, openShop, refused, useBrowser, visit } from './shop.js';

useBrowser();

describe('the list', () => {
  it('answers what is broken at first sight', async () => {
    const shop = await openShop();
    await badDay(shop);

    const { page, problems } = await visit(shop.url);

    expect(new URL(page.url()).pathname).toBe('/ops/breakers/');
    expect(await page.title()).toBe('2 open · shop');
    await expect.poll(() => page.textContent('.headline')).toBe('2 circuits are open, 1 probing');
    expect(await page.textContent('.below')).toMatch(
      /calls a second are refused\. 1 forced by hand\. 1 is close to opening\./,
    );
    const rows = page.getByRole('table', { name: 'Circuit breakers' }).locator('tbody tr[role=row]');
    expect(
      await rows.evaluateAll((all) =>
        all.map(
          (row) =>
            `${(row as HTMLElement).dataset.breaker} ${(row as HTMLElement).dataset.state} ${(row as HTMLElement).dataset.mode}`,
        ),
      ),
    ).toEqual([
      'payments OPEN active',
      'search OPEN active',
      'reviews HALF_OPEN active',
      'mail OPEN forced-open',
      'users CLOSED active',
      'catalogue CLOSED active',
      'prices CLOSED active',
      'recommendations CLOSED active',
      'stock CLOSED active',
    ]);
    const payments = page.locator('tr[data-breaker=payments]');
    expect(await payments.locator('[data-cell=state]').textContent()).toMatch(/^OPEN\s*for \d+ s$/);
    expect(await payments.locator('[data-cell=name]').textContent()).toMatch(
      /^payments5 calls in a row failed \(5 ≥ 5\); 5 ECONNREFUSEDProbes in (\d+ s|1 min)$/,
    );
    expect(await payments.locator('[data-cell=refused]').textContent()).toMatch(/\/s refused$/);
    expect(await payments.locator('[data-cell=inflight]').textContent()).toBe('0 of 50');
    await payments.getByRole('img', { name: 'last 5 minutes: 9 ok, 0 slow, 5 failed, 40 refused' }).waitFor();
    expect(await page.locator('[data-list=failures] li').first().textContent()).toContain('ECONNREFUSED');
    expect(problems).toEqual([]);
  });

  it('shows a change of state within `refresh` and a second, and says so once', async () => {
    const shop = await openShop();
    await badDay(shop);
    const { page } = await visit(shop.url);
    await page.waitForSelector('tr[data-breaker=stock][data-state=CLOSED]');

    const began = Date.now();
    shop.breakers.getOrCreate('stock').trip();
    await page.waitForSelector('tr[data-breaker=stock][data-state=OPEN]');
    const took = Date.now() - began;

    expect(took).toBeLessThan(250 + 1_000);
    await expect.poll(() => page.getByRole('status').textContent()).toBe('3 circuits are open, 1 probing');
    expect(await page.locator('tbody tr').nth(2).getAttribute('data-breaker')).toBe('stock');
  });

  it('shows breakers that come and go', async () => {
    const shop = await openShop();
    shop.breakers.getOrCreate('old');
    const { page } = await visit(shop.url);
    await page.waitForSelector('tr[data-breaker=old]');

    shop.breakers.getOrCreate('new');
    shop.breakers.delete('old');

    await page.waitForSelector('tr[data-breaker=new]');
    await expect.poll(() => page.locator('tbody tr').count()).toBe(1);
  });

  it('filters by bin and by words, and the address keeps both', async () => {
    const shop = await openShop();
    await badDay(shop);
    const { page } = await visit(shop.url);
    const shown = () =>
      page
        .locator('tbody tr:visible')
        .evaluateAll((all) => all.map((row) => (row as HTMLElement).dataset.breaker));
    const open = page.locator('button[data-filter=open]');
    const counts = await page.locator('[data-count]').allTextContents();

    await open.click();
    const ofBin = await shown();
    await page.getByRole('searchbox', { name: 'Search' }).fill('maintenance');
    const ofBoth = await shown();
    const address = new URL(page.url()).hash;
    await page.reload();
    await page.waitForSelector('tr[data-breaker=search]');
    const again = await shown();
    await page.getByRole('searchbox').fill('nonsense');
    const nothing = await page.locator('.nothing:visible').first().textContent();

    expect(counts).toEqual(['2', '1', '1', '1', '4']);
    expect(ofBin).toEqual(['payments', 'search']);
    expect(ofBoth).toEqual(['search']);
    expect(address).toBe('#/?state=open&q=maintenance');
    expect(again).toEqual(['search']);
    expect(await open.getAttribute('aria-pressed')).toBe('true');
    expect(nothing).toMatch(/^No breaker /);
  });

  it('obeys the keyboard alone', async () => {
    const shop = await openShop();
    await badDay(shop);
    const { page } = await visit(shop.url);
    await page.waitForSelector('tr[data-breaker=payments]');

    await page.keyboard.press('/');
    await page.keyboard.type('pay');
    const found = await page.locator('tbody tr:visible').count();
    await page.keyboard.press('Escape');
    const all = await page.locator('tbody tr:visible').count();
    await page.keyboard.press('Tab');
    const focused = await page.evaluate(() => document.activeElement?.textContent);
    await page.keyboard.press('Enter');
    await page.waitForSelector('[data-view=breaker][data-breaker=payments]');
    const heading = await page.evaluate(() => document.activeElement?.textContent);
    await page.keyboard.press('Escape');

    expect([found, all, focused, heading]).toEqual([1, 9, 'payments', 'payments']);
    await expect.poll(() => new URL(page.url()).hash).toBe('#/');
  });

  it.each([1_400, 980, 800, 360])('cuts nothing off at %i px', async (width) => {
    const shop = await openShop();
    await badDay(shop);
    shop.breakers.getOrCreate(`a-very-long-name-of-a-service-${'x'.repeat(120)}`);
    const { page } = await visit(shop.url, { viewport: { width, height: 800 } });
    await page.waitForSelector('tr[data-breaker=payments]');

    const overflow = () =>
      page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    const list = await overflow();
    const clipped = await page
      .locator('tbody td:visible')
      .evaluateAll((cells) =>
        cells.filter((cell) => cell.scrollWidth > cell.clientWidth + 1).map((cell) => cell.textContent),
      );
    const small = await page
      .locator('button:visible, a:visible, input:visible')
      .evaluateAll((targets) =>
        targets
          .filter((it) => it.getBoundingClientRect().height < 23.9)
          .map((it) => it.outerHTML.slice(0, 80)),
      );
    await page.evaluate(() => {
      location.hash = '#/b/payments';
    });
    await page.waitForSelector('[data-chart=times]');

    expect(Math.max(list, await overflow())).toBeLessThanOrEqual(0);
    expect(clipped).toEqual([]);
    expect(small).toEqual([]);
  });
});

describe('names from outside', () => {
  const NAMES = [
    '<img src=x onerror=alert(1)>',
    '</script><script>alert(1)</script>',
    '"><svg onload=alert(1)>',
    '__proto__',
    'constructor',
    '/',
    '%',
    '%2F',
    '#/b/x',
    '?q=1',
    ' ',
    'line\nbreak',
    '\u202etxt.exe',
    'ünï çödé 💥',
    "it's",
    'a'.repeat(2_000),
    '{{x}}',
    'javascript:alert(1)',
  ];

  it('are shown as they are, and each has a page of its own', async () => {
    const shop = await openShop();
    for (const name of NAMES)
      await shop.breakers.getOrCreate(name).tryCall(() => Promise.reject(new Error(`<b>${name}</b>`)));
    const { page, problems } = await visit(shop.url);
    await expect.poll(() => page.locator('tbody tr').count()).toBe(NAMES.length);

    const shown = await page
      .locator('tbody tr')
      .evaluateAll((rows) => rows.map((row) => (row as HTMLElement).dataset.breaker));
    const views: (string | null)[] = [];
    for (const name of NAMES) {
      await page.evaluate((to) => {
        location.hash = `#/b/${encodeURIComponent(to)}`;
      }, name);
      await page.waitForFunction(
        (it) =>
          document.querySelector('[data-option]') &&
          (document.querySelector('[data-view=breaker]') as HTMLElement).dataset.breaker === it,
        name,
      );
      views.push(await page.locator('[data-view=breaker]').getAttribute('data-state'));
    }

    expect([...shown].sort()).toEqual([...NAMES].sort());
    expect(views).toEqual(NAMES.map(() => 'CLOSED'));
    expect(await page.locator('img, tbody script').count()).toBe(0);
    expect(problems).toEqual([]);
  });
});

describe('one breaker', () => {
  it('is shown with all that is known of it', async () => {
    const shop = await openShop();
    await badDay(shop);
    const { page, problems } = await visit(`${shop.url}/#/b/payments`);
    await page.waitForSelector('[data-snapshot]:not(:empty)', { state: 'attached' });

    const view = page.locator('[data-view=breaker]');
    expect(await view.evaluate((it) => ({ ...it.dataset }))).toEqual({
      view: 'breaker',
      breaker: 'payments',
      state: 'OPEN',
      mode: 'active',
    });
    for (const chart of ['states', 'outcomes', 'times'])
      expect(await view.locator(`[data-chart=${chart}] [role=img]`).getAttribute('aria-label')).toMatch(
        /last/,
      );
    expect(await view.locator('[data-option=maxConcurrentCalls]').getAttribute('data-differs')).toBe('true');
    expect(await view.locator('[data-option=minimumCalls]').getAttribute('data-differs')).toBe('false');
    expect(await view.locator('[data-list=transitions] time').first().getAttribute('datetime')).toMatch(
      /^\d{4}-.*Z$/,
    );
    expect(await view.locator('[data-list=failures]').textContent()).toContain('5 times');
    expect(JSON.parse((await view.locator('[data-snapshot]').textContent()) as string)).toMatchObject({
      name: 'payments',
      state: 'OPEN',
    });
    expect(await view.locator('[data-action]:visible').count()).toBe(0);
    expect(problems).toEqual([]);
  });

  it('says so where there is none of that name, and shows it once there is', async () => {
    const shop = await openShop();
    const { page } = await visit(`${shop.url}/#/b/later`);
    await page.getByText('There is no breaker of this name').waitFor();

    const later = shop.breakers.getOrCreate('later');
    await later.tryCall(fine);

    await page.waitForSelector('[data-view=breaker][data-state=CLOSED]');
    await later.tryCall(refused);
    await page.locator('[data-list=failures]').getByText('ECONNREFUSED').first().waitFor();
  });
});
