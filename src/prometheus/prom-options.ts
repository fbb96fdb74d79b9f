import { type Cost, cost } from '../core/cost.js';
import { type ResilienceSource, resilienceSource } from '../core/resilience-source.js';
import {
  type Check,
  describe,
  guardRead,
  hasMethods,
  object,
  positiveInteger,
  type Rules,
  readOptions,
  type Subject,
  verify,
} from '../core/validate.js';
import type { PromClient, PromRegister } from './prom-client.js';

/** How breakers are exported. */
export interface InstrumentOptions {
  /** The prom-client module. */
  client: PromClient;
  /** The register that the metrics are added to. @default client.register */
  register?: PromRegister | undefined;
  /** What comes before the names of the metrics: letters, digits, `_` and `:`. @default '' */
  prefix?: string | undefined;
  /** Labels that all series of the source have, besides `name`. They tell registries apart. @default {} */
  labels?: Readonly<Record<string, string | number>> | undefined;
  /** Upper bounds of the response time histogram in seconds, increasing. @default 5 ms to 10 s, in 11 steps */
  buckets?: readonly number[] | undefined;
  /**
   * Series of all breakers together beyond which breakers are not exported, at least 1. With the default buckets a
   * breaker counts as 56: the 35 that it has, and room for 21 types of failures.
   *
   * @default 600_000, enough for 10,000 breakers
   */
  maxSeries?: number | undefined;
  /** What is around the breakers: `defaultResilience`, or a `ResilienceRegistry` of your own. @default nothing */
  resilience?: ResilienceSource | undefined;
  /**
   * What a call costs: a number, `{ perCall, currency }`, or either by the name of the breaker. With it, the calls and the
   * money that were saved are exported.
   */
  cost?: Cost | undefined;
}

/** The options with every member filled in. */
export interface ResolvedOptions {
  readonly register: PromRegister;
  readonly prefix: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly buckets: readonly number[];
  readonly maxSeries: number;
  readonly resilience: ResilienceSource | undefined;
  readonly cost: Cost | undefined;
}

/** Those of prom-client's own histograms. */
const DEFAULT_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Enough for 10,000 breakers. */
const DEFAULT_MAX_SERIES = 600_000;

/** Labels that the metrics have of themselves. */
const RESERVED_LABELS = [
  ...['name', 'result', 'type', 'from', 'to', 'le', 'reason'],
  ...['line', 'kind', 'by', 'queue', 'currency'],
];

const isRegister = hasMethods('registerMetric', 'getSingleMetric', 'removeSingleMetric');

/** Who is at fault, for messages. */
export const SUBJECT = { breaker: '', action: 'instrument circuit breakers' };

const RULES: Rules = {
  client: (value) =>
    isRegister((value as Partial<PromClient> | null | undefined)?.register)
      ? undefined
      : 'the prom-client module, of which `register` is a Registry',
  register: (value) => (isRegister(value) ? undefined : 'a Registry of prom-client'),
  prefix: (value) =>
    typeof value === 'string' && /^([a-zA-Z_:][a-zA-Z0-9_:]*)?$/.test(value)
      ? undefined
      : 'a string of letters, digits, _ and : that does not begin with a digit',
  labels: object,
  buckets: (value) =>
    Array.isArray(value) && value.length > 0 ? brokenOrder(value) : 'an array of finite numbers',
  maxSeries: positiveInteger(),
  resilience: resilienceSource,
  cost,
};

/** @throws InvalidOptionsError for an unknown option or a value out of range */
export function resolveOptions(options: InstrumentOptions): ResolvedOptions {
  return guardRead(SUBJECT, 'options', () => {
    const given = readOptions(options, RULES, SUBJECT) as unknown as InstrumentOptions;
    verify(SUBJECT, 'client', given.client, RULES.client as Check);
    return {
      register: given.register ?? given.client.register,
      prefix: given.prefix ?? '',
      labels: readLabels(given.labels ?? {}),
      buckets: given.buckets ?? DEFAULT_BUCKETS,
      maxSeries: given.maxSeries ?? DEFAULT_MAX_SERIES,
      resilience: given.resilience,
      cost: given.cost,
    };
  });
}

const { client, register, prefix, labels } = RULES as Readonly<Record<string, Check>>;
const FLEET_RULES = { client, register, prefix, labels } as Rules;

/** What is said of fleets: where to, and under which names. @throws InvalidOptionsError for what cannot be */
export function readFleetOptions(
  options: object,
  subject: Subject,
): Pick<ResolvedOptions, 'register' | 'prefix' | 'labels'> {
  return guardRead(subject, 'options', () => {
    const given = readOptions(options, FLEET_RULES, subject) as unknown as InstrumentOptions;
    verify(subject, 'client', given.client, RULES.client as Check);
    return {
      register: given.register ?? given.client.register,
      prefix: given.prefix ?? '',
      labels: readLabels(given.labels ?? {}, [...RESERVED_LABELS, 'namespace', 'command']),
    };
  });
}

function readLabels(
  labels: Readonly<Record<string, unknown>>,
  reserved = RESERVED_LABELS,
): Record<string, string> {
  return Object.fromEntries(
    Object.keys(labels)
      .sort()
      .map((label) => {
        verify(SUBJECT, 'labels', label, rangeOfLabels(reserved));
        verify(SUBJECT, `labels.${label}`, labels[label], labelValue);
        return [label, String(labels[label])];
      }),
  );
}

const rangeOfLabels =
  (reserved: readonly string[]): Check =>
  (label) => {
    if (reserved.includes(label as string)) return `other labels than ${reserved.join(', ')}`;
    const isName = /^(?!__)[a-zA-Z_][a-zA-Z0-9_]*$/.test(label as string);
    return isName ? undefined : 'labels of letters, digits and _ that begin with neither a digit nor __';
  };

const labelValue: Check = (value) =>
  typeof value === 'string' || Number.isFinite(value) ? undefined : 'a string or a finite number';

/** Names the first bound that is not greater than the one before. */
function brokenOrder(bounds: readonly unknown[]): string | undefined {
  const index = [...bounds].findIndex(
    (bound, at) => !Number.isFinite(bound) || (at > 0 && (bound as number) <= (bounds[at - 1] as number)),
  );
  if (index === -1) return undefined;
  return `an array of finite numbers, each greater than the one before, unlike ${describe(bounds[index])}`;
}
