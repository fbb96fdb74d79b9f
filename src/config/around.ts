/** Reads what a configuration and the variables say of what stands around breakers: the member `resilience`. */
import { guardRead, object } from '../core/validate.js';
import { InvalidOptionsError } from '../index.js';
import type { AroundValues } from './configurable.js';
import { ENVIRONMENT_NAMES, type Environment, locateEnvironment } from './environments.js';
import { inferPreset, unknownPreset } from './infer.js';
import type { Layer, Members } from './layers.js';
import { meantAround } from './meant-sections.js';
import { AROUND_OPTIONS, RESILIENCE_OPTIONS } from './option-names.js';
import { PRESET_NAMES } from './preset-names.js';
import { type Problems, pathTo } from './problems.js';
import { type EnvironmentVariables, problemOfVariables } from './process-variables.js';
import { refusalBy, TEXT, unknownName } from './sentences.js';
import { foldName, readVariables } from './variables.js';

/** A copy of the value of an option. @throws InvalidOptionsError for a value out of range */
export type ReadOption = (option: string, value: unknown) => unknown;

/** Where a configuration is read. */
export interface AroundContext {
  readonly environment?: Environment | undefined;
  readonly env?: EnvironmentVariables | undefined;
}

/** What was read. */
export interface AroundConfiguration {
  /** The environment that was named or detected. */
  readonly environment: Environment;
  /** What is said for a breaker: the more specific before the others, and the variables before all. */
  optionsFor(breaker: string, environment?: Environment): AroundValues;
}

const SECTIONS = ['defaults', 'environments', 'services', 'names'] as const;
const CONTEXT: readonly string[] = ['environment', 'env'];

/** Adds whatever is wrong to the problems, and answers with the rest. */
export function readAround(
  config: unknown,
  given: AroundContext | undefined,
  readOption: ReadOption,
  problems: Problems,
): AroundConfiguration {
  const context = membersOf(given, 'context', problems) as AroundContext;
  for (const key of Object.keys(context)) {
    if (!CONTEXT.includes(key))
      problems.add(pathTo('context', key), () => unknownName('option', key, CONTEXT));
  }
  const wrong = problemOfVariables(context.env);
  if (wrong !== undefined) problems.add('context.env', wrong);
  const env = wrong === undefined ? context.env : {};
  const reader = new Reader(readOption, problems);
  const [layers, variables] = guardRead({ breaker: '', action: 'read the configuration' }, 'it', () => [
    reader.config(config),
    readVariables<AroundValues>(env, RESILIENCE_OPTIONS, reader.layer, problems),
  ]);
  const { environment } = locateEnvironment(context.environment ?? layers.environment, env);
  return {
    environment,
    optionsFor: (breaker, present = environment) => ({
      ...layers.defaults,
      ...layers.environments.get(present),
      ...layers.services.get(layers.presetOf.get(breaker) ?? inferPreset(breaker).preset),
      ...layers.names.get(breaker),
      ...variables.get(foldName(breaker))?.options,
    }),
  };
}

class Reader {
  readonly #read: ReadOption;
  readonly #problems: Problems;

  constructor(read: ReadOption, problems: Problems) {
    this.#read = read;
    this.#problems = problems;
  }

  config(config: unknown) {
    const problems = this.#problems;
    if (typeof config === 'string') problems.add('config', TEXT);
    const file = membersOf(typeof config === 'string' ? {} : (config ?? null), 'config', problems);
    const given = membersOf(file.resilience, 'resilience', problems);
    for (const section of Object.keys(given)) {
      if (SECTIONS.includes(section as never)) continue;
      const meant = meantAround(section);
      const words = meant === undefined ? SECTIONS : [meant];
      problems.add(pathTo('resilience', section), () => unknownName('section', section, words));
    }
    const presetOf = new Map<string, string>();
    // What is wrong with the breakers' own sections is for `fromConfig` to say.
    for (const [name, options] of Object.entries(asMembers(file.names))) {
      const { preset } = asMembers(options);
      if (typeof preset === 'string') presetOf.set(name, preset);
    }
    const { environment } = file;
    return {
      environment: ENVIRONMENT_NAMES.includes(environment as never) ? environment : undefined,
      presetOf,
      defaults: this.#options(given.defaults, 'resilience.defaults'),
      environments: this.#section(given, 'environments', ENVIRONMENT_NAMES),
      services: this.#section(given, 'services', PRESET_NAMES),
      names: this.#section(given, 'names'),
    };
  }

