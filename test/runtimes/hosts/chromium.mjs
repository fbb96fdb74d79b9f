/** Chromium, where the page loads the package from the installed folder through an import map. */
import { execFileSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { delimiter, join, normalize } from 'node:path';
import { SUBPATHS, SUBPATHS_WITHOUT_NODE, subpathsAs } from './subpaths.mjs';

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

/** Bundled as docs/opossum.md says: with the package `events` for `node:events`. */
const OPOSSUM = '/opossum.bundled.js';

const IMPORTS = Object.fromEntries([
  ['recloser', `${DIST}/index.js`],
  ...SUBPATHS_WITHOUT_NODE.map((name) => [`recloser/${name}`, `${DIST}/${name}.js`]),
  ['recloser/opossum', OPOSSUM],
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
async function bundleOpossum(folder) {
  const { build } = await import('esbuild');
  const { outputFiles } = await build({
    stdin: {
      contents: "export * from 'recloser/opossum'; export { default } from 'recloser/opossum';",
      resolveDir: folder,
    },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    alias: { 'node:events': createRequire(import.meta.url).resolve('events/') },
  });
  return /** @type {import('esbuild').OutputFile} */ (outputFiles[0]).text;
}

/** @param {string} folder */
async function serve(folder) {
  const opossum = await bundleOpossum(folder);
  const server = createServer(async ({ url = '/' }, response) => {
    try {
      const made = { '/': PAGE, [OPOSSUM]: opossum }[url];
      const text = made ?? (await readFile(join(folder, normalize(url))));
      response.setHeader('content-type', url === '/' ? 'text/html' : 'text/javascript').end(text);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return { origin: `http://127.0.0.1:${port}`, close: () => server.close() };
}
