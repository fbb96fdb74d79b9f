/** The variables of the process, wherever there is one. */
import { describe, object } from '../core/validate.js';

/** The variables of a process, or what stands for them. */
export type EnvironmentVariables = Readonly<Record<string, string | undefined>>;

interface Global {
  readonly process?: { readonly env?: EnvironmentVariables };
}

/** The variables of the process. Where there is no process, or no leave to read them, there are none. */
export function processVariables(): EnvironmentVariables {
  try {
    return { ...(globalThis as Global).process?.env };
  } catch {
    return {};
  }
}

/**
 * One variable, asked for by its name: leave may have been given for that one alone.
 *
 * @param env the variables; those of the process unless given
 */
export function readVariable(name: string, env: EnvironmentVariables | undefined): string {
  try {
    return String((env ?? (globalThis as Global).process?.env)?.[name] ?? '');
  } catch {
    return '';
  }
}

/** Why something cannot stand for the variables; `undefined` for what can. */
export function problemOfVariables(env: unknown): string | undefined {
  if (env === undefined || object(env) === undefined) return undefined;
  const hint = typeof env === 'string' ? ': a name of an environment is given as `environment`' : '';
  return `must be an object of variables, received ${describe(env)}${hint}`;
}
