/**
 * Faults in place of what a dependency answers, by chance that can be had again: what happens to a call is told by the
 * seed, the function, the number of the call and the place of the fault, and by nothing else.
 */
import { isGranted, report } from '../core/report.js';
import { startTimer, stopTimer } from '../core/timers.js';
import {
  type Check,
  callable,
  count,
  describe,
  either,
  guardRead,
  oneOf,
  type Rules,
  readOptions,
} from '../core/validate.js';
import { warn } from '../core/warn.js';
import { type Clock, systemClock } from '../index.js';
import { type ChaosPlan, type Faults, type Present, presentOf, startPlan } from './chaos-plan.js';
import { type AnyFunction, type Perform, standBefore } from './chaos-proxy.js';
import { DISPOSE } from './dispose.js';
import type { ChaosPhase, Fault, FaultKind } from './faults.js';
import { isFirstWarning, markInjected } from './injected.js';
import { drawLatency } from './latency.js';
import { draw, hashText } from './random.js';
import { onAbort, type SignalLike, signalIn } from './signals.js';
import { createError, subject } from './testing-error.js';

/** What {@link createChaos} takes. */
export interface ChaosOptions {
  /** What is told by chance is told by this, an integer of at least 0. @default 1 */
  seed?: number | undefined;
  /** What latencies and plans go by. @default the platform's time */
  clock?: Clock | undefined;
  /**
   * Whether anything happens, or a function that is asked for each call; one that throws means no.
   *
   * @default true, but false where `NODE_ENV` is `production`
   */
  enabled?: boolean | (() => boolean) | undefined;
}

/** What has been done so far. */
export interface ChaosStats {
  /** Calls while it was on. */
  readonly calls: number;
  /** Faults that have hit a call. */
  readonly injected: Readonly<Record<FaultKind, number>>;
}

/** Which methods of a client get faults. */
export interface ChaosProtectOptions<Client> {
  /** Their names. @default all but those of events */
  methods?: readonly (keyof Client & string)[] | undefined;
}

/** Finds the signal among the arguments of a call. */
type PickSignal = (args: unknown[]) => SignalLike | undefined;

/** Injects faults. Its members work detached. */
export interface Chaos {
  /** The same function, to which faults happen. Where none does, it is called straight and its very answer handed on. */
  wrap<F extends AnyFunction>(fn: F, faults: Faults): F;
  /** As `wrap`, for a `fetch`: the signal in its options goes before that of a `Request`. */
  fetch<F extends AnyFunction>(fetch: F, faults: Faults): F;
  /** The same client, to whose methods faults happen. Objects inside it are left alone. */
  protect<Client extends object>(
    client: Client,
    faults: Faults,
    options?: ChaosProtectOptions<Client>,
  ): Client;
  /** Faults that change with time, from now on; when the last phase is over, none. */
  plan(phases: readonly ChaosPhase[]): ChaosPlan;
  readonly stats: ChaosStats;
  /** Turns it off; calls that hang or wait reject. */
  stop(): void;
  [Symbol.dispose](): void;
}

const enabledCheck = /* @__PURE__ */ (() => either(oneOf(true, false), callable))();

const clockCheck: Check = (value) =>
  typeof (value as Partial<Clock> | null)?.now === 'function' ? undefined : 'a clock';

const RULES: Rules & Record<keyof ChaosOptions, Check> = {
  seed: count,
  clock: clockCheck,
  enabled: enabledCheck,
};

const CREATE = /* @__PURE__ */ subject('create chaos');
const WRAP = /* @__PURE__ */ subject('wrap with chaos');
const PROTECT = /* @__PURE__ */ subject('protect with chaos');
const PLAN_SUBJECT = /* @__PURE__ */ subject('plan chaos');

/**
 * Faults for the functions that a test, or a staging environment, calls.
 *
 * @throws InvalidOptionsError for an unknown option or a value out of range
 *
 * @example
 * ```ts
 * import { createChaos, isInjected } from 'recloser/testing';
 *
 * const chaos = createChaos({ seed: 7 });
 * const flaky = chaos.wrap(async (id: number) => `user ${id}`, [{ fault: 'error', rate: 0.5 }]);
 * const results = await Promise.allSettled([1, 2, 3, 4].map((id) => flaky(id)));
 * const failed = results.filter((it) => it.status === 'rejected' && isInjected(it.reason));
 * console.log(failed.length === chaos.stats.injected.error); // → true
 * ```
 */
