/** A body that is watched while it is read: a stream that asks the platform's for a chunk when one is wanted. */
import type { Reading } from './reading.js';

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

/** Looking at it takes nothing, and leaves the source unlocked until somebody reads. */
export function watchBody(source: ReadableStream<Uint8Array>, reading: Reading): ReadableStream<Uint8Array> {
  const isBytes = !source.locked && hasBytes(source);
  let reader: Reader | undefined;

  const close = (controller: Controller) => {
    controller.close();
    // A reader that has handed in a buffer gets it back, empty.
    if (isBytes) controller.byobRequest?.respond(0);
    reading.ended();
  };

  const pull = (controller: Controller) =>
    new Promise<void>((resolve) => {
      reader ??= source.getReader();
      let isCut = false;
      const stop = reading.waitForChunk((error) => {
        isCut = true;
        controller.error(error);
        resolve();
        reader?.cancel(error).catch(() => {});
      });
      const take = (from: Reader): void => {
        from.read().then(
          ({ done, value }) => {
            if (isCut) return;
            if (!done && isBytes && value.byteLength === 0) {
              take(from);
              return;
            }
            stop();
            if (done) close(controller);
            else controller.enqueue(value);
            resolve();
          },
          (error) => {
            if (isCut) return;
            stop();
            reading.broke(error);
            controller.error(error);
            resolve();
          },
        );
      };
      take(reader);
    });

  const cancel = (reason: unknown) => {
    reading.ended();
    return reader === undefined ? source.cancel(reason) : reader.cancel(reason);
  };

  const underlying = { pull, cancel, ...(isBytes && { type: 'bytes' }) };
  return new ReadableStream(underlying as never, { highWaterMark: 0 });
}
