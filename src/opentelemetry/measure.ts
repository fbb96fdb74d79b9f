import { readDetector } from '../core/detector-figures.js';
import {
  type BreakerSource,
  breakersOf,
  forEachBreaker,
  type InstrumentableBreaker,
} from '../core/source.js';
import {
  type CallEvent,
  type CircuitMode,
  type CircuitState,
  isCallTimeoutError,
  type Listener,
} from '../index.js';
import { failureErrorTypeOf } from './error-type.js';
import { harmless } from './harmless.js';
import { createInstruments, type Instruments } from './instruments.js';
import type { KnownBreakers } from './known-breakers.js';
import { type Listeners, listen } from './listen.js';
import { ATTRIBUTE_NAMES } from './names.js';
import type { Attributes, OtelMeter, OtelObservable, OtelObservations } from './otel-api.js';

const STATE_VALUES: Readonly<Record<CircuitState, number>> = { CLOSED: 0, OPEN: 1, HALF_OPEN: 2 };

const MODE_VALUES: Readonly<Record<CircuitMode, number>> = {
  active: 0,
  observe: 1,
  'forced-open': 2,
  'forced-closed': 3,
};

/** What is told of breakers besides what they tell themselves: how much they save, say. */
export interface MoreMeasurements {
  /** Those that are asked for their values. */
  readonly observables: readonly OtelObservable[];
  observe(observations: OtelObservations, breaker: string): void;
}

/**
 * Records what happens to the breakers of a source. With a no-op meter nobody listens, so that a call costs what it
 * costs without.
 *
 * @param createMore is called unless the meter is a no-op
 * @returns a function that ends it
 */
export function measure(
  source: BreakerSource,
  meter: OtelMeter,
  breakers: KnownBreakers,
  createMore: () => readonly MoreMeasurements[] = () => [],
): () => void {
  const instruments = createInstruments(meter);
  if (instruments === undefined) return () => {};
  const more = createMore();
  const { state, health, inFlight, mode, evidence, admitted, degraded } = instruments;
  const observables = [state, health, inFlight, mode, evidence, admitted, degraded];
  observables.push(...more.flatMap((it) => it.observables));

  const observeBreaker = harmless(
    (observations: OtelObservations, { name, metrics }: InstrumentableBreaker) => {
      const attributes = breakers.ownAttributesOf(name);
      if (attributes === undefined) return;
      observeMetrics(observations, instruments, metrics, attributes);
      for (const it of more) it.observe(observations, name);
    },
  );
  const observe = harmless((observations: OtelObservations) =>
    forEachBreaker(
      breakersOf(source),
      (breaker) => observeBreaker(observations, breaker),
      () => {},
    ),
  );
  meter.addBatchObservableCallback(observe, observables);
  const unsubscribe = listen(source, createListeners(instruments, breakers));
  return () => {
    unsubscribe();
    meter.removeBatchObservableCallback(observe, observables);
  };
}

function observeMetrics(
  observations: OtelObservations,
  { state, health, inFlight, mode, evidence, admitted, degraded }: Instruments,
  metrics: InstrumentableBreaker['metrics'],
  attributes: Attributes,
): void {
  observations.observe(state, STATE_VALUES[metrics.state], attributes);
  observations.observe(health, metrics.health, attributes);
  observations.observe(inFlight, metrics.inFlight, attributes);
  observations.observe(mode, MODE_VALUES[metrics.mode], attributes);
  const detector = readDetector(metrics);
  if (detector === undefined) return;
  observations.observe(evidence, detector.evidence, attributes);
  observations.observe(admitted, detector.admitted, attributes);
  observations.observe(degraded, Number(detector.degraded), attributes);
}

function createListeners(instruments: Instruments, breakers: KnownBreakers): Listeners {
  const { duration, rejections, wouldReject, failures, transitions, fallbacks } = instruments;
  const record = (call: CallEvent, result: 'success' | 'failure' | 'timeout' | 'ignored') =>
    duration.record(call.duration / 1_000, breakers.attributesOf(call.breaker)[result]);
  return {
    success: timed((call) => record(call, 'success')),
    ignore: timed((call) => record(call, 'ignored')),
    failure: timed((call) => {
      failures.add(1, breakers.attributesOf(call.breaker).ofErrorType(failureErrorTypeOf(call)));
      record(call, isCallTimeoutError(call.error) ? 'timeout' : 'failure');
    }),
    reject: ({ breaker, reason, observed }) => {
      const counter = observed ? wouldReject : rejections;
      counter.add(1, breakers.attributesOf(breaker).with({ [ATTRIBUTE_NAMES.reason]: reason }));
    },
    transition: ({ breaker, from, to }) =>
      transitions.add(
        1,
        breakers.attributesOf(breaker).with({
          [ATTRIBUTE_NAMES.from]: from.toLowerCase(),
          [ATTRIBUTE_NAMES.to]: to.toLowerCase(),
        }),
      ),
    fallback: ({ breaker }) => fallbacks.add(1, breakers.attributesOf(breaker).own),
  };
}

/** Leaves out calls that began before anybody listened, whose duration is `NaN`, and those whose clock went back. */
function timed(count: Listener<CallEvent>): Listener<CallEvent> {
  return (call) => {
    if (call.duration >= 0) count(call);
  };
}
