import type { StreamReader, WebStream } from './kinds.js';
import type { Watch } from './watch.js';

interface ByteController {
  readonly byobRequest?: { respond(bytes: number): void } | null;
  enqueue(chunk: unknown): void;
  close(): void;
  error(reason: unknown): void;
}

/** Whether it is a stream of bytes, which a buffer of the reader's may be handed to. */
function hasBytes(stream: WebStream): boolean {
  try {
    (stream.getReader({ mode: 'byob' }) as StreamReader).releaseLock();
    return true;
  } catch {
    return false;
  }
}

/** A new stream that asks the source, which it locks, for one chunk when one is wanted. */
export function openWebStream(watch: Watch, source: WebStream): WebStream {
  const isBytes = hasBytes(source);
  const reader: StreamReader = source.getReader();
  let controller!: ByteController;
  /** Whether the source has been asked for a chunk that is not there. */
  let isReading = false;
  /** Ends the wait of who reads. */
  let done = () => {};

  const end = (error: unknown) => {
    reader.cancel(error).catch(() => {});
  };
  watch.onCut = (error) => {
    controller.error(error);
    end(error);
  };

  const pass = (chunk: unknown, to: ByteController): boolean => {
    if (isBytes && (chunk as Uint8Array).byteLength === 0) return false;
    to.enqueue(chunk);
    return true;
  };
  const close = (to: ByteController) => {
    to.close();
    // A reader that has handed in a buffer gets it back, empty.
    to.byobRequest?.respond(0);
  };

  const take = (to: ByteController): void => {
    isReading = true;
    reader.read().then(
      (result) => {
        isReading = false;
        if (watch.isOver) return;
        if (result.done) {
          watch.rest();
          watch.ended();
          close(to);
        } else {
          let isPassed: boolean;
          try {
            isPassed = pass(result.value, to);
          } catch (error) {
            watch.left();
            to.error(error);
            end(error);
            done();
            return;
          }
          if (!isPassed) {
            take(to);
            return;
          }
          watch.item();
        }
        done();
      },
      (error) => {
        watch.rest();
        watch.failed(error);
        to.error(error);
        done();
      },
    );
  };

  const underlying = {
    ...(isBytes && { type: 'bytes' }),
    start(given: ByteController) {
      controller = given;
    },
    pull: (given: ByteController) =>
      new Promise<void>((resolve) => {
        done = resolve;
        watch.begin();
        if (!isReading) take(given);
      }),
    async cancel(reason: unknown) {
      watch.left();
      if (isReading) {
        watch.context.abort(reason);
        end(reason);
        return;
      }
      try {
        await reader.cancel(reason);
      } finally {
        watch.context.abort(reason);
      }
    },
  };
  const { ReadableStream } = globalThis as unknown as {
    ReadableStream: new (source: object, strategy: object) => WebStream;
  };
  const stream = new ReadableStream(underlying, { highWaterMark: 0 });
  // Nothing tells of a `releaseLock`. The platform asks for a chunk again only once it has been answered.
  watch.hasLeft = () => {
    if (!stream.locked) done();
    return !stream.locked;
  };
  return stream;
}
