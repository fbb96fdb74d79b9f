/** Five instances of a service, each with breakers and a fleet of its own, and a dependency that has weather. */
import { CircuitBreakerRegistry } from 'recloser';
import { shareState } from 'recloser/redis';

/** From which second on the dependency is how: the share of calls that fail. */
export const WEATHER = [
  { name: 'fair', from: 0, failing: 0 },
  { name: 'storm', from: 3, failing: 1 },
  { name: 'fair again', from: 8, failing: 0 },
];

export const SECONDS = 16;

/** Some instances have more to do than others: tenths of a second between two calls of each. */
const PERIODS = [1, 2, 4, 10, 20];

/**
 * @typedef {{ second: number, weather: string, states: string, failed: number, rejected: number, words: string }} Second
 * @typedef {import('recloser/redis').FleetOptions} FleetOptions
 * @typedef {() => Promise<Pick<FleetOptions, 'client' | 'subscribe'>>} Connect
 */

/** @param {Second} second */
export const row = ({ second, weather, states, failed, rejected, words }) =>
  [
    String(second).padStart(4),
    `  ${weather.padEnd(13)}`,
    `  ${states}`,
    String(failed).padStart(9),
    String(rejected).padStart(10),
    `  ${words}`,
  ].join('');

/** @param {{ connect: Connect, tell(second: Second): void, seconds?: number }} how */
export async function runFleet({ connect, tell, seconds = SECONDS }) {
  let failing = 0;
  const instances = await Promise.all(
    Array.from({ length: 5 }, async () => {
      const breakers = new CircuitBreakerRegistry({
        defaults: { failureThreshold: 4, recoveryTimeout: 3_000, halfOpenMaxCalls: 1, successThreshold: 3 },
      });
      const fleet = shareState(breakers, { ...(await connect()), namespace: 'example', pollInterval: 500 });
      return { fleet, breaker: breakers.getOrCreate('payments') };
    }),
  );
  const first = /** @type {(typeof instances)[0]} */ (instances[0]);
  let failed = 0;
  let rejected = 0;
  const call = async (/** @type {(typeof instances)[0]} */ { breaker }) => {
    const result = await breaker.tryCall(async () => {
      if (Math.random() < failing) throw new Error('the dependency is down');
    });
    if (!result.ok) result.rejected ? rejected++ : failed++;
  };
  try {
    await Promise.all(instances.map(({ fleet }) => fleet.ready));
    for (let second = 0; second < seconds; second++) {
      const weather = /** @type {(typeof WEATHER)[0]} */ (
        WEATHER.filter(({ from }) => from <= second).at(-1)
      );
      failing = weather.failing;
      for (let tenth = 0; tenth < 10; tenth++) {
        for (const [index, instance] of instances.entries())
          if ((second * 10 + tenth) % (PERIODS[index] ?? 1) === 0) void call(instance);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      const states = instances.map(({ breaker: { state, metrics } }) => {
        const letter = /** @type {string} */ (state[0]);
        return state === 'CLOSED' || metrics.shared ? letter : letter.toLowerCase();
      });
      const view = first.fleet.status().breakers.payments;
      const words = view === undefined ? 'closed' : `${view.state.toLowerCase()} (${view.words})`;
      tell({ second, weather: weather.name, states: states.join(' '), failed, rejected, words });
      failed = 0;
      rejected = 0;
    }
  } finally {
    await Promise.all(instances.map(({ fleet }) => fleet.stop()));
  }
  return instances.map(({ breaker }) => breaker.state);
}
