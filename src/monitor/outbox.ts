import { report } from '../core/report.js';

/**
 * Tells a listener one message at a time, in the order in which they were sent: what it causes to be sent is told after
 * what was sent before. A listener that throws, or answers a promise that rejects, disturbs nothing.
 */
export class Outbox<Message> {
  readonly #listener: (message: Message) => unknown;
  readonly #waiting: Message[] = [];
  #isTelling = false;

  constructor(listener: (message: Message) => unknown) {
    this.#listener = listener;
  }

  send(messages: readonly Message[]): void {
    this.#waiting.push(...messages);
    if (this.#isTelling) return;
    this.#isTelling = true;
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) this.#tell(next);
    this.#isTelling = false;
  }

  /** Forgets what has not been told. */
  clear(): void {
    this.#waiting.length = 0;
  }

  #tell(message: Message): void {
    try {
      Promise.resolve(this.#listener(message)).catch(report);
    } catch (error) {
      report(error);
    }
  }
}
