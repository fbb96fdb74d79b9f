import { InvalidOptionsError } from '../index.js';

/** Lines of a message, at most: nobody reads more, and a message must not cost more than the configuration. */
const MOST = 100;

/** Characters of a name that a path shows, at most. */
const LONGEST_KEY = 100;

/** What a variable's name begins with. Its value may be a secret that was pasted into the wrong one. */
const VARIABLE = /^RECLOSER_/;

/** Collects what is wrong, so that all of it can be told at once: one error with a line for each mistake. */
export class Problems {
  /** The path of each line. A mistake that is met twice is told once. */
  readonly #paths = new Map<string, string>();
  /** Where mistakes are that have no line any more. */
  readonly #others = new Set<string>();

  /**
   * @param path where the mistake is: `names.orders.callTimeout`, or a variable's name
   * @param problem what it is, without a subject: `must be …, received …`; a function where it costs something to say
   */
  add(path: string, problem: string | (() => string)): void {
    if (this.#paths.size >= MOST) {
      this.#others.add(path);
      return;
    }
    const words = typeof problem === 'string' ? problem : problem();
    const [where, told] = VARIABLE.test(path) ? withoutValue(path, words) : [path, words];
    this.#paths.set(`${where}: ${told}`.replace(/[\r\n\u2028\u2029]+/g, ' '), path);
  }

  /** @throws InvalidOptionsError if there are any; its `option` is the path if there is only one */
  refuse(): void {
    if (this.#paths.size === 0) return;
    const [path = ''] = this.#paths.size === 1 ? this.#paths.values() : [];
    for (const told of this.#paths.values()) this.#others.delete(told);
    const more = this.#others.size;
    const lines = [...this.#paths.keys(), ...(more === 0 ? [] : [`and ${more} more`])];
    throw new InvalidOptionsError('', path, lines.join('\n'));
  }
}

/**
 * Reads two things that may both have mistakes, so that those of both are told.
 *
 * @throws InvalidOptionsError with the lines of both
 */
export function together<First, Second>(
  first: () => First,
  second: (first: First | undefined) => Second,
): [First, Second] {
  const errors: InvalidOptionsError[] = [];
  const attempt = <T>(read: () => T): T | undefined => {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof InvalidOptionsError)) throw error;
      errors.push(error);
      return undefined;
    }
  };
  const one = attempt(first);
  const other = attempt(() => second(one));
  const [error, further] = errors;
  if (error === undefined) return [one as First, other as Second];
  if (further === undefined) throw error;
  const lines = new Set(errors.flatMap(({ message }) => message.split('\n')));
  throw new InvalidOptionsError('', lines.size === 1 ? error.option : '', [...lines].join('\n'));
}

/** The path of a member: `names.orders`, `names["orders.v2"]`. */
export function pathTo(parent: string, key: string): string {
  const shown = key.length > LONGEST_KEY ? `${key.slice(0, LONGEST_KEY)}…` : key;
  if (!/^[\w$-]+$/.test(shown)) return `${parent}[${JSON.stringify(shown)}]`;
  return parent === '' ? shown : `${parent}.${shown}`;
}

/** What was received, by its kind: a variable is shown by its name alone. */
function withoutValue(path: string, problem: string): [path: string, problem: string] {
  const [variable = ''] = /^\w*/.exec(path) ?? [];
  if (problem.startsWith('unknown option ')) return [variable, 'has a member that is no option'];
  const told = problem
    .replace(/, received ".*/s, ', received a text')
    .replace(/, received -?(\d|Infinity|NaN).*/s, ', received a number');
  return [path, told];
}
