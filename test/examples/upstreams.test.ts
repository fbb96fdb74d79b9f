import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startSystem } from '../../examples/upstreams/system.mjs';
import { walkThrough } from '../../examples/upstreams/walk.mjs';
import { type ManualClock, manualClock } from '../support/manual-clock.js';

let clock: ManualClock;
let system: Awaited<ReturnType<typeof startSystem>>;

beforeEach(async () => {
  clock = manualClock();
  system = await startSystem(clock);
  for (const breaker of system.breakers) breaker.update({ callTimeout: false }); // however slow the machine is
});

afterEach(() => system.close());

async function get(path: string) {
  const response = await fetch(`${system.url}${path}`);
  return {
    status: response.status,
    retryAfter: response.headers.get('retry-after'),
    body: await response.json(),
  };
}

async function visit(times: number) {
  for (let visit = 1; visit <= times; visit++) await get('/products/7');
}

describe('the service', () => {
  it('puts a product together from three upstreams', async () => {
    const { status, body } = await get('/products/7');

    expect(status).toBe(200);
    expect(body).toEqual({
      id: '7',
      name: 'Lamp 7',
      price: 42,
      isFresh: true,
      reviews: ['Bright.', 'Warm.'],
    });
  });

  it('falls back to the last known price while the prices are broken', async () => {
    await visit(1);

    system.upstreams.prices.break();

    expect(await get('/products/7')).toMatchObject({ status: 200, body: { price: 42, isFresh: false } });
  });

  it('has no price for a product that was never asked for before', async () => {
    system.upstreams.prices.break();

    expect(await get('/products/8')).toMatchObject({ status: 200, body: { price: null, isFresh: false } });
  });

  it('shows a product without reviews while those are broken', async () => {
    system.upstreams.reviews.break();

    expect(await get('/products/7')).toMatchObject({ status: 200, body: { name: 'Lamp 7', reviews: [] } });
  });

  it('leaves a broken upstream alone once its circuit is open', async () => {
    system.upstreams.reviews.break();

    await visit(10);

    expect(system.upstreams.reviews.asked).toBe(2);
  });

  it('says when to come back while the catalogue is broken', async () => {
    system.upstreams.catalogue.break();
    await visit(3);

    const { status, retryAfter } = await get('/products/7');

    expect({ status, retryAfter }).toEqual({ status: 503, retryAfter: '1' });
  });

  it('recovers when the upstream is healed and the recovery time has passed', async () => {
    system.upstreams.catalogue.break();
    await visit(3);

    system.upstreams.catalogue.heal();
    const before = await get('/products/7');
    clock.advance(1_000);
    const after = await get('/products/7');

    expect([before.status, after.status]).toEqual([503, 200]);
  });

  it('knows no other paths', async () => {
    expect(await get('/admin')).toMatchObject({ status: 404 });
  });
});

describe('the health route', () => {
  it('shows every upstream before anybody has asked for anything', async () => {
    const { status, body } = await get('/health');

    expect(status).toBe(200);
    expect(body).toMatchObject({ status: 'ok', total: 3, closed: 3, health: 1 });
    expect(body.breakers.map((it: { name: string }) => it.name)).toEqual(['catalogue', 'prices', 'reviews']);
  });

  it('is degraded, and ready, while an upstream with a fallback is broken', async () => {
    system.upstreams.prices.break();
    await visit(3);

    const { status, body } = await get('/health');

    expect(status).toBe(200);
    expect(body).toMatchObject({ status: 'degraded', closed: 2, open: 1 });
    expect(body.breakers[1].lastFailure.error).toEqual({ name: 'Error', message: 'HTTP 503', code: null });
  });

  it('is not ready while the catalogue is broken', async () => {
    system.upstreams.catalogue.break();
    await visit(3);

    expect(await get('/health')).toMatchObject({ status: 503, body: { status: 'unavailable' } });
  });

  it('is ready again as soon as a call may probe, so that one comes', async () => {
    system.upstreams.catalogue.break();
    await visit(3);

    clock.advance(1_000);

    expect(await get('/health')).toMatchObject({ status: 200, body: { status: 'degraded', open: 1 } });
  });

  it('is well again when the upstream is', async () => {
    system.upstreams.catalogue.break();
    await visit(3);

    system.upstreams.catalogue.heal();
    clock.advance(1_000);
    await visit(1);

    expect(await get('/health')).toMatchObject({ status: 200, body: { status: 'ok', closed: 3 } });
  });
});

describe('an upstream', () => {
  it('can be broken and healed by hand', async () => {
    const { url } = system.upstreams.prices;

    await fetch(`${url}/break`).then((response) => response.text());
    const broken = await fetch(url).then((response) => response.status);
    await fetch(`${url}/heal`).then((response) => response.text());
    const healed = await fetch(url).then((response) => response.status);

    expect([broken, healed]).toEqual([503, 200]);
  });
});

describe('the walk', () => {
  it('sees both upstreams break, and all circuits closed at its end', async () => {
    const lines: string[] = [];

    await walkThrough({ system, wait: (ms) => clock.advance(ms), print: (line) => lines.push(line) });

    const transitions = lines.filter((line) => line.includes('→')).map((line) => line.trim());
    for (const name of ['prices', 'catalogue']) {
      expect(transitions.filter((line) => line.startsWith(name))).toEqual([
        `${name}: CLOSED → OPEN, consecutive-failures`,
        `${name}: OPEN → HALF_OPEN, probing`,
        `${name}: HALF_OPEN → CLOSED, recovered`,
      ]);
    }
    expect(lines.at(-1)).toBe('  GET /health      200 ok: 3 of 3 circuits are closed');
  });
});
