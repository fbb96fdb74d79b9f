import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

// Taken before a test can put fake timers in their place.
const { setImmediate } = globalThis;

setFlagsFromString('--expose-gc');
/** @type {() => void} */
const gc = runInNewContext('gc');

/** Collects what nobody holds; what the present turn has looked at through a WeakRef is held until it ends. */
export async function collectGarbage() {
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  gc();
}
