/** Characters that a message quotes of a text from outside. */
const LONGEST = 100;

/** A text in quotes, for a message: what is too long for one is cut. */
export function quote(text: string): string {
  return text.length > LONGEST ? `"${text.slice(0, LONGEST)}…"` : `"${text}"`;
}
