import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The tests that judge the mutants. Stryker runs them in a copy of the repository, so the paths are this file's own. */
export default defineConfig({
  root,
  resolve: { alias: [{ find: /^recloser$/, replacement: `${root}src/index.ts` }] },
  test: {
    restoreMocks: true,
    isolate: false,
    testTimeout: 30_000,
    setupFiles: 'test/mutation/setup.ts',
    include: [
      'test/core/**/*.test.ts',
      'test/model/{schedules,hostile}.test.ts',
      'test/mutation/load.test.ts',
    ],
    env: { MODEL_RUNS: '50' },
  },
});
