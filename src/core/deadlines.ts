import type { Clock } from './clock.js';
import { Heap, type Keyed } from './heap.js';
import { type Linked, LinkedList } from './linked-list.js';
import { afterRoot } from './root-context.js';
import {
  afterArrivals,
  areTimersShared,
  isDoubtful,
  startTimer,
  stopTimer,
  type Timer,
  timeOf,
} from './timers.js';

/** Something that ends by itself: extend it, and add it to `Deadlines`. */
export abstract class Deadline implements Linked<Deadline> {
  /** A reading of the clock. */
  readonly startedAt: number;
  /** Milliseconds from its start on. */
  readonly duration: number;
  listed = false;
  before: Deadline | undefined = undefined;
  after: Deadline | undefined = undefined;
  /** Of `Deadlines`: those that it stands among, and its number there. */
  queue: Queue | undefined = undefined;
  order = 0;

  constructor(startedAt: number, duration: number) {
    this.startedAt = startedAt;
    this.duration = duration;
  }

  /** The reading of the clock at which it is due. */
  get at(): number {
    return this.startedAt + this.duration;
  }

  /** @param now a reading of the clock, at least `at` */
  abstract expire(now: number): void;
}

/** Deadlines of one duration, which stand in order by themselves. */
class Queue extends LinkedList<Deadline> implements Keyed {
  /** No later than the first of them is due. */
  key: number;
  /** When the last of them was due that came: where the clock goes back, another queue begins. */
  latest: number;
  readonly duration: number;

  constructor(duration: number, key: number) {
    super();
    this.duration = duration;
    this.key = key;
    this.latest = key;
  }
}

/**
 * The deadlines of the calls in flight, behind one timer: a queue for each duration, and the queues in a heap by what is
 * due first. Calls nearly always share one duration, so that a new deadline belongs at the end of the queue that the last
 * one went to.
 *
 * A timer that fires speaks for the deadlines that it was set with, whatever the clock says: a clock that stands still
 * in a test delays no timeout, and ends none early. One that comes late lets what has arrived be read first. No timer is
 * trusted to fire: whoever adds a deadline sets one again that is overdue, or may have been dropped.
 */
export class Deadlines {
  readonly #clock: Clock;
  readonly #now: () => number;
  readonly #queues = new Map<number, Queue>();
  readonly #heap = new Heap<Queue>();
  #usual: Queue | undefined;
  /** Deadlines in all. */
  #size = 0;
  /** Queues that have any. */
  #busy = 0;
  #orders = 0;
  #timer: Timer | undefined;
  #timerAt = 0;
  /** The last deadline that the timer was set with. */
  #timerOrder = 0;
  /** By the time of the timer itself, whatever the breaker's clock says. */
  #timerSetAt = 0;
  #isResting = false;
  #patience = 0;

  /** @param now reads the clock; in place of `clock.now`, where its readings are looked at before they are believed */
  constructor(clock: Clock, now: () => number = () => clock.now()) {
    this.#clock = clock;
    this.#now = now;
  }

