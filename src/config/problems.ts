import { InvalidOptionsError } from '../index.js';

/** Collects what is wrong, so that all of it can be told at once: one error with a line for each mistake. */
export class Problems {
  /** The path of each line. A mistake that is met twice is told once. */
  readonly #paths = new Map<string, string>();

  /**
   * @param path where the mistake is: `names.orders.callTimeout`, or a variable's name
   * @param problem what it is, without a subject: `must be …, received …`
   */
  add(path: string, problem: string): void {
    this.#paths.set(`${path}: ${problem}`.replace(/[\r\n\u2028\u2029]+/g, ' '), path);
  }

  /** @throws InvalidOptionsError if there are any; its `option` is the path if there is only one */
  refuse(): void {
    if (this.#paths.size === 0) return;
    const [path = ''] = this.#paths.size === 1 ? this.#paths.values() : [];
    throw new InvalidOptionsError('', path, [...this.#paths.keys()].join('\n'));
  }
}

/** The path of a member: `names.orders`, `names["orders.v2"]`. */
export function pathTo(parent: string, key: string): string {
  if (!/^[\w$-]+$/.test(key)) return `${parent}[${JSON.stringify(key)}]`;
  return parent === '' ? key : `${parent}.${key}`;
}
