/** A fleet at work: it polls, hands each breaker what Redis says of it, and sends what the breakers have to say. */
import { Emitter, type Listener } from '../core/events.js';
import { quote } from '../core/quote.js';
import { startTimer, stopTimer } from '../core/timers.js';
import { refuse, verify } from '../core/validate.js';
import type { Transition } from '../index.js';
import { sendWith } from './command-client.js';
import { FLEET_EVENTS, type FleetEvents } from './events.js';
import type { Fleet, FleetStatus } from './fleet.js';
import type { Host, ProbeReport } from './host.js';
import { FLEET_CHANNEL, instancesKey, recordsKey, roundKey } from './keys.js';
import { Link } from './link.js';
import { LEASE, REPORT, STEER as STEER_SCRIPT, SYNC } from './lua.js';
import { Member, type Vote } from './member.js';
import { type ResolvedFleetOptions, readSteerOptions, STEER, type SteerOptions } from './options.js';
import { DEFAULT_INTERVAL, Pulse } from './pulse.js';
import { isName, parseRound, parseSteer, parseSync, plainWords, type RoundReply } from './record.js';
import { Reports } from './reports.js';
import { Roster } from './roster.js';
import { statusOf } from './status.js';
import type { ShareableBreaker, ShareableTarget } from './target.js';
import { Usage } from './usage.js';
import { hasVotes, NOTHING, STATE_NAMES, type View, type ViewState } from './view.js';

/** Votes, withdrawals and abstentions of one poll. */
const MOST_ENTRIES = 500;

/** How long somebody waits who polls or steers by hand, at most, in ms. */
const PATIENCE_BY_HAND = 1_000;

/** Milliseconds between two errors that are told. */
const BETWEEN_ERRORS = 1_000;

/** Milliseconds over which instances spread their answer to a hint. */
const HINT_SPREAD = 100;

/** Numbers of REPORT for how a probe ended. */
const ENDINGS = { success: '1', failure: '0', nothing: '2' } as const;

/** What a lease or a report says without words. */
const WORDS: Readonly<Record<ViewState, string>> = {
  c: 'recovered',
  r: 'by hand',
  o: 'a probe failed',
  h: 'probing',
  f: 'by hand',
  u: 'by hand',
};

export class SharedFleet implements Fleet, Host {
  readonly isObserving: boolean;
  readonly probeLease: number | undefined;
  readonly #options: ResolvedFleetOptions;
  readonly #instance: string;
  readonly #nonces = randomWord();
  readonly #presence: number;
  readonly #keep: number;
  readonly #link: Link;
  readonly #pulse: Pulse;
  readonly #roster: Roster;
  readonly #reports: Reports;
  readonly #usage: Usage;
  readonly #events = new Emitter<FleetEvents>(FLEET_EVENTS, () => {});
  readonly #members = new Map<string, Member>();
  #views = new Map<string, View>();
  /** What was heard beside the polls, and when: a poll that was under way then knows less. */
  readonly #heardAt = new Map<string, number>();
  #turn = 0;
  #nonce = 0;
  #instances = 0;
  #lastSync: number | undefined;
  #detachedAt: number | undefined;
  #lastError: unknown;
  #lastErrorAt = Number.NEGATIVE_INFINITY;
  #syncing: Promise<boolean> | undefined;
  #willVote = false;
  #isStopped = false;
  #unsubscribe: unknown;

