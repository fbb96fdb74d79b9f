import type { ActionRecord, AuthorizeRequest, DashboardOptions } from 'recloser/dashboard';
import { describe, expect, it } from 'vitest';
import { watchRuntime } from '../support/runtime.js';
import { arrivals, askOf, createPanel, order } from './support.js';

const ADA = () => ({ as: 'ada' });
const control = (options: DashboardOptions = {}, defaults = {}) =>
  createPanel({ authorize: ADA, controls: true, ...options }, defaults);
const TRIP = { action: 'trip', breaker: 'users', reason: 'why not' };

describe('an action', () => {
  /** Each request has one fault more than the one before, and the first fault decides. */
  it('is refused in the order of the contract', async () => {
    const { panel, breakers } = control({ authorize: ({ action }) => action === 'view' });
    breakers.getOrCreate('users');
    const statusOf = async (body: object | string, headers: Record<string, string> = {}) =>
      (await order(panel, body, headers)).status;

    const faults = {
      authorize: await statusOf({ ...TRIP, breaker: 'nobody', reason: '' }),
      token: await statusOf(TRIP, { 'x-recloser-token': 'other' }),
      shape: await statusOf({ action: 'explode' }, { 'x-recloser-token': 'other' }),
      size: await statusOf({ action: 'x'.repeat(17_000) }, { 'x-recloser-token': 'other' }),
      type: await statusOf('x'.repeat(17_000), { 'content-type': 'text/plain' }),
      site: await statusOf('x', { 'content-type': 'text/plain', 'sec-fetch-site': 'cross-site' }),
    };

    expect(faults).toEqual({ authorize: 403, token: 409, shape: 400, size: 413, type: 415, site: 403 });
  });

  it('is refused first where there are no levers', async () => {
    const { panel, breakers } = createPanel({ authorize: ADA });
    breakers.getOrCreate('users');

    const { status, answer } = await order(panel, 'x', { 'content-type': 'text/plain' });

    expect([status, answer.ok]).toEqual([403, false]);
    expect(answer.error).toContain('controls');
  });

  it('is a 404 for a breaker that is not there, and a 422 for a reason that is none', async () => {
    const { panel, breakers } = control();
    breakers.getOrCreate('users');

    expect((await order(panel, { ...TRIP, breaker: 'nobody', reason: '' })).status).toBe(404);
    for (const reason of ['', '   ', '\u0007\u200b', 'x'.repeat(201), undefined])
      expect((await order(panel, { ...TRIP, reason })).status).toBe(422);
    expect((await order(panel, { ...TRIP, reason: '😀'.repeat(200) })).status).toBe(200);
  });

  it.each([
    ['same-origin', undefined, 200],
    ['same-origin', 'http://localhost', 200],
    ['cross-site', 'http://evil.example', 403],
    ['same-site', 'http://sub.localhost', 403],
    ['none', undefined, 403],
    ['', 'http://localhost', 200],
    ['', 'http://localhost:80', 200],
    ['', 'http://localhost:8080', 403],
    ['', 'http://evil.example', 403],
    ['', 'null', 403],
    ['', undefined, 200],
  ])('comes from a page of this host, or from no browser: %s, %s gets %i', async (site, origin, status) => {
    const { panel, breakers } = control();
    breakers.getOrCreate('users');
    const { token } = await (await askOf(panel)('/report.json')).json();

    const response = await askOf(panel)('/actions', {
      method: 'POST',
      headers: {
        'content-type': 'application/json; charset=utf-8',
        'x-recloser-token': token,
        ...(site !== '' && { 'sec-fetch-site': site }),
        ...(origin !== undefined && { origin }),
      },
      body: JSON.stringify(TRIP),
    });

    expect(response.status).toBe(status);
  });

  it.each([
    ['https://ops.example.com', 200],
    ['https://ops.example.com:8443', 200],
    ['https://evil.example', 403],
  ])(
    'comes from one of `hosts`, whatever Host a proxy has made of it: %s gets %i',
    async (origin, status) => {
      const { panel, breakers } = control({ hosts: ['ops.example.com', 'internal:3000'] });
      breakers.getOrCreate('users');
      const ask = (path: string, init: RequestInit) =>
        panel.fetch(new Request(`http://internal:3000${path}`, init), { ip: '10.0.0.7' });
      const { token } = await (await ask('/report.json', {})).json();
      const headers = { 'content-type': 'application/json', 'x-recloser-token': token, origin };

      const response = await ask('/actions', { method: 'POST', headers, body: JSON.stringify(TRIP) });

      expect(response.status).toBe(status);
    },
  );

  it.each([
    'nonsense',
    '[]',
    'null',
    '7',
    '{}',
    '{"action":"trip"}',
    '{"action":"trip","breaker":7,"reason":"x"}',
    '{"action":"trip","breaker":"users","reason":7}',
    '{"action":"forceOpen","breaker":"users","reason":"x","minutes":"5"}',
    '{"action":"update","breaker":"users","reason":"x","options":[]}',
    '{"action":"trip","breaker":"users","reason":"x","force":true}',
    '{"action":"trip","breaker":"users","reason":"x","scope":"world"}',
    '{"action":"constructor","breaker":"users","reason":"x"}',
  ])('is a 400 where it has another shape: %s', async (body) => {
    const { panel, breakers } = control();
    breakers.getOrCreate('users');

    const { status, answer } = await order(panel, body);

    expect([status, answer.ok]).toEqual([400, false]);
  });

  it('asks `authorize` about itself and its breaker', async () => {
    const asked: AuthorizeRequest[] = [];
    const { panel, breakers } = control({
      authorize(request) {
        asked.push(request);
        return true;
      },
    });
    breakers.getOrCreate('users');

    await order(panel, TRIP);

    expect(asked.map(({ action, breaker }) => [action, breaker])).toEqual([
      ['view', undefined],
      ['trip', 'users'],
    ]);
  });
});

