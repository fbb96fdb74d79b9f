/** Those who call: each makes one call after the other, in any of the ways there are. */
import { setTimeout as wait } from 'node:timers/promises';

/**
 * @typedef {import('./invariants.mjs').Call} Call
 * @typedef {import('./invariants.mjs').Watch} Watch
 * @typedef {import('./invariants.mjs').Answer} Answer
 * @typedef {import('recloser').CallOptions<unknown>} CallOptions
 * @typedef {import('recloser').CallContext} CallContext
 * @typedef {(context: CallContext) => Promise<unknown>} Task
 * @typedef {(breaker: import('recloser').CircuitBreaker, task: Task, options: CallOptions | undefined) => Promise<unknown>} Way
 *
 * @typedef {object} Client
 * @property {Watch} watch
 * @property {import('./random.mjs').Random} random
 * @property {(signal: AbortSignal) => Promise<unknown>} request
 * @property {AbortSignal} lifelong a signal that never aborts
 */

const SUBSTITUTE = 'substitute';

/** Calls until `isOver` says so. @param {Client} client @param {() => boolean} isOver */
export async function keepCalling(client, isOver) {
  while (!isOver()) {
    await makeCall(client);
    await wait(client.random.between(1, 30));
  }
}

/** @param {Client} client */
async function makeCall(client) {
  const { watch, random, lifelong } = client;
  if (random.chance(0.15)) return holdPermit(client);
  const { breaker, hasFallback } = watch.setup;
  const caller = random.chance(0.15) ? abortSoon(random) : undefined;
  const signal = caller?.signal ?? (random.chance(0.5) ? lifelong : undefined);
  const ownTimeout = random.chance(0.1) ? random.between(20, 100) : undefined;
  const callTimeout = ownTimeout ?? breaker.options.callTimeout;
  const call = watch.begin(signal, callTimeout);
  const fallback = hasFallback ? fallbackOf(client, call) : undefined;
  // A call without options takes a short cut through the breaker.
  const isUsual = signal === undefined && ownTimeout === undefined && fallback === undefined;
  const options = isUsual ? undefined : { signal, callTimeout: ownTimeout, fallback };
  /** @type {Task} */
  const task = (context) => runTask(client, call, context);
  watch.answered(call, await answerOf(random.pick(WAYS)(breaker, task, options)));
  caller?.forget();
}

/** @type {Way[]} */
const WAYS = [
  (breaker, task, options) => breaker.call(task, options),
  async (breaker, task, options) => {
    const result = await breaker.tryCall(task, options);
    if (result.ok) return result.value;
    throw result.error;
  },
];

/** @param {Client} client @param {Call} call @param {CallContext} context */
async function runTask({ watch, request }, call, { state, signal }) {
  watch.started(call, state);
  signal.addEventListener('abort', () => watch.ended(call, false));
  let succeeded = false;
  try {
    const value = await request(signal);
    succeeded = true;
    return value;
  } finally {
    watch.ended(call, succeeded);
  }
}

/** @param {Client} client @param {Call} call */
function fallbackOf({ watch, random }, call) {
  return async (/** @type {unknown} */ error) => {
    watch.fellBack(call, error);
    if (random.chance(0.3)) await wait(random.between(1, 20));
    if (random.chance(0.3)) throw new Error('The fallback failed');
    return SUBSTITUTE;
  };
}

/** A call by hand. @param {Client} client */
async function holdPermit({ watch, request }) {
  const { breaker } = watch.setup;
  const call = watch.begin(undefined, false);
  /** @type {import('recloser').Permit} */
  let permit;
  try {
    permit = breaker.acquire();
  } catch (error) {
    watch.answered(call, { error });
    return;
  }
  watch.started(call, breaker.state);
  const answer = await answerOf(request(new AbortController().signal));
  watch.ended(call, 'value' in answer);
  if ('value' in answer) permit.success(answer.value);
  else permit.failure(answer.error);
  permit.failure(new Error('Settled twice'));
  watch.answered(call, answer);
}

/** @param {Promise<unknown>} promise @returns {Promise<Answer>} */
function answerOf(promise) {
  return promise.then(
    (value) => ({ value }),
    (error) => ({ error }),
  );
}

/** A caller that loses patience, if it is not forgotten before. @param {import('./random.mjs').Random} random */
function abortSoon(random) {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(new Error('The caller went away')), random.between(0, 80));
  return { signal: controller.signal, forget: () => clearTimeout(timer) };
}
