/** What kinds of streams there are, told by their members: they may come from another realm, or from a library. */
import { describe, hasMethods } from '../core/validate.js';

/** What reads a `ReadableStream`. */
export interface StreamReader {
  // biome-ignore lint/suspicious/noExplicitAny: readers of bytes take a view, others nothing
  read(...args: any[]): Promise<{ done: boolean; value?: unknown }>;
  cancel(reason?: unknown): Promise<void>;
  releaseLock(): void;
}

/** A `ReadableStream`, of any platform's types. */
export interface WebStream {
  readonly locked: boolean;
  cancel(reason?: unknown): Promise<void>;
  // biome-ignore lint/suspicious/noExplicitAny: overloaded, by the mode
  getReader(...args: any[]): any;
}

/** A stream that can be guarded: anything asynchronously iterable, Node's `Readable` among it, or a `ReadableStream`. */
export type AnyStream = AsyncIterable<unknown> | WebStream | null;

/** What a stream is made of. */
export type ItemOf<S> =
  S extends AsyncIterable<infer T>
    ? T
    : // A `ReadableStream` of types that know no iteration tells it by what it can be piped to.
      // biome-ignore lint/suspicious/noExplicitAny: whatever else it takes
      S extends { pipeTo(destination: infer W, ...rest: any[]): unknown }
      ? W extends { getWriter(): { write(chunk?: infer T): unknown } }
        ? T
        : unknown
      : never;

/** Node's `Readable`, as far as it is listened to. */
export interface NodeReadable extends AsyncIterable<unknown> {
  readonly readableFlowing: boolean | null;
  readonly readableLength: number;
  readonly errored?: unknown;
  emit(event: string | symbol, ...args: unknown[]): boolean;
  read(size?: number): unknown;
  pipe(destination: NodeWritable, options?: unknown): unknown;
  destroy(error?: unknown): unknown;
  listenerCount(event: string): number;
}

/** What a `Readable` is piped to. */
export interface NodeWritable {
  readonly destroyed?: boolean;
  readonly errored?: unknown;
  readonly writableFinished?: boolean;
}

export const isReadable = hasMethods('emit', 'read', 'pipe', 'destroy', Symbol.asyncIterator) as (
  value: unknown,
) => value is NodeReadable;

export const isWebStream = hasMethods('getReader', 'cancel') as (value: unknown) => value is WebStream;

export const isIterable = hasMethods(Symbol.asyncIterator) as (
  value: unknown,
) => value is AsyncIterable<unknown>;

/**
 * @throws TypeError for anything that is no stream, or one that somebody reads already
 */
export function verifyStream(value: unknown): asserts value is AnyStream {
  if (value === null) return;
  if (isWebStream(value)) {
    if (value.locked)
      throw new TypeError(
        'A guarded source must answer a stream that nobody reads, received one that is locked',
      );
    return;
  }
  if (isIterable(value)) return;
  const hint = hasMethods('arrayBuffer', 'clone')(value) ? ' (a response: answer its `body`)' : '';
  throw new TypeError(
    `A guarded source must answer an async iterable, a ReadableStream, a Readable or null, received ${describe(value)}${hint}`,
  );
}

/** The iterator of a `ReadableStream`, by its reader: not every platform iterates one. */
export function iteratorOf(stream: AnyStream): AsyncIterator<unknown> {
  if (stream === null) return { next: async () => ({ done: true, value: undefined }) };
  if (!isWebStream(stream)) return stream[Symbol.asyncIterator]();
  const reader: StreamReader = stream.getReader();
  return {
    next: () => reader.read() as Promise<IteratorResult<unknown>>,
    return: async (value) => {
      await reader.cancel(value);
      return { done: true, value };
    },
  };
}

/** Ends a stream that nobody is going to read, or whose reader does not wait for that. What it says to that is not heard. */
export function endStream(
  stream: unknown,
  iterator: AsyncIterator<unknown> | undefined,
  reason: unknown,
): void {
  const attempts = [
    () => controllerOf(stream)?.abort(reason),
    () => {
      if (isReadable(stream)) return void stream.destroy();
      if (iterator !== undefined) return iterator.return?.();
      if (isWebStream(stream)) return stream.cancel(reason);
      if (isIterable(stream)) return stream[Symbol.asyncIterator]().return?.();
      return undefined;
    },
  ];
  for (const attempt of attempts) {
    try {
      Promise.resolve(attempt()).catch(() => {});
    } catch {} // it is over all the same
  }
}

interface Controller {
  readonly signal?: { readonly aborted?: boolean };
  abort(reason?: unknown): void;
}

/** What the streams of openai and @anthropic-ai/sdk are ended with. */
function controllerOf(stream: unknown): Controller | undefined {
  const controller = (stream as { controller?: unknown } | null | undefined)?.controller;
  return hasMethods('abort')(controller) ? (controller as Controller) : undefined;
}

/** Whether a stream was ended by its own controller: those of model providers then end without a word. */
export function isCancelled(stream: unknown): boolean {
  try {
    return controllerOf(stream)?.signal?.aborted === true;
  } catch {
    return false;
  }
}
