/** The subpaths of the package, as code that imports them. */
import { readFileSync } from 'node:fs';

const manifest = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'));

/** Their names: `monitor` for `recloser/monitor`. @type {readonly string[]} */
export const SUBPATHS = Object.keys(manifest.exports)
  .filter((key) => key !== '.' && !key.endsWith('.json'))
  .map((key) => key.slice(2));

/**
 * @param {(name: string) => string} toImport what stands for a subpath
 * @returns {string} an object of them
 */
export function subpathsAs(toImport) {
  return `{ ${SUBPATHS.map((name) => `${name}: ${toImport(name)}`).join(', ')} }`;
}
