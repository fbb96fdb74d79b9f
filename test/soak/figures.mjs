/** Figures, added up and told. */

/** @param {number} value */
export const inWords = (value) => value.toLocaleString('en');

/** @param {Iterable<number>} values */
export function sum(values) {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

/** Adds up what several have counted. @param {readonly Map<string, number>[]} counts @returns {Map<string, number>} */
export function sumByKey(counts) {
  /** @type {Map<string, number>} */
  const total = new Map();
  for (const [key, value] of counts.flatMap((count) => [...count]))
    total.set(key, (total.get(key) ?? 0) + value);
  return total;
}

/** Prints each count on a line of its own. @param {Iterable<[string, number]>} counts */
export function printCounts(counts) {
  for (const [what, times] of counts) console.log(`${inWords(times).padStart(12)}  ${what}`);
}
