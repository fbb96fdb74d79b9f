/** A fleet at work: it polls, hands each breaker what Redis says of it, and sends what the breakers have to say. */
import type { Listener } from '../core/events.js';
import { inWords } from '../core/in-words.js';
import { quote } from '../core/quote.js';
import { refuse, verify } from '../core/validate.js';
import { sendWith } from './command-client.js';
import { Commands } from './commands.js';
import type { Entry } from './entry.js';
import type { FleetEvents } from './events.js';
import type { Fleet, FleetStatus } from './fleet.js';
import { listenForHints } from './hints.js';
import type { Host, ProbeReport } from './host.js';
import { Link } from './link.js';
import { Members } from './members.js';
import { News } from './news.js';
import { type ResolvedFleetOptions, readSteerOptions, STEER, type SteerOptions } from './options.js';
import { DEFAULT_INTERVAL, Pulse } from './pulse.js';
import { randomWord } from './random-word.js';
import { isName, plainWords, type RoundReply } from './record.js';
import { Reports } from './reports.js';
import { Roster } from './roster.js';
import { statusOf } from './status.js';
import type { ShareableBreaker, ShareableTarget } from './target.js';
import { Usage } from './usage.js';
import { hasVotes, NOTHING, type View } from './view.js';
import { Views } from './views.js';
import { within } from './within.js';

/** Votes, withdrawals and abstentions of one poll. */
const MOST_ENTRIES = 500;

/** How long somebody waits who polls or steers by hand, at most, in ms. */
const PATIENCE_BY_HAND = 1_000;

/** Milliseconds over which instances spread their answer to a hint. */
const HINT_SPREAD = 100;

export class SharedFleet implements Fleet, Host {
  readonly isObserving: boolean;
  readonly probeLease: number | undefined;
  readonly #options: ResolvedFleetOptions;
  readonly #instance: string;
  readonly #nonces = randomWord();
  readonly #presence: number;
  readonly #link: Link;
  readonly #commands: Commands;
  readonly #pulse: Pulse;
  readonly #roster: Roster;
  readonly #reports: Reports;
  readonly #usage: Usage;
  readonly #news = new News();
  readonly #views = new Views((name, before, view, isNews) => this.#adopt(name, before, view, isNews));
  readonly #members = new Members(this);
  readonly #hangUp: () => Promise<void>;
  #nonce = 0;
  #instances = 0;
  #lastSync: number | undefined;
  #syncing: Promise<boolean> | undefined;
  #isStopped = false;

