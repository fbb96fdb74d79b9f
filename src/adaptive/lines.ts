/**
 * Lines of evidence. A line stands for a failure rate: above it evidence gathers in the long run, below it does not
 * (Bernoulli CUSUM: Page 1954, Moustakides 1986, Reynolds & Stoumbos 1999).
 */

/** What a failure adds to the evidence, and what a success takes off. */
export interface Line {
  /** The rate as a fraction: `1/7`, `2/3`. */
  readonly name: string;
  readonly up: number;
  readonly down: number;
  readonly rate: number;
}

/** Lines that follow one tolerated rate, at most. */
const MOST_LINES = 4;

function over(m: number): Line {
  return { name: `1/${m}`, up: m - 1, down: 1, rate: 1 / m };
}

function allBut(m: number): Line {
  return { name: `${m - 1}/${m}`, up: 1, down: m - 1, rate: (m - 1) / m };
}

/** The line that is nearest to a rate from 0.01 to 0.9. */
export function lineAt(rate: number): Line {
  const low = Math.floor(1 / rate);
  const high = Math.floor(1 / (1 - rate));
  const candidates = [over(Math.max(low, 2)), over(low + 1), allBut(Math.max(high, 2)), allBut(high + 1)];
  return candidates.reduce((best, it) => (Math.abs(it.rate - rate) < Math.abs(best.rate - rate) ? it : best));
}

/** The line of a tolerated rate, and faster ones that see large faults sooner. */
export function linesFor(tolerate: number): readonly Line[] {
  const first = lineAt(tolerate);
  const lines = [first];
  // A line above a half adds 1, and has none that is faster.
  for (let m = first.up + 1; m > 3 && lines.length < MOST_LINES; ) {
    m = Math.round(m / (m > 10 ? 2.4 : 1.75));
    lines.push(over(m));
  }
  return lines;
}

/** The line of the ramp: it sees through fewer calls, so it must stand clear of what is normal. */
export function rampLine(normal: number): Line {
  const wanted = 1.5 * normal + 0.1 - 1e-9;
  return over(wanted <= 1 / 4 ? 4 : wanted <= 1 / 3 ? 3 : 2);
}
