/** A configuration that is read from a file. */
import { type Surroundings, UsageError } from './answer.js';

/** What a file holds, or why that is no JSON. */
export type FileContent = { readonly config: unknown } | { readonly problem: string };

/** @throws UsageError if the file cannot be read */
export function readConfiguration(path: string, { readFile }: Surroundings): FileContent {
  const text = readText(path, readFile);
  try {
    return { config: JSON.parse(text.replace(/^\uFEFF/, '')) };
  } catch (error) {
    return { problem: `is no JSON: ${(error as Error).message}` };
  }
}

/** @throws UsageError if the file cannot be read */
export function readText(path: string, readFile: Surroundings['readFile']): string {
  try {
    return readFile(path);
  } catch (error) {
    const { code, message } = error as { readonly code?: string; readonly message: string };
    throw new UsageError(`cannot read "${path}": ${code === 'ENOENT' ? 'there is no such file' : message}`);
  }
}
