/** Characters that steer a terminal or a log instead of being shown: controls, line ends, turned directions. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+/gu;

/**
 * A text from outside on one line, with nothing in it that steers a terminal, cut to `longest` characters. It is a
 * copy: a slice would keep the whole of a long text in memory.
 */
export function oneLine(text: string, longest: number): string {
  // One character of a text may be two of its units, and a run of unprintable ones becomes one space.
  const start = text.slice(0, 4 * longest).replace(UNPRINTABLE, ' ');
  const characters = Array.from(start);
  if (characters.length <= longest && text.length <= 4 * longest) return characters.join('');
  return `${characters.slice(0, longest - 1).join('')}…`;
}

/** A share in words: `60 %`, `33.3 %`. */
export function percent(share: number): string {
  return `${round(share * 100)} %`;
}

/** A number with at most one decimal; one of the first two that count, where it is less than 1. */
export function round(value: number): number {
  return Math.abs(value) < 1 ? Number(value.toPrecision(2)) : Math.round(value * 10) / 10;
}

/** A number with at most two decimals, and a comma between thousands: `1,204`, `18.06`. */
export function grouped(value: number): string {
  const [whole = '', decimals] = String(Math.round(value * 100) / 100).split('.');
  if (!/^-?\d+$/.test(whole)) return String(value);
  const thousands = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return decimals === undefined ? thousands : `${thousands}.${decimals.padEnd(2, '0')}`;
}

/** `1 call`, `2 calls`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** Rows as columns of equal width, two spaces apart; what is last is not padded. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
