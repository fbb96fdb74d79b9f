/**
 * How the page looks: to axe-core in light and dark, and in pictures. `DASHBOARD_PICTURES=docs/images` keeps those that
 * the docs show.
 */

import { mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fromRoot } from '../../support/root.js';
import { badDay, goodDay, openShop, useBrowser, type Visit, visit } from './shop.js';

useBrowser();

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

interface Axe {
  run(): Promise<{ violations: { id: string; nodes: { html: string; any: { message: string }[] }[] }[] }>;
}

/** What axe-core finds. It is no script of the page, whose policy would not let it in. */
async function violationsOf({ page }: Pick<Visit, 'page'>): Promise<string[]> {
  await page.addScriptTag({ path: AXE });
  const { violations } = await page.evaluate(() => (window as unknown as { axe: Axe }).axe.run());
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, any }) => `${id}: ${html.slice(0, 120)} ${any[0]?.message ?? ''}`),
  );
}

/** Those that the docs show. */
const SHOWN = [
  'live-light',
  'live-dark',
  'live-well-light',
  'live-breaker-light',
  'live-lever-light',
  'live-narrow-dark',
];

async function keepPicture({ page }: Pick<Visit, 'page'>, name: string): Promise<void> {
  const folder = process.env.DASHBOARD_PICTURES;
  if (folder === undefined || !SHOWN.includes(name)) return;
  await mkdir(resolve(fromRoot(''), folder), { recursive: true });
  await page.screenshot({ path: resolve(fromRoot(''), folder, `${name}.png`) });
}

describe.each(['light', 'dark'] as const)('in %s', (colorScheme) => {
  it('the page has no fault that axe-core finds', async () => {
    const shop = await openShop({
      controls: true,
      authorize: () => ({ as: 'ada' }),
      instance: 'pod-7',
      refresh: 1_000,
    });
    await badDay(shop);
    const { page } = await visit(shop.url, {
      colorScheme,
      bypassCSP: true,
      viewport: { width: 1_280, height: 820 },
    });
    await page.waitForSelector('tr[data-breaker=payments]');
    await page.waitForTimeout(1_200);

    const list = await violationsOf({ page });
    await keepPicture({ page }, `live-${colorScheme}`);
    await page.click('tr[data-breaker=payments] a');
    await page.waitForSelector('[data-option]');
    const one = await violationsOf({ page });
    await keepPicture({ page }, `live-breaker-${colorScheme}`);
    await page.click('button[data-action=forceOpen]');
    const dialog = await violationsOf({ page });
    await keepPicture({ page }, `live-lever-${colorScheme}`);

    expect({ list, one, dialog }).toEqual({ list: [], one: [], dialog: [] });
  });

  it('a good day has none, and says so first', async () => {
    const shop = await openShop({ instance: 'pod-7', refresh: 1_000 });
    await goodDay(shop);
    const { page } = await visit(shop.url, {
      colorScheme,
      bypassCSP: true,
      viewport: { width: 1_280, height: 620 },
    });
    await page.waitForSelector('tr[data-breaker=payments]');

    const violations = await violationsOf({ page });
    await keepPicture({ page }, `live-well-${colorScheme}`);

    expect(violations).toEqual([]);
    expect(await page.locator('.headline').textContent()).toBe('All 6 circuits are closed');
  });

  it('cards have none either', async () => {
    const shop = await openShop();
    await badDay(shop);
    const { page } = await visit(shop.url, {
      colorScheme,
      bypassCSP: true,
      viewport: { width: 360, height: 780 },
    });
    await page.waitForSelector('tr[data-breaker=payments]');

    const violations = await violationsOf({ page });
    await keepPicture({ page }, `live-narrow-${colorScheme}`);

    expect(violations).toEqual([]);
  });
});
