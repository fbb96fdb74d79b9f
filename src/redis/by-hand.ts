import type { CircuitMode } from '../index.js';
import type { ShareableBreaker } from './target.js';
import type { View } from './view.js';

/** A mode that the fleet has put the breaker into. */
interface Force {
  readonly mode: CircuitMode;
  readonly epoch: number;
  readonly until: number;
}

const isForce = (mode: CircuitMode): boolean => mode === 'forced-open' || mode === 'forced-closed';

/** What a person has decided for all, carried out with the breaker's own methods. */
export class ByHand {
  readonly #breaker: ShareableBreaker;
  #force: Force | undefined;

  constructor(breaker: ShareableBreaker) {
    this.#breaker = breaker;
  }

  get isForcing(): boolean {
    return this.#force !== undefined;
  }

  /** When it ends by itself. */
  get until(): number {
    return this.#force?.until ?? Number.POSITIVE_INFINITY;
  }

  force({ state, epoch, until, words }: View): void {
    const { mode } = this.#breaker;
    const wanted = state === 'f' ? 'forced-open' : 'forced-closed';
    // What somebody has forced here goes before.
    if (isForce(mode) && mode !== this.#force?.mode) {
      this.#force = undefined;
      return;
    }
    const isDone = this.#force?.epoch === epoch && mode === wanted;
    this.#force = { mode: wanted, epoch, until };
    if (isDone) return;
    if (state === 'f') this.#breaker.forceOpen(words);
    else this.#breaker.forceClosed(words);
  }

  /** Something newer holds. A record that is gone ends nothing: a force that a person gave a time has its time. */
  endBefore(epoch: number, words: string): void {
    if (this.#force !== undefined && epoch > this.#force.epoch) this.end(words);
  }

  end(words: string): void {
    const force = this.#force;
    this.#force = undefined;
    if (force !== undefined && this.#breaker.mode === force.mode) this.#breaker.reset(words);
  }

  /** @param isNews whether something else was known before; a person's `reset` is for those who were there */
  reset(words: string, isNews: boolean): void {
    const { mode, state } = this.#breaker;
    if (!isForce(mode) && (isNews || state !== 'CLOSED')) this.#breaker.reset(words);
  }
}
