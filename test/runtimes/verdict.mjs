/**
 * What the results of a runtime prove. A suite that checks less than it should must not pass: what nothing was heard
 * of has failed, and so has what was skipped where it can be checked.
 *
 * @typedef {import('./behaviours.mjs').Result} Result
 *
 * @typedef {object} Expected
 * @property {readonly string[]} behaviours all that have to be told of, once each
 * @property {readonly string[]} skips those that this runtime cannot check
 *
 * @typedef {{ passed: number, failed: readonly { name: string, error: string }[] }} Verdict
 */

/** @param {Expected} expected @param {readonly Result[]} results @returns {Verdict} */
export function verdictOn({ behaviours, skips }, results) {
  const failed = [];
  let passed = 0;
  for (const name of new Set([...behaviours, ...results.map((result) => result.name)])) {
    const told = results.filter((result) => result.name === name);
    const isSkip = skips.includes(name);
    const error = behaviours.includes(name) ? errorIn(told, isSkip) : 'is no behaviour of this suite';
    if (error !== undefined) failed.push({ name, error });
    else if (!isSkip) passed++;
  }
  return { passed, failed };
}

/** @param {readonly Result[]} told of one behaviour @param {boolean} isSkip @returns {string | undefined} */
function errorIn(told, isSkip) {
  const [result] = told;
  if (result === undefined) return 'was not checked';
  if (told.length > 1) return `was checked ${told.length} times`;
  if (!result.ok) return result.error ?? 'failed without a word';
  if (result.skipped !== undefined && !isSkip) return `was skipped: ${result.skipped}`;
  if (result.skipped === undefined && isSkip) return 'was to be skipped, and can be checked';
  return undefined;
}
