/** The attempts of one call: how each is run, hedges beside it, and whether one that failed is worth another. */
import type { Deadlines } from '../core/deadlines.js';
import type { CallerSignal } from '../core/following.js';
import { isGranted } from '../core/report.js';
import { Attempt, type AttemptOwner, type Ended } from './attempt.js';
import { type AttemptTask, LazyAttemptContext } from './attempt-context.js';
import { CallEnd } from './call-end.js';
import { enterNow, type Visitor } from './entrance.js';
import { isRejection } from './errors.js';
import type { Host } from './host.js';
import type { Settings } from './options.js';
import { Race } from './race.js';
import { outcomeOf } from './retry-wait.js';

export abstract class CallAttempts<T> extends CallEnd<T> implements AttemptOwner, Visitor {
  holdsPlace = false;
  heldPermit: unknown;
  /** Whether the call as a whole is a probe. */
  protected isProbe = false;
  readonly #task: AttemptTask<T>;
  /** The attempt that was judged last, and the judgement. */
  #judged: Ended | undefined;
  #isWorthRetrying!: boolean;

  constructor(
    host: Host,
    task: AttemptTask<T>,
    settings: Settings,
    signal: CallerSignal | undefined,
    startedAt: number,
  ) {
    super(host, settings, signal, startedAt);
    this.#task = task;
  }

  /** The number of the next attempt. */
  get attempt(): number {
    return this.attempts + 1;
  }

  left({ startedAt }: Attempt): void {
    const { host } = this;
    host.tally.running--;
    if (this.settings.hedge !== false) host.answerTimes.add(host.clock.now() - startedAt);
    this.shared.bulkhead?.leave();
  }

  /** Runs the task, with a place, a turn and a permit in hand. */
  protected run(permit: unknown, isHedge: boolean, waited: boolean, startedAt: number): Attempt {
    const { host, deadline } = this;
    const { tally } = host;
    const callTimeout = this.settings.callTimeout ?? host.breaker.options.callTimeout;
    const isFirst = this.attempts++ === 0 && !waited;
    if (isHedge) tally.hedges++;
    const context = new LazyAttemptContext(host, this.attempts, isHedge, deadline);
    const remaining = deadline - startedAt;
    if (remaining < (callTimeout === false ? Number.POSITIVE_INFINITY : callTimeout)) {
      const limit = isFirst ? 'call' : 'rest';
      const attempt = new Attempt(this, permit, context, startedAt, Math.max(remaining, 0), limit);
      return this.#handOver(attempt, host.deadlines);
    }
    const attempt = new Attempt(this, permit, context, startedAt, callTimeout || 0, 'attempt');
    return this.#handOver(attempt, callTimeout === false ? undefined : host.deadlines);
  }

  /** What the call holds is the attempt's from now on. */
  #handOver(attempt: Attempt, deadlines: Deadlines | undefined): Attempt {
    const { tally, owed } = this.host;
    tally.attempts++;
    tally.running++;
    this.holdsPlace = false;
    this.heldPermit = undefined;
    try {
      attempt.run(this.#task, deadlines);
      return attempt;
    } catch (error) {
      owed[owed.length] = attempt; // without a call: the stack is full
      throw error;
    }
  }

  /** How an attempt ends, or the first good answer of it and its hedges. */
  protected hedged(first: Attempt): Promise<Ended> {
    const { host } = this;
    const { hedge } = this.settings;
    if (hedge === false || this.isProbe || host.breaker.state !== 'CLOSED') return first.ended;
    return new Race({
      clock: host.clock,
      delay: host.answerTimes.delay(hedge.delay),
      most: hedge.maxHedges ?? 1,
      hasFailed: (ended) => ended.kind === 'failure' || this.isToRetry(ended),
      send: (delay) => this.#sendHedge(delay),
      won: () => {
        host.tally.hedgesWon++;
      },
      discard: host.discard,
    }).run(first);
  }

  #sendHedge(delay: number): Attempt | undefined {
    const { host } = this;
    const { retryBudget } = this.shared;
    if (host.breaker.state !== 'CLOSED') return undefined;
    if (retryBudget !== undefined && !retryBudget.tryWithdraw()) return undefined;
    const entry = enterNow(this);
    if (entry === undefined || entry.by !== undefined) {
      retryBudget?.refund();
      return undefined;
    }
    host.tell('hedge', { attempt: this.attempt, delay });
    return this.run(entry.permit, true, true, entry.at);
  }

  /** Whether an attempt failed so that another may help. It is asked once of each. */
  protected isToRetry(ended: Ended): boolean {
    if (this.#judged === ended) return this.#isWorthRetrying;
    const { retryOn } = this.settings.retry;
    const { threw, result, kind } = ended;
    this.#judged = ended;
    this.#isWorthRetrying =
      retryOn === undefined
        ? kind === 'failure' && !(threw && isRejection(result))
        : isGranted('retryOn', () => retryOn(outcomeOf(ended), kind));
    return this.#isWorthRetrying;
  }
}
