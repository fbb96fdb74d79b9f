import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { startPrometheus } from '../../examples/observability/prometheus.mjs';
import { startService } from '../../examples/observability/service.mjs';
import { createShop } from '../../examples/observability/shop.mjs';

/** A shop that has been open for so many seconds. */
function shopAfter(seconds: number) {
  let now = 0;
  const shop = createShop(() => now);
  now = seconds * 1_000;
  return shop;
}

async function statesAfter(seconds: number): Promise<Record<string, string>> {
  const { breakers, serveCustomer, past } = shopAfter(seconds);
  for (let customer = 1; customer <= 10; customer++) await serveCustomer();
  past.stop();
  return Object.fromEntries(Array.from(breakers, ({ name, state }) => [name, state]));
}

describe('the shop', () => {
  it('is well at first', async () => {
    const states = await statesAfter(0);

    expect(new Set(Object.values(states))).toEqual(new Set(['CLOSED']));
  });

  it('has a bad time after half a minute', async () => {
    const { catalogue, payments, reviews } = await statesAfter(40);

    expect({ catalogue, payments, reviews }).toEqual({
      catalogue: 'CLOSED',
      payments: 'OPEN',
      reviews: 'OPEN',
    });
  });

  it('is well again after two', async () => {
    const states = await statesAfter(120);

    expect(new Set(Object.values(states))).toEqual(new Set(['CLOSED']));
  });
});

describe('the service', () => {
  let service: Awaited<ReturnType<typeof startService>>;

  beforeEach(async () => {
    service = await startService();
  });

  afterEach(() => service.close());

  const get = async (path: string) => (await fetch(`http://${service.address}${path}`)).text();

  it('shows every breaker to Prometheus before anybody has called', async () => {
    const states = (await get('/metrics')).match(/^circuit_breaker_state\{.*$/gm);

    expect(states).toHaveLength(4);
  });

  it('shows a report to people', async () => {
    expect(await get('/report')).toMatch(/^4 breakers: 0 OPEN/);
  });

  it('knows no other pages', async () => {
    expect(await get('/')).toBe('there are /metrics and /report\n');
  });
});

describe('startPrometheus', () => {
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  it('answers with nothing where there is none', async () => {
    vi.stubEnv('PATH', '/nowhere');

    const prometheus = await startPrometheus({ targets: [] });

    expect(prometheus).toBeUndefined();
  });
});
