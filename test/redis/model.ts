/**
 * Every schedule of a few steps of two instances that share a breaker, on the scripts and the members that are shipped:
 * calls that fail and succeed, polls, time, replies that are lost, data that is lost. Each state is reached by playing its
 * schedule from the beginning; it is told from others by what can be seen of it.
 */
import assert from 'node:assert/strict';
import { CircuitBreaker } from 'recloser';
import { createMemoryRedis, type Fleet, shareState } from 'recloser/redis';
import { createManualClock } from 'recloser/testing';

const STEPS = ['fail', 'succeed', 'begin', 'end', 'abort', 'poll', 'lose', 'crash'] as const;
const OF_ALL = ['pass', 'flush'] as const;

export type Step = `${(typeof STEPS)[number]} ${0 | 1}` | (typeof OF_ALL)[number];

export const ALL_STEPS: readonly Step[] = [
  ...STEPS.flatMap((step) => [`${step} 0`, `${step} 1`] as Step[]),
  ...OF_ALL,
];

const RECOVERY = 1_000;

/** Beyond the open time with its jitter, and beyond a lease. */
const PASSES = 1_300;

/** What stands in for the scripts: a fault is planted by changing what goes to Redis, or what comes from it. */
export type Tamper = (
  command: readonly string[],
  run: (command: readonly string[]) => Promise<unknown>,
) => Promise<unknown>;

interface Probe {
  readonly end: () => void;
  readonly controller: AbortController;
  readonly done: Promise<unknown>;
}

/** Two instances at work. */
export class Play {
  readonly clock = createManualClock();
  readonly redis = createMemoryRedis({ clock: this.clock });
  readonly breakers: CircuitBreaker[] = [];
  readonly fleets: Fleet[] = [];
  /** Whose next reply is lost. */
  readonly #loses = [false, false];
  readonly #probes: (Probe | undefined)[] = [undefined, undefined];
  /** Who is gone, and takes part no more. */
  readonly #isGone = [false, false];
  readonly #witness = new Witness(this.clock);
  #violation: unknown;

  constructor(tamper: Tamper = (command, run) => run(command)) {
    for (const index of [0, 1]) {
      const breaker = new CircuitBreaker({
        name: 'x',
        clock: { ...this.clock, random: () => 0.5 },
        failureThreshold: 1,
        recoveryTimeout: RECOVERY,
        halfOpenMaxCalls: 1,
        successThreshold: 2,
      });
      const fleet = shareState(breaker, {
        client: async (command) => {
          const reply = await tamper(command, this.redis.client);
          try {
            this.#witness.sees(command, reply, String(index));
          } catch (error) {
            this.#violation ??= error; // a fleet bears whatever a client throws
          }
          if (!this.#loses[index]) return reply;
          this.#loses[index] = false;
          throw new Error('the reply was lost');
        },
        namespace: 'model',
        instance: String(index),
        pollInterval: false,
        probeLease: 1_000,
        clock: { ...this.clock, random: () => 0.5 },
      });
      this.breakers.push(breaker);
      this.fleets.push(fleet);
    }
  }

  async #poll(index: number): Promise<void> {
    await this.fleets[index]!.sync();
    await settle();
  }

  async start(): Promise<this> {
    for (const index of [0, 1, 0]) await this.#poll(index);
    return this;
  }

