/** The real breaker, on a manual clock, before a dependency that behaves as it is told. */
import { startTimer } from '../../core/timers.js';
import { hasMethods, verify } from '../../core/validate.js';
import {
  CircuitBreaker,
  type CircuitBreakerOptions,
  type CircuitState,
  type Clock,
  type Transition,
} from '../../index.js';
import { createManualClock, type ManualClock } from '../manual-clock.js';
import { createRandom } from '../random.js';
import {
  type CallRecord,
  figuresOf,
  incidentsOf,
  type SimulatedTransition,
  type SimulationData,
  timelineOf,
} from './figures.js';
import {
  type ResolvedSettings,
  readSettings,
  type SimulatedSubject,
  type SimulationSettings,
  SUBJECT,
} from './settings.js';
import { textOf } from './text.js';
import { createWorld, type Fate, toMicros, type World } from './world.js';

/** A simulation that is over. */
export interface SimulationRun extends SimulationData {
  /** All of it for people to read. */
  text(): string;
}

/** What is read of a breaker. */
interface ReadableBreaker {
  readonly state: CircuitState;
  readonly options?: { readonly callTimeout?: number | false };
  on(event: 'transition', listener: (transition: Transition) => void): () => void;
}

interface Caller {
  readonly call: NonNullable<SimulatedSubject['call']>;
  readonly breaker: ReadableBreaker | undefined;
  readonly stop: () => unknown;
}

/** What a draw is for. */
const DICE = 5;

/**
 * Runs calls through a breaker and an outage on a clock of its own, and tells what came of it. What arrives, and what
 * becomes of each attempt, is told by the seed alone: settings are compared on the same calls.
 *
 * @throws InvalidOptionsError with the path of what is wrong: `dependency[1].hang`
 *
 * @example
 * ```ts
 * import { simulate } from 'recloser/testing';
 *
 * const { figures } = await simulate({
 *   breaker: { failureThreshold: 5, recoveryTimeout: 5_000 },
 *   traffic: { rate: 100 },
 *   dependency: [
 *     { for: 10_000, latency: 20 },
 *     { for: 10_000, failures: 1 },
 *     { for: 10_000, latency: 20 },
 *   ],
 * });
 * console.log(figures.trips, figures.falseTrips, figures.failingCallsSent < 20); // → 1 0 true
 * ```
 */
export async function simulate<Shared = unknown>(
  settings: SimulationSettings<Shared>,
): Promise<SimulationRun> {
  const resolved = readSettings(settings);
  const world = createWorld(resolved);
  const clock = createManualClock({ start: world.start, seed: resolved.seed });
  const callers: Caller[] = [];
  let done: SimulationRun;
  try {
    await clock.settle(makeCallers(resolved, clock, callers));
    done = await run(resolved, world, clock, callers);
  } catch (error) {
    await stopAll(callers);
    throw error;
  }
  for (const end of await stopAll(callers)) if (end.status === 'rejected') throw end.reason;
  return done;
}

/** Stops each of them, whatever becomes of the others. */
function stopAll(callers: readonly Caller[]): Promise<PromiseSettledResult<unknown>[]> {
  return Promise.allSettled(callers.map(async ({ stop }) => stop()));
}

async function makeCallers(settings: ResolvedSettings, clock: ManualClock, callers: Caller[]): Promise<void> {
  const { breaker = {}, instances, seed } = settings;
  const shared = await settings.shared?.({ clock });
  for (let instance = 0; instance < instances; instance++) {
    const random = createRandom(seed, DICE, instance);
    const own: Clock = { ...clock, random };
    if (typeof breaker === 'function')
      callers.push(callerOf(await breaker({ clock: own, instance, shared, random })));
    else callers.push(callerOf(new CircuitBreaker({ ...(breaker as CircuitBreakerOptions), clock: own })));
  }
}

const canCall = /* @__PURE__ */ hasMethods('call');
const canListen = /* @__PURE__ */ hasMethods('on');

const isReadable = (it: unknown): it is ReadableBreaker => canListen(it) && 'state' in it;

/** @throws InvalidOptionsError for what calls cannot go through */
function callerOf(subject: SimulatedSubject): Caller {
  const { breaker } = (subject ?? {}) as SimulatedSubject;
  const target = canCall(subject) ? subject : breaker;
  verify(SUBJECT, 'breaker', target, (it) =>
    canCall(it) ? undefined : 'options, or a function that answers what has `call` or a `breaker`',
  );
  const { call } = target as Required<SimulatedSubject>;
  return {
    call: (task) => call.call(target, task),
    breaker: [breaker, subject].find(isReadable),
    stop: () => subject.stop?.(),
  };
}

