/** The subpaths of the package, as code that imports them. */
import { readFileSync } from 'node:fs';

const manifest = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'));

/** Their names: `monitor` for `recloser/monitor`. @type {readonly string[]} */
export const SUBPATHS = Object.keys(manifest.exports)
  .filter((key) => key !== '.' && !key.endsWith('.json'))
  .map((key) => key.slice(2));

/** Those that need no module of Node. @type {readonly string[]} */
export const SUBPATHS_WITHOUT_NODE = SUBPATHS.filter((name) => name !== 'opossum');

/**
 * @param {(name: string) => string} toImport what stands for a subpath
 * @param {readonly string[]} [names]
 * @returns {string} an object of them
 */
export function subpathsAs(toImport, names = SUBPATHS) {
  return `{ ${names.map((name) => `${name}: ${toImport(name)}`).join(', ')} }`;
}
