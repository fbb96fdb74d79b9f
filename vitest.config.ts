import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** What takes longest, by far: `npm run test:docs` and `npm run test:model`. */
const LONG = ['test/docs/snippets.test.ts', 'test/model/exploration.test.ts'];

/**
 * What fills the stack has a thread to itself: where the overflow comes in the midst of the platform's own code, its timers
 * may never fire again, and whatever runs there next would wait for ever.
 */
const OVERFLOW = ['test/{core,model,resilience}/overflow.test.ts'];

const src = fileURLToPath(new URL('./src', import.meta.url));

export default defineConfig({
  resolve: {
    alias: [
      { find: /^recloser$/, replacement: `${src}/index.ts` },
      { find: /^recloser\/(.+)$/, replacement: `${src}/$1/index.ts` },
    ],
  },
  test: {
    restoreMocks: true,
    // A test that looks at nothing cannot fail.
    expect: { requireAssertions: true },
    setupFiles: [fileURLToPath(new URL('./test/support/one-copy.ts', import.meta.url))],
    // Files share a thread's modules: starting anew for each would take longer than the tests. None relies on the other.
    pool: 'threads',
    isolate: false,
    // Vitest would leave a core to itself, which of two is half.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    // Generous, for machines that are busy: no test waits for time to pass.
    testTimeout: 30_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'src',
          include: ['test/**/*.test.ts'],
          exclude: [
            '**/node_modules/**',
            ...LONG,
            ...OVERFLOW,
            'test/{clients,compilers,dashboard/browser,mutation,observability,package,soak,cli/migrate/cases}/**',
          ],
        },
      },
      { extends: true, test: { name: 'overflow', include: OVERFLOW, isolate: true } },
      { extends: true, test: { name: 'long', include: LONG } },
      {
        extends: true,
        test: {
          name: 'package',
          include: ['test/package/**/*.test.ts'],
          globalSetup: 'test/support/install-package.ts',
        },
      },
    ],
  },
});
