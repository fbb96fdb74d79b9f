import { breakersOf, type Target } from '../core/target.js';
import { type CallEvent, type CircuitState, isCallTimeoutError, type Listener } from '../index.js';
import type { OtelMeter, OtelObservations } from './api.js';
import { errorTypeOf } from './error-type.js';
import { createInstruments, type Instruments } from './instruments.js';
import type { KnownBreakers } from './known-breakers.js';
import { type Listeners, listen } from './listen.js';
import { ATTRIBUTE_NAMES } from './names.js';
import { harmless } from './warn.js';

const STATE_VALUES: Readonly<Record<CircuitState, number>> = { CLOSED: 0, OPEN: 1, HALF_OPEN: 2 };

/**
 * Records what happens to the breakers of a target. With a no-op meter nobody listens, so that a call costs what it
 * costs without.
 *
 * @returns a function that ends it
 */
export function measure(target: Target, meter: OtelMeter, breakers: KnownBreakers): () => void {
  const instruments = createInstruments(meter);
  if (instruments === undefined) return () => {};
  const { state, health, inFlight } = instruments;
  const observe = harmless((observations: OtelObservations) => {
    for (const { name, metrics } of breakersOf(target)) {
      const attributes = breakers.ownAttributesOf(name);
      if (attributes === undefined) continue;
      observations.observe(state, STATE_VALUES[metrics.state], attributes);
      observations.observe(health, metrics.health, attributes);
      observations.observe(inFlight, metrics.inFlight, attributes);
    }
  });
  meter.addBatchObservableCallback(observe, [state, health, inFlight]);
  const unsubscribe = listen(target, createListeners(instruments, breakers));
  return () => {
    unsubscribe();
    meter.removeBatchObservableCallback(observe, [state, health, inFlight]);
  };
}

function createListeners(instruments: Instruments, breakers: KnownBreakers): Listeners {
  const { duration, rejections, wouldReject, failures, transitions, fallbacks } = instruments;
  const record = (call: CallEvent, result: 'success' | 'failure' | 'timeout' | 'ignored') =>
    duration.record(call.duration / 1_000, breakers.attributesOf(call.breaker)[result]);
  return {
    success: timed((call) => record(call, 'success')),
    ignore: timed((call) => record(call, 'ignored')),
    failure: timed((call) => {
      const type = Object.hasOwn(call, 'error') ? errorTypeOf(call.error) : 'value';
      failures.add(1, breakers.attributesOf(call.breaker).ofErrorType(type));
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