  /** @throws InvalidOptionsError for a target that is shared already */
  constructor(target: ShareableTarget, options: ResolvedFleetOptions) {
    const interval = options.pollInterval === false ? DEFAULT_INTERVAL : options.pollInterval;
    this.#options = options;
    this.isObserving = options.isObserving;
    this.probeLease = options.probeLease;
    this.#instance = options.instance ?? randomWord();
    this.#presence = 3 * interval + 1_000;
    this.#keep = Math.max(60_000, 10 * interval);
    this.#usage = new Usage(this.#presence);
    this.#link = new Link(sendWith(options.client), (error, command) => this.#failed(error, command));
    this.#reports = new Reports(
      (report) => this.#tell(report),
      (name, reply) => this.hear(name, reply),
    );
    const refused: Error[] = [];
    this.#roster = new Roster(target, {
      created: (breaker) => this.#created(breaker),
      deleted: (breaker) => this.#deleted(breaker),
      changed: (breaker, transition) => this.#changed(breaker, transition),
      rejected: (breaker) => this.#members.get(breaker.name)?.rejected(),
      refused: (error) => (this.#pulse === undefined ? refused.push(error) : this.#tellError(error)),
    });
    this.#pulse = new Pulse(options.clock, () => this.roll(), options.pollInterval, {
      poll: () => void this.#poll(),
      doChores: (now) => this.#doChores(now),
      nextChore: () => this.#nextChore(),
      lost: () => this.#lost(),
    });
    this.#roster.listen();
    // Told when somebody can have begun to listen.
    queueMicrotask(() => {
      for (const error of refused) this.#tellError(error);
    });
    this.#subscribe();
    this.#pulse.arm();
  }

  get ready(): Promise<void> {
    return this.#pulse.ready;
  }

  get isDetached(): boolean {
    return this.#detachedAt !== undefined;
  }

  now(): number {
    return this.#options.clock.now();
  }

  roll(): number {
    return this.#options.clock.random?.() ?? Math.random();
  }

  nonce(): string {
    this.#nonce++;
    return `${this.#nonces}-${this.#nonce.toString(36)}`;
  }

  on<Event extends keyof FleetEvents>(event: Event, listener: Listener<FleetEvents[Event]>): () => void {
    return this.#events.add(event, listener);
  }

  async sync(): Promise<boolean> {
    if (this.#isStopped) return false;
    return (await this.#within(PATIENCE_BY_HAND, this.#pollAnew())) === true;
  }

  /** One that is under way may know less. */
  async #pollAnew(): Promise<boolean> {
    if (this.#syncing !== undefined) await this.#syncing;
    return this.#syncing ?? this.#poll();
  }

  /** One poll, unless one is under way. */
  #poll(): Promise<boolean> {
    if (this.#syncing !== undefined) {
      this.#link.skip('sync');
      this.#pulse.failed();
      return this.#syncing;
    }
    const syncing = this.#sync().finally(() => {
      this.#syncing = undefined;
      if (this.#hasNews()) this.voteSoon();
    });
    this.#syncing = syncing;
    return syncing;
  }

  async #sync(): Promise<boolean> {
    const now = this.now();
    this.#doChores(now);
    this.#usage.look(this.#roster, now);
    this.#reports.resend(now);
    const votes = this.#votes(now);
    const turn = ++this.#turn;
    const reply = this.#send(votes, this.#presence);
    if (reply === undefined) {
      this.#pulse.failed();
      return false;
    }
    for (const [name, vote] of votes) this.#members.get(name)?.sends(vote);
    this.#pulse.sent();
    const answer = await reply;
    if (this.#isStopped) return false;
    if (answer === undefined) {
      this.#pulse.failed();
      return false;
    }
    for (const [name, vote] of votes) this.#members.get(name)?.hasSent(vote);
    this.#instances = answer.instances;
    const isFirst = this.#lastSync === undefined;
    this.#lastSync = this.now();
    this.#pulse.answered();
    this.#attach();
    this.#takeOver(answer.views, turn, isFirst);
    return true;
  }

  #send(votes: readonly Entry[], presence: number) {
    const { namespace, minVotes, ratio } = this.#options;
    const keys = [recordsKey(namespace), instancesKey(namespace)];
    const args = [this.#instance, presence, this.#keep, minVotes, ratio].map(String);
    for (const [name, { op, epoch, openFor, probes, need }] of votes) {
      keys.push(roundKey(namespace, name));
      args.push(op, name, String(epoch), String(openFor), String(probes), String(need));
    }
    return this.#link.run('sync', SYNC, keys, args, (reply) => parseSync(reply, this.now()));
  }

  /** What is to be said with a poll; what does not fit goes with the next. */
  #votes(now: number): Entry[] {
    const entries: Entry[] = [];
    for (const [name, member] of this.#members) {
      const vote = member.vote();
      if (vote !== undefined) entries.push([name, vote]);
    }
    for (const [name, view] of this.#views) {
      if (hasVotes(view) && !this.#members.get(name)?.isVoting && this.#abstains(name, now))
        entries.push([name, { op: '0', epoch: view.epoch, openFor: 0, probes: 0, need: 0 }]);
    }
    return entries.slice(0, MOST_ENTRIES);
  }

  /** Whether this instance has nothing to say of a breaker: it has none, does not use it, or may not decide. */
  #abstains(name: string, now: number): boolean {
    const breaker = this.#roster.get(name);
    return breaker === undefined || breaker.mode !== 'active' || this.#usage.isIdle(breaker, now);
  }

  /** Hands out what a poll has brought. */
  #takeOver(views: ReadonlyMap<string, View>, turn: number, isFirst: boolean): void {
    const before = this.#views;
    this.#views = new Map(views);
    for (const name of new Set([...before.keys(), ...views.keys()])) {
      const known = before.get(name);
      if ((this.#heardAt.get(name) ?? 0) > turn) {
        if (known === undefined) this.#views.delete(name);
        else this.#views.set(name, known);
        continue;
      }
      this.#heardAt.delete(name);
      this.#adopt(name, known, this.#views.get(name) ?? NOTHING, isFirst);
    }
    for (const [name, member] of this.#members) if (member.isIdle) this.#members.delete(name);
  }

  #adopt(name: string, before: View = NOTHING, view: View, isFirst: boolean): void {
    const breaker = this.#roster.get(name);
    if (breaker !== undefined) this.#memberOf(breaker).adopt(view, !isFirst);
    const { state, words, epoch } = view;
    const isAsBefore = STATE_NAMES[state] === STATE_NAMES[before.state];
    const isQuiet = STATE_NAMES[state] === 'CLOSED' ? words === '' : epoch === before.epoch;
    if (isAsBefore && (isQuiet || (words === before.words && epoch === before.epoch))) return;
    this.#events.emit([['decision', { breaker: name, state: STATE_NAMES[state], words }]]);
  }

  hear(name: string, { state, epoch, ms, attempt }: RoundReply): void {
    if (this.#isStopped) return;
    const known = this.#views.get(name);
    const { epoch: latest, words } = known ?? NOTHING;
    // There is nothing left of what we knew: it was lost, and nothing follows but that we are on our own.
    const isLost = epoch < latest && (state === 'c' || state === 'r');
    if (!isLost && (epoch < latest || (known?.state === state && epoch === latest))) return;
    this.#heardAt.set(name, ++this.#turn);
    const until = this.now() + (state === 'h' ? 0 : ms);
    const view = isLost
      ? NOTHING
      : { state, epoch, until, attempt, words: epoch === latest ? words : WORDS[state] };
    if (isLost) this.#views.delete(name);
    else this.#views.set(name, view);
    this.#adopt(name, known, view, false);
  }

  lease(name: string, nonce: string, ms: number): Promise<RoundReply | undefined> | undefined {
    if (this.#isStopped) return undefined;
    const args = [name, nonce, String(ms), String(this.#keep), this.#instance];
    const ask = () => this.#link.run('lease', LEASE, this.#keysOf(name), args, parseRound);
    // A report that is on its way gives back a place, or decides.
    return this.#reports.underWay(name)?.then(ask) ?? ask();
  }

  report(report: ProbeReport): void {
    void this.#reports.add(report);
  }

  #tell({ name, nonce, epoch, ending, openFor }: ProbeReport) {
    const args = [name, nonce, String(epoch), ENDINGS[ending], String(openFor), String(this.#keep)];
    return this.#link.run('report', REPORT, this.#keysOf(name), [...args, this.#instance], parseRound);
  }

  #keysOf(name: string): string[] {
    const { namespace } = this.#options;
    return [recordsKey(namespace), roundKey(namespace, name)];
  }

  atMost(promise: Promise<void>): Promise<void> {
    return this.#within(this.#options.commandTimeout, promise);
  }

  /** What a promise resolves to, or `undefined` after so many milliseconds. */
  async #within<T>(ms: number, promise: Promise<T>): Promise<T | undefined> {
    const { clock } = this.#options;
    return new Promise((resolve, reject) => {
      const timer = startTimer(clock, () => resolve(undefined), ms);
      promise.then(resolve, reject).finally(() => stopTimer(clock, timer));
    });
  }

  voteSoon(): void {
    if (this.#willVote) return;
    this.#willVote = true;
    // What trips together votes together.
    queueMicrotask(() => {
      this.#willVote = false;
      if (!this.#isStopped && !this.isDetached && this.#syncing === undefined) this.#pulse.soon(0);
    });
  }

  #hasNews(): boolean {
    for (const member of this.#members.values()) if (member.hasNews) return true;
    return false;
  }

  arm(): void {
    this.#pulse.arm();
  }

  #doChores(now: number): void {
    for (const member of this.#members.values()) if (now >= member.nextChore) member.doChores(now);
  }

  #nextChore(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const member of this.#members.values()) next = Math.min(next, member.nextChore);
    return next;
  }

  #memberOf(breaker: ShareableBreaker): Member {
    const known = this.#members.get(breaker.name);
    if (known?.breaker === breaker) return known;
    const member = new Member(breaker, this);
    this.#members.set(breaker.name, member);
    return member;
  }

  #created(breaker: ShareableBreaker): void {
    const view = this.#views.get(breaker.name);
    if (view === undefined || this.isObserving) return;
    if (this.isDetached) this.#memberOf(breaker).openUntil(view);
    else this.#memberOf(breaker).adopt(view, false);
  }

  #deleted(breaker: ShareableBreaker): void {
    this.#usage.forget(breaker.name);
    const member = this.#members.get(breaker.name);
    if (member?.breaker !== breaker) return;
    this.#members.delete(breaker.name);
    member.leave();
  }

  #changed(breaker: ShareableBreaker, transition: Transition): void {
    this.#memberOf(breaker).changed(transition);
  }

  #lost(): void {
    this.#detachedAt = this.now();
    for (const member of this.#members.values()) member.detach();
    const error = this.#lastError ?? new Error(`Redis has not answered for ${this.#presence - 1_000} ms`);
    this.#events.emit([['detached', { error }]]);
  }

  #attach(): void {
    if (this.#detachedAt === undefined) return;
    const detachedFor = this.now() - this.#detachedAt;
    this.#detachedAt = undefined;
    this.#lastError = undefined;
    this.#events.emit([['attached', { detachedFor }]]);
  }

  #failed(error: unknown, command: keyof Link['results']): void {
    this.#lastError = error;
    const now = this.now();
    if (now - this.#lastErrorAt < BETWEEN_ERRORS) return;
    this.#lastErrorAt = now;
    this.#events.emit([['error', { error, command }]]);
  }

  #tellError(error: unknown): void {
    this.#events.emit([['error', { error }]]);
  }

  #subscribe(): void {
    const { subscribe, namespace, pollInterval } = this.#options;
    if (subscribe === undefined || pollInterval === false) return;
    const own = this.#options.instance === undefined ? `${this.#instance} ` : undefined;
    const hear = (message?: unknown) => {
      const isOwn = own !== undefined && typeof message === 'string' && message.startsWith(own);
      if (!isOwn && !this.#isStopped) this.#pulse.soon(this.roll() * HINT_SPREAD);
    };
    try {
      this.#unsubscribe = subscribe(FLEET_CHANNEL(namespace), hear);
      Promise.resolve(this.#unsubscribe).catch((error) => this.#tellError(error));
    } catch (error) {
      queueMicrotask(() => this.#tellError(error));
    }
  }

  async #hangUp(): Promise<void> {
    try {
      const stop: unknown = await this.#unsubscribe;
      if (typeof stop === 'function') await stop();
    } catch (error) {
      this.#tellError(error);
    }
  }

  status(): FleetStatus {
    return statusOf({
      instance: this.#instance,
      namespace: this.#options.namespace,
      detached: this.isDetached,
      instances: this.#instances,
      lastSync: this.#lastSync === undefined ? null : Math.max(this.now() - this.#lastSync, 0),
      results: this.#link.results,
      views: this.#views,
      members: this.#members,
      now: this.now(),
    });
  }

  forceOpen(name: string, reason: string, options?: SteerOptions): Promise<void> {
    return this.#steer(name, 'f', reason, options);
  }

  forceClosed(name: string, reason: string, options?: SteerOptions): Promise<void> {
    return this.#steer(name, 'u', reason, options);
  }

  reset(name: string, reason = 'by hand'): Promise<void> {
    return this.#steer(name, 'r', reason);
  }

  async #steer(name: string, state: 'f' | 'u' | 'r', reason: string, options?: SteerOptions): Promise<void> {
    verify(STEER, 'name', name, (it) =>
      typeof it === 'string' && isName(it) ? undefined : 'a well-formed string of at most 512 characters',
    );
    verify(STEER, 'reason', reason, (it) => (typeof it === 'string' ? undefined : 'a string'));
    const ms = state === 'r' ? 0 : Math.round(readSteerOptions(options));
    if (this.#isStopped) refuse(STEER, 'fleet', 'it has been stopped');
    const words = plainWords(reason);
    const args = [name, state, String(ms), String(this.#keep), this.#instance, words];
    const steering = this.#link.run('steer', STEER_SCRIPT, this.#keysOf(name), args, parseSteer);
    const patience = Math.max(this.#options.commandTimeout, PATIENCE_BY_HAND);
    const epoch = steering && (await this.#within(patience, steering));
    if (epoch === undefined) {
      const cause = this.#lastError;
      throw new Error(`Circuit breaker ${quote(name)} was not steered: Redis did not answer`, { cause });
    }
    if (this.#isStopped) return;
    const known = this.#views.get(name);
    const view = { state, epoch, until: this.now() + ms, attempt: 0, words };
    this.#heardAt.set(name, ++this.#turn);
    this.#views.set(name, view);
    this.#adopt(name, known, view, false);
  }

  async stop(): Promise<void> {
    if (this.#isStopped) return;
    const wasDetached = this.isDetached;
    const votes: Entry[] = [];
    for (const [name, member] of this.#members) {
      member.leave();
      const vote = member.vote();
      if (vote !== undefined) votes.push([name, vote]);
    }
    this.#isStopped = true;
    this.#pulse.stop();
    this.#roster.stop();
    this.#members.clear();
    const left = wasDetached ? undefined : this.#send(votes.slice(0, MOST_ENTRIES), 0);
    await this.#within(this.#options.commandTimeout, Promise.all([left, this.#hangUp()]));
    this.#reports.clear();
  }
}

type Entry = readonly [name: string, vote: Omit<Vote, 'op'> & { readonly op: Vote['op'] | '0' }];

/** Not of the clock's dice: two processes on clocks of the same seed are two all the same. */
function randomWord(): string {
  const part = () => Math.floor(Math.random() * 2 ** 48).toString(36);
  return part() + part();
}
