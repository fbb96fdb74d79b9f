/** Freezes plain data through and through, so that no user of a table changes it for the others. */
export function freezeDeeply<T>(data: T): T {
  if (typeof data !== 'object' || data === null) return data;
  for (const member of Object.values(data)) freezeDeeply(member);
  return Object.freeze(data);
}
