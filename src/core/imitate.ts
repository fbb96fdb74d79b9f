/** Makes a wrapper look like what it wraps: the same name, the same length. */
export function imitate<Wrapper extends object>(
  fn: { name: string; length: number },
  wrapper: Wrapper,
): Wrapper {
  for (const key of ['name', 'length'] as const) {
    Object.defineProperty(wrapper, key, { value: fn[key], configurable: true });
  }
  return wrapper;
}
