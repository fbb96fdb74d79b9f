import { INSTRUMENT_NAMES } from './names.js';
import type { OtelCounter, OtelHistogram, OtelMeter, OtelObservable } from './otel-api.js';

/** The bounds that OpenTelemetry's conventions give durations of HTTP calls, in seconds. */
export const DURATION_BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

export interface Instruments {
  readonly duration: OtelHistogram;
  readonly rejections: OtelCounter;
  readonly wouldReject: OtelCounter;
  readonly failures: OtelCounter;
  readonly transitions: OtelCounter;
  readonly fallbacks: OtelCounter;
  readonly state: OtelObservable;
  readonly health: OtelObservable;
  readonly inFlight: OtelObservable;
  readonly mode: OtelObservable;
  readonly evidence: OtelObservable;
  readonly admitted: OtelObservable;
  readonly degraded: OtelObservable;
}

/** The instruments of a meter; `undefined` if it is a no-op, of which one and the same instrument serves all names. */
export function createInstruments(meter: OtelMeter): Instruments | undefined {
  const state = meter.createObservableGauge(INSTRUMENT_NAMES.state, {
    description: 'State of the circuit breaker: 0 closed, 1 open, 2 half-open.',
    unit: '1',
  });
  const health = meter.createObservableGauge(INSTRUMENT_NAMES.health, {
    description: 'Health of the circuit breaker, from 0 (open) to 1 (nothing wrong).',
    unit: '1',
  });
  if (state === health) return undefined;
  return {
    state,
    health,
    inFlight: meter.createObservableUpDownCounter(INSTRUMENT_NAMES.inFlight, {
      description: 'Calls that were started and have not settled.',
      unit: '{call}',
    }),
    mode: meter.createObservableGauge(INSTRUMENT_NAMES.mode, {
      description: 'Mode of the circuit breaker: 0 active, 1 observe, 2 forced open, 3 forced closed.',
      unit: '1',
    }),
    evidence: meter.createObservableGauge(INSTRUMENT_NAMES.evidence, {
      description: 'Evidence of the detector, from 0 to 1, where it trips.',
      unit: '1',
    }),
    admitted: meter.createObservableGauge(INSTRUMENT_NAMES.admitted, {
      description: 'Share of the calls that the ramp after a recovery lets pass, 1 without one.',
      unit: '1',
    }),
    degraded: meter.createObservableGauge(INSTRUMENT_NAMES.degraded, {
      description: 'Whether more calls fail than usual: 0 or 1.',
      unit: '1',
    }),
    duration: meter.createHistogram(INSTRUMENT_NAMES.duration, {
      description: 'How long calls took, by how they ended: success, failure, timeout or ignored.',
      unit: 's',
      advice: { explicitBucketBoundaries: DURATION_BOUNDS },
    }),
    rejections: meter.createCounter(INSTRUMENT_NAMES.rejections, {
      description: 'Calls that the circuit breaker rejected.',
      unit: '{call}',
    }),
    wouldReject: meter.createCounter(INSTRUMENT_NAMES.wouldReject, {
      description:
        'Calls that ran only because the mode is observe: in any other they would have been rejected.',
      unit: '{call}',
    }),
    failures: meter.createCounter(INSTRUMENT_NAMES.failures, {
      description: 'Calls that failed or timed out, by the code, the name or the HTTP status.',
      unit: '{call}',
    }),
    transitions: meter.createCounter(INSTRUMENT_NAMES.transitions, {
      description: 'Changes of state.',
      unit: '{transition}',
    }),
    fallbacks: meter.createCounter(INSTRUMENT_NAMES.fallbacks, {
      description: 'Fallbacks that were run.',
      unit: '{call}',
    }),
  };
}
