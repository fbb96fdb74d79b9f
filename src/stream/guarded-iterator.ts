/**
 * Reads a guarded stream: one read at a time, as an async generator is read. It asks for an item when one is wanted, and
 * lets go of a reader at once when the stream is cut.
 */
import { endStream, iteratorOf } from './kinds.js';
import { leftEarly, type Watch } from './watch.js';

type Result = IteratorResult<unknown, unknown>;
type Raw = Partial<AsyncIterator<unknown, unknown, unknown>> &
  Pick<AsyncIterator<unknown, unknown, unknown>, 'next'>;

interface Read {
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

const done = (): Result => ({ done: true, value: undefined });

/** @throws TypeError for what is no result of an iterator, in the platform's words */
function isEnd(result: Result): boolean | undefined {
  if (Object(result) !== result) throw new TypeError(`Iterator result ${String(result)} is not an object`);
  return result.done;
}

/** Async generators of the platform have members that come and go with it: `Symbol.asyncDispose`, helpers. */
const AsyncGeneratorPrototype: object = Object.getPrototypeOf(
  Object.getPrototypeOf((async function* () {})()),
);

class GuardedIteratorBase {}
Object.setPrototypeOf(GuardedIteratorBase.prototype, Object.getPrototypeOf(AsyncGeneratorPrototype));

export class GuardedIterator extends GuardedIteratorBase {
  readonly #watch: Watch;
  #iterator: Raw | undefined;
  /** Gets the iterator when the first item is wanted; `undefined` where it is there from the start. */
  readonly #start: (() => Promise<Raw>) | undefined;
  /** Whether it reads the stream of a fallback: what comes of the first one is too late. */
  #isUnwatched = false;
  #isDone = false;
  #read: Read | undefined;
  /** What the next read gets: the stream was cut while nobody waited. */
  #cutBy: { readonly error: unknown } | undefined;
  /** The last of the reads, and how many wait for their turn. */
  #last: Promise<unknown> = Promise.resolve();
  #queued = 0;

  constructor(watch: Watch, source: Raw | (() => Promise<Raw>)) {
    super();
    this.#watch = watch;
    this.#start = typeof source === 'function' ? source : undefined;
    this.#iterator = typeof source === 'function' ? undefined : source;
  }

  next(...value: [unknown?]): Promise<Result> {
    if (this.#read === undefined && this.#queued === 0) return this.#note(this.#ask('next', value));
    return this.#inTurn(() => this.#ask('next', value));
  }

  async return(value?: unknown): Promise<Result> {
    const iterator = this.#iterator;
    if (this.#isDone || iterator === undefined || this.#read !== undefined) {
      this.#leave();
      return { done: true, value: await value };
    }
    this.#isDone = true;
    const wasOver = this.#watch.isOver;
    this.#watch.left();
    try {
      return (await iterator.return?.(value)) ?? { done: true, value: await value };
    } finally {
      if (!wasOver) this.#watch.context.abort(leftEarly());
    }
  }

  throw(error?: unknown): Promise<Result> {
    const iterator = this.#iterator;
    if (this.#isDone || iterator === undefined || this.#read !== undefined) {
      this.#leave();
      return Promise.reject(error);
    }
    if (iterator.throw !== undefined) return this.#ask('throw', [error]);
    return this.return().then(() => {
      throw error;
    });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose')](): Promise<void> {
    await this.return();
  }

  get [Symbol.toStringTag](): string {
    return 'AsyncGenerator';
  }

  /** The stream was cut: who waits is let go, or the next read gets it. */
  cut(error: unknown): void {
    this.#isDone = true;
    const read = this.#read;
    this.#read = undefined;
    if (read === undefined) this.#cutBy = { error };
    else this.#answer(error, read);
    endStream(this.#watch.stream, this.#iterator as AsyncIterator<unknown>, error);
  }

  /** After a failure the fallback has its turn, if there is one for it and nothing has been read. */
  #answer(error: unknown, read: Read): void {
    const other = this.#start === undefined ? undefined : this.#watch.answer(error);
    if (other === undefined) {
      read.reject(error);
      return;
    }
    this.#isDone = false;
    this.#isUnwatched = true;
    this.#read = read;
    const first = other.then((stream) => {
      if (this.#read !== read) {
        endStream(stream, undefined, undefined);
        return done();
      }
      this.#iterator = iteratorOf(stream);
      return this.#iterator.next();
    });
    this.#settle(read, first);
  }

  /** What the stream of a fallback answers goes to the reader as it is. */
  #settle(read: Read, answered: Promise<Result>): void {
    const settle = (isDone: boolean | undefined): void => {
      this.#read = undefined;
      if (isDone) this.#isDone = true;
    };
    answered
      .then((result) => {
        settle(isEnd(result));
        read.resolve(result);
      })
      .catch((problem) => {
        settle(true);
        read.reject(problem);
      });
  }

