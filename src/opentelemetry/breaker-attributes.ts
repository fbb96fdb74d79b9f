import { OTHER } from './error-type.js';
import { ATTRIBUTE_NAMES } from './names.js';
import type { Attributes } from './otel-api.js';

/** Types of errors that one breaker may have. The next ones are `_OTHER`. */
const MOST_ERROR_TYPES = 20;

/** The attributes of a breaker's measurements: made once, since a call is no place to make objects. */
export class BreakerAttributes {
  readonly own: Attributes;
  readonly success: Attributes;
  readonly failure: Attributes;
  readonly timeout: Attributes;
  readonly ignored: Attributes;
  readonly #errorTypes = new Set<string>();

  constructor(name: string, constant: Attributes) {
    this.own = { ...constant, [ATTRIBUTE_NAMES.name]: name };
    this.success = this.with({ [ATTRIBUTE_NAMES.result]: 'success' });
    this.failure = this.with({ [ATTRIBUTE_NAMES.result]: 'failure' });
    this.timeout = this.with({ [ATTRIBUTE_NAMES.result]: 'timeout' });
    this.ignored = this.with({ [ATTRIBUTE_NAMES.result]: 'ignored' });
  }

  with(more: Attributes): Attributes {
    return { ...this.own, ...more };
  }

  /** Those of a failure of this type, as long as there are few types. */
  ofErrorType(type: string): Attributes {
    const isKnown = this.#errorTypes.has(type) || this.#errorTypes.size < MOST_ERROR_TYPES;
    if (isKnown) this.#errorTypes.add(type);
    return this.with({ [ATTRIBUTE_NAMES.errorType]: isKnown ? type : OTHER });
  }
}