describe('a lever', () => {
  it.each([
    ['trip', 'OPEN', 'active', { action: 'reset', breaker: 'users' }],
    ['forceOpen', 'OPEN', 'forced-open', { action: 'reset', breaker: 'users' }],
    ['forceClosed', 'CLOSED', 'forced-closed', { action: 'reset', breaker: 'users' }],
    ['reset', 'CLOSED', 'active', null],
  ])('does what the method does: %s', async (action, state, mode, undo) => {
    const { panel, breakers } = control();
    const users = breakers.getOrCreate('users');

    const { status, answer } = await order(panel, { ...TRIP, action });

    expect(status).toBe(200);
    expect(answer).toEqual({ ok: true, state, mode, undo });
    expect([users.state, users.mode]).toEqual([state, mode]);
  });

  it('takes its reason and its name along as the words of the change', async () => {
    const { panel, breakers } = control();
    const users = breakers.getOrCreate('users');

    await order(panel, { ...TRIP, reason: ' failover\n of the\u0000 database ' });

    expect(users.metrics.lastTransition?.detail).toBe('failover  of the database (ada)');
  });

  it('is recorded, and told', async () => {
    const told: ActionRecord[] = [];
    const { panel, breakers, ask, clock } = control({ onAction: (record) => told.push(record) });
    breakers.getOrCreate('users');

    await order(panel, TRIP);
    await order(panel, { action: 'forceOpen', breaker: 'users', reason: 'drill', minutes: 30 });
    await order(panel, { action: 'trip', breaker: 'users', reason: 'has no effect' });

    const { recent } = await (await ask('/report.json')).json();
    const time = clock.epoch();
    expect(recent.actions).toEqual([
      { time, as: 'ada', action: 'forceOpen', breaker: 'users', reason: 'drill', minutes: 30 },
      { time, as: 'ada', action: 'trip', breaker: 'users', reason: 'why not' },
    ]);
    expect(told).toEqual(recent.actions.toReversed?.() ?? [...recent.actions].reverse());
  });

  it('keeps the last hundred records', async () => {
    const { panel, breakers, ask } = control();
    breakers.getOrCreate('users');

    for (let i = 0; i < 102; i++) await order(panel, { ...TRIP, reason: `number ${i}` });

    const { recent } = await (await ask('/report.json')).json();
    expect(recent.actions).toHaveLength(100);
    expect(recent.actions[0].reason).toBe('number 101');
  });

  it('is taken back by the order that it answers', async () => {
    const { panel, breakers } = control({}, { failureThreshold: 7 });
    const users = breakers.getOrCreate('users');
    const pull = async (body: object) =>
      (await order(panel, { breaker: 'users', reason: 'x', ...body })).answer;

    const changed = await pull({ action: 'update', options: { failureThreshold: 3, maxConcurrentCalls: 5 } });
    expect(users.options).toMatchObject({ failureThreshold: 3, maxConcurrentCalls: 5 });
    await pull(changed.undo as object);
    expect(users.options).toMatchObject({
      failureThreshold: 7,
      maxConcurrentCalls: Number.POSITIVE_INFINITY,
    });

    users.forceOpen();
    const reset = await pull({ action: 'reset' });
    await pull(reset.undo as object);
    expect(users.mode).toBe('forced-open');
  });

  it.each([
    ['trip while forced', { action: 'trip' }, 'reset it first'],
    ['no options', { action: 'update' }, 'one option'],
    [
      'an option that is no figure',
      { action: 'update', options: { fallback: 1 } },
      '`fallback` cannot be changed here',
    ],
    ['a prototype', { action: 'update', options: JSON.parse('{"__proto__": 1}') }, 'cannot be changed here'],
    ['true', { action: 'update', options: { failureThreshold: true } }, 'must be a number or false'],
    [
      'a figure out of range',
      { action: 'update', options: { failureRateThreshold: 50 } },
      '`failureRateThreshold` must be a number from 0 to 1, received 50',
    ],
    ['options of another lever', { action: 'reset', options: { failureThreshold: 1 } }, 'goes with `update`'],
    ['minutes of another lever', { action: 'reset', minutes: 5 }, 'goes with `forceOpen`'],
    ['no minute', { action: 'forceOpen', minutes: 0 }, '1 to 1440'],
    ['more than a day', { action: 'forceOpen', minutes: 1_441 }, '1 to 1440'],
    ['a fleet that is not there', { action: 'reset', scope: 'fleet' }, 'no `fleet`'],
  ])('is a 422 that says why: %s', async (_, body, words) => {
    const { panel, breakers } = control();
    const users = breakers.getOrCreate('users');
    users.forceClosed();

    const { status, answer } = await order(panel, { breaker: 'users', reason: 'x', ...body });

    expect(status).toBe(422);
    expect(answer.error).toContain(words);
    expect(users.mode).toBe('forced-closed');
  });

  it('makes an error of `onAction` visible, and works all the same', async () => {
    const { uncaught } = watchRuntime();
    const { panel, breakers } = control({ onAction: () => Promise.reject(new Error('no log')) });
    breakers.getOrCreate('users');

    const { status } = await order(panel, TRIP);
    await arrivals();

    expect(status).toBe(200);
    expect(uncaught).toMatchObject([{ message: 'no log' }]);
  });
});

