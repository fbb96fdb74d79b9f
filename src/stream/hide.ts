/**
 * Puts members of its own onto a foreign object, which no loop over its members finds.
 *
 * @returns what takes them away again, but for those that others have put theirs over
 * @throws TypeError for an object that takes none
 */
export function hide(target: object, members: Readonly<Record<PropertyKey, unknown>>): () => void {
  if (!Object.isExtensible(target))
    throw new TypeError('A frozen stream cannot be guarded: read it by `guardStream(breaker, source)`');
  const before = Reflect.ownKeys(members).map(
    (key) => [key, Object.getOwnPropertyDescriptor(target, key)] as const,
  );
  for (const key of Reflect.ownKeys(members)) {
    const value = members[key as string];
    Object.defineProperty(target, key, { value, configurable: true, writable: true, enumerable: false });
  }
  return () => {
    for (const [key, descriptor] of before) {
      if (Object.getOwnPropertyDescriptor(target, key)?.value !== members[key as string]) continue;
      if (descriptor !== undefined) Object.defineProperty(target, key, descriptor);
      else delete (target as Record<PropertyKey, unknown>)[key];
    }
  };
}