  add(deadline: Deadline, now: number): void {
    const usual = this.#usual;
    const { duration, at } = deadline;
    const queue = usual?.duration === duration && usual.latest <= at ? usual : this.#queueFor(duration, at);
    if (queue.first === undefined) this.#busy++;
    queue.add(deadline, queue.last);
    queue.latest = at;
    deadline.queue = queue;
    deadline.order = ++this.#orders;
    this.#size++;
    const timer = this.#timer;
    if (timer === undefined || at < this.#timerAt || now - this.#timerAt > OVERDUE || isDoubtful(timer))
      this.#setTimer(now);
    // Of the moment at which the timer was set, by its own time: the breaker's clock may stand still, or go on.
    else if ((timer.isFake || at === this.#timerAt) && timeOf(timer) - this.#timerSetAt < 1)
      this.#timerOrder = deadline.order;
  }

  /** Does nothing for a deadline that has expired or been removed. */
  remove(deadline: Deadline): void {
    if (!deadline.listed) return;
    const queue = deadline.queue as Queue;
    queue.remove(deadline);
    this.#size--;
    if (queue.first === undefined) this.#busy--;
    if (this.#size === 0) this.#restSoon();
    else if (this.#heap.size > 2 * this.#busy + SPARE_QUEUES)
      this.#heap.keep((it) => it.first !== undefined || this.#forget(it));
  }

  #queueFor(duration: number, at: number): Queue {
    let queue = this.#queues.get(duration);
    if (queue === undefined || queue.latest > at) {
      queue = new Queue(duration, at);
      this.#queues.set(duration, queue);
      this.#heap.add(queue);
    }
    this.#usual = queue;
    return queue;
  }

  #forget(queue: Queue): false {
    if (this.#queues.get(queue.duration) === queue) this.#queues.delete(queue.duration);
    this.#usual = undefined;
    return false;
  }

  /** The queue that is due first. Its key may have been that of a deadline which is gone. */
  #top(): Queue | undefined {
    for (let queue = this.#heap.top; queue !== undefined; queue = this.#heap.top) {
      const { first } = queue;
      if (first === undefined) {
        this.#heap.removeTop();
        this.#forget(queue);
      } else if (first.at > queue.key) {
        queue.key = first.at;
        this.#heap.sinkTop();
      } else return queue;
    }
    return undefined;
  }

  /** Sets the timer for the deadline that is due first. */
  #setTimer(now: number): void {
    const at = this.#top()?.key;
    const last = this.#timer;
    // Sums of fractions may come out above the whole.
    const next =
      at === undefined ? undefined : startTimer(this.#clock, this.#fire, Math.ceil(at - now - ROUNDING));
    // Not before there is another: where the stack is full the last one stays.
    stopTimer(this.#clock, last);
    this.#timer = next;
    if (next === undefined) return;
    this.#timerAt = at as number;
    this.#timerOrder = this.#orders;
    this.#timerSetAt = timeOf(next);
  }

  #fire = (): void => {
    const isFake = this.#timer?.isFake;
    this.#timer = undefined;
    const reached = this.#timerAt;
    const order = this.#timerOrder;
    const reading = this.#now();
    if (isFake || reading - reached <= LATE) this.#expire(reached, order, reading);
    else afterArrivals(this.#clock, () => this.#expire(reached, order, this.#now()));
  };

  /** @param order the last of the deadlines that the timer speaks for, which has reached this time whatever the clock says */
  #expire(reached: number, order: number, reading: number): void {
    const now = Math.max(reading, reached);
    const isDue = (it: Deadline) => it.at <= reading || it.order <= order;
    const postponed: Queue[] = [];
    try {
      for (let queue = this.#top(); queue !== undefined && queue.key <= now; queue = this.#top()) {
        const first = queue.first as Deadline;
        if (isDue(first)) {
          this.remove(first);
          first.expire(now);
        } else {
          this.#heap.removeTop();
          postponed.push(queue);
        }
      }
    } finally {
      for (const queue of postponed) this.#heap.add(queue);
      if (this.#size > 0) {
        this.#setTimer(now);
        // A timer belongs to the request that set this one; what is set outside keeps the affairs of none.
        // What came after the timer was set has had less time than that tells.
        afterRoot(() => this.#setTimer(Math.max(order === this.#orders ? now : reading, this.#now())));
      }
    }
  }

  /**
   * Clears the timer a few microtasks after the last call has settled. One awaited call after the other finds it still
   * set: setting and clearing it each time would cost several times the call.
   */
  #restSoon(): void {
    this.#patience = PATIENCE;
    if (this.#isResting) return;
    this.#isResting = true;
    SETTLED.then(this.#rest);
  }

  #rest = (): void => {
    if (this.#size === 0 && --this.#patience > 0) {
      SETTLED.then(this.#rest);
      return;
    }
    this.#isResting = false;
    if (this.#size > 0) return;
    stopTimer(this.#clock, this.#timer);
    this.#timer = undefined;
  };
}

/**
 * Where a call's deadlines go: to those that its owner shares, made when they are first needed, or where timers cannot be
 * shared to some of its own.
 */
export function deadlinesFor(
  shared: Deadlines | undefined,
  clock: Clock,
  create: () => Deadlines,
): Deadlines {
  return shared !== undefined && areTimersShared(clock) ? shared : create();
}

/** Microtasks to wait: a caller a few `async` functions away is back within them. */
const PATIENCE = 8;

/** Milliseconds that no timer can tell. */
const ROUNDING = 0.001;

/** Milliseconds after which a timer comes too late for a busy moment, and what has arrived is to be read first. */
const LATE = 5;

/** Milliseconds after which a timer will not come any more. */
const OVERDUE = 1_000;

/** Queues without deadlines that are kept beside as many as have some. */
const SPARE_QUEUES = 8;

const SETTLED = Promise.resolve();
