/** The ways in which calls come in: `wrap`, options that are read once, and the short way that plain calls take. */
import { CircuitBreaker, CircuitBreakerRegistry } from 'recloser';
import {
  RETRY_POLICIES,
  Resilience,
  type ResilienceOptions,
  ResilienceRegistry,
  withResilience,
} from 'recloser/resilience';
import { describe, expect, it, vi } from 'vitest';
import { boom, failing, hanging, made, NEVER_TRIPS } from './made.js';
import { timedClock } from './timed-clock.js';

describe('a wrapped function', () => {
  it('keeps `this`, arguments, name, length and members, and is retried', async () => {
    const { clock, users } = made({ retry: { maxAttempts: 2, backoff: 0 } });
    let runs = 0;
    async function load(this: { id: number }, more: number) {
      if (++runs === 1) throw boom();
      return this.id + more;
    }

    const wrapped = users.wrap(Object.assign(load, { kind: 'loader' }));

    expect(await clock.settle(wrapped.call({ id: 7 }, 1))).toBe(8);
    expect([wrapped.name, wrapped.length, (wrapped as unknown as { kind: string }).kind]).toEqual([
      'load',
      1,
      'loader',
    ]);
    expect(Object.keys(wrapped)).toEqual(['kind']);
  });

  it('has options of its own, which are checked when it is wrapped', async () => {
    const { clock, users } = made({ retry: 'network' });
    const own = users.wrap(failing(1), { retry: 'none', fallback: () => 'instead' as never });

    expect(await own()).toBe('instead');
    expect(users.metrics.totals).toMatchObject({ attempts: 1, fallbacks: 1 });
    expect(() => users.wrap(failing(1), { retry: 'netwrk' as never })).toThrow('did you mean "network"?');
    expect(await clock.settle(users.wrap(failing(1))())).toBe(2);
  });

  it('rejects as a call does', async () => {
    const { users } = made();

    await expect(users.wrap(failing(1))()).rejects.toThrow('boom');
  });
});

describe('options that are read once', () => {
  it('go over what holds, with a signal and a fallback of the call', async () => {
    const { users } = made({ retry: 'network' });
    const prepared = users.prepared({ retry: RETRY_POLICIES.none });
    const caller = new AbortController();

    const answers = [
      await users.callPrepared(failing(1), prepared, undefined, () => 'instead' as never),
      await users.callPrepared(failing(0), prepared, caller.signal, undefined),
      await users.callPrepared(failing(1), prepared, undefined, undefined).catch((it) => it.message),
    ];
    const gone = users.callPrepared(hanging, prepared, caller.signal, undefined).catch((it) => it);
    caller.abort('gone');

    expect([answers, await gone]).toEqual([['instead', 1, 'boom'], 'gone']);
    expect(users.metrics.totals).toMatchObject({ calls: 4, retries: 0 });
  });

  it('begin nothing for a caller who has gone', async () => {
    const { users } = made();
    const prepared = users.prepared({});

    const call = users.callPrepared(hanging, prepared, AbortSignal.abort('before'), undefined);

    await expect(call).rejects.toBe('before');
    expect(users.metrics.totals.calls).toBe(0);
  });

  it('are refused at once where they cannot work with what holds', () => {
    const { users } = made({ name: 'users' });

    expect(() => users.prepared({ retry: { whenOpen: 'wait' } })).toThrow(
      'Cannot use resilience "users": `whenOpen: \'wait\'` (policy "patient") needs a `totalTimeout`: a circuit may stay open for long',
    );
  });

  it('go over what has been changed since', async () => {
    const { clock, users } = made();
    const prepared = users.prepared({ retry: RETRY_POLICIES.none });
    await users.callPrepared(failing(0), prepared, undefined, undefined);

    users.changed({ totalTimeout: 50 })();
    const late = users.callPrepared(hanging, prepared, undefined, undefined).catch((it) => it.code);
    await clock.advance(50);

    expect(await late).toBe('ERR_TOTAL_TIMEOUT');
  });
});

/** Turns of the queue of microtasks until a call has settled. */
async function turnsOf(call: Promise<unknown>): Promise<number> {
  let [turns, isSettled] = [0, false];
  const settled = () => {
    isSettled = true;
  };
  call.then(settled, settled);
  for (; !isSettled; turns++) await null;
  return turns;
}

describe('the short way', () => {
  const alone = new CircuitBreaker(NEVER_TRIPS);
  const ready = async () => 'fine';
  const failed = () => Promise.reject(boom());

  it.each<[string, ResilienceOptions]>([
    ['nothing else', {}],
    ['retries', { retry: 'network' }],
    ['a bulkhead', { bulkhead: 5 }],
    ['a breaker that is handed in', { breaker: alone }],
  ])('takes no longer than the breaker alone: with %s', async (_, options) => {
    const users = new Resilience(options.breaker === undefined ? { ...NEVER_TRIPS, ...options } : options);

    const turns = [await turnsOf(users.call(ready)), await turnsOf(users.call(ready))];

    expect(turns).toEqual([await turnsOf(alone.call(ready)), await turnsOf(alone.call(ready))]);
  });

  it('is that of calls whose options were read before, and of failures', async () => {
    const users = new Resilience(NEVER_TRIPS);

    const turns = [
      await turnsOf(users.call(ready, users.prepared({ retry: RETRY_POLICIES.network }))),
      await turnsOf(users.call(failed)),
      await turnsOf(users.call(failed)),
    ];

    expect(turns).toEqual([
      await turnsOf(alone.call(ready)),
      await turnsOf(alone.call(failed)),
      await turnsOf(alone.call(failed)),
    ]);
  });
});

