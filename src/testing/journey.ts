/**
 * The moves of a manual clock, and the one driver that goes their way. It takes a step at a time, the next timer or the
 * end of a move, and lets microtasks run dry before each. It knows nothing of wall clocks, chance or options.
 */
import { createError } from './testing-error.js';
import { QueuedTimer, TimerQueue } from './timer-queue.js';
import { createTurns, realTime, type Turns } from './turns.js';

/** Timers that may run at one time: more are a loop. */
const MOST_AT_ONE_TIME = 100_000;

/** Timers that a message names. */
const MOST_NAMED = 5;

interface Move {
  readonly to: number;
  /** The moves under way when a callback began this one: they end after it, and bear what goes wrong. */
  readonly within: readonly Move[];
  /** Moves within this one that are under way. */
  inside: number;
  readonly errors: unknown[];
  hasArrived: boolean;
  readonly end: (error?: { readonly thrown: unknown }) => void;
}

interface Wait {
  readonly from: number;
  readonly limit: number;
  readonly io: number;
  readonly fail: (error: unknown) => void;
}

export class Journey {
  readonly #queue = new TimerQueue();
  readonly #moves = new Set<Move>();
  readonly #waits = new Set<Wait>();
  #now: number;
  #orders = 0;
  #isDriving = false;
  /** Those of the last move, until they are left. */
  #turns: Turns | undefined;
  /** Whether a callback of the driver is running, so that moves begin within those under way. */
  #isRunning = false;
  #ran = 0;

  constructor(start: number) {
    this.#now = start;
  }

  get now(): number {
    return this.#now;
  }

  get timers(): number {
    return this.#queue.size;
  }

