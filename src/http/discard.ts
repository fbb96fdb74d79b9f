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
  read(response as Response, clock).catch(() => {});
}

async function read(response: Response, clock: Clock): Promise<void> {
  // What has no body, or one that somebody reads, throws.
  const body = response.body as ReadableStream<Uint8Array>;
  if (Number(headerOf(response, 'content-length')) > MOST_BYTES) {
    await body.cancel();
    return;
  }
  const reader = body.getReader();
  const cancel = () => {
    reader.cancel().catch(() => {});
  };
  const timer = startTimer(clock, cancel, MOST_TIME, { background: true });
  try {
    for (let bytes = 0; bytes <= MOST_BYTES; ) {
      const { done, value } = await reader.read();
      if (done) return;
      bytes += value.byteLength;
    }
    cancel();
  } finally {
    stopTimer(clock, timer);
  }
}