describe('a force for some minutes', () => {
  it('is taken back by one timer, and that is recorded', async () => {
    const { panel, breakers, clock, ask } = control();
    const users = breakers.getOrCreate('users');
    const pull = (breaker: string, minutes: number) =>
      order(panel, { action: 'forceOpen', breaker, reason: 'drill', minutes });
    breakers.getOrCreate('mail');

    await pull('users', 30);
    await pull('mail', 10);
    const { rows } = await (await ask('/report.json')).json();
    const timers = clock.timers;
    await clock.advance(10 * 60_000);
    const between = [users.mode, breakers.get('mail')?.mode];
    await clock.advance(20 * 60_000);

    expect(rows[0].forcedUntil).toBe(clock.epoch());
    expect(timers).toBe(1);
    expect(between).toEqual(['forced-open', 'active']);
    expect(users.mode).toBe('active');
    expect(clock.timers).toBe(0);
    const { recent } = await (await ask('/report.json')).json();
    expect(recent.actions[0]).toMatchObject({
      action: 'reset',
      breaker: 'users',
      as: 'ada',
      reason: '30 min are over: drill',
    });
  });

  it('stays as somebody else has decided since', async () => {
    const { panel, breakers, clock } = control();
    const users = breakers.getOrCreate('users');
    await order(panel, { action: 'forceOpen', breaker: 'users', reason: 'drill', minutes: 1 });
    users.reset();
    users.forceOpen('no drill any more');

    await clock.advance(120_000);

    expect(users.mode).toBe('forced-open');
  });

  it('lasts as long as the last lever says', async () => {
    const { panel, breakers, clock } = control();
    const users = breakers.getOrCreate('users');
    await order(panel, { action: 'forceOpen', breaker: 'users', reason: 'drill', minutes: 1 });
    await order(panel, { action: 'forceOpen', breaker: 'users', reason: 'for good' });

    await clock.advance(120_000);

    expect([users.mode, clock.timers]).toEqual(['forced-open', 0]);
  });
});

