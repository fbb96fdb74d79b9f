/** What becomes of a response that is thrown away: its connection comes back. */
import { startTimer, stopTimer } from '../core/timers.js';
import type { Clock } from '../index.js';
import { headerOf } from './headers.js';

/** Bytes up to which it costs less to read a body than to open another connection. */
const MOST_BYTES = 65_536;

/** Milliseconds that reading it may take. */
const MOST_TIME = 1_000;

/** Reads what is left of a small body, and cancels any other. It never throws. */
export function discardResponse(response: unknown, clock: Clock): void {
  read(response as { body?: unknown }, clock).catch(() => {});
}

/** A body of the platform, a stream of Node where node-fetch or axios has answered one. */
interface Body extends ReadableStream<Uint8Array>, AsyncIterable<Uint8Array> {
  destroy?(): void;
}

interface Chunks {
  next(): Promise<{ done?: boolean; value?: Uint8Array | undefined }>;
  cancel(): void;
}

function chunksOf(body: Body): Chunks {
  if (typeof body.getReader === 'function') {
    const reader = body.getReader();
    return { next: () => reader.read(), cancel: () => void reader.cancel().catch(() => {}) };
  }
  const iterator = body[Symbol.asyncIterator]();
  return { next: () => iterator.next(), cancel: () => body.destroy?.() };
}

async function read(response: { body?: unknown; data?: unknown }, clock: Clock): Promise<void> {
  // What has no body, or one that somebody reads, throws.
  const { next, cancel } = chunksOf((response.body ?? response.data) as Body);
  if (Number(headerOf(response, 'content-length')) > MOST_BYTES) {
    cancel();
    return;
  }
  const timer = startTimer(clock, cancel, MOST_TIME, { background: true });
  try {
    for (let bytes = 0; bytes <= MOST_BYTES; ) {
      const { value } = await next();
      if (value === undefined) return;
      bytes += value.length;
    }
    cancel();
  } finally {
    stopTimer(clock, timer);
  }
}
