/** What the breaker saved, once the day is over: figures become lines of at most 80 characters. */

/** @param {import('./day.mjs').Figures} figures */
export function summary({ totals, guarded, plain, reachedFailing, transitions, startOf }) {
  return [
    line('', 'with a breaker', 'without'),
    line('calls', guarded.calls, plain.calls),
    line('answered with a fresh price', totals.successes, plain.ok),
    line('answered with the last known price', totals.fallbacks, '-'),
    line('answered with an error', guarded.failed, plain.failed),
    line('calls that reached the failing server', reachedFailing.guarded, reachedFailing.plain),
    line('time that callers waited in all', duration(guarded.waited), duration(plain.waited)),
    line('longest wait', duration(guarded.longestWait), duration(plain.longestWait)),
    line('from the outage until it opened', timeUntil('OPEN', transitions, startOf.outage), '-'),
    line('from the recovery until it closed', timeUntil('CLOSED', transitions, startOf.recovered), '-'),
  ];
}

/**
 * @param {string} what
 * @param {string | number} guarded
 * @param {string | number} plain
 */
function line(what, guarded, plain) {
  return what.padEnd(40) + String(guarded).padStart(16) + String(plain).padStart(12);
}

/**
 * How long after a moment the circuit first came into a state, in words.
 *
 * @param {import('recloser').CircuitState} state
 * @param {readonly Pick<import('recloser').Transition, 'to' | 'at'>[]} transitions
 * @param {number} moment a reading of the breaker's clock
 */
export function timeUntil(state, transitions, moment) {
  const transition = transitions.find(({ to, at }) => to === state && at >= moment);
  return transition === undefined ? 'never' : duration(transition.at - moment);
}

/** @param {number} ms */
function duration(ms) {
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`;
}
