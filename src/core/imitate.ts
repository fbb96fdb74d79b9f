const imitations = /* @__PURE__ */ new WeakSet<object>();

/** Makes a function with a breaker look like what it wraps: the same name, the same length. */
export function imitate<Wrapper extends object>(
  fn: { name: string; length: number },
  wrapper: Wrapper,
): Wrapper {
  for (const key of ['name', 'length'] as const) {
    Object.defineProperty(wrapper, key, { value: fn[key], configurable: true });
  }
  imitations.add(wrapper);
  return wrapper;
}

/** Whether a function has a breaker already. */
export function isImitation(fn: object): boolean {
  return imitations.has(fn);
}
