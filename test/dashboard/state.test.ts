import { CircuitBreakerRegistry } from 'recloser';
import { adaptive } from 'recloser/adaptive';
import { dashboard } from 'recloser/dashboard';
import { explain } from 'recloser/monitor';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createPanel, failing, fine } from './support.js';

const stateOf = async ({ ask }: Pick<ReturnType<typeof createPanel>, 'ask'>) =>
  (await ask('/report.json')).json();

describe('the state', () => {
  it('has the members of the contract', async () => {
    const panel = createPanel({ title: 'shop', instance: 'pod-7' });
    panel.breakers.getOrCreate('users');

    const state = await stateOf(panel);

    expect(Object.keys(state)).toEqual([
      'v',
      'seq',
      'time',
      'instance',
      'title',
      'controls',
      'token',
      'refresh',
      'rows',
      'gone',
      'recent',
    ]);
    expect(state).toMatchObject({
      v: 1,
      time: panel.clock.epoch(),
      instance: { label: 'pod-7', started: panel.clock.epoch() },
      title: 'shop',
      controls: false,
      refresh: 1_000,
      gone: [],
      recent: { transitions: [], failures: [], actions: [] },
    });
    expect(state.token).not.toBe(state.instance.id);
  });

  it('tells of a breaker what is known of it', async () => {
    const panel = createPanel({}, { failureThreshold: 3, maxConcurrentCalls: 50 });
    const { clock, breakers } = panel;
    const payments = breakers.getOrCreate('payments');
    const begun = clock.epoch();
    for (let i = 0; i < 5; i++) await payments.call(fine);
    for (let i = 0; i < 3; i++) await payments.tryCall(failing);
    for (let i = 0; i < 2; i++) await payments.tryCall(fine);
    await clock.advance(1_000);

    const { rows } = await stateOf(panel);

    const { spark, ...row } = rows[0];
    expect(row).toEqual({
      name: 'payments',
      state: 'OPEN',
      mode: 'active',
      since: begun,
      why: '3 calls in a row failed (3 ≥ 3); 3 Error',
      detail: null,
      retryAt: begun + 60_000,
      forcedUntil: null,
      health: 0,
      calls: 8,
      failureRate: 0.375,
      threshold: 0.5,
      run: 3,
      runMax: 3,
      ok: 1,
      failed: 0.6,
      rejected: 0.4,
      p50: 0,
      p99: 0,
      inFlight: 0,
      limit: 50,
    });
    expect(spark).toHaveLength(240);
    expect(spark.slice(-4)).toEqual([5, 3, 0, 2]);
  });

  it('says why in the words of explain(), and what was said by hand', async () => {
    const panel = createPanel();
    const payments = panel.breakers.getOrCreate('payments');
    payments.trip('failover of the database');

    const { rows } = await stateOf(panel);

    expect(rows[0]).toMatchObject({ why: explain(payments).why, detail: 'failover of the database' });
  });

  it('tells no time of a probe where none is known or needed', async () => {
    const panel = createPanel();
    panel.breakers.getOrCreate('closed');
    panel.breakers.getOrCreate('forced').forceOpen();

    const { rows } = await stateOf(panel);

    expect(rows.map(({ retryAt }: { retryAt: unknown }) => retryAt)).toEqual([null, null]);
  });

  it('counts slow calls apart from those that were answered in time', async () => {
    const panel = createPanel({}, { slowCallDuration: 100 });
    const { clock, breakers } = panel;
    const users = breakers.getOrCreate('users');
    await users.call(fine);
    const slow = users.call(() => clock.sleep(150));
    await clock.advance(150);
    await slow;

    const { rows } = await stateOf(panel);

    expect(rows[0].spark.slice(-4)).toEqual([1, 0, 1, 0]);
    expect(rows[0].ok).toBe(0.4);
  });

  it('knows the minutes before anybody has looked, in buckets of five seconds', async () => {
    const panel = createPanel();
    const users = panel.breakers.getOrCreate('users');
    await users.call(fine);
    await panel.clock.advance(10_000);
    await users.call(fine);
    await users.call(fine);

    const { rows } = await stateOf(panel);

    expect(rows[0].spark.slice(-12)).toEqual([1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0]);
  });

  it('groups equal failures', async () => {
    const panel = createPanel();
    const { breakers, clock } = panel;
    const begun = clock.epoch();
    for (let i = 0; i < 3; i++) {
      await breakers.getOrCreate('users').tryCall(failing);
      await clock.advance(1_000);
    }

    const { recent } = await stateOf(panel);

    expect(recent.failures).toEqual([
      {
        breaker: 'users',
        time: begun + 2_000,
        type: 'Error',
        message: 'no answer',
        duration: 0,
        count: 3,
        first: begun,
      },
    ]);
  });

  it('stays as it is when somebody looks: no breaker is used or forgotten by it', async () => {
    const clock = createPanel().clock;
    const breakers = new CircuitBreakerRegistry({ clock, idleTimeout: 10_000, maxSize: 2 });
    const panel = dashboard(breakers);
    onTestFinished(() => panel.close());
    breakers.getOrCreate('a');
    breakers.getOrCreate('b');
    const deleted: string[] = [];
    breakers.on('delete', ({ breaker }) => deleted.push(breaker));
    const ask = (path: string) => panel.fetch(new Request(`http://localhost${path}`), { ip: '127.0.0.1' });

    await ask('/breaker.json?name=a');
    await clock.advance(20_000);
    await ask('/report.json');
    const before = [...deleted];
    breakers.getOrCreate('c');

    expect(before).toEqual([]);
    expect(deleted).toEqual(['a', 'b']);
  });

  it('names a breaker that cannot be read, and shows the others', async () => {
    const panel = createPanel();
    panel.breakers.getOrCreate('sound');
    const broken = panel.breakers.getOrCreate('broken');
    Object.defineProperty(broken, 'metrics', {
      get() {
        throw new Error('no figures');
      },
    });

    const state = await stateOf(panel);

    expect(state.rows.map(({ name }: { name: string }) => name)).toEqual(['sound']);
    expect(state.unreadable).toEqual([
      { breaker: 'broken', message: expect.stringContaining('`breaker` cannot be read') },
    ]);
  });
});

