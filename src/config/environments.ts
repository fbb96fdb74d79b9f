/** Where a program runs, and how it is found out. */
import { refuse, string, verify } from '../core/validate.js';
import { type EnvironmentVariables, readVariable } from './process-variables.js';
import { unknownName } from './sentences.js';

/** Where a program runs. */
export type Environment = 'development' | 'staging' | 'production' | 'testing';

/** The names of the environments. */
export const ENVIRONMENT_NAMES: readonly Environment[] = /* @__PURE__ */ Object.freeze([
  'development',
  'staging',
  'production',
  'testing',
] as const);

/** The usual spellings, without case and without anything that is no letter. */
export const SPELLINGS: Readonly<Record<Environment, readonly string[]>> = {
  development: ['development', 'develop', 'dev', 'local'],
  staging: ['staging', 'stage', 'stg', 'preprod', 'preproduction', 'uat'],
  production: ['production', 'prod', 'prd', 'live'],
  testing: ['testing', 'test', 'tests', 'ci', 'qa'],
};

/** Where an environment was found: in the code, in a variable, or nowhere, so that it is production. */
export type EnvironmentSource = 'option' | 'ENVIRONMENT' | 'NODE_ENV' | 'default';

/** An environment, and where it was found. */
export interface LocatedEnvironment {
  readonly environment: Environment;
  readonly environmentSource: EnvironmentSource;
}

/**
 * The environment that `ENVIRONMENT` names, else `NODE_ENV`, in any of the usual spellings: `prod`, `live`, `dev`,
 * `local`, `stage`, `preprod`, `test`, `ci` and their like, in any case. A variable that says something else is passed
 * over. Production if neither says anything known, and where there are no variables or no leave to read them.
 *
 * @param env the variables; those of the process unless given
 *
 * @example
 * ```ts
 * import { detectEnvironment } from 'recloser/presets';
 *
 * console.log(detectEnvironment({ NODE_ENV: 'Dev' })); // → development
 * console.log(detectEnvironment({ ENVIRONMENT: 'stage', NODE_ENV: 'production' })); // → staging
 * console.log(detectEnvironment({})); // → production
 * ```
 */
export function detectEnvironment(env?: EnvironmentVariables): Environment {
  return findEnvironment(env).environment;
}

/**
 * The environment that is given, in any of the usual spellings; the one that is detected if none is.
 *
 * @param env the variables to detect it by; those of the process unless given
 * @throws InvalidOptionsError for anything else
 */
export function locateEnvironment(environment: unknown, env?: EnvironmentVariables): LocatedEnvironment {
  if (environment === undefined) return findEnvironment(env);
  const subject = { breaker: '', action: 'choose an environment' };
  verify(subject, 'environment', environment, string);
  const meant = spelled(environment as string);
  if (meant !== undefined) return { environment: meant, environmentSource: 'option' };
  const problem = unknownName('environment', environment as string, ENVIRONMENT_NAMES);
  return refuse(subject, 'environment', problem);
}

function findEnvironment(env: EnvironmentVariables | undefined): LocatedEnvironment {
  for (const environmentSource of ['ENVIRONMENT', 'NODE_ENV'] as const) {
    const environment = spelled(readVariable(environmentSource, env));
    if (environment !== undefined) return { environment, environmentSource };
  }
  return { environment: 'production', environmentSource: 'default' };
}

/** The environment that a word spells. */
function spelled(word: string): Environment | undefined {
  const letters = word.toLowerCase().replace(/[^a-z]/g, '');
  return ENVIRONMENT_NAMES.find((name) => SPELLINGS[name].includes(letters));
}
