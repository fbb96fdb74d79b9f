/**
 * A server that takes one request after the other. It does not know that somebody has given up waiting: that is how a
 * queue of requests which nobody wants any more keeps it busy after its trouble is over.
 *
 * @param {ReturnType<typeof import('./clock.mjs').simulatedClock>} clock
 * @param {(now: number) => number} rateAt requests that it takes in a second
 */
export function createServer(clock, rateAt) {
  /** @type {(() => void)[]} */
  const queue = [];
  let isBusy = false;

  const next = () => {
    const answer = queue.shift();
    isBusy = answer !== undefined;
    if (answer === undefined) return;
    clock.setTimeout(() => {
      answer();
      next();
    }, 1_000 / rateAt(clock.now()));
  };

  return {
    get waiting() {
      return queue.length;
    },
    request() {
      return new Promise((resolve) => {
        queue.push(() => resolve('answer'));
        if (!isBusy) next();
      });
    },
  };
}
