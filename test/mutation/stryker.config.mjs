/** What Stryker changes, and where: `src/core`, or the folder that `run.mjs` was asked for. */
const of = process.env.MUTANTS_OF ?? 'core';

/**
 * What the tests of a folder need of the repository, beside the sources and all tests: those of one folder use what others
 * bring, and a file that cannot be loaded would pass for one without tests.
 *
 * @type {Record<string, readonly string[]>}
 */
const NEEDS = {
  resilience: ['!/examples', '/examples/*', '!/examples/storm'],
  adaptive: ['!/bench', '/bench/*', '!/bench/simulations'],
};

const GOAL = { core: 95, testing: 92, adaptive: 90, redis: 90 }[of] ?? 93;

export default {
  mutate: [`src/${of}/**/*.ts`],
  ignorePatterns: [
    '/*',
    '!/src',
    '!/test',
    ...(NEEDS[of] ?? []),
    '!/package.json',
    '!/tsconfig.json',
    '/test/mutation/.stryker',
  ],
  testRunner: 'vitest',
  vitest: { configFile: 'test/mutation/vitest.config.ts', related: false },
  coverageAnalysis: 'perTest',
  // Vitest checks no types.
  disableTypeChecks: false,
  concurrency: 2,
  incremental: true,
  incrementalFile: `test/mutation/.stryker/incremental-${of}.json`,
  tempDirName: 'test/mutation/.stryker/sandboxes',
  reporters: ['progress-append-only', 'clear-text', 'json', 'html'],
  jsonReporter: { fileName: 'test/mutation/.stryker/report.json' },
  htmlReporter: { fileName: 'test/mutation/.stryker/report.html' },
  // Goals of the folders, in percent.
  thresholds: { high: 98, low: GOAL, break: GOAL },
  clearTextReporter: { allowColor: false, reportTests: false, logTests: false, allowEmojis: false },
};
