const OWNERS = [Object, Array, Function, Error, TypeError, Promise, String, Number, Symbol, Map, Set, Date];

const CLEAN = OWNERS.map(({ name, prototype }) => ({
  name,
  prototype,
  members: Object.getOwnPropertyDescriptors<object>(prototype),
}));

/** Members of prototypes that have come, have gone or are not what they were when this was loaded, by name. */
export function pollution(): string[] {
  return CLEAN.flatMap(({ name, prototype, members }) => {
    const keys = new Set([...Reflect.ownKeys(prototype), ...Reflect.ownKeys(members)]);
    const isClean = (key: string | symbol) =>
      isSame(Reflect.getOwnPropertyDescriptor(prototype, key), Reflect.get(members, key));
    return [...keys].filter((key) => !isClean(key)).map((key) => `${name}.prototype.${String(key)}`);
  });
}

function isSame(a: PropertyDescriptor = {}, b: PropertyDescriptor = {}): boolean {
  const parts = ['value', 'get', 'set', 'writable', 'enumerable', 'configurable'] as const;
  return parts.every((part) => Object.is(a[part], b[part]));
}
