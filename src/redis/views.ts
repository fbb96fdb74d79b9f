/** What Redis has said of each breaker: with the polls, and beside them. */
import type { RoundReply } from './record.js';
import { NOTHING, type View, type ViewState } from './view.js';

/** What a lease or a report says without words. */
const WORDS: Readonly<Record<ViewState, string>> = {
  c: 'recovered',
  r: 'by hand',
  o: 'a probe failed',
  h: 'probing',
  f: 'by hand',
  u: 'by hand',
};

/** Is told of each view that has been heard, with the one before; and whether anything was known at all. */
export type Adopt = (name: string, before: View, view: View, isNews: boolean) => void;

export class Views {
  readonly #adopt: Adopt;
  #views = new Map<string, View>();
  /** What was heard beside the polls, and when: a poll that was under way then knows less. */
  readonly #heardAt = new Map<string, number>();
  #turn = 0;

  constructor(adopt: Adopt) {
    this.#adopt = adopt;
  }

  get all(): ReadonlyMap<string, View> {
    return this.#views;
  }

  get(name: string): View {
    return this.#views.get(name) ?? NOTHING;
  }

  /** A poll goes out; what is heard from now on is newer than what it will bring. */
  begin(): number {
    return ++this.#turn;
  }

  /** Takes over what the poll has brought that went out in this turn. */
  takeOver(brought: ReadonlyMap<string, View>, turn: number, isNews: boolean): void {
    const before = this.#views;
    this.#views = new Map(brought);
    for (const name of new Set([...before.keys(), ...brought.keys()])) {
      const known = before.get(name);
      if ((this.#heardAt.get(name) ?? 0) <= turn) {
        this.#heardAt.delete(name);
        this.#adopt(name, known ?? NOTHING, this.get(name), isNews);
      } else if (known === undefined) this.#views.delete(name);
      else this.#views.set(name, known);
    }
  }

  /** Takes over what a lease or a report was answered, unless something newer is known. */
  hear(name: string, { state, epoch, ms, attempt }: RoundReply, now: number): void {
    const known = this.get(name);
    // There is nothing left of what we knew: it was lost, and nothing follows but that we are on our own.
    const isLost = epoch < known.epoch && (state === 'c' || state === 'r');
    if (isLost) {
      this.put(name, NOTHING);
      return;
    }
    const isKnown = epoch === known.epoch;
    if (epoch < known.epoch || (isKnown && known !== NOTHING && known.state === state)) return;
    const until = now + (state === 'h' ? 0 : ms);
    this.put(name, { state, epoch, until, attempt, words: isKnown ? known.words : WORDS[state] });
  }

  /** This is so from now on. */
  put(name: string, view: View): void {
    const before = this.get(name);
    this.#heardAt.set(name, ++this.#turn);
    if (view === NOTHING) this.#views.delete(name);
    else this.#views.set(name, view);
    this.#adopt(name, before, view, true);
  }
}
