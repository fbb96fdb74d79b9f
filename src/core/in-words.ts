/** The units in which people tell durations, each with how many ms it has. */
const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
] as const;

/** Milliseconds in words: `450 ms`, `12.3 s`, `3 min 20 s`, `2 h 5 min`, `4 d 3 h`. */
export function inWords(ms: number): string {
  if (ms < 999.5) return `${ms < 10 ? Math.round(ms * 10) / 10 : Math.round(ms)} ms`;
  if (ms < 59_950) return `${Math.round(ms / 100) / 10} s`;
  for (let at = 0; ; at++) {
    const [name, unit] = UNITS[at] as (typeof UNITS)[0];
    const [smallerName, smaller] = UNITS[at + 1] as (typeof UNITS)[0];
    // What would be rounded to a whole one of the unit is told in it.
    const rounded = Math.round(ms / smaller) * smaller;
    if (rounded < unit) continue;
    const rest = (rounded % unit) / smaller;
    return `${Math.floor(rounded / unit)} ${name}${rest === 0 ? '' : ` ${rest} ${smallerName}`}`;
  }
}
