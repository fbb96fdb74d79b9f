import type { ResilienceFigures } from '../core/resilience-source.js';
import type { BreakerAttributes } from './breaker-attributes.js';
import { DURATION_BOUNDS } from './instruments.js';
import { ATTRIBUTE_NAMES, INSTRUMENT_NAMES } from './names.js';
import type { OtelHistogram, OtelMeter, OtelObservable, OtelObservations } from './otel-api.js';

/** The instruments of retries and limits. Their counts are read, since a `Resilience` keeps totals that only grow. */
export interface ResilienceInstruments {
  readonly waitDuration: OtelHistogram;
  /** Those that are asked for their values. */
  readonly observables: OtelObservable[];
  /** Tells how it is around one breaker. */
  observe(observations: OtelObservations, figures: ResilienceFigures, attributes: BreakerAttributes): void;
}

export function createResilienceInstruments(meter: Required<OtelMeter>): ResilienceInstruments {
  const counter = (name: string, unit: string, description: string) =>
    meter.createObservableCounter(name, { unit, description });
  const gauge = (name: string, unit: string, description: string) =>
    meter.createObservableGauge(name, { unit, description });
  const attempts = counter(INSTRUMENT_NAMES.attempts, '{attempt}', 'Attempts: first, retry or hedge.');
  const stopped = counter(
    INSTRUMENT_NAMES.retriesStopped,
    '{call}',
    'Calls that were given up, by the reason why there was no further attempt.',
  );
  const recovered = counter(INSTRUMENT_NAMES.recoveredCalls, '{call}', 'Calls that a retry saved.');
  const hedgesWon = counter(INSTRUMENT_NAMES.hedgesWon, '{call}', 'Calls that a hedge answered first.');
  const limited = counter(
    INSTRUMENT_NAMES.limited,
    '{call}',
    'Calls for which there was no place, by bulkhead or rate_limit.',
  );
  const waiting = gauge(INSTRUMENT_NAMES.waiting, '{call}', 'Calls that wait, by queue.');
  const budget = gauge(INSTRUMENT_NAMES.retryBudget, '1', 'What is left of the retry budget, from 0 to 1.');
  const paused = gauge(INSTRUMENT_NAMES.paused, 's', 'For how long the rate limit is paused.');
  return {
    observables: [attempts, stopped, recovered, hedgesWon, limited, waiting, budget, paused],
    waitDuration: meter.createHistogram(INSTRUMENT_NAMES.waitDuration, {
      description: 'How long calls waited, by queue: bulkhead, rate_limit or backoff.',
      unit: 's',
      advice: { explicitBucketBoundaries: DURATION_BOUNDS },
    }),
    observe(observations, figures, attributes) {
      const { totals, waiting: queues, budget: tokens, pausedFor } = figures;
      const by = (attribute: string, value: string) => attributes.with({ [attribute]: value });
      const tell = (instrument: OtelObservable, value: number, attribute: string, word: string) =>
        observations.observe(instrument, value, by(attribute, word));
      const first = Math.max(totals.attempts - totals.retries - totals.hedges, 0);
      tell(attempts, first, ATTRIBUTE_NAMES.kind, 'first');
      tell(attempts, totals.retries, ATTRIBUTE_NAMES.kind, 'retry');
      tell(attempts, totals.hedges, ATTRIBUTE_NAMES.kind, 'hedge');
      for (const [reason, count] of Object.entries(totals.refused)) {
        tell(stopped, count, ATTRIBUTE_NAMES.stopReason, reason);
      }
      observations.observe(recovered, totals.recovered, attributes.own);
      observations.observe(hedgesWon, totals.hedgesWon, attributes.own);
      tell(limited, totals.bulkheadRejected, ATTRIBUTE_NAMES.by, 'bulkhead');
      tell(limited, totals.rateLimited, ATTRIBUTE_NAMES.by, 'rate_limit');
      tell(waiting, queues.bulkhead, ATTRIBUTE_NAMES.queue, 'bulkhead');
      tell(waiting, queues.rateLimit, ATTRIBUTE_NAMES.queue, 'rate_limit');
      tell(waiting, queues.backoff, ATTRIBUTE_NAMES.queue, 'backoff');
      if (tokens !== null) {
        observations.observe(budget, tokens.available / tokens.capacity, attributes.own);
      }
      observations.observe(paused, pausedFor / 1_000, attributes.own);
    },
  };
}
