/**
 * Runs something at an interval that keeps neither the process alive, where the runtime lets it, nor the target in
 * memory: it ends by itself when nobody else holds the target.
 *
 * @param every milliseconds
 * @returns a function that ends it
 */
export function startInterval<Target extends object>(
  every: number,
  target: Target,
  run: (target: Target) => void,
): () => void {
  const held = new WeakRef(target);
  const timer = setInterval(() => {
    const present = held.deref();
    if (present === undefined) clearInterval(timer);
    else run(present);
  }, every);
  letGo(timer);
  return () => clearInterval(timer);
}

/** Runs something when others have had their turn, unless the process ends before. */
export function runSoon(run: () => void): void {
  letGo(setTimeout(run, 0));
}

/** Node and Bun have timers that are objects, Deno has numbers; browsers and workers know nothing of the kind. */
function letGo(timer: unknown): void {
  if (typeof timer === 'object') (timer as { unref?(): void }).unref?.();
  else (globalThis as { Deno?: { unrefTimer?(timer: unknown): void } }).Deno?.unrefTimer?.(timer);
}
