import type { Entry } from './entry.js';
import type { Host } from './host.js';
import { Member } from './member.js';
import type { ShareableBreaker } from './target.js';

/** The breakers of which there is something to know. */
export class Members {
  readonly #host: Host;
  readonly #members = new Map<string, Member>();

  constructor(host: Host) {
    this.#host = host;
  }

  get(name: string): Member | undefined {
    return this.#members.get(name);
  }

  [Symbol.iterator](): Iterator<Member> {
    return this.#members.values();
  }

  /** That of a breaker, made if there is none. */
  of(breaker: ShareableBreaker): Member {
    const known = this.#members.get(breaker.name);
    if (known?.breaker === breaker) return known;
    const member = new Member(breaker, this.#host);
    this.#members.set(breaker.name, member);
    return member;
  }

  /** A breaker is gone. */
  delete(breaker: ShareableBreaker): void {
    const member = this.#members.get(breaker.name);
    this.#members.delete(breaker.name);
    member?.leave();
  }

  /** What they have to say. */
  entries(): Entry[] {
    return [...this].flatMap((member) => member.entry() ?? []);
  }

  doChores(now: number): void {
    for (const member of this) member.doChores(now);
  }

  get nextChore(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const member of this) next = Math.min(next, member.nextChore);
    return next;
  }

  /** Forgets those of which there is nothing to know any more. */
  sweep(): void {
    for (const member of this) if (member.isIdle) this.#members.delete(member.name);
  }

  clear(): void {
    this.#members.clear();
  }
}
