/** A file as text that goes back to the very same bytes. */
import { accessSync, chmodSync, constants, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** The byte order mark, also as its three bytes read one by one. */
const MARKS = ['\uFEFF', '\u00EF\u00BB\u00BF'];

export interface TextFile {
  /** Without the byte order mark. */
  readonly text: string;
  /** The byte order mark, or nothing. */
  readonly mark: string;
  /** A text as bytes, in the encoding of the file. */
  encode(text: string): Uint8Array;
}

/**
 * What is neither UTF-8 nor marked as UTF-16 is read byte by byte: the words that the rules look for are ASCII in any
 * case.
 */
export function decode(bytes: Buffer): TextFile {
  const encoding = encodingOf(bytes);
  const whole = bytes.toString(encoding);
  const mark = MARKS.find((one) => whole.startsWith(one)) ?? '';
  return {
    text: whole.slice(mark.length),
    mark,
    encode: (text) => Buffer.from(text, encoding),
  };
}

function encodingOf(bytes: Buffer): 'utf8' | 'utf16le' | 'latin1' {
  if (bytes[0] === 0xff && bytes[1] === 0xfe && bytes.length % 2 === 0) return 'utf16le';
  const utf8 = bytes.toString('utf8');
  return !utf8.includes('\uFFFD') || Buffer.from(utf8, 'utf8').equals(bytes) ? 'utf8' : 'latin1';
}

/** Whether a word stands in the bytes of a file, in any encoding that is read. */
export const hasWord = (bytes: Buffer, word: string): boolean =>
  bytes.includes(word) || (bytes[0] === 0xff && bytes.includes(Buffer.from(word, 'utf16le')));

/**
 * Writes all or nothing: a file beside it takes its place. A folder where nothing can be made does not stop it, the
 * file is then written over.
 *
 * @param path no link: the file itself
 */
export function replaceFile(path: string, bytes: Uint8Array): void {
  accessSync(path, constants.W_OK);
  const beside = join(dirname(path), `.${basename(path)}.${process.pid}.recloser`);
  try {
    writeFileSync(beside, bytes, { flag: 'wx' });
  } catch (error) {
    if (!['EACCES', 'EPERM'].includes((error as { code?: string }).code ?? '')) {
      rmSync(beside, { force: true });
      throw error;
    }
    writeFileSync(path, bytes);
    return;
  }
  try {
    chmodSync(beside, statSync(path).mode);
    renameSync(beside, path);
  } catch (error) {
    rmSync(beside, { force: true });
    throw error;
  }
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'you have no right to it',
  EPERM: 'you have no right to it',
  EROFS: 'the disk is read-only',
  ENOSPC: 'the disk is full',
  ELOOP: 'the link leads in a circle',
  ENOENT: 'it is not there',
  EMFILE: 'too many files are open',
};

/** Why the system refused, in words. */
export function refusalOf(error: unknown): string {
  const { code = '', message = String(error) } = (error ?? {}) as { code?: string; message?: string };
  return REASONS[code] === undefined ? message : `${REASONS[code]} (${code})`;
}