  async step(step: Step): Promise<void> {
    const [what, who] = step.split(' ') as [string, string | undefined];
    const index = Number(who);
    if (this.#isGone[index]) return;
    const breaker = this.breakers[index] as CircuitBreaker;
    switch (what) {
      case 'fail':
        await breaker.tryCall(() => Promise.reject(new Error('down')));
        break;
      case 'succeed':
        await breaker.tryCall(async () => 'fine');
        break;
      case 'begin':
        await this.#begin(index, breaker);
        break;
      case 'end':
        this.#probes[index]?.end();
        break;
      case 'abort':
        this.#probes[index]?.controller.abort(new Error('gone'));
        break;
      case 'poll':
        await this.#poll(index);
        break;
      case 'lose':
        this.#loses[index] = true;
        break;
      case 'crash':
        this.#isGone[index] = true;
        break;
      case 'pass':
        this.clock.advanceSync(PASSES);
        break;
      case 'flush':
        this.redis.flush();
        this.#witness.forget();
        break;
    }
    await settle();
    this.check();
  }

  async #begin(index: number, breaker: CircuitBreaker): Promise<void> {
    if (this.#probes[index] !== undefined) return;
    const controller = new AbortController();
    let end = () => {};
    const done = breaker
      .tryCall(
        () =>
          new Promise<void>((resolve) => {
            end = resolve;
          }),
        { signal: controller.signal },
      )
      .then(() => {
        this.#probes[index] = undefined;
      });
    this.#probes[index] = { end: () => end(), controller, done };
    await settle();
  }

  check(): void {
    if (this.#violation !== undefined) throw this.#violation;
    for (const breaker of this.breakers) {
      const { state, shared, retryAfter } = breaker.metrics;
      assert.ok(!(shared && state === 'CLOSED'), 'a CLOSED circuit is never shared');
      assert.ok(retryAfter === null || retryAfter <= 3_600_000, 'nobody rejects for longer than an hour');
    }
  }

  /** What tells this state from others. */
  key(): string {
    return JSON.stringify([
      this.clock.now(),
      [this.#loses, this.#isGone],
      this.#probes.map((it) => it !== undefined),
      this.breakers.map(({ metrics }) => [
        metrics.state,
        metrics.shared,
        metrics.retryAfter,
        metrics.attempt,
      ]),
      this.fleets.map((fleet) => fleet.status().breakers),
    ]);
  }

  /** From here on the dependency is well, and time goes by: all must come to be closed. */
  async comesHome(): Promise<boolean> {
    const there = [0, 1].filter((index) => !this.#isGone[index]);
    for (const index of there) this.#probes[index]?.end();
    for (let round = 0; round < 12; round++) {
      this.clock.advanceSync(PASSES);
      for (const index of there) await this.#poll(index);
      for (let call = 0; call < 2; call++) {
        for (const index of there) {
          await (this.breakers[index] as CircuitBreaker).tryCall(async () => 'fine');
          await settle();
        }
      }
      this.check();
      if (there.every((index) => this.breakers[index]?.state === 'CLOSED')) return true;
    }
    return false;
  }
}

/** Sees what goes to Redis and what comes from it, and what must never be so. */
class Witness {
  readonly #clock: { now(): number };
  /** Leases that were granted and not given back: until when. */
  readonly #leases = new Map<string, number>();
  readonly #counted = new Set<string>();
  readonly #voters = new Set<string>();
  #successes = 0;
  #epoch = 0;

  constructor(clock: { now(): number }) {
    this.#clock = clock;
  }

  /** All data is gone: it begins anew. */
  forget(): void {
    this.#leases.clear();
    this.#voters.clear();
    this.#successes = 0;
    this.#epoch = 0;
  }

  sees(command: readonly string[], reply: unknown, who: string): void {
    const args = command.slice(3 + Number(command[2]));
    const list = reply as (string | number)[];
    if (args[0] !== 'x') this.#seesPoll(args, list, who);
    else if (args.length === 5) this.#seesLease(args, list);
    else if (args.length === 7) this.#seesReport(args, list);
  }

  #seesPoll(args: readonly string[], list: readonly (string | number)[], who: string): void {
    if (args[5] === '+') this.#voters.add(who);
    if (args[5] === '-') this.#voters.delete(who);
    const [state, epoch] = String(list[3] ?? '').split(' ');
    if (state !== 'o' || Number(epoch) <= this.#epoch) return;
    this.#grows(Number(epoch));
    assert.ok(list[0] === 1 || this.#voters.size >= 2, 'one instance opens nobody while two live');
    this.#voters.clear();
  }

  #seesLease(
    [, nonce = '', length]: readonly string[],
    [granted, , epoch]: readonly (string | number)[],
  ): void {
    this.#grows(Number(epoch));
    if (granted !== 1) return;
    this.#leases.set(nonce, this.#clock.now() + Number(length));
    const live = [...this.#leases.values()].filter((until) => until > this.#clock.now());
    assert.ok(live.length <= 1, 'no more leases live than may probe');
  }

  #seesReport(
    [, nonce = '', epoch = '', ending]: readonly string[],
    reply: readonly (string | number)[],
  ): void {
    const [counted, state, now] = reply;
    if (counted === 1) {
      assert.ok(!this.#counted.has(nonce), 'a report counts once');
      assert.equal(Number(epoch), this.#epoch, 'a report of another epoch counts nowhere');
      this.#counted.add(nonce);
      this.#leases.delete(nonce);
      if (ending === '1') this.#successes++;
      if (state === 'c') assert.ok(this.#successes >= 2, 'only enough successes of one epoch close');
    }
    this.#grows(Number(now));
  }

  #grows(epoch: number): void {
    if (epoch === 0 || epoch === this.#epoch) return;
    assert.ok(epoch > this.#epoch, 'epochs only grow');
    this.#epoch = epoch;
    this.#successes = 0;
    this.#leases.clear();
  }
}

/** Lets what has been answered arrive. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 12; turn++) await Promise.resolve();
}
