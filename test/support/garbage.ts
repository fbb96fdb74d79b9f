import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { quiet } from './runtime.js';

/** Collects what nobody holds; what the present turn has looked at through a WeakRef is held until it ends. */
export async function collectGarbage(): Promise<void> {
  await quiet();
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
}
