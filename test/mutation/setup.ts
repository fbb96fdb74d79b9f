import { beforeEach } from 'vitest';

/** Folders whose tests draw schedules; to load what draws them would cost the others a tenth of a second for each mutant. */
const DRAW = ['core', 'adaptive', 'cli', 'monitor', 'presets'];

if (DRAW.includes(process.env.MUTANTS_OF ?? 'core')) {
  const { default: fc } = await import('fast-check');
  // A mutant need only be found: to shrink the schedule that found it would cost most of the time.
  fc.configureGlobal({ endOnFailure: true });
}

/** What would take seconds for each of the mutants. */
const LEFT_OUT =
  /^(one long-lived signal|10,000 dropped breakers|500 dropped registries|500 breakers|100,000 names|a queue that thousands leave at once)/;

beforeEach(({ task, skip }) => {
  skip(LEFT_OUT.test(task.suite?.name ?? ''), 'no test for mutants');
});
