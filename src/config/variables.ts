/** Options out of environment variables, `RECLOSER_<NAME>_<OPTION>`, whoever reads them. */
import type { Layer, ReadOptions } from './layers.js';
import { VARIABLE_OPTIONS } from './option-names.js';
import type { Problems } from './problems.js';
import { type EnvironmentVariables, processVariables } from './process-variables.js';
import { unknownName } from './sentences.js';

const PREFIX = 'RECLOSER_';

/**
 * What Kubernetes puts into every container about a service, such as one with the name `recloser-dashboard`.
 * https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables
 */
const FROM_KUBERNETES = /_SERVICE_HOST$|_SERVICE_PORT(_|$)|_PORT$|_PORT_\d+_/;

/** `callTimeout` of each `CALL_TIMEOUT`. None is the end of another, so that a variable can mean one option only. */
const SUFFIXES: ReadonlyMap<string, string> = /* @__PURE__ */ new Map(
  /* @__PURE__ */ VARIABLE_OPTIONS.map((option) => [suffixOf(option), option]),
);

/**
 * How variables write the name of a breaker: in capitals, each run of characters other than `A` to `Z` and `0` to `9`
 * as one `_`. `orders-db` and `orders.db` fold alike, and the variables of `ORDERS_DB` are for both.
 */
export function foldName(breakerName: string): string {
  return breakerName.toUpperCase().replace(/[^A-Z0-9]+/g, '_');
}

/** The variable that gives an option to a breaker. */
export function variableOf(breakerName: string, option: string): string {
  return `${PREFIX}${foldName(breakerName)}_${suffixOf(option)}`;
}

/**
 * The variables by the `NAME` that they are for. What is wrong with them is added to the problems, but for options that
 * somebody else reads: those are known, and passed over.
 *
 * @param mine the options that are read here
 */
export function readVariables<Options extends object>(
  env: EnvironmentVariables | undefined,
  mine: readonly string[],
  read: ReadOptions<Options>,
  problems: Problems,
): ReadonlyMap<string, Layer<Options>> {
  const layers = new Map<string, Layer<Options>>();
  for (const [variable, value] of Object.entries(env ?? processVariables())) {
    const text = String(value ?? '').trim();
    if (!variable.startsWith(PREFIX) || text === '') continue;
    const [name, option] = partsOf(variable.slice(PREFIX.length));
    if (option === undefined) {
      if (!FROM_KUBERNETES.test(variable)) problems.add(variable, () => unknownVariable(variable));
      continue;
    }
    if (!mine.includes(option)) continue;
    const { options } = read({ [option]: parseValue(text) }, () => variable, problems);
    const before = layers.get(name);
    layers.set(name, {
      options: { ...before?.options, ...options },
      pathOf: (it) => (it === option ? variable : (before?.pathOf(it) ?? '')),
    });
  }
  return layers;
}

function suffixOf(option: string): string {
  return option.replace(/[A-Z]/g, '_$&').toUpperCase();
}

/** `ORDERS_DB` and `callTimeout` of `ORDERS_DB_CALL_TIMEOUT`; no option if it ends in none or has nothing before it. */
function partsOf(variable: string): [name: string, option: string | undefined] {
  for (const [suffix, option] of SUFFIXES) {
    const name = variable.slice(0, -suffix.length - 1);
    if (name !== '' && variable === `${name}_${suffix}`) return [name, option];
  }
  return [variable, undefined];
}

/** JSON, or else a number as people write it, or else a word. */
function parseValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    const number = Number(text);
    return Number.isNaN(number) ? text : number;
  }
}

/** Looks for the option whose words are nearest to as many last words of the variable. */
function unknownVariable(variable: string): string {
  const words = variable
    .slice(PREFIX.length)
    .split('_')
    .filter((word) => word !== '');
  if (SUFFIXES.has(words.join('_'))) return `names no breaker, it must be ${PREFIX}<NAME>_${words.join('_')}`;
  const candidates = Array.from(SUFFIXES.keys(), (suffix) => {
    const name = words.slice(0, Math.max(1, words.length - suffix.split('_').length));
    return `${PREFIX}${[...name, suffix].join('_')}`;
  });
  return unknownName('variable', variable, candidates);
}
