import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

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
    // Generous, for machines that are busy: no test waits for time to pass.
    testTimeout: 30_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'src',
          include: ['test/**/*.test.ts'],
          exclude: ['test/package/**'],
          typecheck: {
            enabled: true,
            include: ['test/types/**/*.test-d.ts'],
            tsconfig: 'test/tsconfig.json',
          },
        },
      },
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
