/** A body that is watched while it is read: a stream that asks the platform's for a chunk when one is wanted. */
import type { Reading, StopWaiting } from './reading.js';

type Reader = ReadableStreamDefaultReader<Uint8Array>;

interface Controller {
  readonly byobRequest?: { respond(bytes: number): void } | null;
  enqueue(chunk: Uint8Array): void;
  close(): void;
  error(reason: unknown): void;
}

/** Whether it is a stream of bytes, which a buffer of the reader's may be handed to. */
function hasBytes(stream: ReadableStream): boolean {
  try {
    stream.getReader({ mode: 'byob' }).releaseLock();
    return true;
  } catch {
    return false;
  }
}

/** A body that somebody has looked at. */
export interface WatchedBody {
  readonly source: ReadableStream<Uint8Array>;
  readonly stream: ReadableStream<Uint8Array>;
  /** Asks the source at once, which makes its response a used one: a stream asks a turn after it was made. */
  begin(): void;
}

/** Looking at it takes nothing, and leaves the source unlocked until somebody reads. */
export function watchBody(source: ReadableStream<Uint8Array>, reading: Reading): WatchedBody {
  const isBytes = hasBytes(source);
  let reader: Reader | undefined;
  let first: ReturnType<Reader['read']> | undefined;
  /** Whether the source has been asked for a chunk that is not there. */
  let isAsked = false;
  let isOver = false;
  /** Ends the pull of who reads. */
  let answer = () => {};
  let stop: StopWaiting = () => {};

  /** @param tell whose fault it is; told of the first end alone */
  const finish = (tell: () => void): void => {
    stop();
    if (isOver) return;
    isOver = true;
    tell();
  };

  const take = async (from: Reader, controller: Controller): Promise<void> => {
    isAsked = true;
    try {
      let { done, value } = await (first ?? from.read());
      first = undefined;
      // A stream of bytes takes no empty chunk.
      while (isBytes && value?.byteLength === 0) ({ done, value } = await from.read());
      isAsked = false;
      if (isOver) return; // it was cancelled, or cut
      stop();
      if (!done) {
        controller.enqueue(value as Uint8Array);
        return;
      }
      controller.close();
      // A reader that has handed in a buffer gets it back, empty.
      controller.byobRequest?.respond(0);
      finish(() => reading.ended());
    } catch (error) {
      finish(() => reading.broke(error));
      controller.error(error);
    }
  };

  const pull = (controller: Controller): Promise<void> =>
    new Promise((resolve) => {
      reader ??= source.getReader();
      const from = reader;
      answer = resolve;
      const cut = (error: unknown) => {
        isOver = true;
        controller.error(error);
        resolve();
      };
      const cancelSource = (error: unknown) => {
        from.cancel(error).catch(() => {});
      };
      stop = reading.waitForChunk(cut, cancelSource, hasLeft);
      if (!isOver && !isAsked) take(from, controller).then(() => answer());
    });

  /** Nothing tells of a `releaseLock`. The platform asks for a chunk again only once it has been answered. */
  const hasLeft = (): boolean => {
    if (!stream.locked) answer();
    return !stream.locked;
  };

  const begin = (): void => {
    reader ??= source.getReader();
    first = reader.read();
    first.catch(() => {});
  };

  const cancel = (reason: unknown): Promise<void> => {
    finish(() => reading.ended());
    return (reader ?? source).cancel(reason);
  };

  const underlying = { pull, cancel, ...(isBytes && { type: 'bytes' }) };
  const stream = new ReadableStream<Uint8Array>(underlying as never, { highWaterMark: 0 });
  return { source, stream, begin };
}
