/** Characters that a message quotes of a text from outside. */
const LONGEST = 100;

/** What `JSON.stringify` leaves as it is, though it ends a line, steers a terminal or turns the direction of reading. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** What most names are made of: it needs no escape, and finding that out costs a rejection next to nothing. */
const PLAIN = /^[\w .:/@-]*$/;

/**
 * A text in quotes, for a message: on one line, whatever is in it, and cut if it is too long. Names may come from
 * outside: one with a line end in it would forge a line of a log.
 */
export function quote(text: string, longest = LONGEST): string {
  if (text.length <= longest && PLAIN.test(text)) return `"${text}"`;
  const cut = text.length > longest ? `${text.slice(0, longest)}…` : text;
  return JSON.stringify(cut).replace(
    UNSEEN,
    (it) => `\\u${it.codePointAt(0)?.toString(16).padStart(4, '0')}`,
  );
}
