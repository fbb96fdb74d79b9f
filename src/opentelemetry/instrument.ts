import {
  type InstrumentableBreaker,
  type InstrumentableRegistry,
  type Target,
  verifyTarget,
} from '../core/target.js';
import { refuse } from '../core/validate.js';
import { KnownBreakers } from './known-breakers.js';
import { measure } from './measure.js';
import { type InstrumentOptions, type ResolvedOptions, resolveOptions, SUBJECT } from './options.js';
import { traceEvents } from './trace.js';

/** A target that a meter measures, and how many have asked for it. */
interface Instrumentation {
  readonly options: ResolvedOptions;
  readonly stop: () => void;
  holders: number;
}

/** By meter and target, so that nothing is measured twice; weakly, so that it keeps neither. */
const instrumentations = /* @__PURE__ */ new WeakMap<object, WeakMap<Target, Instrumentation>>();

/**
 * Measures a breaker, or all breakers of a registry, present and future, with the instruments of a meter, and tells of
 * rejections, transitions and fallbacks on the active span. A target that the meter measures already is not counted
 * twice.
 *
 * @returns a function that ends it
 * @throws InvalidOptionsError for an unknown option, a value out of range, or options other than those with which the
 * meter measures the target already
 *
 * @example
 * ```ts
 * import { metrics } from '@opentelemetry/api';
 * import { CircuitBreakerRegistry } from 'recloser';
 * import { instrument } from 'recloser/opentelemetry';
 *
 * const breakers = new CircuitBreakerRegistry();
 * const stop = instrument(breakers, { meter: metrics.getMeter('shop') });
 *
 * await breakers.getOrCreate('users').call(async () => 'Ada');
 * stop();
 * ```
 */
export function instrument(
  target: InstrumentableBreaker | InstrumentableRegistry,
  options: InstrumentOptions,
): () => void {
  verifyTarget(SUBJECT, target);
  const resolved = resolveOptions(options);
  const targets = targetsOf(resolved.meter);
  const running = targets.get(target);
  if (running !== undefined) verifySame(resolved, running.options);
  const instrumentation = running ?? start(target, resolved);
  targets.set(target, instrumentation);
  instrumentation.holders++;
  return once(() => {
    if (--instrumentation.holders > 0) return;
    instrumentation.stop();
    targets.delete(target);
  });
}

/** A function that does this the first time, and then lets go of all that it needed for it. */
function once(run: () => void): () => void {
  let left: (() => void) | undefined = run;
  return () => {
    const now = left;
    left = undefined;
    now?.();
  };
}

function targetsOf(meter: object): WeakMap<Target, Instrumentation> {
  const targets = instrumentations.get(meter) ?? new WeakMap<Target, Instrumentation>();
  instrumentations.set(meter, targets);
  return targets;
}

function start(target: Target, options: ResolvedOptions): Instrumentation {
  const { meter, trace, tracer, attributes, maxBreakers } = options;
  const stopMeasuring = measure(target, meter, new KnownBreakers(attributes, maxBreakers));
  const stopTracing = traceEvents(target, trace, tracer);
  return {
    options,
    holders: 0,
    stop: () => {
      stopMeasuring();
      stopTracing();
    },
  };
}

function verifySame(given: ResolvedOptions, inForce: ResolvedOptions): void {
  for (const [option, value] of Object.entries(inForce)) {
    const other = given[option as keyof ResolvedOptions];
    const isSame =
      option === 'attributes' ? JSON.stringify(other) === JSON.stringify(value) : other === value;
    if (!isSame)
      refuse(SUBJECT, option, `\`${option}\` must be what this meter measures the target with already`);
  }
}
