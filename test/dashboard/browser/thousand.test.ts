/**
 * A thousand breakers: what the table, an update and the server's loop may take. Of a machine that others use too, times
 * are counted by the share of it that was ours: it is no slow page that waits for them. An update is counted in the time
 * of the page's own thread, over all that came.
 */
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { fine, openShop, refused, type Shop, useBrowser, visit } from './shop.js';

useBrowser();

const figures: string[] = [];
const TIMES = process.env.RECLOSER_TIMES !== undefined;
if (!TIMES)
  figures.push('the times are not measured: set RECLOSER_TIMES=1 on a machine that does nothing else');
afterAll(() => console.info(figures.join('\n')));

const NAMES = Array.from({ length: 1_000 }, (_, at) => `service-${String(at).padStart(4, '0')}`);

/** Something happens to every one of them. */
async function happen({ breakers }: Shop): Promise<void> {
  for (const [at, name] of NAMES.entries())
    await breakers.getOrCreate(name).tryCall(at % 25 === 0 ? refused : fine);
}

async function bigShop(): Promise<Shop> {
  const shop = await openShop({ refresh: 1_000 });
  for (let round = 0; round < 6; round++) await happen(shop);
  return shop;
}

/** The share of a processor that somebody gets now who wants all of it, 0 to 1. */
function shareOfMachine(): number {
  const began = performance.now();
  const before = process.cpuUsage();
  while (performance.now() - began < 60);
  const { user, system } = process.cpuUsage(before);
  return Math.min((user + system) / 1_000 / (performance.now() - began), 1);
}

describe('with a thousand breakers', () => {
  it('the state is at most 1.5 MB, a diff of all 600 kB, and the loop is not held for more than 30 ms', async () => {
    const shop = await bigShop();
    const held: number[] = [];
    let size = 0;
    const share = shareOfMachine();

    for (let round = 0; round < 6; round++) {
      const delay = monitorEventLoopDelay({ resolution: 1 });
      delay.enable();
      await sleep(5);
      // The answer is read in another turn than it is made in: what is measured is the server's share.
      size = (await (await fetch(`${shop.url}/report.json`)).arrayBuffer()).byteLength;
      delay.disable();
      held.push(delay.max / 1e6);
    }
    const diff = await diffOfAll(shop);

    figures.push(`state ${size} bytes, diff ${diff} bytes, loop held ${Math.min(...held).toFixed(1)} ms`);
    expect(size).toBeLessThanOrEqual(1_500_000);
    expect(diff).toBeLessThanOrEqual(600_000);
    expect(Math.min(...held) * share).toBeLessThanOrEqual(30);
  });

  it.runIf(TIMES)('the table is there within a second, and an update takes at most 16 ms', async () => {
    const shop = await bigShop();
    const { page } = await visit(shop.url);
    const ready: number[] = [];
    const shares = [shareOfMachine()];
    for (let round = 0; round < 4; round++) {
      await page.reload();
      await page.waitForFunction(
        (count) => document.querySelectorAll('tbody tr[data-state]').length === count,
        NAMES.length,
      );
      ready.push(await page.evaluate('performance.now()'));
    }
    const cdp = await page.context().newCDPSession(page);
    let updates = 0;
    cdp.on('Network.eventSourceMessageReceived', ({ data }) => {
      if (data.split('"name"').length > NAMES.length) updates++;
    });
    await cdp.send('Network.enable');
    await cdp.send('Performance.enable', { timeDomain: 'threadTicks' });
    const spent = async () => {
      const { metrics } = await cdp.send('Performance.getMetrics');
      const of = (wanted: string) => (metrics.find(({ name }) => name === wanted)?.value ?? 0) * 1_000;
      return [of('ScriptDuration'), of('RecalcStyleDuration'), of('LayoutDuration')];
    };
    const before = await spent();
    for (let round = 0; round < 8; round++) {
      await happen(shop);
      await sleep(1_050);
      shares.push(shareOfMachine());
    }
    const times = (await spent()).map((it, at) => (it - (before[at] as number)) / updates);

    const share = Math.min(...shares);
    const table = Math.min(...ready);
    const update = times.reduce((sum, it) => sum + it, 0);
    figures.push(
      `share of the machine ${share.toFixed(2)}, table ready ${table.toFixed(0)} ms, ` +
        `update ${update.toFixed(1)} ms (${times.map((it) => it.toFixed(1)).join(', ')}) of ${updates}`,
    );
    expect(updates).toBeGreaterThan(3);
    expect(table * share).toBeLessThanOrEqual(1_000);
    expect(update).toBeLessThanOrEqual(16);
  });
});

/** The bytes of a diff that tells of every breaker. */
async function diffOfAll(shop: Shop): Promise<number> {
  const response = await fetch(`${shop.url}/events`);
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const decoder = new TextDecoder();
  let text = '';
  const until = performance.now() + 10_000;
  let hasHappened = false;
  while (performance.now() < until) {
    const { value } = await reader.read();
    text += decoder.decode(value, { stream: true });
    if (!hasHappened && text.includes('event: state') && text.endsWith('\n\n')) {
      hasHappened = true;
      await happen(shop);
    }
    const diff = text
      .split('\n\n')
      .find((block) => block.startsWith('event: diff') && block.split('"name"').length > 1_000);
    if (diff !== undefined) {
      await reader.cancel();
      return Buffer.byteLength(diff);
    }
  }
  throw new Error('no diff told of all breakers');
}
