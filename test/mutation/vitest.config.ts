import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The tests that judge the mutants of a folder, where they are not all of the folder of its name. */
const TESTS: Readonly<Record<string, readonly string[]>> = {
  core: ['test/core/**/*.test.ts', 'test/model/{schedules,hostile,doors}.test.ts'],
  // A full stack is another matter, and so are figures of many calls: they take seconds.
  resilience: ['test/resilience/**/!(overflow|hedge-figures).test.ts'],
  // So are hours of simulated traffic.
  adaptive: ['test/adaptive/!(simulations).test.ts'],
};

/** Milliseconds that a single test of a folder may take, where it is more than usual. */
const SLOW: Readonly<Record<string, number>> = {
  core: 30_000,
  resilience: 5_000,
  testing: 8_000,
  adaptive: 10_000,
};

const of = process.env.MUTANTS_OF ?? 'core';

/** Stryker runs them in a copy of the repository, so the paths are this file's own. */
export default defineConfig({
  root,
  resolve: {
    alias: [
      { find: /^recloser$/, replacement: `${root}src/index.ts` },
      { find: /^recloser\/(.+)$/, replacement: `${root}src/$1/index.ts` },
    ],
  },
  test: {
    restoreMocks: true,
    isolate: false,
    // A mutant that hangs is found by a test that fails; for one that Stryker must stop, it starts anew.
    testTimeout: SLOW[of] ?? 1_500,
    hookTimeout: SLOW[of] ?? 1_500,
    setupFiles: ['test/support/one-copy.ts', 'test/mutation/setup.ts'],
    include: [...(TESTS[of] ?? [`test/${of}/**/*.test.ts`]), 'test/mutation/load.test.ts'],
    // Configuration reads every variable that begins so, and knows none of this name.
    env: { MODEL_RUNS: '50', ...(of === 'resilience' && { RECLOSER_SCHEDULES: '600' }) },
  },
});
