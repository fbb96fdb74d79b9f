/**
 * Files share a thread, and some load the package again: what there is once in a process must be of the copy that a file
 * has loaded.
 */
for (const symbol of Object.getOwnPropertySymbols(globalThis)) {
  if (symbol.description?.startsWith('recloser.')) Reflect.deleteProperty(globalThis, symbol);
}
