/**
 * Raises alerts in the process. Each breaker is judged whenever its state changes, and, so that alerts come and go when
 * nobody calls any more, in rounds. An alert is told when it begins and when it ends, and not in between.
 */

import { report as reportError } from '../core/report.js';
import {
  callable,
  duration,
  guardRead,
  MAX_TIMER_DELAY,
  orFalse,
  readOptions,
  verify,
} from '../core/validate.js';
import { type CircuitMetrics, type Clock, systemClock, type Transition } from '../index.js';
import { type Alert, beginAlert, conditionOf, resolveAlert } from './alert.js';
import type { Judge } from './conditions.js';
import { explain } from './explain.js';
import { type Past, past } from './explanation.js';
import { follow, type MonitoredBreaker, type MonitorSource, timeOf, verifyMonitored } from './follow.js';
import { Outbox } from './outbox.js';
import { type Rounds, startRounds } from './rounds.js';
import { type AlertName, type AlertRules, type ResolvedRules, readRules } from './watch-rules.js';

/** How a watch is kept. */
export interface WatchOptions {
  /**
   * Milliseconds between two looks at all breakers, 1 to 2,147,483,647; `false` for none but those of `check()`. The
   * timer is the clock's, if it has timers, and keeps no process alive.
   *
   * @default 10_000
   */
  every?: number | false | undefined;
  /**
   * What has happened to the same breakers, for the failures by type in the alerts' texts.
   *
   * @default the history that is kept of them, if there is one
   */
  history?: Past | undefined;
}

/** Is told when an alert begins and when it ends. What it throws or rejects with is reported as uncaught. */
export type AlertListener = (alert: Alert) => unknown;

/** A watch that is kept. */
export interface Watch {
  /** The alerts that have begun and not ended, as they were told. */
  readonly firing: readonly Alert[];
  /** Looks at all breakers, now. */
  check(): void;
  /** Ends the watch. Nothing is told any more, of alerts that are firing neither. */
  stop(): void;
}

/** What is watched of one breaker. */
interface WatchedBreaker {
  readonly breaker: MonitoredBreaker;
  /** None as long as it cannot be read. */
  conditions: readonly WatchedCondition[];
  /** Whether it has been told that it cannot be read. */
  isBroken: boolean;
}

interface WatchedCondition {
  readonly name: AlertName;
  readonly judge: Judge;
  /** The alert that has begun and not ended. */
  firing: Alert | undefined;
}

/** Breakers that are looked at in one go: a round over thousands lets the process do other things in between. */
const SLICE = 500;

const SUBJECT = { breaker: '', action: 'watch' };

const RULES = { every: orFalse(duration(1, MAX_TIMER_DELAY)), history: past };

/**
 * Watches a breaker, or all breakers of a registry, and tells when something is worth somebody's while.
 *
 * @param rules `true` or `{}` for every condition with the figures of `ALERT_CONDITIONS`
 * @throws InvalidOptionsError for anything but a breaker or a registry, an unknown condition, figure or option, or a
 * value out of range
 *
 * @example
 * ```ts
 * import { CircuitBreaker } from 'recloser';
 * import { watch } from 'recloser/monitor';
 *
 * const breaker = new CircuitBreaker({ name: 'users' });
 * const watching = watch(breaker, { health: false }, ({ alert, status }) => {
 *   console.log(alert, status); // → open firing, open resolved
 * });
 * breaker.trip();
 * breaker.reset();
 * watching.stop();
 * ```
 */
export function watch(
  source: MonitorSource,
  rules: true | AlertRules,
  onAlert: AlertListener,
  options: WatchOptions = {},
): Watch {
  verifyMonitored(SUBJECT, source);
  const resolved = readRules(rules);
  verify(SUBJECT, 'onAlert', onAlert, callable);
  const given: WatchOptions = guardRead(SUBJECT, 'options', () => readOptions(options, RULES, SUBJECT));
  return new BreakerWatch(source, resolved, onAlert, given);
}

class BreakerWatch implements Watch {
  readonly #rules: ResolvedRules;
  readonly #history: WatchOptions['history'];
  readonly #outbox: Outbox<Alert>;
  readonly #breakers = new Map<string, WatchedBreaker>();
  readonly #unfollow: () => void;
  readonly #rounds: Rounds | undefined;
  /** Those that are left of the present round. */
  #round: Iterator<WatchedBreaker> | undefined;

