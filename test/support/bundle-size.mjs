/** What a part of the package costs those who bundle it. */
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

/**
 * The bytes of what somebody imports from the package, bundled, minified and gzipped, and how many minified bytes
 * come from each file.
 *
 * @param {string} imports as in an import statement: `{ CircuitBreaker }` or `*`
 * @param {string} from a package, as seen from `folder`, or a path
 * @param {string} folder
 */
export async function bundleSize(imports, from, folder) {
  const { outputFiles, metafile } = await build({
    stdin: { contents: `export ${imports} from '${from}';`, resolveDir: folder },
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    external: ['node:*'],
    metafile: true,
    write: false,
    outfile: 'bundle.js',
    logLevel: 'silent',
  });
  const bundle = outputFiles[0]?.contents ?? new Uint8Array();
  const files = Object.entries(metafile.outputs['bundle.js']?.inputs ?? {});
  return {
    minified: bundle.length,
    gzipped: gzipSync(bundle, { level: 9 }).length,
    files: files
      .map(([path, { bytesInOutput }]) => ({ path, bytes: bytesInOutput }))
      .filter(({ bytes }) => bytes > 0)
      .sort((a, b) => b.bytes - a.bytes),
  };
}
