/** The three forms of `guardStream`: a generator that takes nothing until it is read, an opened stream, a wrapped function. */

import { imitate } from '../core/imitate.js';
import { isClass } from '../core/is-class.js';
import { quote } from '../core/quote.js';
import { describe, hasMethods } from '../core/validate.js';
import type { CallContext } from '../index.js';
import { GuardedIterator } from './guarded-iterator.js';
import { type AnyStream, endStream, type ItemOf, iteratorOf, verifyStream } from './kinds.js';
import { openStream } from './open.js';
import {
  type ResolvedStreamOptions,
  readStreamOptions,
  type StreamBreaker,
  type StreamOptions,
} from './options.js';
import { Watch } from './watch.js';

/** Answers the stream, or a promise of it. It is run with a permit only. */
export type StreamSource<S> = (context: CallContext) => S | PromiseLike<S>;

/** The generator that guards a stream: what a generator takes and returns is kept. */
export type GuardedStream<S> = [S] extends [AsyncGenerator<infer T, infer R, infer N>]
  ? AsyncGenerator<T, R | undefined, N>
  : AsyncGenerator<ItemOf<S>, undefined, undefined>;

// biome-ignore lint/suspicious/noExplicitAny: whatever it takes
type StreamFunction = (...args: any[]) => AnyStream | PromiseLike<AnyStream>;

/** Guards streams; see `guardStream`. */
export interface GuardStream {
  /**
   * A generator of the items of the stream. Nothing is taken and nothing runs before the first read.
   *
   * @throws TypeError if `source` is no function
   * @throws InvalidOptionsError for bad options
   */
  <S extends AnyStream>(
    breaker: StreamBreaker,
    source: StreamSource<S>,
    options?: StreamOptions<AnyStream>,
  ): GuardedStream<S>;

  /**
   * Runs `source` at once and answers its stream, of the same kind, to be read or cancelled: the permit is out until then.
   * It rejects as `CircuitBreaker.call` does, and with a `TypeError` if `source` answers no stream.
   */
  open<S extends AnyStream>(
    breaker: StreamBreaker,
    source: StreamSource<S>,
    options?: StreamOptions<S>,
  ): Promise<S>;

  /**
   * A function that answers the guarded generator. It keeps `this`, the arguments, the name, the length, and whatever hangs
   * on the function.
   *
   * @throws TypeError if `fn` is no function
   * @throws InvalidOptionsError for bad options
   */
  wrap<F extends StreamFunction>(
    breaker: StreamBreaker,
    fn: F,
    options?: StreamOptions<AnyStream>,
  ): (this: ThisParameterType<F>, ...args: Parameters<F>) => GuardedStream<Awaited<ReturnType<F>>>;
}

const isBreaker = hasMethods('acquire');

function verifySource(source: unknown, breaker: StreamBreaker): void {
  if (!isBreaker(breaker)) {
    throw new TypeError(`A stream is guarded by a circuit breaker, received ${describe(breaker)}`);
  }
  if (typeof source === 'function') return;
  throw new TypeError(
    `A stream through circuit breaker ${quote(breaker.name)} needs a function that answers it, received ${describe(source)}`,
  );
}

const run = <S>(source: StreamSource<S>, context: CallContext): Promise<S> =>
  new Promise((resolve) => {
    resolve(source(context));
  });

/** The stream that the source answers, once there is leave for it. */
async function streamOf(source: StreamSource<AnyStream>, watch: Watch): Promise<AnyStream> {
  const leave = watch.leave();
  if (leave !== undefined) await leave;
  // Who has gone meanwhile wants none.
  if (watch.isOver) throw new Error('The reader has left');
  watch.admit();
  if (watch.isOver) throw watch.context.signal.reason;
  watch.begin();
  let stream: AnyStream;
  try {
    stream = await run(source, watch.context);
  } catch (error) {
    watch.failed(error);
    throw error;
  }
  if (watch.isOver) {
    endStream(stream, undefined, watch.context.signal.reason);
    throw watch.context.signal.reason;
  }
  try {
    verifyStream(stream);
  } catch (error) {
    watch.left();
    throw error;
  }
  watch.stream = stream;
  return stream;
}

function readLazily(
  breaker: StreamBreaker,
  source: StreamSource<AnyStream>,
  options: ResolvedStreamOptions,
): GuardedIterator {
  const watch = new Watch(breaker, options);
  const iterator = new GuardedIterator(watch, async () => {
    const stream = await streamOf(source, watch);
    try {
      return iteratorOf(stream);
    } catch (error) {
      watch.failed(error);
      throw error;
    }
  });
  watch.onCut = (error) => iterator.cut(error);
  return iterator;
}

function openNow(
  breaker: StreamBreaker,
  source: StreamSource<AnyStream>,
  options: ResolvedStreamOptions,
): Promise<AnyStream> {
  const watch = new Watch(breaker, options);
  return new Promise((resolve, reject) => {
    const fail = (error: unknown) => {
      const other = watch.answer(error);
      if (other === undefined) reject(error);
      else resolve(other);
    };
    watch.onCut = fail;
    streamOf(source, watch).then(
      (stream) => {
        if (watch.cutBy !== undefined) {
          endStream(stream, undefined, watch.cutBy.error);
          return;
        }
        try {
          watch.opened();
          resolve(openStream(watch, stream));
        } catch (error) {
          watch.left();
          endStream(stream, undefined, error);
          reject(error);
        }
      },
      (error) => {
        // What was cut has been answered.
        if (watch.cutBy === undefined) fail(error);
      },
    );
  });
}

function lazily(
  breaker: StreamBreaker,
  source: StreamSource<AnyStream>,
  options?: StreamOptions,
): GuardedIterator {
  verifySource(source, breaker);
  return readLazily(breaker, source, readStreamOptions(options, breaker));
}

async function open(
  breaker: StreamBreaker,
  source: StreamSource<AnyStream>,
  options?: StreamOptions,
): Promise<AnyStream> {
  verifySource(source, breaker);
  return openNow(breaker, source, readStreamOptions(options, breaker));
}

function wrap(breaker: StreamBreaker, fn: StreamFunction, options?: StreamOptions): StreamFunction {
  verifySource(fn, breaker);
  if (isClass(fn)) {
    throw new TypeError(
      `A stream through circuit breaker ${quote(breaker.name)} needs a function that answers it, received a class: wrap its methods`,
    );
  }
  const read = readStreamOptions(options, breaker);
  return imitate(fn, function (this: unknown, ...args: unknown[]) {
    return readLazily(breaker, () => Reflect.apply(fn, this, args), read) as AsyncIterable<unknown>;
  });
}

/**
 * Puts a breaker before what comes in pieces: tokens of a model, rows, a body. A stream is a success at its end, and a
 * failure where it breaks off or stands still; a reader that leaves says nothing about the dependency.
 *
 * @example
 * ```ts
 * import { CircuitBreaker } from 'recloser';
 * import { guardStream } from 'recloser/stream';
 *
 * const breaker = new CircuitBreaker({ name: 'model' });
 * const tokens = guardStream(breaker, async function* () {
 *   yield 'Hello, ';
 *   yield 'Ada.';
 * });
 * let text = '';
 * for await (const token of tokens) text += token;
 * console.log(text); // → Hello, Ada.
 * ```
 */
export const guardStream: GuardStream = /* @__PURE__ */ Object.assign(lazily, {
  open,
  wrap,
}) as unknown as GuardStream;
