/** Where testing ends: what is left alone, what cannot be, and who is told of what goes wrong. */
import { CircuitBreaker } from 'recloser';
import { Resilience } from 'recloser/resilience';
import {
  createChaos,
  createManualClock,
  type Fault,
  isInjected,
  matchers,
  recordEvents,
  simulate,
} from 'recloser/testing';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { errorOf } from '../support/breakers.js';

const ALWAYS: readonly Fault[] = [{ fault: 'error' }];
const messageOf = async (promise: Promise<unknown>) => ((await errorOf(promise)) as Error).message;

describe('timers of a manual clock', () => {
  it('that are none, or those of another clock, are not cleared', () => {
    const [clock, other] = [createManualClock(), createManualClock()];
    const timer = clock.setTimeout(() => {}, 5);
    other.setTimeout(() => {}, 5);

    for (const it of [undefined, null, 5, {}, { index: 0 }]) clock.clearTimeout(it);
    other.clearTimeout(timer);

    expect([clock.timers, other.timers]).toEqual([1, 1]);
  });

  it('are cleared once: another that waits is not taken for one that has gone', async () => {
    const clock = createManualClock();
    const ran: string[] = [];
    const first = clock.setTimeout(() => ran.push('first'), 5);
    clock.setTimeout(() => ran.push('second'), 6);
    clock.setTimeout(() => ran.push('third'), 7);

    clock.clearTimeout(first);
    clock.clearTimeout(first);
    await clock.advance(6);
    clock.clearTimeout(first);
    await clock.advance(1);

    expect(ran).toEqual(['second', 'third']);
  });

  it('wait beyond where `advanceSync` goes', () => {
    const clock = createManualClock();
    clock.setTimeout(() => {}, 15);
    clock.setTimeout(() => {}, 16);

    clock.advanceSync(15);

    expect([clock.now(), clock.timers, clock.nextIn]).toEqual([15, 1, 1]);
  });

  it('make one error of several, which says how many', async () => {
    const clock = createManualClock();
    for (const ms of [1, 2, 3])
      clock.setTimeout(() => {
        throw new Error(`at ${ms}`);
      }, ms);

    expect(await messageOf(clock.advance(5))).toBe('3 timers have thrown');
  });

  it('end a move with what one of them throws, whatever it is', async () => {
    const clock = createManualClock();
    clock.setTimeout(() => {
      throw undefined;
    }, 1);
    let ended = 'not';

    await clock.advance(5).then(
      () => (ended = 'resolved'),
      (error) => (ended = `rejected with ${error}`),
    );

    expect(ended).toBe('rejected with undefined');
  });
});

