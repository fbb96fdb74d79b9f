/** What is measured and traced of a breaker besides itself: the retries and limits around it, and what it saves. */
import { type Cost, priceOf } from '../core/cost.js';
import {
  callsSpared,
  type FollowedResilience,
  followResilience,
  type ResilienceEvents,
  type ResilienceSource,
} from '../core/resilience-source.js';
import type { BreakerSource } from '../core/source.js';
import { failureErrorTypeOf } from './error-type.js';
import { harmless } from './harmless.js';
import type { KnownBreakers } from './known-breakers.js';
import { listen } from './listen.js';
import type { MoreMeasurements } from './measure.js';
import { ATTRIBUTE_NAMES, INSTRUMENT_NAMES, SPAN_EVENT_NAMES } from './names.js';
import type { Attributes, OtelMeter, OtelObservations } from './otel-api.js';
import { SUBJECT } from './otel-options.js';
import { createResilienceInstruments, type ResilienceInstruments } from './resilience-instruments.js';
import { secondsOf, type TellSpan } from './trace.js';

/** What is around the breakers of a source: heard from the start, measured if there is a meter. */
export class AroundBreakers {
  readonly #breakers: KnownBreakers;
  readonly #followed: FollowedResilience;
  #instruments: ResilienceInstruments | undefined;

  constructor(source: BreakerSource, resilience: ResilienceSource, breakers: KnownBreakers, tell: TellSpan) {
    this.#breakers = breakers;
    const waited = harmless((breaker: string, queue: string, ms: number) => this.#waited(breaker, queue, ms));
    this.#followed = followResilience(source, resilience, {
      wait: ({ breaker, queue, waited: ms }) => waited(breaker, queue.replace('-', '_'), ms),
      retry: ({ breaker, delay }) => waited(breaker, 'backoff', delay),
      stop: harmless((stop) => tell(spanEventOf(stop))),
    });
  }

  measure(meter: OtelMeter): MoreMeasurements {
    const instruments = createResilienceInstruments(meter as Required<OtelMeter>);
    this.#instruments = instruments;
    return {
      observables: instruments.observables,
      observe: (observations, breaker) => {
        const figures = this.#followed.figuresOf(breaker);
        if (figures === undefined) return;
        instruments.observe(observations, figures, this.#breakers.attributesOf(breaker));
      },
    };
  }

  callsSpared(breaker: string): number {
    const figures = this.#followed.figuresOf(breaker);
    if (figures === undefined) return 0;
    const { open, budget } = callsSpared(figures.totals);
    return open + budget;
  }

  stop(): void {
    this.#followed.stop();
  }

  #waited(breaker: string, queue: string, ms: number): void {
    const attributes = this.#breakers.attributesOf(breaker);
    this.#instruments?.waitDuration.record(ms / 1_000, attributes.with({ [ATTRIBUTE_NAMES.queue]: queue }));
  }
}

function spanEventOf(stop: ResilienceEvents['stop']): Parameters<TellSpan>[0] {
  const { breaker, attempts, reason, retryAfter } = stop;
  const ofSpan: Attributes = { [ATTRIBUTE_NAMES.name]: breaker };
  return {
    name: SPAN_EVENT_NAMES.stop,
    ofSpan,
    details: {
      [ATTRIBUTE_NAMES.stopReason]: reason,
      [ATTRIBUTE_NAMES.stopAttempts]: attempts,
      ...(retryAfter === undefined ? {} : { [ATTRIBUTE_NAMES.stopRetryAfter]: secondsOf(retryAfter) }),
      [ATTRIBUTE_NAMES.errorType]: failureErrorTypeOf(stop),
    },
    // What a deadline ends is told from its timer, which may be another request's.
    isElsewhere: codeOf(stop.error) === 'ERR_TOTAL_TIMEOUT',
  };
}

function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null
    ? (error as { readonly code?: unknown }).code
    : undefined;
}

/**
 * Measures the calls that breakers, and the budgets of retries around them, have saved, and what they would have cost.
 *
 * @returns what to measure, and a function that ends the listening
 */
export function measureSavings(
  source: BreakerSource,
  meter: OtelMeter,
  cost: Cost,
  breakers: KnownBreakers,
  around: AroundBreakers | undefined,
): MoreMeasurements & { stop(): void } {
  const { createObservableCounter } = meter as Required<OtelMeter>;
  const create = createObservableCounter.bind(meter);
  const calls = create(INSTRUMENT_NAMES.callsSaved, {
    description: 'Calls that were not made because the circuit was open or the retry budget empty.',
    unit: '{call}',
  });
  const costs = create(INSTRUMENT_NAMES.costSaved, {
    description: 'What those calls would have cost, by currency.',
    unit: '1',
  });
  const rejected = new Map<string, number>();
  const stop = listen(source, {
    reject: ({ breaker, observed }) => {
      if (observed || breakers.ownAttributesOf(breaker) === undefined) return;
      rejected.set(breaker, (rejected.get(breaker) ?? 0) + 1);
    },
  });
  return {
    observables: [calls, costs],
    stop,
    observe(observations: OtelObservations, breaker: string) {
      const attributes = breakers.attributesOf(breaker);
      const saved = (rejected.get(breaker) ?? 0) + (around?.callsSpared(breaker) ?? 0);
      const { perCall, currency } = priceOf(cost, breaker, SUBJECT);
      observations.observe(calls, saved, attributes.own);
      observations.observe(costs, saved * perCall, attributes.with({ [ATTRIBUTE_NAMES.currency]: currency }));
    },
  };
}