async function run(
  settings: ResolvedSettings,
  world: World,
  clock: ManualClock,
  callers: readonly Caller[],
): Promise<SimulationRun> {
  const calls: CallRecord[] = [];
  const transitions: SimulatedTransition[] = [];
  const failingCallsSent = world.incidents.map(() => 0);
  const states = callers.map(({ breaker }) => breaker?.state ?? 'CLOSED');
  for (const [instance, { breaker }] of callers.entries()) {
    breaker?.on('transition', ({ from, to, reason }) =>
      transitions.push({ at: toMicros(clock.now()), instance, from, to, reason }),
    );
  }
  const dependency = createDependency(clock, (instance, now) => {
    const index = world.incidents.findIndex(
      ({ from, to, instances }) => now >= from && now < to && instances.includes(instance),
    );
    if (index >= 0) failingCallsSent[index] = (failingCallsSent[index] as number) + 1;
  });

  let open = 0;
  let isOver = false;
  let tellDrained: () => void;
  const drained = new Promise<void>((resolve) => {
    tellDrained = resolve;
  });
  const settled = () => {
    if (--open === 0 && isOver) tellDrained();
  };

  /** What a function of the settings has thrown, or answered: there is no going on. */
  let broken: { readonly thrown: unknown } | undefined;
  const orBroken = <T>(ask: () => T): T => {
    try {
      return ask();
    } catch (thrown) {
      broken ??= { thrown };
      throw thrown;
    }
  };
  const fateOf: World['fate'] = (...attempt) => orBroken(() => world.fate(...attempt));

  const arrive = (number: number, at: number): void => {
    const instance = world.instanceOf(number);
    const record: CallRecord = {
      at,
      sent: 0,
      end: 'pending',
      waited: 0,
      isGood: fateOf(number, 0, instance, at).end === 'ok',
    };
    calls.push(record);
    const good = new Set<unknown>();
    const task = () => {
      const now = toMicros(clock.now());
      const attempt = record.sent++;
      const value = { call: number, attempt };
      good.add(value);
      return dependency(instance, now, fateOf(number, attempt, instance, now), value);
    };
    const end = (kind: CallRecord['end']) => {
      record.end = kind;
      record.waited = toMicros(clock.now() - at);
      settled();
    };
    open++;
    const { call } = callers[instance] as Caller;
    promiseOf(() => call(task)).then(
      (value) => end(good.has(value) ? 'ok' : 'fallback'),
      () => end(record.sent === 0 ? 'rejected' : 'failed'),
    );
  };

  const expect = (number: number): void => {
    const at = orBroken(() => world.arrival(number));
    if (at === undefined) return;
    clock.setTimeout(
      () => {
        if (broken !== undefined) return;
        expect(number + 1);
        arrive(number, at);
      },
      Math.max(at - clock.now(), 0),
    );
  };

  expect(0);
  await clock.advance(world.end - clock.now());
  isOver = true;
  if (open > 0) await drain(clock, drained, settings.drain);
  if (broken !== undefined) throw broken.thrown;

  const timeouts = callers.map(({ breaker }) => breaker?.options?.callTimeout || 0);
  const { grace = Math.max(1_000, ...timeouts), seed } = settings;
  const notes = { world, calls, transitions, failingCallsSent, states, grace };
  const incidents = incidentsOf(notes);
  const duration = world.end - world.start;
  const step = settings.step ?? Math.max(Math.ceil(duration / 60_000), 1) * 1_000;
  const data: SimulationData = {
    seed,
    duration,
    figures: figuresOf(notes, incidents),
    incidents,
    transitions,
    timeline: timelineOf(notes, step),
  };
  return { ...data, text: () => textOf(data) };
}

/** Lets open calls end, if they do within the time that there is. */
async function drain(clock: ManualClock, drained: Promise<void>, limit: number): Promise<void> {
  try {
    await clock.settle(drained, { limit });
  } catch (error) {
    const { code } = error as { code?: string };
    if (code !== 'ERR_NOTHING_TO_WAIT_FOR' && code !== 'ERR_SETTLE_LIMIT') throw error;
  }
}

/** What `call` throws at once is an answer, too. */
async function promiseOf(call: () => PromiseLike<unknown>): Promise<unknown> {
  return await call();
}

type Dependency = (instance: number, now: number, fate: Fate, value: object) => Promise<unknown>;

/** What an attempt fails with: what its phase makes, or throws in making it. */
function failureOf(error: Fate['error']): unknown {
  try {
    return error === undefined ? new Error('The simulated dependency has failed') : error();
  } catch (thrown) {
    return thrown;
  }
}

/**
 * Answers attempts as they are fated, those too that nobody waits for any more.
 *
 * @param onFailing is told of each attempt that will not succeed
 */
function createDependency(
  clock: ManualClock,
  onFailing: (instance: number, now: number) => void,
): Dependency {
  /** When it takes up the next attempt. */
  let freeAt = 0;
  return (instance, now, { end, ms, error, capacity }, value) => {
    if (end !== 'ok') onFailing(instance, now);
    let wait = ms;
    if (capacity !== undefined) {
      const startsAt = Math.max(now, freeAt);
      freeAt = startsAt + 1_000 / capacity;
      wait += startsAt - now;
    }
    return new Promise((resolve, reject) => {
      if (end === 'hang') return;
      const answer = () => {
        if (end === 'ok') resolve(value);
        else reject(failureOf(error));
      };
      startTimer(clock, answer, wait);
    });
  };
}
