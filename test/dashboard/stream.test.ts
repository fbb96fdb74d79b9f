import { describe, expect, it } from 'vitest';
import { arrivals, createPanel, EventReader, failing, fine } from './support.js';

async function watchPanel(options = {}, defaults = {}) {
  const made = createPanel(options, defaults);
  return { ...made, open: async () => new EventReader(await made.ask('/events')) };
}

describe('a stream', () => {
  it('has headers that keep proxies from holding it back', async () => {
    const { ask } = createPanel();

    const { headers } = await ask('/events', { method: 'HEAD' });

    expect(headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(headers.get('cache-control')).toBe('no-store, no-transform');
    expect(headers.get('x-accel-buffering')).toBe('no');
  });

  it('begins with a time to try again after, and the state', async () => {
    const { open, breakers } = await watchPanel();
    breakers.getOrCreate('users');

    const stream = await open();
    const { event, data } = await stream.next();

    expect(stream.raw).toMatch(/^retry: \d+\n\nevent: state\n/);
    expect(event).toBe('state');
    expect(data.rows).toHaveLength(1);
  });

  it('tells what has changed, and nothing else', async () => {
    const { open, breakers, clock } = await watchPanel({}, { failureThreshold: 1 });
    breakers.getOrCreate('quiet');
    const users = breakers.getOrCreate('users');
    const stream = await open();
    const { data: state } = await stream.next();
    await users.tryCall(failing);

    await clock.advance(1_000);
    const { event, data } = await stream.next();

    expect(event).toBe('diff');
    expect(data).toMatchObject({ v: 1, seq: state.seq + 1, time: clock.epoch(), gone: [] });
    expect(data.rows).toMatchObject([{ name: 'users', state: 'OPEN' }]);
    expect(data.rows[0].last).toEqual([Math.floor(clock.epoch() / 5_000), 0, 1, 0, 0]);
    expect(data.rows[0]).not.toHaveProperty('spark');
    expect(data.recent.transitions).toMatchObject([{ breaker: 'users', to: 'OPEN' }]);
  });

  it('tells figures that time alone has changed', async () => {
    const { open, breakers, clock } = await watchPanel();
    const users = breakers.getOrCreate('users');
    await users.call(fine);
    const stream = await open();
    await stream.next();

    await clock.advance(6_000);
    const { data } = await stream.next(['diff']);

    expect(data.rows).toMatchObject([{ name: 'users', ok: 0 }]);
  });

  it('tells calls in flight, of which no event tells', async () => {
    const { open, breakers, clock } = await watchPanel();
    const stream = await open();
    await stream.next();
    const users = breakers.getOrCreate('users');
    await clock.advance(1_000);
    await stream.next();
    void users.tryCall(() => new Promise(() => {}));

    await clock.advance(5_000);
    const { data } = await stream.next();

    expect(data.rows).toMatchObject([{ name: 'users', inFlight: 1 }]);
  });

  it('tells counts of a bucket that were added after it was told', async () => {
    const { open, breakers, clock } = await watchPanel({ refresh: 4_000 });
    const users = breakers.getOrCreate('users');
    await users.call(fine);
    const stream = await open();
    const { data: state } = await stream.next();
    const bucket = Math.floor(state.time / 5_000);
    await clock.advance(3_500);
    await users.call(fine);
    await clock.advance(500);
    await stream.next();
    await clock.advance(900);
    await users.call(fine);

    await clock.advance(3_100);
    const { data } = await stream.next();

    expect(data.rows[0].last).toEqual([bucket + 1, 0, 0, 0, 0]);
    expect(data.rows[0].missed).toEqual([bucket, 3, 0, 0, 0]);
  });

  it('tells breakers that are gone', async () => {
    const { open, breakers, clock } = await watchPanel();
    breakers.getOrCreate('users');
    const stream = await open();
    await stream.next();
    breakers.delete('users');

    await clock.advance(1_000);
    const { data } = await stream.next();

    expect(data.gone).toEqual(['users']);
  });

  it('ticks where nothing has changed, every five seconds', async () => {
    const { open, clock } = await watchPanel();
    const stream = await open();
    const { data: state } = await stream.next();

    await clock.advance(5_000);
    const { event, data } = await stream.next();

    expect(event).toBe('tick');
    expect(data).toEqual({ seq: state.seq, time: clock.epoch() });
  });

  it('ticks in time where looks are rare', async () => {
    const { open, clock } = await watchPanel({ refresh: 60_000 });
    const stream = await open();
    await stream.next();

    await clock.advance(5_000);

    expect((await stream.next()).event).toBe('tick');
  });

  it('is the same for all viewers', async () => {
    const { open, breakers, clock } = await watchPanel();
    const [one, other] = [await open(), await open()];
    await one.next();
    await other.next();
    breakers.getOrCreate('users').trip();

    await clock.advance(1_000);

    expect(await one.next()).toEqual(await other.next());
  });

  it('tells a viewer who came between two looks what changes back', async () => {
    const { open, breakers, clock } = await watchPanel();
    const users = breakers.getOrCreate('users');
    const one = await open();
    await one.next();
    users.trip();
    const other = await open();
    const { data: state } = await other.next();
    users.reset();

    await clock.advance(1_000);
    const { data } = await other.next();

    expect(state.rows).toMatchObject([{ state: 'OPEN' }]);
    expect(data.rows).toMatchObject([{ state: 'CLOSED' }]);
  });

  it('ends after ten minutes, so that `authorize` is asked anew', async () => {
    const { open, clock } = await watchPanel({ refresh: 60_000 });
    const stream = await open();
    await clock.advance(600_000);

    let last = await stream.next();
    while (last.event !== 'end') last = await stream.next();

    expect(stream.isOver).toBe(true);
  });

  it('needs no timer without a viewer', async () => {
    const { open, clock } = await watchPanel();
    const before = clock.timers;

    const stream = await open();
    await stream.next();
    const during = clock.timers;
    await stream.close();

    expect([before, during, clock.timers]).toEqual([0, 1, 0]);
  });

  it('is one of twenty at most, and HEAD answers alike', async () => {
    const { ask, open } = await watchPanel();
    const streams = [];
    for (let i = 0; i < 20; i++) streams.push(await open());

    const full = await ask('/events');
    const head = await ask('/events', { method: 'HEAD' });
    await streams[0]?.close();
    const free = await ask('/events', { method: 'HEAD' });

    expect([full.status, full.headers.get('retry-after')]).toEqual([503, '5']);
    expect([head.status, head.headers.get('retry-after')]).toEqual([503, '5']);
    expect(free.status).toBe(200);
  });

  it('sends nothing to who does not read, and the whole state when they read again', async () => {
    const { breakers, clock, ask } = await watchPanel();
    for (let i = 0; i < 200; i++) breakers.getOrCreate(`service-${i}`);
    const stream = new EventReader(await ask('/events'));
    await arrivals(); // the state is more than there is room for
    breakers.getOrCreate('service-0').trip();
    await clock.advance(2_000);

    const first = await stream.next();
    const second = await stream.next();

    expect([first.event, second.event]).toEqual(['state', 'state']);
    expect(second.data.rows[0]).toMatchObject({ name: 'service-0', state: 'OPEN' });
  });

  it('drops who does not read for half a minute', async () => {
    const { breakers, clock, ask } = await watchPanel();
    for (let i = 0; i < 200; i++) breakers.getOrCreate(`service-${i}`);
    const stream = new EventReader(await ask('/events'));
    await arrivals();

    await clock.advance(31_000);

    await expect(stream.next()).rejects.toThrow('not read');
    expect(clock.timers).toBe(0);
  });

  it('ends when the panel is closed, with its timer and its listeners', async () => {
    const { open, panel, clock, breakers, ask } = await watchPanel();
    const stream = await open();
    await stream.next();

    panel.close();
    panel.close();

    expect((await stream.next()).event).toBe('end');
    expect(clock.timers).toBe(0);
    expect((await ask('/report.json')).status).toBe(503);
    breakers.getOrCreate('later');
  });
});
