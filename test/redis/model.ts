/**
 * Every schedule of a few steps of two instances that share a breaker, on the scripts and the members that are shipped:
 * calls that fail and succeed, polls, time, replies that are lost, data that is lost. Each state is reached by playing its
 * schedule from the beginning; it is told from others by what can be seen of it.
 */
import assert from 'node:assert/strict';
import { CircuitBreaker } from 'recloser';
import { createMemoryRedis, type Fleet, shareState } from 'recloser/redis';
import { createManualClock } from 'recloser/testing';
import { STEER } from '../../src/redis/lua.js';

const STEPS = ['fail', 'succeed', 'begin', 'end', 'abort', 'poll', 'lose', 'crash'] as const;
const OF_ALL = ['pass', 'flush'] as const;

/** `reset` is of a person elsewhere, and is played where a schedule names it. */
export type Step = `${(typeof STEPS)[number]} ${0 | 1}` | (typeof OF_ALL)[number] | 'reset';

export const ALL_STEPS: readonly Step[] = [
  ...STEPS.flatMap((step) => [`${step} 0`, `${step} 1`] as Step[]),
  ...OF_ALL,
];

const RECOVERY = 1_000;

/** Successes that close. */
const NEEDED = 2;

/** Beyond the open time with its jitter, and beyond a lease. */
const PASSES = 1_300;

/** What stands in for the scripts: a fault is planted by changing what goes to Redis, or what comes from it. */
export type Tamper = (
  command: readonly string[],
  run: (command: readonly string[]) => Promise<unknown>,
  who: CircuitBreaker,
) => Promise<unknown>;

/** How the instances share, where a schedule needs it otherwise. */
export interface Sharing {
  /** @default 1_000 */
  readonly probeLease?: number;
  /** When leases end for the server, in ms: sooner than the instances believe, whose clocks are slow. */
  readonly lapsesAfter?: number;
  readonly quorum?: { readonly minVotes: number; readonly ratio: number };
}

/** The command with one of its arguments changed. */
export function withArg(command: readonly string[], at: number, value: string): readonly string[] {
  const from = 3 + Number(command[2]);
  return command.map((word, index) => (index === from + at ? value : word));
}

const lapsing = (command: readonly string[], ms: number | undefined): readonly string[] =>
  ms !== undefined && argsOf(command).length === 5 && argsOf(command)[0] === 'x'
    ? withArg(command, 2, String(ms))
    : command;

/** Arguments of a command, behind its keys. */
export const argsOf = (command: readonly string[]): readonly string[] =>
  command.slice(3 + Number(command[2]));