export function createChaos(options: ChaosOptions = {}): Chaos {
  const given: ChaosOptions = guardRead(CREATE, 'options', () => readOptions(options, RULES, CREATE));
  const { seed = 1, clock = systemClock } = given;
  const injected: Record<FaultKind, number> = { error: 0, latency: 0, hang: 0, result: 0 };
  const waiting = new Set<(reason: unknown) => void>();
  let enabled = given.enabled ?? !isProduction();
  let functions = 0;
  let calls = 0;

  if (isProduction() && enabled !== false && isFirstWarning())
    warn('RECLOSER_CHAOS', 'Chaos is enabled in production: calls fail, wait and hang on purpose');

  /** Waits so many milliseconds, for ever without any, unless the signal or `stop()` ends it. */
  const wait = (ms: number | undefined, signal: SignalLike | undefined) =>
    new Promise<void>((resolve, reject) => {
      const end = (settle: () => void) => {
        stopTimer(clock, timer);
        waiting.delete(stopped);
        stopListening?.();
        settle();
      };
      const stopped = (reason: unknown) => end(() => reject(reason));
      const timer = ms === undefined ? undefined : startTimer(clock, () => end(resolve), ms);
      let stopListening: (() => void) | undefined;
      waiting.add(stopped);
      stopListening = onAbort(signal, stopped);
    });

  const inject = async (
    { fn, self, args, signal }: Call,
    delay: number | undefined,
    end: Fault | undefined,
  ): Promise<unknown> => {
    if (delay !== undefined) await wait(delay, signal);
    switch (end?.fault) {
      case 'error':
        throw markInjected(
          end.error === undefined
            ? createError('ERR_INJECTED_FAULT', 'A fault was injected')
            : await end.error(),
        );
      case 'result':
        return markInjected(await end.value(...args));
      case 'hang':
        return wait(undefined, signal);
      default:
        return Reflect.apply(fn, self, args);
    }
  };

  /** @param id tells the function */
  const perform = (present: () => Present, id: number, number: number, makeCall: () => Call): unknown => {
    const { phase, faults } = present();
    let delay: number | undefined;
    let end: Fault | undefined;
    for (const [index, it] of faults.entries()) {
      const key = [seed, id, number, phase, index];
      if (draw(...key, 0) >= (it.rate ?? 1)) continue;
      injected[it.fault]++;
      if (it.fault !== 'latency') {
        end = it;
        break;
      }
      delay = (delay ?? 0) + reported(() => drawLatency(it.ms, refuseLatency, ...key, 1));
    }
    const call = makeCall();
    if (delay === undefined && end === undefined) return Reflect.apply(call.fn, call.self, call.args);
    return inject(call, delay, end);
  };

  /** @param pick finds the signal among the arguments */
  const caller = (present: () => Present, id: number, pick: PickSignal): Perform => {
    let number = 0;
    return (fn, self, args) => {
      if (enabled === false) return Reflect.apply(fn, self, args);
      if (enabled !== true && !isGranted('enabled', enabled)) return Reflect.apply(fn, self, args);
      calls++;
      return perform(present, id, number++, () => ({ fn, self, args, signal: pick(args) }));
    };
  };

  const wrapBy =
    (pick: PickSignal) =>
    <F extends AnyFunction>(fn: F, faults: Faults): F => {
      if (callable(fn) !== undefined)
        throw new TypeError(`Chaos needs a function to wrap, received ${describe(fn)}`);
      const apply: ProxyHandler<F>['apply'] = caller(presentOf(faults, WRAP), functions++, pick);
      return new Proxy(fn, { apply });
    };

  const stop = () => {
    enabled = false;
    const reason = markInjected(createError('ERR_INJECTED_FAULT', 'Chaos was stopped while the call waited'));
    for (const end of [...waiting]) end(reason);
  };

  return {
    wrap: wrapBy(signalIn),
    fetch: wrapBy((args) => signalIn([args[1], args[0]])),
    protect(client, faults, options = {}) {
      if ((typeof client !== 'object' || client === null) && typeof client !== 'function')
        throw new TypeError(`Chaos needs an object with methods to protect, received ${describe(client)}`);
      const { methods } = readOptions(options, { methods: methodsOf(client) }, PROTECT) as {
        methods?: readonly string[];
      };
      const present = presentOf(faults, WRAP);
      const id = functions++;
      const callers = new Map<string, Perform>();
      return standBefore(client, methods, (method) => {
        const known = callers.get(method) ?? caller(present, id + hashText(method), signalIn);
        callers.set(method, known);
        return known;
      });
    },
    plan: (phases) => startPlan(phases, clock, PLAN_SUBJECT),
    get stats() {
      return { calls, injected: { ...injected } };
    },
    stop,
    [DISPOSE]: stop,
  };
}

interface Call {
  readonly fn: AnyFunction;
  readonly self: unknown;
  readonly args: unknown[];
  readonly signal: SignalLike | undefined;
}

/** @throws TypeError always */
function refuseLatency(problem: string): never {
  throw new TypeError(`A function of a latency ${problem}`);
}

/** What throws is reported, and stands for no time at all. */
function reported(read: () => number): number {
  try {
    return read();
  } catch (error) {
    report(error);
    return 0;
  }
}

function methodsOf(client: object): Check {
  return (value) =>
    Array.isArray(value) && value.every((name) => typeof Reflect.get(client, name) === 'function')
      ? undefined
      : 'names of methods of the client';
}

function isProduction(): boolean {
  try {
    const { process } = globalThis as { process?: { env?: Record<string, string | undefined> } };
    return process?.env?.NODE_ENV === 'production';
  } catch {
    return false; // Deno lets nobody read it without leave
  }
}
