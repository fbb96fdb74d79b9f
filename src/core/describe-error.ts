import { describe } from './validate.js';

/** Characters of a message that are told. */
const LONGEST = 200;

/**
 * An error in a few words, for a message: its name, its message, cut, and its code; never another member of it, which
 * may be a token or a customer. It never throws, whatever was thrown.
 */
export function describeError(error: unknown): string {
  try {
    if (typeof error !== 'object' || error === null) return describe(error);
    const { name, message, code } = error as Record<'name' | 'message' | 'code', unknown>;
    if (typeof message !== 'string') return describe(error);
    const isWord = typeof code === 'string' || typeof code === 'number';
    const head = typeof name === 'string' && name !== '' ? `${cut(name)}: ` : '';
    return `${head}${cut(message)}${isWord ? ` (${cut(String(code))})` : ''}`;
  } catch {
    return 'something that cannot be read';
  }
}

/** Characters that steer a terminal or a log instead of being shown become spaces. */
function cut(text: string): string {
  const line = text.slice(0, LONGEST).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ');
  return text.length > LONGEST ? `${line}…` : line;
}
