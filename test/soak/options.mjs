/** What the commands of this folder take. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

/** @typedef {typeof import('recloser')} Recloser */

/**
 * Reads `--<name> <value>` for each name in `defaults`, a number where the default is one, and `--recloser <path>`:
 * the build to try, in place of `dist`.
 *
 * @template {Record<string, number | string>} Options
 * @param {Options} defaults
 * @returns {Promise<Options & { recloser: Recloser }>}
 */
export async function readOptions(defaults) {
  const names = [...Object.keys(defaults), 'recloser'];
  const { values } = parseArgs({
    options: Object.fromEntries(names.map((name) => [name, { type: /** @type {const} */ ('string') }])),
  });
  const given = Object.fromEntries(
    Object.entries(defaults).map(([name, value]) => {
      const text = values[name];
      if (text === undefined) return [name, value];
      return [name, typeof value === 'number' ? readNumber(name, text) : text];
    }),
  );
  return { .../** @type {Options} */ (given), recloser: await load(values.recloser) };
}

/**
 * The one that an option names.
 *
 * @template Value
 * @param {Record<string, Value>} values
 * @param {string} name
 * @param {string} option
 * @returns {Value}
 */
export function pick(values, name, option) {
  const value = values[name];
  if (value !== undefined) return value;
  throw new RangeError(`--${option} must be one of ${Object.keys(values).join(', ')}, received ${name}`);
}

/** @param {string} name @param {string} text */
function readNumber(name, text) {
  const number = Number(text);
  if (Number.isFinite(number) && number >= 0) return number;
  throw new RangeError(`--${name} must be a number from 0, received ${text}`);
}

/** @param {string | undefined} path @returns {Promise<Recloser>} */
function load(path) {
  const built = fileURLToPath(new URL('../../dist/index.js', import.meta.url));
  const file = path === undefined ? built : resolve(path);
  if (!existsSync(file)) throw new Error(`There is no build at ${file}`);
  return import(pathToFileURL(file).href);
}
