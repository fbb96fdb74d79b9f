import { readNumber, readText } from './fields.js';
import type { Rule, Verdict } from './judge.js';

/** Result codes by which the file, the disk or the memory gave no sound answer. https://www.sqlite.org/rescode.html */
const UNWELL: Readonly<Record<string, number>> = {
  INTERNAL: 2,
  BUSY: 5,
  LOCKED: 6,
  NOMEM: 7,
  READONLY: 8,
  IOERR: 10,
  CORRUPT: 11,
  FULL: 13,
  CANTOPEN: 14,
  PROTOCOL: 15,
  NOLFS: 22,
  NOTADB: 26,
};

/** The statement is wrong. */
const ERROR = 1;

/** The caller's own `interrupt()`. */
const INTERRUPT = 9;

/** SQLite: better-sqlite3, sqlite3, libSQL and Bun have its words, Node its numbers; D1 and sql.js their messages alone. */
export const sqlite: Rule = (error) => {
  const code = readText(error, 'code') ?? '';
  const number = readNumber(error, 'errcode');
  if (code === 'ERR_SQLITE_ERROR' && number !== undefined) return judgeNumber(number & 0xff);
  const message = readText(error, 'message') ?? '';
  const word =
    /^SQLITE_([A-Z]+)/.exec(code) ?? (/^D1_/.test(message) ? /SQLITE_([A-Z]+)/.exec(message) : null);
  if (word === null) return / constraint failed: /.test(message) ? false : undefined;
  return judgeNumber(word[1] === 'INTERRUPT' ? INTERRUPT : (UNWELL[word[1] as string] ?? ERROR));
};

function judgeNumber(primary: number): Verdict {
  return primary === INTERRUPT ? 'ignore' : Object.values(UNWELL).includes(primary);
}
