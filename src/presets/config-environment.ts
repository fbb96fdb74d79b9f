/**
 * Options out of environment variables, `RECLOSER_<NAME>_<OPTION>`: the operator's word, which needs no deploy. The
 * variables are read once and refused together, so that none of them can fail a call later.
 */
import type { CircuitBreakerOptions } from '../index.js';
import { CONFIG_OPTIONS, type ConfigOption, type Layer, readOptions } from './config-options.js';
import { Problems } from './config-problems.js';
import { unknownName } from './sentences.js';

/** The variables of a process, or what stands for them. */
export type EnvironmentVariables = Readonly<Record<string, string | undefined>>;

const PREFIX = 'RECLOSER_';

/**
 * What Kubernetes puts into every container about a service, such as one with the name `recloser-dashboard`.
 * https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables
 */
const FROM_KUBERNETES = /_SERVICE_HOST$|_SERVICE_PORT(_|$)|_PORT$|_PORT_\d+_/;

/** `callTimeout` of each `CALL_TIMEOUT`. None is the end of another, so that a variable can mean one option only. */
const SUFFIXES: ReadonlyMap<string, ConfigOption> = /* @__PURE__ */ new Map(
  /* @__PURE__ */ CONFIG_OPTIONS.map((option) => [suffixOf(option), option]),
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
 * The options that environment variables give to a breaker.
 *
 * @param env the variables; those of the process unless given
 * @throws InvalidOptionsError with a line for each variable that begins with `RECLOSER_` and is wrong
 *
 * @example
 * ```ts
 * import { optionsFromEnvironment } from 'recloser/presets';
 *
 * const env = { RECLOSER_ORDERS_DB_CALL_TIMEOUT: '2000', RECLOSER_ORDERS_DB_MODE: 'observe' };
 * console.log(optionsFromEnvironment('orders-db', env)); // → { callTimeout: 2000, mode: 'observe' }
 * ```
 */
export function optionsFromEnvironment(
  breakerName: string,
  env?: EnvironmentVariables,
): CircuitBreakerOptions {
  return environmentOptions(env)(breakerName);
}

/**
 * Like `optionsFromEnvironment`, for many breakers: the variables are read now, and the answers never throw.
 *
 * @throws InvalidOptionsError with a line for each variable that begins with `RECLOSER_` and is wrong
 */
export function environmentOptions(
  env?: EnvironmentVariables,
): (breakerName: string) => CircuitBreakerOptions {
  const problems = new Problems();
  const layers = readVariables(env, problems);
  problems.refuse();
  return (breakerName) => ({ ...layers.get(foldName(breakerName))?.options });
}

/** The variables by the `NAME` that they are for. What is wrong with them is added to the problems. */
export function readVariables(
  env: EnvironmentVariables | undefined,
  problems: Problems,
): ReadonlyMap<string, Layer> {
  const layers = new Map<string, Layer>();
  for (const [variable, value] of Object.entries(env ?? processVariables())) {
    const text = String(value ?? '').trim();
    if (!variable.startsWith(PREFIX) || text === '') continue;
    const [name, option] = partsOf(variable.slice(PREFIX.length));
    if (option === undefined) {
      if (!FROM_KUBERNETES.test(variable)) problems.add(variable, unknownVariable(variable));
      continue;
    }
    const { options } = readOptions({ [option]: parseValue(text) }, () => variable, problems);
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
function partsOf(variable: string): [name: string, option: ConfigOption | undefined] {
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

/** The variables of the process. Where there is no process, or no leave to read them, there are none. */
function processVariables(): EnvironmentVariables {
  try {
    const { process } = globalThis as { process?: { env?: EnvironmentVariables } };
    return { ...process?.env };
  } catch {
    return {};
  }
}
