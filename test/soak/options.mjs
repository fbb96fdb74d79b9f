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
  const values = readTexts([...Object.keys(defaults), 'recloser']);
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
 * Reads `--<name> <text>` for each of these names, and takes nothing else.
 *
 * @param {readonly string[]} names
 * @returns {Partial<Record<string, string>>}
 */
export function readTexts(names) {
  try {
    const { values } = parseArgs({
      options: Object.fromEntries(names.map((name) => [name, { type: /** @type {const} */ ('string') }])),
    });
    return values;
  } catch (error) {
    return refuse(/** @type {Error} */ (error).message);
  }
}

/** Ends the command: what it was given is not what it takes. @param {string} reason @returns {never} */
export function refuse(reason) {
  console.error(reason);
  process.exit(2);
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
  return refuse(`--${option} must be one of ${Object.keys(values).join(', ')}, received ${name}`);
}

/** @param {string} name @param {string} text */
function readNumber(name, text) {
  const number = Number(text);
  if (Number.isFinite(number) && number >= 0) return number;
  return refuse(`--${name} must be a number from 0, received ${text}`);
}

/** @param {string | undefined} path @returns {Promise<Recloser>} */
function load(path) {
  const built = fileURLToPath(new URL('../../dist/index.js', import.meta.url));
  const file = path === undefined ? built : resolve(path);
  if (!existsSync(file)) return refuse(`There is no build at ${file}`);
  return import(pathToFileURL(file).href);
}