  /** @throws InvalidOptionsError for a target that is shared already */
  constructor(target: ShareableTarget, options: ResolvedFleetOptions) {
    const { pollInterval, clock } = options;
    const interval = pollInterval === false ? DEFAULT_INTERVAL : pollInterval;
    this.#options = options;
    this.isObserving = options.isObserving;
    this.probeLease = options.probeLease;
    this.#instance = options.instance ?? randomWord();
    this.#presence = 3 * interval + 1_000;
    this.#usage = new Usage(this.#presence);
    this.#link = new Link(sendWith(options.client), (error, command) =>
      this.#news.failed(error, command, this.now()),
    );
    this.#commands = new Commands(this.#link, {
      ...options,
      instance: this.#instance,
      keep: Math.max(60_000, 10 * interval),
    });
    this.#reports = new Reports(
      (report) => this.#commands.report(report),
      (name, reply) => this.hear(name, reply),
    );
    const failed = (error: unknown) => this.#news.error(error);
    this.#roster = new Roster(target, {
      created: (breaker) => this.#created(breaker),
      deleted: (breaker) => {
        this.#usage.forget(breaker.name);
        this.#members.delete(breaker);
      },
      changed: (breaker, transition) => this.#members.of(breaker).changed(transition),
      rejected: (breaker) => this.#members.of(breaker).rejected(),
      // When somebody can have begun to listen.
      refused: (error) => queueMicrotask(() => failed(error)),
    });
    this.#pulse = new Pulse(clock, () => this.roll(), pollInterval, {
      poll: () => void this.#poll(),
      doChores: (now) => this.#members.doChores(now),
      nextChore: () => this.#members.nextChore,
      lost: () => this.#lost(),
    });
    this.#roster.listen();
    this.#hangUp = listenForHints(options, options.instance === undefined ? this.#instance : undefined, {
      heard: () => this.#pulse.soon(this.roll() * HINT_SPREAD),
      failed,
    });
    this.#pulse.arm();
  }

  get ready(): Promise<void> {
    this.#pulse.arm(); // the timer may be gone, with fake ones
    return this.#pulse.ready;
  }

  get isDetached(): boolean {
    return this.#news.isDetached;
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
    return this.#news.add(event, listener);
  }

  async sync(): Promise<boolean> {
    return !this.#isStopped && (await this.#within(PATIENCE_BY_HAND, this.#pollAnew())) === true;
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
      if ([...this.#members].some(({ ballot }) => ballot.hasNews)) this.voteSoon();
    });
    this.#syncing = syncing;
    return syncing;
  }

  async #sync(): Promise<boolean> {
    const now = this.now();
    this.#members.doChores(now);
    this.#usage.look(this.#roster, now);
    this.#reports.resend(now);
    const entries = this.#entries(now);
    const turn = this.#views.begin();
    const reply = this.#commands.sync(entries, this.#presence, () => this.now());
    if (reply !== undefined) {
      for (const entry of entries) this.#members.get(entry.name)?.ballot.sends(entry);
      this.#pulse.sent();
    }
    const answer = await reply;
    if (this.#isStopped) return false;
    if (answer === undefined) {
      this.#pulse.failed();
      return false;
    }
    for (const entry of entries) this.#members.get(entry.name)?.ballot.hasSent(entry);
    this.#instances = answer.instances;
    const isNews = this.#lastSync !== undefined;
    this.#lastSync = this.now();
    this.#pulse.answered();
    this.#news.answered(this.#lastSync);
    this.#views.takeOver(answer.views, turn, isNews);
    this.#members.sweep();
    return true;
  }

  /** What is to be said with a poll; what does not fit goes with the next. */
  #entries(now: number): Entry[] {
    const entries = this.#members.entries();
    for (const [name, view] of this.#views.all) {
      if (hasVotes(view) && !this.#members.get(name)?.ballot.isVoting && this.#abstains(name, now))
        entries.push({ name, op: '0', epoch: view.epoch });
    }
    return entries.slice(0, MOST_ENTRIES);
  }

  /** Whether this instance has nothing to say of a breaker: it has none, does not use it, or may not decide. */
  #abstains(name: string, now: number): boolean {
    const breaker = this.#roster.get(name);
    return breaker === undefined || breaker.mode !== 'active' || this.#usage.isIdle(breaker, now);
  }

  #adopt(name: string, before: View, view: View, isNews: boolean): void {
    const breaker = this.#roster.get(name);
    if (breaker !== undefined) this.#members.of(breaker).adopt(view, isNews);
    this.#news.decided(name, before, view);
  }

  hear(name: string, reply: RoundReply): void {
    if (!this.#isStopped) this.#views.hear(name, reply, this.now());
  }

  lease(name: string, nonce: string, ms: number): Promise<RoundReply | undefined> | undefined {
    if (this.#isStopped) return undefined;
    const ask = () => this.#commands.lease(name, nonce, ms);
    // A report that is on its way gives back a place, or decides.
    return this.#reports.underWay(name)?.then(ask) ?? ask();
  }

  report(report: ProbeReport): void {
    void this.#reports.add(report);
  }

  atMost(promise: Promise<void>): Promise<void> {
    return this.#within(this.#options.commandTimeout, promise);
  }

  #within<T>(ms: number, promise: Promise<T>): Promise<T | undefined> {
    return within(this.#options.clock, ms, promise);
  }

  voteSoon(): void {
    // What trips together votes together.
    queueMicrotask(() => {
      if (!this.isDetached && this.#syncing === undefined) this.#pulse.soon(0);
    });
  }

  arm(): void {
    this.#pulse.arm();
  }

  #created(breaker: ShareableBreaker): void {
    this.#pulse.arm();
    const view = this.#views.get(breaker.name);
    if (view === NOTHING || this.isObserving) return;
    const member = this.#members.of(breaker);
    if (this.isDetached) member.openUntil(view);
    else member.adopt(view, false);
  }

  #lost(): void {
    for (const member of this.#members) member.detach();
    this.#news.detached(this.now(), `Redis has not answered for ${inWords(this.#presence - 1_000)}`);
  }

  status(): FleetStatus {
    this.#pulse.arm();
    return statusOf({
      instance: this.#instance,
      namespace: this.#options.namespace,
      detached: this.isDetached,
      instances: this.#instances,
      lastSync: this.#lastSync === undefined ? null : Math.max(this.now() - this.#lastSync, 0),
      results: this.#link.results,
      views: this.#views.all,
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
    const steering = this.#commands.steer(name, state, ms, words);
    const patience = Math.max(this.#options.commandTimeout, PATIENCE_BY_HAND);
    const epoch = steering && (await this.#within(patience, steering));
    if (epoch === undefined) {
      const cause = this.#news.lastError;
      throw new Error(`Circuit breaker ${quote(name)} was not steered: Redis did not answer`, { cause });
    }
    if (!this.#isStopped) this.#views.put(name, { state, epoch, until: this.now() + ms, attempt: 0, words });
  }

  async stop(): Promise<void> {
    if (this.#isStopped) return;
    const wasDetached = this.isDetached;
    for (const member of this.#members) member.leave();
    const entries = this.#members.entries();
    this.#isStopped = true;
    this.#pulse.stop();
    this.#roster.stop();
    this.#members.clear();
    const left = wasDetached
      ? undefined
      : this.#commands.sync(entries.slice(0, MOST_ENTRIES), 0, () => this.now());
    await this.#within(this.#options.commandTimeout, Promise.all([left, this.#hangUp()]));
    this.#reports.clear();
  }
}
