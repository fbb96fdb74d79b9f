import type { Subject } from '../core/validate.js';
import type { Fallback } from '../index.js';
import type { FunctionOptions, Settings } from './options.js';

/** What is a call's own: a fallback that knows what the function was given, and what ends it. */
export interface OfCall {
  readonly fallback?: Fallback | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Options of calls, read once, for whoever makes many. */
export class PreparedOptions {
  readonly #options: FunctionOptions;
  readonly #subject: Subject;
  readonly signal: AbortSignal | undefined;
  #base: Settings | undefined;
  #settings!: Settings;

  constructor(options: FunctionOptions, subject: Subject, signal?: AbortSignal) {
    this.#options = options;
    this.#subject = subject;
    this.signal = signal;
  }

  /** These for one call, with what is its own. */
  ofCall({ fallback, signal }: OfCall): PreparedOptions {
    const options = fallback === undefined ? this.#options : { ...this.#options, fallback };
    return new PreparedOptions(options, this.#subject, signal);
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
