import { GuardedIterator } from './guarded-iterator.js';
import { hide } from './hide.js';
import { endStream } from './kinds.js';
import type { Watch } from './watch.js';

type Members = Record<PropertyKey, unknown>;

/**
 * The same object, whose iterators are watched; one that is its own iterator, as a generator is, is read through its
 * own methods. Iterators of one object share one outcome.
 *
 * @throws TypeError for an object that takes no members
 */
export function openIterable(watch: Watch, stream: AsyncIterable<unknown>): AsyncIterable<unknown> {
  const own = stream as AsyncIterable<unknown> & Partial<AsyncIterator<unknown>> & { iterator?: unknown };
  const readers = new Set<GuardedIterator>();
  watch.onCut = (error) => {
    for (const reader of readers) reader.cut(error);
    if (readers.size === 0) endStream(stream, undefined, error);
  };
  const guard = (iterator: AsyncIterator<unknown>): GuardedIterator => {
    const reader = new GuardedIterator(watch, iterator);
    readers.add(reader);
    const cutBy = watch.cutBy;
    if (cutBy !== undefined) reader.cut(cutBy.error);
    return reader;
  };
  const members: Members = {};
  if (typeof own.next === 'function') {
    const { next, return: end, throw: fail } = own;
    const reader = guard({
      next: (...args) => Reflect.apply(next, stream, args),
      ...(end && { return: (...args: [unknown?]) => Reflect.apply(end, stream, args) }),
      ...(fail && { throw: (...args: [unknown?]) => Reflect.apply(fail, stream, args) }),
    });
    members.next = (...args: [unknown?]) => reader.next(...args);
    // Whoever breaks off says so by it alone.
    members.return = (value?: unknown) => reader.return(value);
    if (fail) members.throw = (error?: unknown) => reader.throw(error);
    members[Symbol.asyncIterator] = () => stream;
  } else {
    const iterate = stream[Symbol.asyncIterator];
    members[Symbol.asyncIterator] = () => guard(iterate.call(stream));
    const { iterator } = own;
    // The streams of model providers have their iterator there, which `tee()` and others go by.
    if (Object.hasOwn(own, 'iterator') && typeof iterator === 'function') {
      members.iterator = () => guard(iterator.call(stream));
      // `[Symbol.asyncIterator]` asks for the other one, and nothing is to be watched twice.
      members[Symbol.asyncIterator] = members.iterator;
    }
  }
  hide(stream, members);
  return stream;
}
