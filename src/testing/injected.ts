import { processWide } from '../core/process-wide.js';

/** One for all copies of the package. */
const shared = () => processWide('injected', 1, () => ({ injected: new WeakSet<object>(), isWarned: false }));

const isObject = (it: unknown): it is object =>
  (typeof it === 'object' && it !== null) || typeof it === 'function';

/** Keeps in mind that chaos has made this. */
export function markInjected<T>(it: T): T {
  if (isObject(it)) shared().injected.add(it);
  return it;
}

/** Whether it is the first time in this process. */
export function isFirstWarning(): boolean {
  const isFirst = !shared().isWarned;
  shared().isWarned = true;
  return isFirst;
}

/** Links of causes that are followed. */
const MOST_LINKS = 32;

/**
 * Whether chaos has injected this, an error or any other object, or one of its causes; whichever copy of the package it
 * was. It never throws, whatever it is given.
 */
export function isInjected(it: unknown): boolean {
  try {
    let link = it;
    for (let links = 0; links < MOST_LINKS && isObject(link); links++) {
      if (shared().injected.has(link)) return true;
      link = (link as { cause?: unknown }).cause;
    }
  } catch {
    // its getters throw
  }
  return false;
}
