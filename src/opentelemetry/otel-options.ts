import { type Cost, cost } from '../core/cost.js';
import { type ResilienceSource, resilienceSource } from '../core/resilience-source.js';
import {
  type Check,
  guardRead,
  hasMethods,
  object,
  positiveInteger,
  type Rules,
  readOptions,
  refuse,
  verify,
} from '../core/validate.js';
import { registeredTrace } from './active-span.js';
import { ATTRIBUTE_NAMES } from './names.js';
import type { Attributes, OtelMeter, OtelTrace, OtelTracer } from './otel-api.js';

/** Where breakers are measured and traced. */
export interface InstrumentOptions {
  /** `metrics.getMeter('my-service')`, taken after the SDK was started: before that it is a no-op for good. */
  meter: OtelMeter;
  /** `trace.getTracer('my-service')`: events that find no active span become short spans of their own. */
  tracer?: OtelTracer | undefined;
  /**
   * What knows the active span, to which events go.
   *
   * @default what an SDK has registered with `@opentelemetry/api` 1.x, whichever copy of it
   */
  trace?: OtelTrace | undefined;
  /** Attributes that all measurements of the source have. They tell registries apart. @default {} */
  attributes?: Readonly<Attributes> | undefined;
  /** Names that are told apart, at least 1. The breakers beyond are measured together, as `_OTHER`. @default 500 */
  maxBreakers?: number | undefined;
  /** What is around the breakers: `defaultResilience`, or a `ResilienceRegistry` of your own. @default nothing */
  resilience?: ResilienceSource | undefined;
  /**
   * What a call costs: a number, `{ perCall, currency }`, or either by the name of the breaker. With it, the calls and the
   * money that were saved are measured.
   */
  cost?: Cost | undefined;
}

/** The options with every member filled in. */
export interface ResolvedOptions {
  readonly meter: OtelMeter;
  readonly trace: OtelTrace;
  readonly tracer: OtelTracer | undefined;
  readonly attributes: Attributes;
  readonly maxBreakers: number;
  readonly resilience: ResilienceSource | undefined;
  readonly cost: Cost | undefined;
}

/** With four results for each, as many as the SDK tells apart unless it is told otherwise: 2,000 sets of attributes. */
const DEFAULT_MAX_BREAKERS = 500;

const RESERVED_ATTRIBUTES: readonly string[] = Object.values(ATTRIBUTE_NAMES);

const isMeter = hasMethods(
  'createCounter',
  'createHistogram',
  'createObservableGauge',
  'createObservableUpDownCounter',
  'addBatchObservableCallback',
  'removeBatchObservableCallback',
);

/** What totals that are read need. */
const countsByAsking: Check = (meter) =>
  hasMethods('createObservableCounter')(meter)
    ? undefined
    : 'a Meter of OpenTelemetry with `createObservableCounter`, which `resilience` and `cost` need';

/** Who is at fault, for messages. */
export const SUBJECT = { breaker: '', action: 'instrument circuit breakers' };

const RULES: Rules = {
  meter: (value) => (isMeter(value) ? undefined : 'a Meter of OpenTelemetry'),
  trace: (value) => (hasMethods('getActiveSpan')(value) ? undefined : '`trace` of @opentelemetry/api'),
  tracer: (value) => (hasMethods('startSpan')(value) ? undefined : 'a Tracer of OpenTelemetry'),
  attributes: object,
  maxBreakers: positiveInteger(),
  resilience: resilienceSource,
  cost,
};

/** @throws InvalidOptionsError for an unknown option or a value out of range */
export function resolveOptions(options: InstrumentOptions): ResolvedOptions {
  return guardRead(SUBJECT, 'options', () => {
    const given = readOptions(options, RULES, SUBJECT) as unknown as InstrumentOptions;
    verify(SUBJECT, 'meter', given.meter, RULES.meter as Check);
    if (given.resilience !== undefined || given.cost !== undefined) {
      verify(SUBJECT, 'meter', given.meter, countsByAsking);
    }
    return {
      meter: given.meter,
      trace: given.trace ?? registeredTrace,
      tracer: given.tracer,
      attributes: readAttributes(given.attributes ?? {}),
      maxBreakers: given.maxBreakers ?? DEFAULT_MAX_BREAKERS,
      resilience: given.resilience,
      cost: given.cost,
    };
  });
}

function readAttributes(given: Readonly<Record<string, unknown>>): Attributes {
  const attributes: Attributes = {};
  for (const name of Object.keys(given).sort()) {
    const value = given[name];
    if (RESERVED_ATTRIBUTES.includes(name)) {
      refuse(SUBJECT, 'attributes', `\`attributes\` must not have "${name}"`);
    }
    verify(SUBJECT, `attributes.${name}`, value, attributeValue);
    attributes[name] = value as string | number | boolean;
  }
  return attributes;
}

const attributeValue: Check = (value) =>
  ['string', 'number', 'boolean'].includes(typeof value) ? undefined : 'a string, a number or a boolean';
