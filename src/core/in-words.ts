const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Milliseconds in words: `450 ms`, `12.3 s`, `3 min 20 s`, `2 h 5 min`, `4 d 3 h`. */
export function inWords(ms: number): string {
  if (ms < 999.5) return `${+ms.toFixed(ms < 10 ? 1 : 0)} ms`;
  if (ms < MINUTE - 50) return `${+(ms / 1_000).toFixed(1)} s`;
  if (ms < HOUR - 500) return parts(ms, MINUTE, 'min', 1_000, 's');
  return ms < DAY - MINUTE / 2 ? parts(ms, HOUR, 'h', MINUTE, 'min') : parts(ms, DAY, 'd', HOUR, 'h');
}

function parts(ms: number, unit: number, name: string, smaller: number, smallerName: string): string {
  const count = Math.round(ms / smaller);
  const rest = count % (unit / smaller);
  return `${Math.floor((count * smaller) / unit)} ${name}${rest ? ` ${rest} ${smallerName}` : ''}`;
}
