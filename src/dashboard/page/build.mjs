/**
 * Makes `page-text.ts` of the files beside this one: the page as one text, and the hashes by which it may run.
 *
 *     npm run page
 */
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const HERE = fileURLToPath(new URL('.', import.meta.url));

/** The module's text. */
export async function buildPage() {
  const [script, style, template] = await Promise.all([
    bundled('main.ts'),
    bundled('style.css'),
    readFile(`${HERE}page.html`, 'utf8'),
  ]);
  // Functions, so that no `$&` of a text means anything.
  const page = template
    .replace(/>\s+</g, '><')
    .trim()
    .replace('/*STYLE*/', () => style)
    .replace('/*SCRIPT*/', () => script);
  return [
    '/** The page, made of `page/` by `npm run page`: change it there. */',
    `export const PAGE: string = ${JSON.stringify(page)};`,
    `export const SCRIPT_HASH = '${hashOf(script)}';`,
    `export const STYLE_HASH = '${hashOf(style)}';`,
    '',
  ].join('\n');
}

/** @param {string} file */
async function bundled(file) {
  const { outputFiles } = await build({
    entryPoints: [HERE + file],
    bundle: true,
    minify: true,
    write: false,
    format: 'iife',
    target: ['chrome111', 'firefox115', 'safari16.4'],
    charset: 'utf8',
    legalComments: 'none',
  });
  const text = outputFiles[0]?.text.trim() ?? '';
  if (/<\/(script|style)/i.test(text)) throw new Error(`${file} would end its own element`);
  return text;
}

/** @param {string} text */
const hashOf = (text) => `sha256-${createHash('sha256').update(text).digest('base64')}`;

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await writeFile(fileURLToPath(new URL('../page-text.ts', import.meta.url)), await buildPage());
}
