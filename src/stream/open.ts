import { type AnyStream, isReadable, isWebStream } from './kinds.js';
import { openIterable } from './open-iterable.js';
import { openReadable } from './open-readable.js';
import { openWebStream } from './open-web-stream.js';
import type { Watch } from './watch.js';

/**
 * The stream, watched, of the kind that it is.
 *
 * @throws TypeError for one that nothing can be put onto
 */
export function openStream(watch: Watch, stream: AnyStream): AnyStream {
  if (stream === null) {
    watch.ended();
    return null;
  }
  if (isWebStream(stream)) return openWebStream(watch, stream);
  return isReadable(stream) ? openReadable(watch, stream) : openIterable(watch, stream);
}
