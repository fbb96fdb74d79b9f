/**
 * Chance that can be had again. Everything here is made of integers, of `+ - * /` and of roots: these are the same to the
 * last bit in every engine, which `Math.log`, `Math.exp` and powers are not.
 */

const UNIT = 2 ** -32;

/** Spreads the bits of a number over all of its 32. */
function mix(bits: number): number {
  let it = bits;
  it = Math.imul(it ^ (it >>> 16), 0x85ebca6b);
  it = Math.imul(it ^ (it >>> 13), 0xc2b2ae35);
  return (it ^ (it >>> 16)) >>> 0;
}

/** 32 bits that the numbers tell, and the order in which they stand. */
export function hash(...numbers: readonly number[]): number {
  let bits = 0x9e3779b9;
  for (const number of numbers) {
    bits = mix(Math.imul(bits, 31) + (number >>> 0) + 0x7f4a7c15);
    bits = mix(bits ^ Math.floor(number * UNIT));
  }
  return bits;
}

/** A number from 0 to less than 1 that the numbers tell. */
export function draw(...numbers: readonly number[]): number {
  return hash(...numbers) * UNIT;
}

/** Numbers from 0 to less than 1, one after the other. */
export function createRandom(...seed: readonly number[]): () => number {
  const start = hash(...seed);
  let calls = 0;
  return () => mix(Math.imul(start + ++calls, 0x9e3779b1) ^ start) * UNIT;
}

/** The number of a word. */
export function hashText(text: string): number {
  let bits = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) bits = Math.imul(bits ^ text.charCodeAt(at), 0x01000193);
  return bits >>> 0;
}

/** The natural logarithm of a number above 0. */
export function ln(x: number): number {
  let mantissa = x;
  let exponent = 0;
  for (; mantissa > 1.5; mantissa /= 2) exponent++;
  for (; mantissa < 0.75; mantissa *= 2) exponent--;
  // 2 artanh((m - 1) / (m + 1))
  const ratio = (mantissa - 1) / (mantissa + 1);
  let sum = 0;
  let power = ratio;
  for (let n = 1; n < 24; n += 2) {
    sum += power / n;
    power *= ratio * ratio;
  }
  return 2 * sum + exponent * Math.LN2;
}

/** e to the power of a number from about -700 to 700. */
export function exp(x: number): number {
  const exponent = Math.floor(x / Math.LN2 + 0.5);
  const rest = x - exponent * Math.LN2;
  let sum = 1;
  for (let n = 18; n > 0; n--) sum = 1 + (sum * rest) / n;
  for (let left = exponent; left > 0; left--) sum *= 2;
  for (let left = exponent; left < 0; left++) sum /= 2;
  return sum;
}

/** The normal quantile of 0.99. */
const Z99 = 2.3263478740408408;

/**
 * The normal quantile, to 1e-9.
 *
 * @see https://web.archive.org/web/20151030215612/http://home.online.no/~pjacklam/notes/invnorm/ for the polynomials
 */
export function normalQuantile(p: number): number {
  if (p < 0.02425) return tail(Math.sqrt(-2 * ln(p)));
  if (p > 1 - 0.02425) return -tail(Math.sqrt(-2 * ln(1 - p)));
  const q = p - 0.5;
  const r = q * q;
  return (
    ((((((-3.969683028665376e1 * r + 2.209460984245205e2) * r - 2.759285104469687e2) * r +
      1.38357751867269e2) *
      r -
      3.066479806614716e1) *
      r +
      2.506628277459239) *
      q) /
    (((((-5.447609879822406e1 * r + 1.615858368580409e2) * r - 1.556989798598866e2) * r +
      6.680131188771972e1) *
      r -
      1.328068155288572e1) *
      r +
      1)
  );
}

function tail(q: number): number {
  return (
    (((((-7.784894002430293e-3 * q - 3.223964580411365e-1) * q - 2.400758277161838) * q - 2.549732539343734) *
      q +
      4.374664141464968) *
      q +
      2.938163982698783) /
    ((((7.784695709041462e-3 * q + 3.224671290700398e-1) * q + 2.445134137142996) * q + 3.754408661907416) *
      q +
      1)
  );
}

/** The value of a lognormal distribution at a share from 0 to less than 1, given its median and its 99th percentile. */
export function lognormal(p50: number, p99: number, share: number): number {
  // The middle of the step that a draw of 32 bits stands for, so that it is never 0.
  return p50 * exp((ln(p99 / p50) / Z99) * normalQuantile(share + UNIT / 2));
}