  get nextIn(): number {
    const { first } = this.#queue;
    return first === undefined ? Number.POSITIVE_INFINITY : Math.max(first.at - this.#now, 0);
  }

  set(run: () => void, ms: number): QueuedTimer {
    const timer = new QueuedTimer(this.#now + ms, this.#orders++, run);
    this.#queue.add(timer);
    return timer;
  }

  clear(timer: unknown): void {
    if (timer instanceof QueuedTimer) this.#queue.remove(timer);
  }

  /** Time never goes back. */
  passTo(time: number): void {
    if (time <= this.#now) return;
    this.#now = time;
    this.#ran = 0;
  }

  move(ms: number): Promise<void> {
    const within = this.#isRunning ? [...this.#moves] : [];
    for (const outer of within) outer.inside++;
    return new Promise((resolve, reject) => {
      this.#moves.add({
        to: this.#now + ms,
        within,
        inside: 0,
        errors: [],
        hasArrived: false,
        end: (error) => (error === undefined ? resolve() : reject(error.thrown)),
      });
      this.#drive();
    });
  }

  moveSync(ms: number): void {
    const to = this.#now + ms;
    const errors: unknown[] = [];
    for (let timer = this.#queue.first; timer !== undefined && timer.at <= to; timer = this.#queue.first) {
      this.#refuseLoop();
      this.#run(timer, (error) => errors.push(error));
    }
    this.passTo(to);
    throwAll(errors);
  }

  settle<T>(promise: PromiseLike<T>, limit: number, io: number): Promise<T> {
    return new Promise((resolve, reject) => {
      const wait: Wait = { from: this.#now, limit, io, fail: reject };
      this.#waits.add(wait);
      promise.then(
        (value) => {
          this.#waits.delete(wait);
          resolve(value);
        },
        (error) => {
          this.#waits.delete(wait);
          reject(error);
        },
      );
      this.#drive();
    });
  }

  async #drive(): Promise<void> {
    if (this.#isDriving) return;
    this.#isDriving = true;
    this.#turns ??= await createTurns();
    const turns = this.#turns;
    try {
      await turns.next();
      while (this.#moves.size + this.#waits.size > 0) {
        const io = Math.max(0, ...Array.from(this.#waits, (wait) => wait.io));
        if (io > 0) {
          await realTime(io);
          await turns.next();
        }
        this.#step();
        if (this.#moves.size + this.#waits.size > 0) await turns.next();
      }
    } catch (error) {
      this.#abandon(error);
    } finally {
      this.#isDriving = false;
      turns.leave(() => this.#isLeft(turns));
    }
  }

  /** Whether nobody has gone on with these turns. */
  #isLeft(turns: Turns): boolean {
    if (this.#isDriving || this.#turns !== turns) return false;
    this.#turns = undefined;
    return true;
  }

  /** Runs the next timer, or lets the moves end that arrive before it. */
  #step(): void {
    const timer = this.#queue.first;
    const at = timer === undefined ? Number.POSITIVE_INFINITY : Math.max(timer.at, this.#now);
    let to = Number.POSITIVE_INFINITY;
    for (const move of this.#moves) if (!move.hasArrived) to = Math.min(to, move.to);
    this.#refuseWaits(Math.min(at, to));
    if (this.#moves.size + this.#waits.size === 0) return;
    if (timer !== undefined && at <= to) {
      this.#refuseLoop();
      this.#isRunning = true;
      try {
        this.#run(timer, (error) => this.#note(error));
      } finally {
        this.#isRunning = false;
      }
      return;
    }
    this.passTo(to);
    for (const move of this.#moves) move.hasArrived = move.to <= this.#now;
    // Those that have ended may have been what others wait for.
    for (let ended = this.#ended(); ended.length > 0; ended = this.#ended()) ended.forEach(this.#end);
  }

  #ended(): Move[] {
    return [...this.#moves].filter(({ hasArrived, inside }) => hasArrived && inside === 0);
  }

  #end = (move: Move): void => {
    this.#moves.delete(move);
    for (const outer of move.within) outer.inside--;
    try {
      throwAll(move.errors);
      move.end();
    } catch (thrown) {
      move.end({ thrown });
    }
  };

  /** @param next when anything happens next, `Infinity` for never */
  #refuseWaits(next: number): void {
    for (const wait of this.#waits) {
      if (next <= wait.from + wait.limit) continue;
      this.#waits.delete(wait);
      wait.fail(next === Number.POSITIVE_INFINITY ? this.#nothingLeft(wait) : this.#beyond(wait, next));
    }
  }

  #nothingLeft({ from, io }: Wait) {
    const within =
      io > 0 ? `${io} real ms were not enough for its sockets (\`io\`)` : 'it waits for a socket (see `io`)';
    return createError(
      'ERR_NOTHING_TO_WAIT_FOR',
      `The promise has not settled after ${this.#now - from} ms of the manual clock, and no timer of this clock is left ` +
        `that it could wait for: it has another clock, ${within}, or nobody ever settles it`,
    );
  }

  #beyond({ from, limit }: Wait, next: number) {
    const named = this.#queue.list(MOST_NAMED).map(({ run, at }) => {
      const name = run.name === '' ? 'a timer' : `\`${run.name.slice(0, 40)}\``;
      return `${name} in ${Math.max(at - this.#now, 0)} ms`;
    });
    const others = this.#queue.size - named.length;
    return createError(
      'ERR_SETTLE_LIMIT',
      `The promise has not settled after ${this.#now - from} ms of the manual clock, and nothing happens before ` +
        `${next - from} ms, beyond the \`limit\` of ${limit} ms; there wait: ${named.join(', ')}` +
        (others > 0 ? ` and ${others} more` : ''),
    );
  }

  #refuseLoop(): void {
    if (this.#ran < MOST_AT_ONE_TIME) return;
    this.#ran = 0;
    throw createError(
      'ERR_TIMER_LOOP',
      `${MOST_AT_ONE_TIME} timers have run at ${this.#now} ms of the manual clock, and more are due: a timer that sets ` +
        'itself again must wait longer than 0 ms',
    );
  }

  #run(timer: QueuedTimer, onError: (error: unknown) => void): void {
    this.#queue.remove(timer);
    this.passTo(timer.at);
    this.#ran++;
    try {
      timer.run();
    } catch (error) {
      onError(error);
    }
  }

  /** What a callback has thrown is told once: at once to those that settle, else at the end of the move that is the next to end. */
  #note(error: unknown): void {
    for (const wait of this.#waits) wait.fail(error);
    const isTold = this.#waits.size > 0;
    this.#waits.clear();
    if (isTold) return;
    const outer = [...this.#moves].filter(({ within }) => within.length === 0);
    outer.sort((a, b) => a.to - b.to)[0]?.errors.push(error);
  }

  /** Nothing goes on: all that is under way ends with this. */
  #abandon(thrown: unknown): void {
    for (const move of this.#moves) move.end(move.within.length === 0 ? { thrown } : undefined);
    for (const wait of this.#waits) wait.fail(thrown);
    this.#moves.clear();
    this.#waits.clear();
  }
}

/** @throws the only one of them as it is, several as an `AggregateError` */
function throwAll(errors: readonly unknown[]): void {
  if (errors.length > 1) throw new AggregateError(errors, `${errors.length} timers have thrown`);
  if (errors.length > 0) throw errors[0];
}
