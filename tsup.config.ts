import { copyFile } from 'node:fs/promises';
import { defineConfig } from 'tsup';
import manifest from './package.json' with { type: 'json' };

/** The one list of entries is `exports` of package.json: `.`, `./prometheus` and so on. */
export const subpaths = Object.keys(manifest.exports).filter((key) => !key.endsWith('.json'));

/** `.` is built from src/index.ts, `./name` from src/name/index.ts. */
export const entry = Object.fromEntries(
  subpaths.map((subpath) =>
    subpath === '.' ? ['index', 'src/index.ts'] : [subpath.slice(2), `src/${subpath.slice(2)}/index.ts`],
  ),
);

export default defineConfig({
  // Besides them there is the command of `bin`, which nobody imports: it needs no types.
  entry: { ...entry, cli: 'src/cli/main.ts' },
  format: ['esm', 'cjs'],
  dts: { entry },
  target: 'es2022',
  platform: 'neutral',
  // Deno knows modules of Node as `node:…` alone.
  removeNodeProtocol: false,
  external: [/^node:/],
  // One copy of the core for all entries of a format, so that `instanceof` holds across them.
  splitting: true,
  treeshake: true,
  clean: true,
  // The JSON Schemas are shipped as they are; that of simulations points to the one of configurations beside it.
  onSuccess: async () => {
    await copyFile('src/presets/config/config.schema.json', 'dist/config.schema.json');
    await copyFile('src/cli/simulation.schema.json', 'dist/simulation.schema.json');
  },
});