  constructor(source: MonitorSource, rules: ResolvedRules, onAlert: AlertListener, options: WatchOptions) {
    const { every = 10_000, history } = options;
    this.#rules = rules;
    this.#history = history;
    this.#outbox = new Outbox(onAlert);
    this.#unfollow = follow(source, {
      added: (breaker) => this.#added(breaker),
      removed: ({ name }) => this.#forget(name),
      events: { transition: (transition) => this.#changed(transition) },
    });
    if (every !== false) this.#rounds = startRounds(clockOf(source), every, this, BreakerWatch.#walk);
  }

  get firing(): readonly Alert[] {
    return Array.from(this.#breakers.values()).flatMap(({ conditions }) =>
      conditions.flatMap(({ firing }) => firing ?? []),
    );
  }

  check(): void {
    this.#rounds?.revive();
    for (const watched of this.#breakers.values()) this.#look(watched);
  }

  stop(): void {
    this.#unfollow();
    this.#rounds?.stop();
    this.#breakers.clear();
    this.#outbox.clear();
  }

  #added(breaker: MonitoredBreaker): void {
    const watched: WatchedBreaker = { breaker, conditions: [], isBroken: false };
    this.#breakers.set(breaker.name, watched);
    this.#read(watched, (metrics, now) => this.#prepare(watched, metrics, now));
  }

  /** Begins to judge a breaker. One that cannot be read yet begins when it can. */
  #prepare(watched: WatchedBreaker, metrics: CircuitMetrics, now: number): void {
    if (watched.conditions.length > 0) return;
    watched.conditions = Object.entries(this.#rules).map(([name, figures]): WatchedCondition => {
      const { createJudge } = conditionOf(name as AlertName);
      return {
        name: name as AlertName,
        judge: createJudge(figures, watched.breaker, metrics, now),
        firing: undefined,
      };
    });
  }

  /** Does something with how a breaker is now. One that cannot be read is told of once, and keeps nobody from the others. */
  #read(watched: WatchedBreaker, run: (metrics: CircuitMetrics, now: number) => void): void {
    try {
      const { metrics } = watched.breaker;
      run(metrics, timeOf(watched.breaker));
      watched.isBroken = false;
    } catch (error) {
      if (!watched.isBroken) reportError(error);
      watched.isBroken = true;
    }
  }

  #forget(name: string): void {
    const watched = this.#breakers.get(name);
    if (watched === undefined) return;
    this.#breakers.delete(name);
    const now = timeOf(watched.breaker);
    this.#outbox.send(
      watched.conditions.flatMap(({ firing }) =>
        firing === undefined
          ? []
          : resolveAlert(
              firing,
              this.#rules[firing.alert],
              firing.value,
              watched.breaker,
              now,
              'It was forgotten',
            ),
      ),
    );
  }

  #changed({ breaker, metrics, at }: Transition): void {
    this.#rounds?.revive();
    const watched = this.#breakers.get(breaker);
    if (watched === undefined) return;
    this.#prepare(watched, metrics, at);
    this.#judge(watched, metrics, at);
  }

  /** Static, since a function made in the constructor would hold the watch, which the rounds must not. */
  static #walk(this: void, watch: BreakerWatch): boolean {
    const round = watch.#round ?? watch.#breakers.values();
    watch.#round = undefined;
    for (let looked = 0; looked < SLICE; looked++) {
      const { done, value } = round.next();
      if (done) return false;
      watch.#look(value);
    }
    watch.#round = round;
    return true;
  }

  #look(watched: WatchedBreaker): void {
    this.#read(watched, (metrics, now) => {
      this.#prepare(watched, metrics, now);
      this.#judge(watched, metrics, now);
    });
  }

  /**
   * Judges a breaker whole before anything is told: who is told may change it. Nothing is kept before all of it is
   * known, so that an alert that cannot be made is made at the next look.
   */
  #judge({ breaker, conditions }: WatchedBreaker, metrics: CircuitMetrics, now: number): void {
    const changes: { readonly condition: WatchedCondition; readonly alert: Alert }[] = [];
    for (const condition of conditions) {
      const { name, judge, firing } = condition;
      const verdict = judge(metrics, now);
      if (verdict.holds === (firing !== undefined)) continue;
      const alert =
        firing === undefined
          ? beginAlert(name, this.#rules[name], verdict, breaker, this.#history, now)
          : resolveAlert(
              firing,
              this.#rules[firing.alert],
              verdict.value,
              breaker,
              now,
              explain(breaker, this.#history).text,
            );
      changes.push({ condition, alert });
    }
    for (const { condition, alert } of changes) {
      condition.firing = alert.status === 'firing' ? alert : undefined;
    }
    this.#outbox.send(changes.map(({ alert }) => alert));
  }
}

/** The clock by which the rounds are made: that of the breaker or the registry, if it tells one. */
function clockOf(source: MonitorSource): Clock {
  const { options, clock = options?.clock } = source as { clock?: Clock; options?: { clock: Clock } };
  return clock ?? systemClock;
}
