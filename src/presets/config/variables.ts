/**
 * Options of breakers out of environment variables: the operator's word, which needs no deploy. The variables are read
 * once and refused together, so that none of them can fail a call later.
 */

import { BREAKER_OPTIONS, DETECTOR_OPTION } from '../../config/option-names.js';
import { Problems } from '../../config/problems.js';
import type { EnvironmentVariables } from '../../config/process-variables.js';
import { foldName, readVariables } from '../../config/variables.js';
import { string, verify } from '../../core/validate.js';
import type { CircuitBreakerOptions } from '../../index.js';
import type { Adaptive } from './format.js';
import { type BreakerLayer, createReader } from './read-options.js';

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
  verify({ breaker: '', action: 'read the variables of a breaker' }, 'breakerName', breakerName, string);
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
  const layers = readBreakerVariables(env, problems);
  problems.refuse();
  return (breakerName) => ({ ...layers.get(foldName(breakerName))?.options });
}

/** The options of breakers that variables give, by the `NAME` that they are for. */
export function readBreakerVariables(
  env: EnvironmentVariables | undefined,
  problems: Problems,
  adaptive?: Adaptive,
): ReadonlyMap<string, BreakerLayer> {
  return readVariables(env, [...BREAKER_OPTIONS, DETECTOR_OPTION], createReader(adaptive), problems);
}
