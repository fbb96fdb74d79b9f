/** Where the bytes go: `npm run size`. */
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleSize } from '../support/bundle-size.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const [one, all] = await Promise.all(
  ['{ CircuitBreaker }', '*'].map((imports) => bundleSize(imports, './src/index.ts', root)),
);
if (one === undefined || all === undefined) throw new Error('nothing was measured');

const bytesOfOne = new Map(one.files.map(({ path, bytes }) => [path, bytes]));
console.log('| file | minified, `{ CircuitBreaker }` | minified, everything |');
console.log('|---|---:|---:|');
for (const { path, bytes } of all.files) {
  console.log(`| ${basename(path)} | ${bytesOfOne.get(path) ?? 0} | ${bytes} |`);
}
console.log(`| **minified** | **${one.minified}** | **${all.minified}** |`);
console.log(`| **minified and gzipped** | **${one.gzipped}** | **${all.gzipped}** |`);
