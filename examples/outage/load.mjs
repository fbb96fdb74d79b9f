/**
 * Customers arrive at random, on average `perSecond` of them, and do not care how the ones before them fare: an open
 * loop. A late timer is made up for, so that a busy machine changes nothing.
 *
 * @param {number} perSecond
 * @param {() => void} arrive
 * @returns {() => void} stops it
 */
export function startLoad(perSecond, arrive) {
  let due = performance.now();
  /** @type {NodeJS.Timeout} */
  let timer;

  const awaitNext = () => {
    due += (-Math.log(1 - Math.random()) * 1_000) / perSecond; // the gaps of a Poisson process
    const gap = Math.max(due - performance.now(), 0);
    timer = setTimeout(() => {
      awaitNext();
      arrive();
    }, gap);
  };

  awaitNext();
  return () => clearTimeout(timer);
}
