/** What goes wrong at an upstream, and when: spells of weather, from a seed. */

/** What a sound answer says. */
export const BODY = 'sound '.repeat(500);

/** What may become of a request. */
export const FAULTS = /** @type {const} */ ({
  refused: 'nobody listens',
  reset: 'the connection is reset',
  hang: 'no answer at all',
  slow: 'the answer takes its time',
  error: 'the answer is a 503',
  missing: 'the answer is a 404',
  half: 'the connection ends in the middle of the body',
  stuck: 'the body stops in the middle',
});

/**
 * @typedef {keyof typeof FAULTS} Fault
 * @typedef {Exclude<Fault, 'refused'>} RequestFault
 * @typedef {{ isDown: boolean, share: number, faults: readonly RequestFault[] }} Weather `share` of requests get a fault
 */

/** @type {readonly RequestFault[]} */
const REQUEST_FAULTS = ['reset', 'hang', 'slow', 'error', 'missing', 'half', 'stuck'];

/** @type {Weather} */
export const CALM = { isDown: false, share: 0, faults: REQUEST_FAULTS };

/** The weather of the next spell. @param {import('./random.mjs').Random} random @returns {Weather} */
export function nextWeather(random) {
  const kind = random.next();
  if (kind < 0.3) return { ...CALM, share: 0.02 };
  if (kind < 0.45) return { ...CALM, isDown: true };
  if (kind < 0.75) return { isDown: false, share: 0.9, faults: [random.pick(REQUEST_FAULTS)] };
  return { ...CALM, share: random.next() };
}

/** Milliseconds that a spell lasts. @param {import('./random.mjs').Random} random */
export function spell(random) {
  return random.between(100, 900);
}
