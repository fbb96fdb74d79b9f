import {
  type BreakerSource,
  type InstrumentableBreaker,
  type InstrumentableRegistry,
  verifySource,
} from '../core/source.js';
import { refuse } from '../core/validate.js';
import { AroundBreakers, measureSavings } from './around.js';
import { KnownBreakers } from './known-breakers.js';
import { type MoreMeasurements, measure } from './measure.js';
import { type InstrumentOptions, type ResolvedOptions, resolveOptions, SUBJECT } from './otel-options.js';
import { createTeller, traceEvents } from './trace.js';

/** A source that a meter measures, and how many have asked for it. */
interface Instrumentation {
  readonly options: ResolvedOptions;
  readonly stop: () => void;
  holders: number;
}

/** By meter and source, so that nothing is measured twice; weakly, so that it keeps neither. */
const instrumentations = /* @__PURE__ */ new WeakMap<object, WeakMap<BreakerSource, Instrumentation>>();

/**
 * Measures a breaker, or all breakers of a registry, present and future, with the instruments of a meter, and tells of
 * rejections, transitions and fallbacks on the active span. A source that the meter measures already is not counted
 * twice.
 *
 * @returns a function that ends it
 * @throws InvalidOptionsError for an unknown option, a value out of range, or options other than those with which the
 * meter measures the source already
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
  source: InstrumentableBreaker | InstrumentableRegistry,
  options: InstrumentOptions,
): () => void {
  verifySource(SUBJECT, source);
  const resolved = resolveOptions(options);
  const sources = sourcesOf(resolved.meter);
  const running = sources.get(source);
  if (running !== undefined) verifySame(resolved, running.options);
  const instrumentation = running ?? start(source, resolved);
  sources.set(source, instrumentation);
  instrumentation.holders++;
  return once(() => {
    if (--instrumentation.holders > 0) return;
    instrumentation.stop();
    sources.delete(source);
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

function sourcesOf(meter: object): WeakMap<BreakerSource, Instrumentation> {
  const sources = instrumentations.get(meter) ?? new WeakMap<BreakerSource, Instrumentation>();
  instrumentations.set(meter, sources);
  return sources;
}

function start(source: BreakerSource, options: ResolvedOptions): Instrumentation {
  const { meter, trace, tracer, attributes, maxBreakers, resilience, cost } = options;
  const breakers = new KnownBreakers(attributes, maxBreakers);
  const tell = createTeller(trace, tracer);
  const stops: (() => void)[] = [];
  const createMore = () => {
    const more: MoreMeasurements[] = around === undefined ? [] : [around.measure(meter)];
    if (cost === undefined) return more;
    const savings = measureSavings(source, meter, cost, breakers, around);
    stops.push(savings.stop);
    return [...more, savings];
  };
  const around =
    resilience === undefined ? undefined : new AroundBreakers(source, resilience, breakers, tell);
  stops.push(measure(source, meter, breakers, createMore), traceEvents(source, tell));
  if (around !== undefined) stops.push(() => around.stop());
  return {
    options,
    holders: 0,
    stop: () => {
      for (const stop of stops) stop();
    },
  };
}

function verifySame(given: ResolvedOptions, inForce: ResolvedOptions): void {
  for (const [option, value] of Object.entries(inForce)) {
    const other = given[option as keyof ResolvedOptions];
    const isSame =
      option === 'attributes' ? JSON.stringify(other) === JSON.stringify(value) : other === value;
    if (!isSame)
      refuse(SUBJECT, option, `\`${option}\` must be what this meter measures the source with already`);
  }
}
