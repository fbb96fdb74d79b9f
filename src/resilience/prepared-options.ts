import type { Subject } from '../core/validate.js';
import type { Fallback } from '../index.js';
import type { FunctionOptions, Settings } from './options.js';

/** Options of calls, read once, for whoever makes many. */
export class PreparedOptions {
  readonly #options: FunctionOptions;
  readonly #subject: Subject;
  #base: Settings | undefined;
  #settings!: Settings;

  constructor(options: FunctionOptions, subject: Subject) {
    this.#options = options;
    this.#subject = subject;
  }

  /** These with another fallback. */
  answeredBy(fallback: Fallback): PreparedOptions {
    return new PreparedOptions({ ...this.#options, fallback }, this.#subject);
  }

  /** @throws InvalidOptionsError for options that cannot work with those */
  over(base: Settings): Settings {
    if (this.#base !== base) {
      this.#settings = base.with(this.#options, this.#subject);
      this.#base = base;
    }
    return this.#settings;
  }
}