  /** The reader goes in the midst of a read, or before it has read anything. */
  #leave(): void {
    this.#isDone = true;
    this.#cutBy = undefined;
    const read = this.#read;
    this.#read = undefined;
    if (read === undefined) return;
    read.resolve(done());
    const watch = this.#watch;
    const wasOver = watch.isOver;
    watch.left();
    const reason = leftEarly();
    if (!wasOver) watch.context.abort(reason);
    const stream = this.#isUnwatched ? undefined : watch.stream;
    endStream(stream, this.#iterator as AsyncIterator<unknown> | undefined, reason);
  }

  #note(read: Promise<Result>): Promise<Result> {
    this.#last = read;
    return read;
  }

  #inTurn(ask: () => Promise<Result>): Promise<Result> {
    this.#queued++;
    const begin = () => {
      this.#queued--;
      return ask();
    };
    return this.#note(this.#last.then(begin, begin));
  }

  #ask(method: 'next' | 'throw', args: [unknown?]): Promise<Result> {
    if (this.#cutBy !== undefined) {
      const { error } = this.#cutBy;
      this.#cutBy = undefined;
      return Promise.reject(error);
    }
    if (this.#isDone) return Promise.resolve(done());
    const asked = new Promise<Result>((resolve, reject) => {
      this.#read = { resolve, reject };
    });
    if (this.#read === undefined) return asked; // the stack is full
    if (this.#isUnwatched) this.#pass(method, args);
    else if (this.#iterator === undefined) this.#begin();
    else {
      this.#watch.begin();
      this.#pull(this.#iterator, method, args);
    }
    return asked;
  }

  #pull(iterator: Raw, method: 'next' | 'throw', args: [unknown?]): void {
    try {
      const answer = (iterator[method] as (...args: [unknown?]) => Promise<Result>)(...args);
      const onError = method === 'throw' ? this.#onOwnError : this.#onError;
      Promise.resolve(answer).then(this.#onItem, onError);
    } catch (error) {
      this.#onError(error);
    }
  }

  #pass(method: 'next' | 'throw', args: [unknown?]): void {
    const read = this.#read as Read;
    const iterator = this.#iterator as Raw;
    const answered = new Promise<Result>((resolve) => {
      resolve((iterator[method] as (...args: [unknown?]) => Promise<Result>)(...args));
    });
    this.#settle(read, answered);
  }

  #begin(): void {
    const read = this.#read as Read;
    const start = this.#start as () => Promise<Raw>;
    start().then(
      (iterator) => {
        // Who has left, or was cut loose, reads nothing of it.
        if (this.#read !== read || this.#isUnwatched) return;
        this.#iterator = iterator;
        this.#pull(iterator, 'next', []);
      },
      (error) => this.#onStartError(error, read),
    );
  }

  #onStartError(error: unknown, read: Read): void {
    if (this.#read !== read || this.#isUnwatched) return;
    this.#read = undefined;
    this.#isDone = true;
    this.#answer(error, read);
  }

  readonly #onItem = (result: Result): void => {
    const read = this.#read;
    if (read === undefined || this.#isUnwatched) return;
    let isLast: boolean | undefined;
    try {
      isLast = isEnd(result);
    } catch (error) {
      this.#onError(error);
      return;
    }
    this.#read = undefined;
    if (isLast) {
      this.#isDone = true;
      this.#watch.rest();
      this.#watch.ended();
    } else this.#watch.item();
    read.resolve(result);
  };

  readonly #onError = (error: unknown): void => {
    const read = this.#read;
    if (read === undefined || this.#isUnwatched) return;
    this.#read = undefined;
    this.#isDone = true;
    this.#watch.rest();
    this.#watch.failed(error);
    this.#answer(error, read);
  };

  readonly #onOwnError = (error: unknown): void => {
    const read = this.#read;
    if (read === undefined) return;
    this.#read = undefined;
    this.#isDone = true;
    this.#watch.rest();
    this.#watch.left();
    this.#watch.context.abort(leftEarly());
    read.reject(error);
  };
}