  #section(
    given: Members,
    name: (typeof SECTIONS)[number],
    words?: readonly string[],
  ): Map<string, AroundValues> {
    const path = pathTo('resilience', name);
    const layers = new Map<string, AroundValues>();
    for (const [key, options] of Object.entries(membersOf(given[name], path, this.#problems))) {
      const here = pathTo(path, key);
      if (words === undefined || words.includes(key)) layers.set(key, this.#options(options, here));
      else
        this.#problems.add(here, () =>
          name === 'services' ? unknownPreset(key) : unknownName('environment', key, words),
        );
    }
    return layers;
  }

  #options(given: unknown, path: string): AroundValues {
    const members = membersOf(given, path, this.#problems);
    return this.layer(members, (option) => pathTo(path, option)).options;
  }

  /** Copies the options that are good: each is asked of those who make use of it. */
  readonly layer = (given: Members, pathOf: (option: string) => string): Layer<AroundValues> => {
    const options: Record<string, unknown> = {};
    for (const [option, value] of Object.entries(given)) {
      if (value === undefined) continue;
      const path = pathOf(option);
      if (!AROUND_OPTIONS.includes(option))
        this.#problems.add(path, () => unknownName('option', option, AROUND_OPTIONS));
      else if (isPlain(value)) options[option] = this.#value(option, value, path);
      else this.#problems.add(path, 'must be plain data: what is a function or was made is given in code');
    }
    return { options, pathOf };
  };

  /** Told are all mistakes inside, of which whoever reads it knows the first: it is taken away, or made good. */
  #value(option: string, value: unknown, path: string): unknown {
    let left: unknown = structuredClone(value);
    const told = new Set<string>();
    for (;;) {
      try {
        return this.#read(option, left);
      } catch (error) {
        if (!(error instanceof InvalidOptionsError)) throw error;
        const inside = error.option.startsWith(`${option}.`) ? error.option.slice(option.length + 1) : '';
        const isKnown = told.has(inside);
        if (!isKnown) this.#problems.add(insideOf(path, inside), sentenceOf(error));
        if (inside === '' || told.has(`${inside} `)) return undefined;
        told.add(isKnown ? `${inside} ` : inside);
        left = replaced(left, inside, isKnown ? STAND_IN : undefined);
      }
    }
  }
}

/** A value that every option takes which has to be given. */
const STAND_IN = 1;

const insideOf = (path: string, member: string): string =>
  member === '' ? path : member.split('.').reduce(pathTo, path);

/** `must be …, received …` of the sentence that begins with what cannot be made. */
function sentenceOf({ message, option }: InvalidOptionsError): string {
  return message.slice(message.indexOf(': ') + 2).replace(`\`${option}\` `, '');
}

/** A copy in which a member, `delay.initial`, has another value, or with `undefined` is gone. */
function replaced(given: unknown, path: string, value: unknown): unknown {
  const [first = '', ...rest] = path.split('.');
  const members: Record<string, unknown> = { ...(given as object) };
  const inside = rest.length === 0 ? value : replaced(members[first], rest.join('.'), value);
  if (inside === undefined) delete members[first];
  else members[first] = inside;
  return members;
}

/** Whether JSON could say it. */
function isPlain(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return typeof value !== 'function';
  const prototype: unknown = Object.getPrototypeOf(value);
  const isMade =
    prototype !== null && prototype !== Array.prototype && Object.getPrototypeOf(prototype) !== null;
  return !isMade && Object.values(value).every(isPlain);
}

function membersOf(given: unknown, path: string, problems: Problems): Members {
  if (given === undefined) return {};
  const problem = refusalBy(object, given);
  if (problem !== undefined) problems.add(path, problem);
  return problem === undefined ? (given as Members) : {};
}

const asMembers = (value: unknown): Members => (object(value) === undefined ? (value as Members) : {});