describe('with a fleet', () => {
  function fleetOf() {
    const calls: unknown[][] = [];
    const note =
      (name: string) =>
      async (...args: unknown[]) => {
        calls.push([name, ...args]);
      };
    const status = {
      namespace: 'shop',
      detached: false,
      instances: 3,
      breakers: { users: { state: 'open', words: '2 of 3', voting: true, probing: false, epoch: 4 } },
    };
    return {
      calls,
      status: () => status,
      forceOpen: note('forceOpen'),
      forceClosed: note('forceClosed'),
      reset: note('reset'),
    };
  }

  it('rows show what it has decided', async () => {
    const { ask, breakers } = createPanel({ fleet: fleetOf() });
    breakers.getOrCreate('users');
    breakers.getOrCreate('mail');

    const state = await (await ask('/report.json')).json();

    expect(state.fleet).toEqual({ namespace: 'shop', detached: false, instances: 3 });
    expect(state.rows[0].fleet).toEqual({ state: 'open', words: '2 of 3', voting: true, probing: false });
    expect(state.rows[1]).not.toHaveProperty('fleet');
  });

  it('a lever holds for this instance, or for all', async () => {
    const fleet = fleetOf();
    const { panel, breakers } = control({ fleet });
    const users = breakers.getOrCreate('users');

    const all = await order(panel, {
      action: 'forceOpen',
      breaker: 'users',
      reason: 'drill',
      minutes: 5,
      scope: 'fleet',
    });
    const untouched = users.mode;
    await order(panel, { action: 'forceOpen', breaker: 'users', reason: 'drill', scope: 'instance' });

    expect(fleet.calls).toEqual([['forceOpen', 'users', 'drill (ada)', { for: 300_000 }]]);
    expect(all.answer.undo).toEqual({ action: 'reset', breaker: 'users', scope: 'fleet' });
    expect([untouched, users.mode]).toEqual(['active', 'forced-open']);
  });

  it('whose Redis does not answer, a lever says so', async () => {
    const fleet = { ...fleetOf(), forceOpen: () => Promise.reject(new Error('Redis did not answer')) };
    const { panel, breakers } = control({ fleet });
    breakers.getOrCreate('users');

    const { status, answer } = await order(panel, {
      action: 'forceOpen',
      breaker: 'users',
      reason: 'x',
      scope: 'fleet',
    });

    expect([status, answer]).toEqual([502, { ok: false, error: 'Redis did not answer' }]);
  });
});
