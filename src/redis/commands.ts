/** What is said to Redis, in the words of the scripts. */

import type { Entry } from './entry.js';
import type { ProbeReport } from './host.js';
import { instancesKey, recordsKey, roundKey } from './keys.js';
import type { CommandKind, Link } from './link.js';
import { LEASE, REPORT, type Script, STEER, SYNC } from './lua.js';
import { parseRound, parseSteer, parseSync } from './record.js';
import type { ViewState } from './view.js';

/** Numbers of REPORT for how a probe ended. */
const ENDINGS = { success: 1, failure: 0, nothing: 2 } as const;

/** An entry that comes without: it opens nothing. */
const NO_TERMS = [0, 0, 0];

/** Who says it, and for how long it is to be kept, in ms. */
export interface Speaker {
  readonly namespace: string;
  readonly instance: string;
  readonly keep: number;
  readonly minVotes: number;
  readonly ratio: number;
}

type Words = readonly (string | number)[];

export class Commands {
  readonly #link: Link;
  readonly #speaker: Speaker;

  constructor(link: Link, speaker: Speaker) {
    this.#link = link;
    this.#speaker = speaker;
  }

  /** @param presence for how long the instance is there, in ms; 0: it leaves */
  sync(entries: readonly Entry[], presence: number, now: () => number) {
    const { namespace, instance, keep, minVotes, ratio } = this.#speaker;
    const keys = [recordsKey(namespace), instancesKey(namespace)];
    const words: (string | number)[] = [instance, presence, keep, minVotes, ratio];
    for (const { op, name, epoch, terms = NO_TERMS } of entries) {
      keys.push(roundKey(namespace, name));
      words.push(op, name, epoch, ...terms);
    }
    return this.#link.run('sync', SYNC, keys, words.map(String), (reply) => parseSync(reply, now()));
  }

  lease(name: string, nonce: string, ms: number) {
    return this.#say('lease', LEASE, name, [nonce, ms, this.#speaker.keep], parseRound);
  }

  report({ name, nonce, epoch, ending, openFor }: ProbeReport) {
    const words = [nonce, epoch, ENDINGS[ending], openFor, this.#speaker.keep];
    return this.#say('report', REPORT, name, words, parseRound);
  }

  steer(name: string, state: ViewState, ms: number, reason: string) {
    return this.#say('steer', STEER, name, [state, ms, this.#speaker.keep], parseSteer, [reason]);
  }

  /** Of one breaker: its name comes first, and who says it behind the rest. */
  #say<T>(
    kind: CommandKind,
    script: Script,
    name: string,
    words: Words,
    read: (reply: unknown) => T,
    last: Words = [],
  ) {
    const { namespace, instance } = this.#speaker;
    const keys = [recordsKey(namespace), roundKey(namespace, name)];
    return this.#link.run(kind, script, keys, [name, ...words, instance, ...last].map(String), read);
  }
}
