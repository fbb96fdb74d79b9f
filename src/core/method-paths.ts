/** Paths to methods inside a client, such as `chat.completions.create`. */
import { namesOf } from './method-kind.js';

/** How deep and how far methods are looked for, to say which one was meant. */
const DEEPEST = 4;
const MOST_PATHS = 1_000;

/** What there is at a path, and the name on it, if there is one, of a member that cannot be replaced. */
export function followPath(client: object, path: string): { value: unknown; fixed: string | undefined } {
  let value: unknown = client;
  let fixed: string | undefined;
  for (const key of Reflect.has(client, path) ? [path] : path.split('.')) {
    if (value === undefined || value === null) return { value: undefined, fixed };
    if (isFixed(Object(value), key)) fixed = key;
    value = Reflect.get(Object(value), key, value);
  }
  return { value, fixed };
}

/** Whether a member is one that a proxy must answer as it is. */
export function isFixed(target: object, key: PropertyKey): boolean {
  const own = Reflect.getOwnPropertyDescriptor(target, key);
  return own !== undefined && !own.configurable && !own.writable && own.get === undefined;
}

/** The beginnings of paths: those of the objects on the way. */
export function prefixesOf(paths: Iterable<string>): Set<string> {
  const prefixes = new Set<string>();
  for (const path of paths) {
    for (let dot = path.indexOf('.'); dot !== -1; dot = path.indexOf('.', dot + 1))
      prefixes.add(path.slice(0, dot));
  }
  return prefixes;
}

/** The paths to the methods that there are, the shallow ones first. */
export function pathsIn(client: object): string[] {
  const paths: string[] = [];
  const seen = new Set<unknown>([client]);
  let level: [string, object][] = [['', client]];
  for (let depth = 0; depth < DEEPEST && paths.length < MOST_PATHS; depth++) {
    const next: [string, object][] = [];
    for (const [path, object] of level) {
      try {
        for (const [name, member] of membersOf(object)) {
          if (typeof member === 'function' && name !== 'constructor') paths.push(path + name);
          if (typeof member !== 'object' || seen.has(member)) continue;
          seen.add(member);
          next.push([`${path}${name}.`, member as object]);
        }
      } catch {} // a getter throws: what is in there cannot be told
    }
    level = next;
  }
  return paths;
}

function membersOf(object: object): [string, unknown][] {
  return namesOf(object).map((name) => [name, Reflect.get(object, name)]);
}
