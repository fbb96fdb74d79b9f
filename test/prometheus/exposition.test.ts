import * as client from 'prom-client';
import type { CircuitBreakerRegistry } from 'recloser';
import { instrument, METRIC_NAMES } from 'recloser/prometheus';
import { describe, expect, it } from 'vitest';
import { failing } from '../support/breakers.js';
import { registryOf } from '../support/registries.js';
import { exported, samplesOf } from './exposition.js';

const BUCKETS = [0.5];

/** Makes a call of each kind; no time passes. */
async function play(registry: CircuitBreakerRegistry): Promise<void> {
  const users = registry.getOrCreate('users', { failureThreshold: 2, fallback: () => 'instead' });
  const refused = Object.assign(new Error('down'), { code: 'ECONNREFUSED' });
  await users.call(() => 'Ada');
  await users.call(failing(refused));
  await users.call(failing(refused));
  await users.call(() => 'rejected');
}

const EXPOSITION = `\
# HELP circuit_breaker_state State of the circuit breaker: 0 closed, 1 open, 2 half-open.
# TYPE circuit_breaker_state gauge
circuit_breaker_state{name="users"} 1

# HELP circuit_breaker_mode Mode of the circuit breaker: 0 active, 1 observe, 2 forced open, 3 forced closed.
# TYPE circuit_breaker_mode gauge
circuit_breaker_mode{name="users"} 0

# HELP circuit_breaker_requests_total Calls by how they ended: success, failure, timeout, ignored, or rejected by the breaker.
# TYPE circuit_breaker_requests_total counter
circuit_breaker_requests_total{result="success",name="users"} 1
circuit_breaker_requests_total{result="failure",name="users"} 2
circuit_breaker_requests_total{result="timeout",name="users"} 0
circuit_breaker_requests_total{result="ignored",name="users"} 0
circuit_breaker_requests_total{result="rejected",name="users"} 1

# HELP circuit_breaker_rejections_total Calls that the breaker rejected, by reason.
# TYPE circuit_breaker_rejections_total counter
circuit_breaker_rejections_total{reason="open",name="users"} 1
circuit_breaker_rejections_total{reason="half-open",name="users"} 0
circuit_breaker_rejections_total{reason="forced-open",name="users"} 0
circuit_breaker_rejections_total{reason="concurrency",name="users"} 0

# HELP circuit_breaker_failures_total Calls that failed or timed out, by the code, the name or the HTTP status.
# TYPE circuit_breaker_failures_total counter
circuit_breaker_failures_total{type="ECONNREFUSED",name="users"} 2

# HELP circuit_breaker_state_transitions_total Changes of state.
# TYPE circuit_breaker_state_transitions_total counter
circuit_breaker_state_transitions_total{from="closed",to="open",name="users"} 1
circuit_breaker_state_transitions_total{from="closed",to="half_open",name="users"} 0
circuit_breaker_state_transitions_total{from="open",to="closed",name="users"} 0
circuit_breaker_state_transitions_total{from="open",to="half_open",name="users"} 0
circuit_breaker_state_transitions_total{from="half_open",to="closed",name="users"} 0
circuit_breaker_state_transitions_total{from="half_open",to="open",name="users"} 0

# HELP circuit_breaker_response_time_seconds How long calls took that succeeded, failed or timed out.
# TYPE circuit_breaker_response_time_seconds histogram
circuit_breaker_response_time_seconds_bucket{le="0.5",name="users"} 3
circuit_breaker_response_time_seconds_bucket{le="+Inf",name="users"} 3
circuit_breaker_response_time_seconds_sum{name="users"} 0
circuit_breaker_response_time_seconds_count{name="users"} 3

# HELP circuit_breaker_fallback_activations_total Fallbacks that were run.
# TYPE circuit_breaker_fallback_activations_total counter
circuit_breaker_fallback_activations_total{name="users"} 3

# HELP circuit_breaker_would_reject_total Calls that ran only because the mode is observe: in any other they would have been rejected.
# TYPE circuit_breaker_would_reject_total counter
circuit_breaker_would_reject_total{name="users"} 0

# HELP circuit_breaker_health_score Health of the circuit breaker, from 0 (open) to 1 (nothing wrong).
# TYPE circuit_breaker_health_score gauge
circuit_breaker_health_score{name="users"} 0

# HELP circuit_breaker_in_flight Calls that were started and have not settled.
# TYPE circuit_breaker_in_flight gauge
circuit_breaker_in_flight{name="users"} 0

# HELP circuit_breaker_exporter_dropped Circuit breakers that are not exported, by reason: max_series, duplicate_name or unreadable.
# TYPE circuit_breaker_exporter_dropped gauge
circuit_breaker_exporter_dropped{reason="max_series"} 0
circuit_breaker_exporter_dropped{reason="duplicate_name"} 0
`;

