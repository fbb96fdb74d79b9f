import { warn } from '../core/warn.js';
import { BreakerAttributes } from './breaker-attributes.js';
import { OTHER } from './error-type.js';
import type { Attributes } from './otel-api.js';

/**
 * The attributes of breakers by name. What has been recorded under a name is kept by the SDK as long as the process
 * runs, so that a name counts for good: those beyond the limit share one.
 */
export class KnownBreakers {
  readonly #constant: Attributes;
  readonly #max: number;
  readonly #byName = new Map<string, BreakerAttributes>();
  #others: BreakerAttributes | undefined;

  /** @param max names that are told apart, at least 1 */
  constructor(constant: Attributes, max: number) {
    this.#constant = constant;
    this.#max = max;
  }

  attributesOf(name: string): BreakerAttributes {
    const known = this.#byName.get(name);
    if (known !== undefined) return known;
    if (this.#byName.size >= this.#max) return this.#attributesOfOthers(name);
    const added = new BreakerAttributes(name, this.#constant);
    this.#byName.set(name, added);
    return added;
  }

  /** The attributes of a breaker that has a name of its own: a state cannot be summed up. */
  ownAttributesOf(name: string): Attributes | undefined {
    const attributes = this.attributesOf(name);
    return attributes === this.#others ? undefined : attributes.own;
  }

  #attributesOfOthers(name: string): BreakerAttributes {
    if (this.#others === undefined) {
      this.#others = new BreakerAttributes(OTHER, this.#constant);
      const breaker = JSON.stringify(name);
      warn(
        'RECLOSER_TELEMETRY',
        `Circuit breaker ${breaker} and those after it are measured as "${OTHER}": \`maxBreakers\` is ${this.#max}`,
      );
    }
    return this.#others;
  }
}
