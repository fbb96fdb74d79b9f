/** Chromium, where the page loads the package from the installed folder through an import map. */
import { execFileSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { delimiter, join, normalize } from 'node:path';
import { SUBPATHS_WITHOUT_NODE as SUBPATHS, subpathsAs } from './subpaths.mjs';

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-quic',
  '--disable-background-networking',
  '--disable-sync',
  '--no-first-run',
];

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];

const DIST = '/node_modules/recloser/dist';

const IMPORTS = Object.fromEntries([
  ['recloser', `${DIST}/index.js`],
  ...SUBPATHS.map((name) => [`recloser/${name}`, `${DIST}/${name}.js`]),
]);

const PAGE = `<!doctype html>
  <link rel="icon" href="data:,">
  <script type="importmap">${JSON.stringify({ imports: IMPORTS })}</script>`;

/** The browser's binary, which is installed from the system's packages where it is missing. */
export function findChromium() {
  const found = inPath();
  if (found !== undefined) return found;
  const sudo = process.getuid?.() === 0 ? [] : ['sudo', '-n'];
  for (const args of [['update'], ['install', '--yes', '--no-install-recommends', 'chromium']]) {
    const [command, ...rest] = /** @type {[string, ...string[]]} */ ([...sudo, 'apt-get', '-qq', ...args]);
    execFileSync(command, rest, {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
  }
  const installed = inPath();
  if (installed === undefined) throw new Error('there is no Chromium, and apt-get gave none');
  return installed;
}

function inPath() {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return NAMES.flatMap((name) => folders.map((folder) => join(folder, name))).find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/**
 * @param {string} folder where the package is installed
 * @param {string} executablePath
 * @returns {Promise<{ version: string, results: import('../behaviours.mjs').Result[] }>}
 */
export async function runInChromium(folder, executablePath) {
  // It is not there before it is needed, so the compiler must not look for it.
  const { chromium } = await import(/** @type {string} */ ('playwright-core'));
  const server = await serve(folder);
  const browser = await chromium.launch({ executablePath, args: FLAGS });
  try {
    const page = await browser.newPage();
    await page.goto(server.origin);
    const results = await page.evaluate(`(async () => {
      const [recloser, { behaviours }] = await Promise.all([import('recloser'), import('/behaviours.mjs')]);
      return behaviours(recloser, ${subpathsAs((name) => `await import('recloser/${name}')`, SUBPATHS)});
    })()`);
    return { version: browser.version(), results };
  } finally {
    await browser.close();
    server.close();
  }
}

/** @param {string} folder */
async function serve(folder) {
  const server = createServer(async ({ url = '/' }, response) => {
    try {
      const text = url === '/' ? PAGE : await readFile(join(folder, normalize(url)));
      response.setHeader('content-type', url === '/' ? 'text/html' : 'text/javascript').end(text);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return { origin: `http://127.0.0.1:${port}`, close: () => server.close() };
}
