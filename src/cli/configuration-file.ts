/** A configuration that is read from a file. */
import { type Surroundings, UsageError } from './answer.js';

/** Why a file cannot be read, by the code of the error. */
const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'this user may not read it',
  EISDIR: 'it is a folder, and a file is needed',
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file',
};

/** What a file holds, or why that is no JSON. */
export type FileContent = { readonly config: unknown } | { readonly problem: string };

/** @throws UsageError if the file cannot be read */
export function readConfiguration(path: string, { readFile }: Surroundings): FileContent {
  const text = readText(path, readFile).replace(/^\uFEFF/, '');
  if (text.trim() === '') return { problem: 'is empty: a configuration without anything is {}' };
  try {
    return { config: JSON.parse(text) };
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
    throw new UsageError(`cannot read "${path}": ${REASONS[code ?? ''] ?? message}`);
  }
}