/** The families of which there are samples, with what is between them. */
function familiesOf(text: string, between = '\n\n'): string {
  const families = text.split(/\n+(?=# HELP )/).filter((family) => family.trimEnd().split('\n').length > 2);
  return families.map((family) => family.trimEnd()).join(between);
}

describe('the text format', () => {
  it('is what Prometheus reads', async () => {
    const { registry } = registryOf([]);
    const { register } = exported(registry, { buckets: BUCKETS });

    await play(registry);

    expect(familiesOf(await register.metrics())).toBe(EXPOSITION.trimEnd());
  });

  it('can be had of one metric alone', async () => {
    const { register } = exported(registryOf(['users']).registry);

    const text = await register.getSingleMetricAsString(METRIC_NAMES.health);

    expect(text.split('\n').at(-1)).toBe('circuit_breaker_health_score{name="users"} 1');
  });

  it('escapes names', async () => {
    const { register } = exported(registryOf(['a"b\\c\nd', '', '__proto__']).registry);

    const text = await register.getSingleMetricAsString(METRIC_NAMES.state);

    expect(text.split('\n').slice(2)).toEqual([
      String.raw`circuit_breaker_state{name="a\"b\\c\nd"} 0`,
      'circuit_breaker_state{name=""} 0',
      'circuit_breaker_state{name="__proto__"} 0',
    ]);
  });

  it('has the default labels of the register, unless ours have the same name', async () => {
    const { register } = exported(registryOf(['users']).registry, { labels: { team: 'a' } });
    register.setDefaultLabels({ app: 'shop', team: 'b', name: 'c' });

    const text = await register.getSingleMetricAsString(METRIC_NAMES.state);

    expect([...samplesOf(text).keys()]).toEqual(['circuit_breaker_state{app="shop",name="users",team="a"}']);
  });

  it('is empty but for the heads where there are no breakers', async () => {
    const { scrape } = exported(registryOf([]).registry);

    expect([...(await scrape()).keys()]).toEqual([
      'circuit_breaker_exporter_dropped{reason="max_series"}',
      'circuit_breaker_exporter_dropped{reason="duplicate_name"}',
    ]);
  });
});

describe('the OpenMetrics format', () => {
  it('names counters without `_total` in their heads and with it in their samples', async () => {
    const { registry } = registryOf([]);
    const register = new client.Registry<client.OpenMetricsContentType>();
    register.setContentType(client.Registry.OPENMETRICS_CONTENT_TYPE);
    instrument(registry, { client, register, buckets: BUCKETS });
    await play(registry);

    const text = await register.metrics();

    const expected = EXPOSITION.replace(/_total (Calls|Changes|Fallbacks|counter)/g, ' $1');
    expect(familiesOf(text, '\n')).toBe(`${expected.replaceAll('\n\n', '\n')}# EOF`);
    expect(await register.metrics()).toBe(text);
  });

  it('leaves nothing behind when it is stopped after a scrape', async () => {
    const register = new client.Registry<client.OpenMetricsContentType>();
    register.setContentType(client.Registry.OPENMETRICS_CONTENT_TYPE);
    const stop = instrument(registryOf(['users']).registry, { client, register });
    await register.metrics();

    stop();

    expect(register.getMetricsAsArray()).toEqual([]);
  });
});

describe('the workers of a cluster', () => {
  interface Worker {
    readonly registry: CircuitBreakerRegistry;
    readonly register: client.Registry;
  }

  function createWorker(): Worker {
    const { registry } = registryOf([]);
    return { registry, register: exported(registry, { buckets: BUCKETS }).register };
  }

  async function aggregate(workers: readonly Worker[]): Promise<Map<string, number>> {
    const metrics = await Promise.all(workers.map(({ register }) => register.getMetricsAsJSON()));
    const received = JSON.parse(JSON.stringify(metrics)); // they are sent as messages
    return samplesOf(await client.AggregatorRegistry.aggregate(received).metrics());
  }

  it('add up their calls, and show the worst health and the largest state', async () => {
    const [first, second] = [createWorker(), createWorker()];
    await play(first.registry);
    await second.registry.getOrCreate('users').call(() => 'Ada');

    const samples = await aggregate([first, second]);

    expect(samples.get('circuit_breaker_requests_total{name="users",result="success"}')).toBe(2);
    expect(samples.get('circuit_breaker_requests_total{name="users",result="failure"}')).toBe(2);
    expect(samples.get('circuit_breaker_response_time_seconds_bucket{le="0.5",name="users"}')).toBe(4);
    expect(samples.get('circuit_breaker_response_time_seconds_count{name="users"}')).toBe(4);
    expect(samples.get('circuit_breaker_state{name="users"}')).toBe(1);
    expect(samples.get('circuit_breaker_health_score{name="users"}')).toBe(0);
  });
});

describe('registers that are merged', () => {
  it('show ours as well', async () => {
    const { register } = exported(registryOf(['users']).registry);

    const merged = client.Registry.merge([register, new client.Registry()]);

    expect(samplesOf(await merged.metrics()).get('circuit_breaker_state{name="users"}')).toBe(0);
  });
});