describe('what is shown of errors', () => {
  it.each([
    ['a function', (message: string) => message.replace('hunter2', '***'), 'password ***'],
    ['false', false as const, ''],
    [
      'a function that throws',
      () => {
        throw new Error('no');
      },
      '',
    ],
    ['a function that answers nonsense', () => 7 as never, ''],
  ])('is what `redact` leaves: %s', async (_, redact, shown) => {
    const { breakers, ask } = createPanel({ redact }, { failureThreshold: 1 });
    await breakers.getOrCreate('users').tryCall(() => Promise.reject(new Error('password hunter2')));

    const { recent } = await (await ask('/report.json')).json();
    const details = await (await ask('/breaker.json?name=users')).json();

    expect(recent.failures[0].message).toBe(shown);
    expect(details.failures[0].message).toBe(shown);
    expect(details.snapshot.lastFailure.message).toBe(shown);
  });
});

describe('one breaker', () => {
  it('is told whole', async () => {
    const { breakers, ask, clock } = createPanel({}, { failureThreshold: 2 });
    const users = breakers.getOrCreate('users', { recoveryTimeout: () => 1_000 });
    for (let i = 0; i < 2; i++) await users.tryCall(failing);
    const slow = breakers.getOrCreate('slow').call(() => clock.sleep(40));
    await clock.advance(40);
    await slow;

    const details = await (await ask('/breaker.json?name=users')).json();
    const other = await (await ask('/breaker.json?name=slow')).json();

    expect(details.row).toMatchObject({ name: 'users', state: 'OPEN' });
    expect(details.options.failureThreshold).toEqual({ value: 2, differs: true });
    expect(details.options.minimumCalls).toEqual({ value: 10, differs: false });
    expect(details.options.maxConcurrentCalls).toEqual({ value: null, differs: false });
    expect(details.options.recoveryTimeout).toEqual({ value: 'function recoveryTimeout', differs: true });
    expect(details.totals).toMatchObject({ calls: 2, failures: 2 });
    expect(details.kinds).toEqual([{ type: 'Error', count: 2 }]);
    expect(details.transitions).toMatchObject([
      { from: 'CLOSED', to: 'OPEN', reason: 'consecutive-failures' },
    ]);
    expect(details.snapshot).toMatchObject({ version: 1, state: 'OPEN' });
    expect(details.heat).toHaveLength(960);
    expect(other.heat.slice(-16).indexOf(1)).toBe(6); // 32 to 64 ms
  });

  it('is told with its detector, and with the retries around it', async () => {
    const around = { metrics: { budget: { available: 3, capacity: 10 } }, on: () => () => {} };
    const resilience = { get: (name: string) => (name === 'users' ? around : undefined) } as never;
    const { breakers, ask } = createPanel({ resilience });
    breakers.getOrCreate('users', { detector: adaptive() });
    breakers.getOrCreate('plain');

    const users = await (await ask('/breaker.json?name=users')).json();
    const plain = await (await ask('/breaker.json?name=plain')).json();

    expect(users.resilience).toEqual({ budget: { available: 3, capacity: 10 } });
    expect(users.detector).toHaveProperty('evidence');
    expect(plain).not.toHaveProperty('resilience');
    expect(plain).not.toHaveProperty('detector');
  });

  it('is a 404 where there is none of this name', async () => {
    const { ask } = createPanel();

    expect((await ask('/breaker.json?name=nobody')).status).toBe(404);
    expect((await ask('/breaker.json')).status).toBe(404);
  });
});
