/** By how much this process comes late: what timers cannot be blamed for. */

const BEAT = 10;
const FORGET = 2_000;

/** Starts to watch. `lag` is in ms: the most in the last seconds, and what is passing right now. */
export function startPulse() {
  let last = performance.now();
  let recent = 0;
  let before = 0;
  const beat = setInterval(() => {
    const now = performance.now();
    recent = Math.max(recent, now - last - BEAT);
    last = now;
  }, BEAT);
  const forget = setInterval(() => {
    before = recent;
    recent = 0;
  }, FORGET);
  return {
    lag: () => Math.max(before, recent, performance.now() - last),
    stop() {
      clearInterval(beat);
      clearInterval(forget);
    },
  };
}
