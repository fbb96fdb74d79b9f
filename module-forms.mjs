/**
 * `require('recloser/opossum')` is the class itself, as `require('opossum')` is. Compilers do not write such a module
 * from one that is also ESM with names: its types are built under another name, and re-exported in both forms from here.
 */
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const TYPES = 'opossum-names';

/**
 * The entries to build types of.
 *
 * @param {Record<string, string>} entry
 * @returns {Record<string, string>}
 */
export function typeEntries({ opossum, ...others }) {
  return opossum === undefined ? others : { ...others, [TYPES]: opossum };
}

const ESM_TYPES = `/// <reference types="node" />
export * from './${TYPES}.js';
export { default } from './${TYPES}.js';
`;

/** Each member says `export`: one export list in the namespace would turn the implicit ones off. */
const CJS_TYPES = `/// <reference types="node" />
import names = require('./${TYPES}.cjs');

declare class CircuitBreaker<TI extends unknown[] = unknown[], TR = unknown> extends names.CircuitBreaker<TI, TR> {}

declare namespace CircuitBreaker {
  export import Bucket = names.Bucket;
  export import CacheTransport = names.CacheTransport;
  export import Difference = names.Difference;
  export import FaceError = names.FaceError;
  export import FaceErrorCode = names.FaceErrorCode;
  export import FaceEvents = names.FaceEvents;
  export import FallbackTarget = names.FallbackTarget;
  export import MemoryCache = names.MemoryCache;
  export import Options = names.Options;
  export import Semaphore = names.Semaphore;
  export import SideBySideOptions = names.SideBySideOptions;
  export import State = names.State;
  export import Stats = names.Stats;
  export import Status = names.Status;
  export import StatusOptions = names.StatusOptions;
  export import Use = names.Use;
  export import Window = names.Window;
  export import sideBySide = names.sideBySide;
  export { CircuitBreaker, CircuitBreaker as default };
}

export = CircuitBreaker;
`;

/**
 * Makes the CommonJS module that was built in `folder` the class itself.
 *
 * @param {string} folder
 */
export async function completeModule(folder) {
  const code = 'module.exports = Object.assign(module.exports.default, module.exports);';
  await appendFile(`${folder}/opossum.cjs`, `\n${code}\n`);
}

/**
 * Writes the types of both forms: after the build, which removes types that are not its own.
 *
 * @param {string} folder
 */
export async function writeTypes(folder) {
  const names = `${folder}/${TYPES}.d.cts`;
  await writeFile(names, withoutTypeModifiers(await readFile(names, 'utf8')));
  await writeFile(`${folder}/opossum.d.ts`, ESM_TYPES);
  await writeFile(`${folder}/opossum.d.cts`, CJS_TYPES);
}

/** What is exported as a type alone cannot be handed on by `export import`. @param {string} source */
function withoutTypeModifiers(source) {
  return source.replace(/^export \{.*\};$/gm, (list) => list.replace(/\btype (?=\w)/g, ''));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await writeTypes('dist');
