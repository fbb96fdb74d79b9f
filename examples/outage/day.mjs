/**
 * The day itself: the server goes from phase to phase, the load goes on, and each second is one row.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { startLoad } from './load.mjs';
import { growthOf, Meter } from './meter.mjs';
import { describeTransition, event, row } from './timeline.mjs';

/** @typedef {readonly (readonly [phase: import('./server.mjs').PhaseName, seconds: number])[]} Day */

/** @typedef {Awaited<ReturnType<typeof liveThrough>>} Figures */

/**
 * Lives through a day, and answers with its figures when all calls have ended.
 *
 * @param {object} setup
 * @param {Day} setup.day
 * @param {number} setup.callsPerSecond
 * @param {Awaited<ReturnType<typeof import('./server.mjs').startServer>>} setup.server
 * @param {ReturnType<typeof import('./clients.mjs').createGuardedClient>} setup.guarded
 * @param {ReturnType<typeof import('./clients.mjs').createPlainClient>} setup.plain
 * @param {(line: string) => void} setup.print
 */
export async function liveThrough({ day, callsPerSecond, server, guarded, plain, print }) {
  const { breaker } = guarded;
  const start = performance.now(); // the clock that the breaker reads, too
  /** @type {import('recloser').Transition[]} */
  const transitions = [];
  breaker.on('transition', (transition) => {
    transitions.push(transition);
    print(event(transition.at - start, describeTransition(transition)));
  });

  const guardedMeter = new Meter();
  const plainMeter = new Meter();
  const takeBreakerLap = growthOf(() => ({ ...breaker.metrics.totals }));
  /** @type {Promise<void>[]} */
  const calls = [];
  const stopLoad = startLoad(callsPerSecond, () => {
    calls.push(plainMeter.measure(plain.getPrice), guardedMeter.measure(guarded.getPrice));
  });

  const startOf = /** @type {Record<import('./server.mjs').PhaseName, number>} */ ({});
  let second = 0;
  try {
    for (const [phase, seconds] of day) {
      startOf[phase] = performance.now();
      print(event(startOf[phase] - start, `The server ${server.enter(phase)}`));

      for (const end = second + seconds; second < end; ) {
        second++;
        await sleep(Math.max(start + second * 1_000 - performance.now(), 0));
        const [guarded, plain] = [guardedMeter.takeLap(), plainMeter.takeLap()];
        print(row({ second, state: breaker.state, breaker: takeBreakerLap(), guarded, plain }));
      }
    }
  } finally {
    stopLoad();
  }

  await Promise.all(calls);
  return {
    startOf,
    transitions,
    totals: breaker.metrics.totals,
    guarded: guardedMeter,
    plain: plainMeter,
    reachedFailing: { guarded: server.failedCallsOf('guarded'), plain: server.failedCallsOf('plain') },
  };
}
