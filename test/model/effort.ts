import fc from 'fast-check';

/** How many random cases each property sees; `npm run test:model` asks for more. */
export const RUNS = Number(process.env.MODEL_RUNS ?? 300);

/**
 * Where the cases come from: the same ones each time, so that a test that passed passes again. Any number in
 * `MODEL_SEED` gives others, and `random` those of the day.
 */
const { MODEL_SEED = '1' } = process.env;
const SEED = MODEL_SEED === 'random' ? {} : { seed: Number(MODEL_SEED) };

/** Holds a property against random cases. A failure tells the case, shrunk, and how to come to it again. */
export async function hold<T>(property: fc.IAsyncProperty<T>): Promise<void> {
  const found = await fc.check(property, { numRuns: RUNS, ...SEED });
  if (!found.failed) return;
  const again = `MODEL_SEED=${found.seed} MODEL_RUNS=${found.numRuns} npm run test:model`;
  throw new Error(`${await fc.asyncDefaultReportMessage(found)}\n\nAgain: ${again}`, {
    cause: found.errorInstance,
  });
}
