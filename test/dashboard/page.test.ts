import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { buildPage } from '../../src/dashboard/page/build.mjs';
import { fromRoot } from '../support/root.js';
import { createPanel } from './support.js';

const page = async () => (await createPanel().ask('/')).text();

describe('the page', () => {
  it('is what its sources say; a change is taken over with `npm run page`', async () => {
    expect(readFileSync(fromRoot('src/dashboard/page-text.ts'), 'utf8')).toBe(await buildPage());
  });

  it('is at most 40 kB gzipped, and 130 kB raw', async () => {
    const html = await page();

    expect(gzipSync(html).length).toBeLessThanOrEqual(40_000);
    expect(Buffer.byteLength(html)).toBeLessThanOrEqual(130_000);
  });

  it('runs by its hash alone', async () => {
    const response = await createPanel().ask('/');
    const html = await response.text();
    const policy = response.headers.get('content-security-policy') as string;
    const textOf = (tag: string) => new RegExp(`<${tag}>([^]*?)</${tag}>`).exec(html)?.[1] as string;
    const hashOf = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

    expect(policy).toContain(`script-src ${hashOf(textOf('script'))};`);
    expect(policy).toContain(`style-src ${hashOf(textOf('style'))};`);
    expect(html.match(/<(script|style)/g)).toHaveLength(2);
  });

  it('makes no HTML of texts, and asks nobody else', async () => {
    const html = await page();

    expect(html).not.toMatch(/innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function/);
    expect(html.match(/https?:\/\/[^"'`\s]+/g)).toEqual(['http://www.w3.org/2000/svg']);
  });

  it('is the same for everybody', async () => {
    const one = createPanel({ title: 'one' });
    const other = createPanel({ title: 'other', instance: 'pod-7' });

    expect(await (await one.ask('/')).text()).toBe(await (await other.ask('/')).text());
  });
});
