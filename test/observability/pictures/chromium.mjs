import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/**
 * Takes a picture of a page with Chromium.
 *
 * @param {string} page its address, or its HTML
 * @param {string} file where the picture goes, as PNG
 * @param {{ width: number, height: number }} size in pixels
 */
export async function photograph(page, file, { width, height }) {
  const folder = await mkdtemp(join(tmpdir(), 'recloser-chromium-'));
  try {
    const isAddress = page.startsWith('http');
    if (!isAddress) await writeFile(join(folder, 'page.html'), page);
    await promisify(execFile)(
      'chromium',
      [
        '--headless',
        '--no-sandbox',
        '--disable-quic',
        '--disable-background-networking',
        '--disable-sync',
        '--no-first-run',
        '--hide-scrollbars',
        `--user-data-dir=${folder}`,
        `--window-size=${width},${height}`,
        '--virtual-time-budget=10000', // the page has that long, in its own time, to load its data
        `--screenshot=${file}`,
        isAddress ? page : `file://${join(folder, 'page.html')}`,
      ],
      { timeout: 60_000 },
    );
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
