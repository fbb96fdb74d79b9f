/**
 * Calls through a breaker in simulated time: arrivals one after the other, ends out of a heap. The breaker under test is
 * the real one, on a clock that the engine moves.
 *
 * @typedef {{ ok: boolean, ms: number }} Answer how a call would end that starts now, and after how long
 * @typedef {(now: number, random: () => number) => Answer} Dependency
 * @typedef {object} Subject
 * @property {string} name
 * @property {(clock: { now(): number }) => Guard} create
 * @typedef {object} Guard
 * @property {() => unknown} start a token, or `undefined` for a call that is rejected
 * @property {(token: any, ok: boolean) => void} end
 * @property {() => Promise<void>} [settle] where promises have to run first
 * @property {() => void} [close]
 *
 * @typedef {{ token: unknown, ok: boolean, start: number }} Ending
 */
import { createRandom, exponential } from './chance.mjs';

/** A heap of ends, by time. */
class Ends {
  /** @type {number[]} */
  #times = [];
  /** @type {Ending[]} */
  #items = [];

  get next() {
    return this.#times[0] ?? Infinity;
  }

  /** @param {number} time @param {Ending} item */
  add(time, item) {
    let at = this.#times.length;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (this.#timeAt(parent) <= time) break;
      this.#move(parent, at);
      at = parent;
    }
    this.#times[at] = time;
    this.#items[at] = item;
  }

  /** The first of those that there are. */
  take() {
    const [item] = /** @type {[Ending]} */ (this.#items);
    const time = /** @type {number} */ (this.#times.pop());
    const last = /** @type {Ending} */ (this.#items.pop());
    if (this.#times.length === 0) return item;
    let at = 0;
    for (let child = 1; child < this.#times.length; child = 2 * at + 1) {
      if (this.#timeAt(child + 1) < this.#timeAt(child)) child++;
      if (this.#timeAt(child) >= time) break;
      this.#move(child, at);
      at = child;
    }
    this.#times[at] = time;
    this.#items[at] = last;
    return item;
  }

  /** @param {number} at */
  #timeAt(at) {
    return this.#times[at] ?? Infinity;
  }

  /** @param {number} from @param {number} to */
  #move(from, to) {
    this.#times[to] = this.#timeAt(from);
    this.#items[to] = /** @type {Ending} */ (this.#items[from]);
  }
}

/**
 * @param {Subject} subject
 * @param {object} scenario
 * @param {number} scenario.seed
 * @param {number} scenario.lasts ms
 * @param {number | ((now: number) => number)} scenario.rate arrivals a second, independent
 * @param {number} [scenario.highestRate] where the rate is a function
 * @param {Dependency} scenario.dependency
 * @param {(call: { start: number, admitted: boolean, ok: boolean, end: number }) => void} [scenario.watch]
 */
export async function simulate(subject, { seed, lasts, rate, highestRate, dependency, watch = () => {} }) {
  const arrivals = createRandom(seed);
  const fate = createRandom(seed ^ 0x5bd1e995);
  const rateAt = typeof rate === 'number' ? () => rate : rate;
  const highest = typeof rate === 'number' ? rate : (highestRate ?? 1);
  const clock = { time: 0, now: () => clock.time };
  const guard = subject.create(clock);
  const ends = new Ends();
  const figures = { offered: 0, sent: 0, ok: 0, failed: 0, rejected: 0 };
  let arrival = (exponential(arrivals) / highest) * 1_000;
  while (Math.min(arrival, ends.next) <= lasts) {
    if (ends.next <= arrival) {
      clock.time = ends.next;
      const call = ends.take();
      guard.end(call.token, call.ok);
      if (call.ok) figures.ok++;
      else figures.failed++;
      watch({ start: call.start, admitted: true, ok: call.ok, end: clock.time });
    } else {
      clock.time = arrival;
      arrival += (exponential(arrivals) / highest) * 1_000;
      if (typeof rate !== 'number' && arrivals() * highest >= rateAt(clock.time)) continue;
      figures.offered++;
      const token = guard.start();
      if (guard.settle !== undefined) await guard.settle();
      if (token === undefined || /** @type {{ started?: boolean }} */ (token).started === false) {
        figures.rejected++;
        watch({ start: clock.time, admitted: false, ok: false, end: clock.time });
      } else {
        figures.sent++;
        const { ok, ms } = dependency(clock.time, fate);
        ends.add(clock.time + ms, { token, ok, start: clock.time });
      }
    }
    if (guard.settle !== undefined) await guard.settle();
  }
  guard.close?.();
  return figures;
}
