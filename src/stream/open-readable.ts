import { afterArrivals } from '../core/timers.js';
import { hide } from './hide.js';
import type { NodeReadable, NodeWritable } from './kinds.js';
import { leftEarly, type Watch } from './watch.js';

/** Node's streams tell what they tell in the turns of the platform, whatever the breaker's clock says. */
const PLATFORM = { now: () => 0 };

/**
 * The same `Readable`, listened to without a listener: one would make it flow, or hide an error that nobody handles. What
 * it tells passes by, and so do those who read it and what it is piped to.
 */
export function openReadable(watch: Watch, stream: NodeReadable): NodeReadable {
  const targets = new Set<NodeWritable>();
  const { emit, read, pipe, destroy } = stream;
  let isWaiting = false;

  const wait = () => {
    if (isWaiting) return;
    isWaiting = true;
    watch.begin();
  };
  const rest = () => {
    isWaiting = false;
    watch.rest();
  };

  /** Node reads 0 bytes to fill its buffer, whether anybody wants them or not. */
  const isWanted = (size: unknown): boolean => {
    if (size !== 0) return true;
    if (stream.readableLength > 0) return false;
    return stream.readableFlowing === true || (watch.items === 0 && stream.listenerCount('readable') > 0);
  };

  const leave = () => {
    watch.left();
    watch.context.abort(leftEarly());
  };

  /** `pipeline` destroys the source with the error of the destination. */
  const isOfTarget = (error: unknown): boolean =>
    [...targets].some(
      (target) =>
        (target.errored != null && target.errored === error) ||
        (target.destroyed && !target.writableFinished),
    );

  const take = (event: string | symbol, [argument]: unknown[]): void => {
    switch (event) {
      case 'data':
        isWaiting = false;
        watch.item();
        return;
      case 'pause': // also where a destination is full
        rest();
        return;
      case 'end':
        rest();
        watch.ended();
        break;
      case 'error':
        rest();
        // Who breaks off reading destroys it so.
        if ((argument as { code?: unknown } | null)?.code === 'ABORT_ERR' || isOfTarget(argument)) leave();
        else watch.failed(argument);
        break;
      case 'close':
        leave();
        break;
      default:
        return;
    }
    restore();
  };

  const restore = hide(stream, {
    emit(this: unknown, event: string | symbol, ...args: unknown[]) {
      if (!watch.isOver) take(event, args);
      return Reflect.apply(emit, stream, [event, ...args]);
    },
    read(this: unknown, ...args: unknown[]) {
      const chunk = Reflect.apply(read, stream, args);
      if (chunk === null && isWanted(args[0])) wait();
      return chunk;
    },
    pipe(this: unknown, target: NodeWritable, ...args: unknown[]) {
      targets.add(target);
      return Reflect.apply(pipe, stream, [target, ...args]);
    },
    destroy(this: unknown, ...args: unknown[]) {
      const answer = Reflect.apply(destroy, stream, args);
      // Not every stream tells of its end. Where it does, that goes first.
      const told = args[0] == null ? 'close' : 'error';
      afterArrivals(PLATFORM, () => watch.isOver || take(told, args));
      return answer;
    },
  });
  watch.onCut = (error) => {
    restore();
    stream.destroy(error);
  };
  return stream;
}