describe('moves of a manual clock at once', () => {
  it('let microtasks run dry between timers all the same', async () => {
    const clock = createManualClock();
    const told: string[] = [];
    const slow = async (name: string) => {
      for (let turn = 0; turn < 50; turn++) await null;
      told.push(name);
    };
    for (const name of ['first', 'second']) {
      clock.setTimeout(() => void slow(name), 10);
      clock.setTimeout(() => told.push('–'), 10);
    }

    await Promise.all([clock.advance(20), clock.advance(10), clock.settle(clock.sleep(15))]);

    expect(told).toEqual(['first', '–', 'second', '–']);
  });

  it('are each their own, unless a callback itself begins one', async () => {
    const clock = createManualClock();
    const ended: string[] = [];
    let inner: Promise<unknown> | undefined;
    clock.setTimeout(() => {
      void Promise.resolve().then(() => {
        inner = clock.advance(50).then(() => ended.push(`inner at ${clock.now()}`));
      });
    }, 10);

    await clock.advance(20).then(() => ended.push(`outer at ${clock.now()}`));
    await inner;

    expect(ended).toEqual(['outer at 20', 'inner at 60']);
  });

  it('have what a timer throws told by the one that ends next, and by no other', async () => {
    const clock = createManualClock();
    clock.setTimeout(() => {
      throw new Error('boom');
    }, 5);

    const moves = await Promise.allSettled([clock.advance(30), clock.advance(10), clock.advance(20)]);

    expect(moves.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });

  it('have it told by the move that a callback has begun its own in, though that ends later', async () => {
    const clock = createManualClock();
    const ends: string[] = [];
    clock.setTimeout(() => {
      void clock.advance(5).then(
        () => ends.push('inner well'),
        () => ends.push('inner not'),
      );
      clock.setTimeout(() => {
        throw new Error('boom');
      }, 2);
    }, 10);

    const message = await messageOf(clock.advance(100));

    expect([message, ends]).toEqual(['boom', ['inner well']]);
  });

  it('hear nothing of what a promise was settled with', async () => {
    const clock = createManualClock();
    clock.setTimeout(() => {
      throw new Error('boom');
    }, 5);

    const [move, settled] = await Promise.allSettled([
      clock.advance(30),
      clock.settle(new Promise(() => {}), { limit: 100 }),
    ]);

    expect([move.status, settled.status]).toEqual(['fulfilled', 'rejected']);
  });
});

describe('a promise that does not settle', () => {
  it.each<[object, string]>([
    [{}, 'it waits for a socket (see `io`)'],
    [{ io: 1 }, '1 real ms were not enough for its sockets (`io`)'],
  ])('is told of in whole: %j', async (options, within) => {
    const clock = createManualClock({ start: 100 });
    clock.setTimeout(() => {}, 10);

    expect(await messageOf(clock.settle(new Promise(() => {}), options))).toBe(
      `The promise has not settled after 10 ms of the manual clock, and no timer of this clock is left that it could wait for: it has another clock, ${within}, or nobody ever settles it`,
    );
  });

  it('names those that wait, in their order, in few words', async () => {
    const clock = createManualClock({ start: 100 });
    const long = Object.defineProperty(() => {}, 'name', { value: 'n'.repeat(60) });
    clock.setTimeout(() => {}, 900);
    clock.setTimeout(long, 700);
    clock.setTimeout(function poll() {}, 600);
    clock.setTimeout(() => {}, 20);

    expect(await messageOf(clock.settle(new Promise(() => {}), { limit: 500 }))).toBe(
      `The promise has not settled after 20 ms of the manual clock, and nothing happens before 600 ms, beyond the \`limit\` of 500 ms; there wait: \`poll\` in 580 ms, \`${'n'.repeat(40)}\` in 680 ms, a timer in 880 ms`,
    );
  });
});

describe('a wait', () => {
  it('takes no `null` for a signal', async () => {
    const clock = createManualClock();

    expect(await messageOf(clock.sleep(1, { signal: null as never }))).toBe(
      'Cannot wait for manual clock: `signal` must be an AbortSignal, received null',
    );
  });
});

describe('a client with chaos', () => {
  class Client {
    #limit = 1;
    get limit() {
      return this.#limit;
    }
    set limit(limit: number) {
      this.#limit = limit;
    }
    async find() {
      return this;
    }
    on() {
      return this;
    }
    *[Symbol.iterator]() {
      yield 1;
    }
  }

  it('is the client in all that is no call', () => {
    const client = new Client();
    const flaky = createChaos().protect(client, ALWAYS);

    flaky.limit = 7;

    expect([client.limit, flaky.limit, flaky.constructor === Client, [...flaky]]).toEqual([7, 7, true, [1]]);
    expect(flaky.on()).toBe(client);
    expect([String(flaky), Object.hasOwn(flaky, 'limit')]).toEqual(['[object Object]', false]);
    expect(flaky[Symbol.iterator]).toBe(client[Symbol.iterator]);
  });

  it('is `this` of its methods, and so is who else they are called on', async () => {
    const client = new Client();
    const flaky = createChaos().protect(client, [{ fault: 'latency', ms: 0 }]);
    const other = new Client();

    expect([(await flaky.find()) === client, (await flaky.find.call(other)) === other]).toEqual([true, true]);
  });

  it('is hit where it is sealed, and refused where it is frozen: nothing would happen', async () => {
    const make = () => ({ get: async () => 1, on: () => 2, limit: 3 });
    const chaos = createChaos();

    const sealed = chaos.protect(Object.seal(make()), ALWAYS);

    expect(isInjected(await errorOf(sealed.get()))).toBe(true);
    expect(() => chaos.protect(Object.freeze(make()), ALWAYS)).toThrow(
      new TypeError('Chaos cannot hit the method "get": the object is frozen'),
    );
    const events = chaos.protect(Object.freeze({ on: make().on, limit: 3 }), ALWAYS);
    expect([events.on(), events.limit]).toEqual([2, 3]);
    const none = chaos.protect(Object.freeze(make()), ALWAYS, { methods: [] });
    expect(await none.get()).toBe(1);
  });
});

describe('what chaos injects', () => {
  it('is the error of a function that takes its time, and not its promise', async () => {
    const boom = new Error('boom');
    const flaky = createChaos().wrap(async () => 1, [{ fault: 'error', error: async () => boom }]);

    const error = await errorOf(flaky());

    expect([error === boom, isInjected(error)]).toEqual([true, true]);
  });

  it('is known where it is a function', async () => {
    const fn = () => {};
    const flaky = createChaos().wrap(async () => fn, [{ fault: 'result', value: () => fn }]);

    expect([isInjected(await flaky()), isInjected(() => {})]).toEqual([true, false]);
  });

  it('is nothing when its plan is over: the very answer is handed on', async () => {
    const clock = createManualClock();
    const chaos = createChaos({ clock });
    const five = chaos.wrap(() => 5, chaos.plan([{ for: 10, faults: ALWAYS }]));

    await clock.advance(10);

    expect([five(), chaos.stats.injected]).toEqual([5, { error: 0, latency: 0, hang: 0, result: 0 }]);
  });

  it('is told by seed, function and call, and is so in every version', async () => {
    const clock = createManualClock();
    const chaos = createChaos({ seed: 3, clock });
    const faults: Fault[] = [{ fault: 'error', rate: 0.3 }];
    const hits = async (fn: () => Promise<unknown>) => {
      let text = '';
      for (let call = 0; call < 20; call++)
        text += await fn().then(
          () => '.',
          () => 'x',
        );
      return text;
    };
    const rolls: number[] = [];
    const slow = (random: () => number) => rolls.push(random(), random(), random());

    const functions = [chaos.wrap(async () => 1, faults), chaos.wrap(async () => 1, faults)];
    const client = chaos.protect({ get: async () => 1, put: async () => 1 }, faults);
    const texts = [
      ...(await Promise.all(functions.map(hits))),
      await hits(() => client.get()),
      await hits(() => client.put()),
    ];
    await clock.settle(chaos.wrap(async () => 1, [{ fault: 'latency', ms: slow }])());

    expect(texts).toEqual([
      '....x...x....x...x..',
      '...x...x..x...x.x..x',
      '......xxx.x.x..xxx.x',
      '......x..x..x..xx...',
    ]);
    expect(rolls.map((it) => Number(it.toFixed(6)))).toEqual([0.30733, 0.352595, 0.013562]);
  });
});

describe('chaos of another copy of the package', () => {
  afterEach(() => void vi.resetModules());

  it('is known, and warned of once', async () => {
    vi.stubEnv('NODE_ENV', 'production');
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    try {
      vi.resetModules();
      const one = await import('recloser/testing');
      vi.resetModules();
      const other = await import('recloser/testing');
      warned.mockClear();

      const error = await errorOf(one.createChaos({ enabled: true }).wrap(async () => 1, ALWAYS)());
      other.createChaos({ enabled: true });

      expect([one.createChaos === other.createChaos, other.isInjected(error)]).toEqual([false, true]);
      expect(warned.mock.calls.length).toBeLessThanOrEqual(1);
    } finally {
      vi.unstubAllEnvs();
    }
  });
});

describe('matchers', () => {
  it('look at the breaker of a Resilience, which has events and metrics of its own', () => {
    const users = new Resilience({ name: 'users' });
    const { pass, message } = matchers.toBeClosed(users);

    expect([pass, message()]).toEqual([
      true,
      'expected circuit breaker "users" not to be CLOSED; it is CLOSED',
    ]);
    users.breaker.trip();
    expect([matchers.toBeOpen(users, 'tripped').pass, matchers.toRejectCall(users).pass]).toEqual([
      true,
      true,
    ]);
  });

  it('look at the breaker of what has events alone', () => {
    expect(matchers.toBeClosed({ on() {}, breaker: new CircuitBreaker() }).pass).toBe(true);
  });

  it('find no reason where none is known', () => {
    const { metrics } = new CircuitBreaker();
    const restored = { name: 'restored', on() {}, metrics: { ...metrics, state: 'OPEN' } };

    expect([matchers.toBeOpen(restored).pass, matchers.toBeOpen(restored, 'tripped').pass]).toEqual([
      true,
      false,
    ]);
  });
});

describe('a record', () => {
  const teller = () => {
    let write: ((payload: object) => void) | undefined;
    const record = recordEvents({
      on(event: string, listener: (payload: object) => void) {
        if (event !== 'failure') throw new TypeError('no such event');
        write = listener;
        return () => {};
      },
    });
    return { record, tell: (payload: object) => write?.(payload) };
  };

  it('writes a name with quotes in quotes', () => {
    const { record, tell } = teller();

    tell({ breaker: 'a"b' });

    expect(record.text()).toBe('"a\\"b" failure');
  });

  it('tells an error of which nothing can be read by the word for it', () => {
    const { record, tell } = teller();
    const deny = () => {
      throw new Error('no access');
    };

    tell({ error: new Proxy({}, { get: deny, getPrototypeOf: deny }) });

    expect(record.events[0]?.error).toEqual({ name: 'Error', message: '' });
  });

  it('is a copy: what is told later is not in what was taken before', () => {
    const { record, tell } = teller();
    tell({ count: 1 });
    const before = record.events;

    tell({ count: 2 });

    expect([before.length, record.events.length, Object.isFrozen(before)]).toEqual([1, 2, true]);
  });
});

describe('a simulation', () => {
  const settings = {
    traffic: { rate: 10, arrivals: 'even' as const },
    dependency: [{ for: 1_000 }],
    instances: 3,
  };

  it('stops all that it has made, whatever one of them throws', async () => {
    const stopped: number[] = [];
    const run = simulate({
      ...settings,
      breaker: ({ clock, instance }) => ({
        breaker: new CircuitBreaker({ clock }),
        stop() {
          stopped.push(instance);
          if (instance === 0) throw new Error('no stop');
        },
      }),
    });

    expect([await messageOf(run), stopped]).toEqual(['no stop', [0, 1, 2]]);
  });

  it('ends with what went wrong first, and stops what there is', async () => {
    const stopped: number[] = [];
    const run = simulate({
      ...settings,
      breaker: ({ clock, instance }) => {
        if (instance === 2) throw new Error('no breaker');
        return {
          breaker: new CircuitBreaker({ clock }),
          stop() {
            stopped.push(instance);
            throw new Error('no stop');
          },
        };
      },
    });

    expect([await messageOf(run), stopped]).toEqual(['no breaker', [0, 1]]);
  });
});
