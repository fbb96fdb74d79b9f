import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const src = fileURLToPath(new URL('../../src', import.meta.url));

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  resolve: {
    alias: [
      { find: /^recloser$/, replacement: `${src}/index.ts` },
      { find: /^recloser\/(.+)$/, replacement: `${src}/$1/index.ts` },
    ],
  },
  test: {
    include: ['*.test.ts'],
    globalSetup: ['support/require-prometheus.ts', '../support/install-package.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
