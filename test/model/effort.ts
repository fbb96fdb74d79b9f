/** How many random cases each property sees; `npm run test:model` asks for more. */
export const RUNS = Number(process.env.MODEL_RUNS ?? 300);

/**
 * Where the cases come from: the same ones each time, so that a test that passed passes again. Any number in
 * `MODEL_SEED` gives others, and `random` those of the day; a failure prints its seed.
 */
const { MODEL_SEED = '1' } = process.env;
export const SEED = MODEL_SEED === 'random' ? {} : { seed: Number(MODEL_SEED) };