const OWN_EVIDENCE: readonly (string | undefined)[] = ['consecutive-failures', 'probe-failed'];

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

  constructor(tamper: Tamper = (command, run) => run(command), sharing: Sharing = {}) {
    for (const index of [0, 1]) {
      const breaker = new CircuitBreaker({
        name: 'x',
        clock: { ...this.clock, random: () => 0.5 },
        failureThreshold: 1,
        recoveryTimeout: RECOVERY,
        halfOpenMaxCalls: 1,
        successThreshold: NEEDED,
      });
      let opening: string | undefined;
      const fleet = shareState(breaker, {
        client: async (given) => {
          const command = lapsing(given, sharing.lapsesAfter);
          const run = (sent: readonly string[]) => {
            if (argsOf(sent)[5] === '+')
              this.#expect(OWN_EVIDENCE.includes(opening), 'who has adopted an opening has no vote');
            return this.redis.client(sent);
          };
          const reply = await tamper(command, run, breaker);
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
        probeLease: sharing.probeLease ?? 1_000,
        quorum: sharing.quorum,
        clock: { ...this.clock, random: () => 0.5 },
      });
      breaker.on('open', ({ reason }) => {
        opening = reason;
      });
      breaker.on('close', ({ reason }) =>
        this.#expect(
          reason !== 'shared' || this.#witness.isClosed,
          'nobody closes because a record is not there',
        ),
      );
      this.breakers.push(breaker);
      this.fleets.push(fleet);
    }
  }

  #expect(isSo: boolean, words: string): void {
    if (!isSo) this.#violation ??= new Error(words);
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
    const run = async (task: () => Promise<unknown>) => {
      const { shared, retryAfter } = breaker.metrics;
      let isAdmitted = false;
      await breaker.tryCall(() => {
        isAdmitted = true;
        return task();
      });
      this.#expect(
        !(isAdmitted && shared && retryAfter !== null && retryAfter > 0),
        'nobody is admitted before the time is over',
      );
    };
    switch (what) {
      case 'fail':
        await run(() => Promise.reject(new Error('down')));
        break;
      case 'succeed':
        await run(async () => 'fine');
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
      case 'reset':
        await this.redis.client([
          ...['EVALSHA', STEER.digest, '2', 'recloser:1:{model}:b', 'recloser:1:{model}:r:x'],
          ...['x', 'r', '0', '60000', 'somebody', 'by hand'],
        ]);
        this.#witness.isClosed = true;
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
  /** Whose vote there is, and the epoch of its evidence. */
  readonly #voters = new Map<string, number>();
  #successes = 0;
  /** Leases of this epoch that were granted, once or anew, and how many were given back unused. */
  readonly #granted = new Set<string>();
  #unused = 0;
  #epoch = 0;
  /** The epoch of the record while it is closed, and when it ends while its epoch lasts. */
  #closedEpoch = 0;
  /** Of the opening that nobody has closed yet. */
  #openEpoch = 0;
  #expiry: number | undefined;
  /** Whether enough successes have closed it for all, or a person has. */
  isClosed = false;

  constructor(clock: { now(): number }) {
    this.#clock = clock;
  }

  /** All data is gone: it begins anew. */
  forget(): void {
    this.#leases.clear();
    this.#voters.clear();
    this.#successes = 0;
    this.#granted.clear();
    this.#unused = 0;
    this.#epoch = 0;
    this.#closedEpoch = 0;
    this.#openEpoch = 0;
    this.#expiry = undefined;
    this.isClosed = false;
  }

  sees(command: readonly string[], reply: unknown, who: string): void {
    const args = argsOf(command);
    const list = reply as (string | number)[];
    if (args[0] !== 'x') this.#seesPoll(args, list, who);
    else if (args.length === 5) this.#seesLease(args, list);
    else if (args.length === 7) this.#seesReport(args, list);
  }

  #seesPoll(args: readonly string[], list: readonly (string | number)[], who: string): void {
    if (args[5] === '+') this.#voters.set(who, Number(args[7]));
    if (args[5] === '-') this.#voters.delete(who);
    const [state, epoch, , , , , expiry] = String(list[3] ?? '').split(' ');
    if (state === 'h') {
      const grew =
        this.#expiry !== undefined && Number(epoch) === this.#epoch && Number(expiry) > this.#expiry;
      assert.ok(!grew, 'a denial extends nothing');
      this.#expiry = Number(expiry);
    }
    if (state === 'c' || state === 'r') {
      assert.ok(
        this.#openEpoch === 0 || this.isClosed,
        'what is open for all closes by successes or by hand',
      );
      this.#closedEpoch = Number(epoch);
      this.#openEpoch = 0;
    }
    if (state !== 'o' || Number(epoch) <= this.#epoch) return;
    this.#grows(Number(epoch));
    this.isClosed = false;
    this.#openEpoch = Number(epoch);
    const votes = [...this.#voters.values()].filter((it) => it === this.#closedEpoch).length;
    assert.ok(votes === this.#voters.size, 'evidence of another epoch is no vote');
    assert.ok(
      list[0] === 1 || votes >= Math.min(Number(args[3]), 2),
      'one instance opens nobody while two live',
    );
    this.#voters.clear();
  }

  #seesLease(
    [, nonce = '', length]: readonly string[],
    [granted, , epoch]: readonly (string | number)[],
  ): void {
    this.#grows(Number(epoch));
    if (granted !== 1) return;
    this.#expiry = undefined;
    this.#leases.set(nonce, this.#clock.now() + Number(length));
    const live = [...this.#leases.values()].filter((until) => until > this.#clock.now());
    assert.ok(live.length <= 1, 'no more leases live than may probe');
    const lapsed = this.#leases.size - live.length;
    this.#granted.add(nonce);
    assert.ok(this.#granted.size <= NEEDED + lapsed + this.#unused, 'no more probe than are needed');
  }

  #seesReport(
    [, nonce = '', epoch = '', ending]: readonly string[],
    reply: readonly (string | number)[],
  ): void {
    const [counted, state, now] = reply;
    if (counted === 1) {
      assert.ok(!this.#counted.has(nonce), 'a report counts once');
      assert.equal(Number(epoch), this.#epoch, 'a report of another epoch counts nowhere');
      assert.ok((this.#leases.get(nonce) ?? 0) > this.#clock.now(), 'a lease that has lapsed counts nowhere');
      this.#counted.add(nonce);
      this.#leases.delete(nonce);
      if (ending === '1') this.#successes++;
      if (ending === '2') this.#unused++;
      if (state === 'c') {
        assert.ok(this.#successes >= NEEDED, 'only enough successes of one epoch close');
        this.isClosed = true;
      }
    }
    this.#grows(Number(now));
  }

  #grows(epoch: number): void {
    if (epoch === 0 || epoch === this.#epoch) return;
    assert.ok(epoch > this.#epoch, 'epochs only grow');
    this.#epoch = epoch;
    this.#successes = 0;
    this.#granted.clear();
    this.#unused = 0;
    this.#leases.clear();
  }
}

/** Lets what has been answered arrive. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 12; turn++) await Promise.resolve();
}
