import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hold, RUNS } from './effort.js';
import { configs, listenings, runSchedule, steps } from './schedules.js';
import { SimulatedTime } from './simulated-time.js';

/** A schedule that never comes there proves nothing about it. */
const EVERYTHING = [
  ...['consecutive-failures', 'failure-rate', 'slow-call-rate', 'should-trip', 'tripped', 'probing'],
  ...['probe-failed', 'probe-slow', 'probe-expired', 'recovered', 'forced', 'reset', 'restored'],
  ...['shared', 'detector'],
]
  .map((reason) => `transition ${reason}`)
  .concat(['open', 'half-open', 'forced-open', 'concurrency', 'ramp'].map((reason) => `reject ${reason}`))
  .concat('success', 'failure', 'ignore', 'fallback', 'mode', 'late result')
  .concat('wait', 'nested', 'own rejection', 'arrival');

describe('a breaker under random schedules', () => {
  test('does what the model says after every step, and heals in the end', { timeout: 600_000 }, async () => {
    const seen = new Map<string, number>();

    await hold(
      fc.asyncProperty(
        configs,
        listenings,
        fc.commands(steps, { maxCommands: 60, size: 'max' }),
        fc.constantFrom('call' as const, 'callSync' as const),
        async (config, listening, schedule, healBy) => {
          const world = await runSchedule(new SimulatedTime(), config, listening, schedule, healBy);
          for (const [what, times] of world.seen) seen.set(what, (seen.get(what) ?? 0) + times);
        },
      ),
    );

    if (process.env.MODEL_FIGURES) console.log(Object.fromEntries([...seen].sort()));
    if (RUNS >= 300) expect(EVERYTHING.filter((what) => !seen.has(what))).toEqual([]);
  });
});
