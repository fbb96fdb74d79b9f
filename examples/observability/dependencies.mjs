/**
 * What the shop depends on, and how it fares. Each has a bad time of its own kind, which comes again every two minutes.
 */
import { setTimeout as sleep } from 'node:timers/promises';

/** Seconds after which everything comes again. */
const PERIOD = 120;

/** Requests within a second that the reviews can bear while they are weak. */
const CAPACITY = 3;

/**
 * @param {() => number} now milliseconds since the shop has opened
 */
export function createDependencies(now) {
  /** @param {number} from @param {number} to seconds of the period */
  const isBetween = (from, to) => {
    const second = (now() / 1_000) % PERIOD;
    return second >= from && second < to;
  };
  /** @type {number[]} */
  let recent = [];

  return {
    /** Always well. */
    async catalogue() {
      await sleep(2 + Math.random() * 8);
      return ['lamp', 'chair'];
    },

    /** Nobody is there for half a minute. */
    async payments() {
      await sleep(1);
      if (isBetween(30, 60)) throw failure('ECONNREFUSED', 'connect ECONNREFUSED');
      await sleep(10 + Math.random() * 30);
      return 'paid';
    },

    /** For a while it takes too long, and its callers do not wait for it. */
    async search() {
      await sleep(isBetween(45, 70) ? 400 : 15 + Math.random() * 25);
      return ['lamp'];
    },

    /** For a while it answers single calls, and breaks under many. */
    async reviews() {
      recent = recent.filter((at) => at > now() - 1_000).concat(now());
      const isOverloaded = isBetween(20, 65) && recent.length > CAPACITY;
      await sleep(5);
      if (isOverloaded) throw failure('HTTP_503', 'HTTP 503');
      return ['bright', 'warm'];
    },
  };
}

/** @param {string} code @param {string} message */
const failure = (code, message) => Object.assign(new Error(message), { code });
