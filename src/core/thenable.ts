/**
 * Whether something can be awaited: by its `then`, since a promise may be of another realm or another library.
 * It never throws, whatever it is given.
 */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  if ((typeof value !== 'object' || value === null) && typeof value !== 'function') return false;
  try {
    return typeof (value as Partial<PromiseLike<unknown>>).then === 'function';
  } catch {
    return false;
  }
}
