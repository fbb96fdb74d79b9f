import { copyFile, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { defineConfig } from 'tsup';
import { completeModule, typeEntries } from './module-forms.mjs';
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
  dts: { entry: typeEntries(entry) },
  target: 'es2022',
  platform: 'neutral',
  // Deno knows modules of Node as `node:…` alone.
  removeNodeProtocol: false,
  external: [/^node:/],
  // One copy of the core for all entries of a format, so that `instanceof` holds across them.
  splitting: true,
  treeshake: true,
  clean: true,
  // For `nameChunks`.
  metafile: true,
  // The JSON Schemas are shipped as they are; that of simulations points to the one of configurations beside it.
  onSuccess: async () => {
    await copyFile('src/presets/config/config.schema.json', 'dist/config.schema.json');
    await copyFile('src/cli/simulation.schema.json', 'dist/simulation.schema.json');
    await completeModule('dist');
    await nameChunks();
  },
});

interface Metafile {
  readonly outputs: Readonly<Record<string, Output>>;
}

interface Output {
  readonly entryPoint?: string;
  readonly imports: readonly { readonly path: string }[];
  readonly inputs: Readonly<Record<string, { readonly bytesInOutput: number }>>;
}

/** Gives chunks names that a stack trace can be read by, and leaves out what only the command's CommonJS needs: it has none. */
async function nameChunks(): Promise<void> {
  const names = new Map<string, string>();
  for (const format of ['esm', 'cjs']) {
    const file = `dist/metafile-${format}.json`;
    const { outputs }: Metafile = JSON.parse(await readFile(file, 'utf8'));
    await rm(file);
    const needed = format === 'cjs' ? neededByEntries(outputs) : new Set(Object.keys(outputs));
    for (const [path, output] of Object.entries(outputs)) {
      if (!needed.has(path)) await rm(path, { force: true });
      else if (basename(path).startsWith('chunk-'))
        names.set(basename(path), basename(path).replace('chunk', nameOf(output)));
    }
  }

  for (const file of await readdir('dist')) {
    if (!/\.c?js$/.test(file)) continue;
    const code = await readFile(`dist/${file}`, 'utf8');
    const named = code.replace(/\bchunk-\w{8}\.c?js\b/g, (chunk) => names.get(chunk) ?? chunk);
    if (named !== code) await writeFile(`dist/${file}`, named);
    const name = names.get(file);
    if (name !== undefined) await rename(`dist/${file}`, `dist/${name}`);
  }
}

/** What the subpaths load, and what that loads. */
function neededByEntries(outputs: Metafile['outputs']): Set<string> {
  const entries = new Set(Object.values(entry));
  const needed = new Set(Object.keys(outputs).filter((path) => entries.has(outputs[path]?.entryPoint ?? '')));
  for (const path of needed) for (const it of outputs[path]?.imports ?? []) needed.add(it.path);
  return needed;
}

/** After the folder of the largest file in it; what subpaths share of the core, and what commands share, after that file. */
function nameOf({ inputs }: Output): string {
  const sizeOf = (file: string) => inputs[file]?.bytesInOutput ?? 0;
  const largest = Object.keys(inputs).reduce((a, b) => (sizeOf(b) > sizeOf(a) ? b : a), '');
  const [, folder = '', ...rest] = largest.split('/');
  const isShared = folder === 'cli' || (folder === 'core' && !('src/core/circuit.ts' in inputs));
  return isShared ? basename(rest.join('/'), '.ts') : folder;
}