describe('a plain call', () => {
  it('gives back with the next one what it could not, where it failed between its leave and its task', async () => {
    const breaker = new CircuitBreaker(NEVER_TRIPS);
    const users = new Resilience({ breaker, bulkhead: 1 });
    let reads = 0;
    Object.defineProperty(breaker, 'state', {
      get() {
        if (++reads === 2) throw new RangeError('The stack is full');
        return 'CLOSED';
      },
    });
    const held = () => [users.metrics.running, users.bulkhead?.running, breaker.metrics.inFlight];

    const error = await users.call(() => 1).catch((it) => it.message);
    const before = held();
    const answer = await users.call(() => 2);

    expect([error, before, answer, held()]).toEqual(['The stack is full', [0, 1, 1], 2, [0, 0, 0]]);
    expect(breaker.metrics.totals).toMatchObject({ calls: 2, ignored: 1, successes: 1 });
  });

  it('that is retried has its answer, whatever became of the one before', async () => {
    const { clock, users } = made({ retry: { maxAttempts: 2, backoff: 0 } });

    const before = await clock.settle(users.call(failing(9))).catch((it) => it.message);
    const answers = [await clock.settle(users.call(failing(1))), await clock.settle(users.call(failing(0)))];

    expect([before, answers]).toEqual(['boom', [2, 1]]);
  });

  it.each<[string, object]>([
    ['of its breaker', { breaker: new CircuitBreaker({ ...NEVER_TRIPS, fallback: () => 'instead' }) }],
    ['that is its own', { fallback: () => 'instead', ...NEVER_TRIPS }],
  ])('is answered by a fallback %s, again and again', async (_, options) => {
    const users = new Resilience(options);

    expect([
      await users.call(failing(1)),
      await users.call(failing(1)),
      await users.call(failing(1)),
    ]).toEqual(['instead', 'instead', 'instead']);
  });

  it('needs no budget to be good', async () => {
    const { users } = made({ retryBudget: false });

    expect([await users.call(() => 'fine'), await users.call(() => 'fine')]).toEqual(['fine', 'fine']);
  });

  it.each<[string, ResilienceOptions]>([
    [
      'of its breaker',
      { breaker: new CircuitBreaker({ ...NEVER_TRIPS, callTimeout: 20, clock: timedClock() }) },
    ],
    ['of its own', { callTimeout: 20 }],
  ])('has a timeout %s', async (_, options) => {
    const { clock, users } = made(options.breaker === undefined ? options : {});
    const it = options.breaker === undefined ? users : new Resilience(options);
    const time = (options.breaker?.options.clock as typeof clock | undefined) ?? clock;

    const late = it.call(hanging).catch((error) => error.timeout);
    await time.advance(20);

    expect(await late).toBe(20);
  });

  it('has the timeout that goes over that of a breaker which is handed in', async () => {
    const clock = timedClock();
    const without = new CircuitBreaker({ clock, ...NEVER_TRIPS });
    const longer = new CircuitBreaker({ clock, ...NEVER_TRIPS, callTimeout: 100 });

    const calls = [without, longer].map((breaker) =>
      new Resilience({ breaker, callTimeout: 20 }).call(hanging).catch((error) => error.timeout),
    );
    await clock.advance(20);

    expect(await Promise.all(calls)).toEqual([20, 20]);
  });

  it('follows its own breaker, whose options may change', async () => {
    const { clock, users } = made({ callTimeout: 100, fallback: () => 'first' });

    users.breaker.update({ callTimeout: 20, fallback: () => 'second' });
    const late = users.call(hanging);
    await clock.advance(20);

    expect(await late).toBe('second');
  });

  it('is told that it is no hedge, and of no deadline', async () => {
    const { users } = made({ totalTimeout: 50 });

    const told = [
      await users.call(({ isHedge, remaining }) => [isHedge, remaining]),
      await users.call(({ isHedge, remaining }) => [isHedge, remaining], { totalTimeout: false }),
    ];

    expect(told).toEqual([
      [false, 50],
      [false, Number.POSITIVE_INFINITY],
    ]);
  });
});

describe('withResilience', () => {
  it('takes what does as a registry does, of another copy of the package', async () => {
    const users = new Resilience({ name: 'users' });
    const registry = { getOrCreate: () => users, get: () => users, of: () => users } as never;

    expect(withResilience('users', { registry }, async () => 1).resilience).toBe(users);
  });

  it('compares the options of each function with those in force, once', async () => {
    const emit = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const registry = new ResilienceRegistry({ breakers: new CircuitBreakerRegistry() });
    const [get, list] = [5, 6].map((bulkhead) =>
      withResilience('users', { bulkhead, registry }, async () => 1),
    );

    await get?.();
    const told: unknown[] = [];
    get?.resilience.on('conflict', ({ options }) => told.push(...options));
    for (let call = 0; call < 3; call++) await list?.();

    expect(told).toEqual([{ option: 'bulkhead', inForce: { limit: 5 }, given: { limit: 6 } }]);
    expect(emit).toHaveBeenCalledTimes(1);
  });

  it('goes by what is configured later, with its own options over that', async () => {
    const registry = new ResilienceRegistry({ breakers: new CircuitBreakerRegistry() });
    const get = withResilience('users', { retry: 'none', fallback: () => 'instead', registry }, hanging);
    const clock = timedClock();
    registry.breakers.getOrCreate('users', { clock });

    const first = get();
    get.resilience.changed({ totalTimeout: 50 })();
    const second = get();
    await clock.advance(50);

    expect(await second).toBe('instead');
    expect(get.resilience.metrics).toMatchObject({ running: 1, totals: { totalTimeouts: 1 } });
    void first;
  });
});
