import { report as reportError } from '../core/report.js';

/**
 * Tells a listener one message at a time, in the order in which they were sent: what it causes to be sent is told after
 * what was sent before, and the listener is never entered again while it runs. One that throws, or answers a promise
 * that rejects, disturbs nothing.
 */
export class Outbox<Message> {
  readonly #listener: (message: Message) => unknown;
  #messages: Message[] = [];
  /** Which of them is told next. */
  #next = 0;
  #isTelling = false;

  constructor(listener: (message: Message) => unknown) {
    this.#listener = listener;
  }

  /** Messages that were left over when something was thrown from the depth of a full stack are told with the next ones. */
  send(messages: readonly Message[]): void {
    for (const message of messages) this.#messages.push(message);
    if (this.#isTelling) return;
    this.#isTelling = true;
    try {
      while (this.#next < this.#messages.length) this.#tell(this.#messages[this.#next++] as Message);
      this.clear();
    } finally {
      this.#isTelling = false;
    }
  }

  /** Forgets what has not been told. */
  clear(): void {
    this.#messages = [];
    this.#next = 0;
  }

  #tell(message: Message): void {
    try {
      Promise.resolve(this.#listener(message)).catch(reportError);
    } catch (error) {
      reportError(error);
    }
  }
}
