import { getEventListeners } from 'node:events';
import { type CircuitBreakerError, CircuitBreakerOpenError } from 'recloser';
import { createChaos, createManualClock, type Fault, isInjected } from 'recloser/testing';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { errorOf, refusalOf, thrownBy } from '../support/breakers.js';

const ALWAYS: readonly Fault[] = [{ fault: 'error', rate: 1 }];

const codeOf = (error: unknown) => (error as CircuitBreakerError).code;

/** Which of so many calls fail. */
async function failuresOf(call: () => unknown, calls: number): Promise<number[]> {
  const failed: number[] = [];
  for (let n = 0; n < calls; n++) {
    try {
      await call();
    } catch {
      failed.push(n);
    }
  }
  return failed;
}

describe('a function with chaos', () => {
  it('fails in the share of calls that is asked for, in the same ones for the same seed', async () => {
    const run = (seed: number, rate: number) =>
      failuresOf(
        createChaos({ seed }).wrap(async () => 'fine', [{ fault: 'error', rate }]),
        1_000,
      );

    const failed = await run(7, 0.2);

    expect(failed.length).toBeGreaterThan(160);
    expect(failed.length).toBeLessThan(240);
    expect(await run(7, 0.2)).toEqual(failed);
    expect(await run(8, 0.2)).not.toEqual(failed);
    const more = await run(7, 0.4);
    expect(failed.filter((n) => !more.includes(n))).toEqual([]);
  });

  it('fails in the same calls whatever else there is', async () => {
    const alone = createChaos({ seed: 3 });
    const faults: Fault[] = [{ fault: 'error', rate: 0.3 }];
    const expected = await failuresOf(
      alone.wrap(async () => 'fine', faults),
      200,
    );

    const chaos = createChaos({ seed: 3 });
    const flaky = chaos.wrap(async () => 'fine', faults);
    const other = chaos.wrap(async () => 'other', faults);
    const results = await Promise.allSettled(
      Array.from({ length: 400 }, (_, n) => (n % 2 === 0 ? flaky() : other())),
    );

    const ofFlaky = results.filter((_, n) => n % 2 === 0);
    expect(ofFlaky.flatMap(({ status }, n) => (status === 'rejected' ? [n] : []))).toEqual(expected);
  });

  it('rejects with an error of its own, or with that which is given', async () => {
    const chaos = createChaos();
    const boom = new Error('boom');

    const errors = [
      await errorOf(chaos.wrap(async () => 'fine', ALWAYS)()),
      await errorOf(chaos.wrap(async () => 'fine', [{ fault: 'error', error: () => boom }])()),
    ];

    expect([codeOf(errors[0]), errors[1]]).toEqual(['ERR_INJECTED_FAULT', boom]);
    expect(errors.map(isInjected)).toEqual([true, true]);
  });

  it('answers another result, without running', async () => {
    const fetchUser = vi.fn(async (id: number) => ({ status: 200, id }));
    const flaky = createChaos().wrap(fetchUser, [
      { fault: 'result', value: (id: number) => ({ status: 503, id }) },
    ]);

    const result = await flaky(7);

    expect([result, isInjected(result), fetchUser.mock.calls.length]).toEqual([
      { status: 503, id: 7 },
      true,
      0,
    ]);
  });

  it('waits before anything else, latencies added up', async () => {
    const clock = createManualClock();
    const flaky = createChaos({ clock }).wrap(
      async () => clock.now(),
      [
        { fault: 'latency', ms: 100 },
        { fault: 'latency', ms: (random) => 20 + random() * 0 },
        { fault: 'error', rate: 0 },
      ],
    );

    expect(await clock.settle(flaky())).toBe(120);
  });

  it('has latencies with the percentiles that are asked for', async () => {
    const clock = createManualClock();
    const chaos = createChaos({ clock });
    const flaky = chaos.wrap(async () => clock.now(), [{ fault: 'latency', ms: { p50: 40, p99: 900 } }]);

    const all = Promise.all(Array.from({ length: 10_000 }, flaky));
    const times = (await clock.settle(all)).sort((a, b) => a - b);

    expect(times[5_000]).toBeGreaterThan(38);
    expect(times[5_000]).toBeLessThan(42);
    expect(times[9_900]).toBeGreaterThan(750);
    expect(times[9_900]).toBeLessThan(1_050);
  });

  it('hangs until its signal ends it', async () => {
    const chaos = createChaos();
    const caller = new AbortController();
    const flaky = chaos.wrap(async (_: string, __?: { signal: AbortSignal }) => 'fine', [{ fault: 'hang' }]);

    const call = errorOf(flaky('a', { signal: caller.signal }));
    caller.abort('gone');

    expect(await call).toBe('gone');
    expect(chaos.stats).toEqual({ calls: 1, injected: { error: 0, latency: 0, hang: 1, result: 0 } });
  });

  it('waits until its signal ends it, which leaves neither a timer nor a listener', async () => {
    const clock = createManualClock();
    const chaos = createChaos({ clock });
    const caller = new AbortController();
    const listening = () => getEventListeners(caller.signal, 'abort').length;
    let runs = 0;
    const slow = chaos.wrap(async (_: AbortSignal) => ++runs, [{ fault: 'latency', ms: 50 }]);

    const call = errorOf(slow(caller.signal));
    await clock.advance(10);
    const during = [clock.timers, listening()];
    caller.abort('gone');

    expect([await call, runs, during, clock.timers, listening()]).toEqual(['gone', 0, [1, 1], 0, 0]);
    expect(await errorOf(slow(AbortSignal.abort('before')))).toBe('before');
    expect(clock.timers).toBe(0);
  });

  it.each([class Users {}, TypeError])('is none where a class is to be wrapped: its methods are', (users) => {
    expect(() => createChaos().wrap(users as never, [])).toThrow(
      'Chaos needs a function to wrap, received a class',
    );
  });

  it('asks its faults in order, and the first that ends the call is the last one asked', async () => {
    const chaos = createChaos();
    const flaky = chaos.wrap(
      async () => 'fine',
      [{ fault: 'result', value: () => 'other' }, { fault: 'error' }, { fault: 'hang' }],
    );

    expect(await flaky()).toBe('other');
    expect(chaos.stats.injected).toEqual({ error: 0, latency: 0, hang: 0, result: 1 });
  });

  it('is called straight where nothing happens, and its very answer is handed on', () => {
    const answer = Promise.resolve();
    const same = () => answer;

    expect(createChaos().wrap(same, [{ fault: 'error', rate: 0 }])()).toBe(answer);
    expect(createChaos({ enabled: false }).wrap(same, ALWAYS)()).toBe(answer);
    expect(createChaos().wrap(() => 5, [])()).toBe(5);
  });

  it('stays what it was', async () => {
    class Users {
      #name = 'Ada';
      find = createChaos().wrap(this.read, []);
      async read(_id: number) {
        return this.#name;
      }
    }
    const add = (a: number, b: number) => a + b;
    const fn = Object.assign(add, { unit: 'ms' });

    const flaky = createChaos().wrap(fn, []);

    expect([flaky.name, flaky.length, flaky.unit]).toEqual(['add', 2, 'ms']);
    expect(await new Users().find(7)).toBe('Ada');
  });

  it('is fetch, whose options go before its request', async () => {
    const caller = new AbortController();
    const chaos = createChaos();
    const flaky = chaos.fetch(fetch, [{ fault: 'hang' }]);

    const call = errorOf(flaky(new Request('http://a.test'), { signal: caller.signal }));
    caller.abort('gone');

    expect(await call).toBe('gone');
  });
});

describe('a plan of chaos', () => {
  it('goes by time from its making on, and ends in none', async () => {
    const clock = createManualClock({ start: 500 });
    const chaos = createChaos({ clock });
    const flaky = chaos.wrap(
      async () => 'fine',
      chaos.plan([
        { for: 10_000, faults: [] },
        { for: 60_000, faults: ALWAYS },
      ]),
    );
    const ends: string[] = [];

    for (const ms of [0, 9_999, 1, 59_999, 1]) {
      await clock.advance(ms);
      ends.push(await flaky().catch(() => 'failed'));
    }

    expect(ends).toEqual(['fine', 'fine', 'failed', 'failed', 'fine']);
  });
});

describe('a client with chaos', () => {
  class Client {
    #calls = 0;
    get calls() {
      return this.#calls;
    }
    async find(id: number) {
      this.#calls++;
      return id;
    }
    on() {
      return this;
    }
  }

  it('fails in its methods, and keeps its private state and its events', async () => {
    const client = new Client();
    const flaky = createChaos().protect(client, ALWAYS);

    const error = await errorOf(flaky.find(7));
    flaky.on();
    const { find } = flaky;

    expect([isInjected(error), flaky.calls, flaky.find === find, flaky instanceof Client]).toEqual([
      true,
      0,
      true,
      true,
    ]);
  });

  it('fails in the functions of a module that a compiler has made', async () => {
    const exported: { get?(): Promise<number> } = {};
    Object.defineProperty(exported, 'get', { enumerable: true, get: () => async () => 1 });

    const flaky = createChaos().protect(exported, ALWAYS);

    expect(isInjected(await errorOf(flaky.get!()))).toBe(true);
  });

  it('is no part of what inherits from it', () => {
    const client = {
      token: 'shared',
      get header() {
        return `Bearer ${this.token}`;
      },
    };
    const mine = Object.create(createChaos().protect(client, ALWAYS)) as typeof client;

    mine.token = 'mine';

    expect([client.token, mine.header]).toEqual(['shared', 'Bearer mine']);
  });

  it('fails in the methods that are named', async () => {
    const flaky = createChaos().protect({ get: async () => 1, set: async () => 2 }, ALWAYS, {
      methods: ['set'],
    });

    expect(await flaky.get()).toBe(1);
    expect(isInjected(await errorOf(flaky.set()))).toBe(true);
    expect(
      refusalOf(() => createChaos().protect({ get() {} }, [], { methods: ['got'] as never })).option,
    ).toBe('methods');
  });

  it('works where nothing happens', async () => {
    const flaky = createChaos().protect(new Client(), []);

    expect([await flaky.find(7), flaky.calls]).toEqual([7, 1]);
  });
});

describe('chaos', () => {
  afterEach(() => {
    vi.unstubAllEnvs();
    vi.unstubAllGlobals();
  });

  it('ends what hangs or waits when it is stopped, and is off from then on', async () => {
    const clock = createManualClock();
    const chaos = createChaos({ clock });
    const hung = errorOf(chaos.wrap(async () => 'fine', [{ fault: 'hang' }])());
    const slow = chaos.wrap(async () => 'fine', [{ fault: 'latency', ms: 1_000 }]);
    const waits = errorOf(slow());
    await clock.advance(1);

    chaos.stop();

    expect([await hung, await waits].map(codeOf)).toEqual(['ERR_INJECTED_FAULT', 'ERR_INJECTED_FAULT']);
    expect([clock.timers, await slow()]).toEqual([0, 'fine']);
  });

  it('asks for each call whether it is on', async () => {
    let isOn = false;
    const flaky = createChaos({ enabled: () => isOn }).wrap(async () => 'fine', ALWAYS);

    const before = await flaky();
    isOn = true;

    expect(before).toBe('fine');
    expect(isInjected(await errorOf(flaky()))).toBe(true);
  });

  it('is off in production unless it is told otherwise, which is warned of once', async () => {
    vi.stubEnv('NODE_ENV', 'production');
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});

    const quiet = await createChaos().wrap(async () => 'fine', ALWAYS)();
    createChaos({ enabled: false });
    const before = warned.mock.calls.length;
    const loud = [createChaos({ enabled: true }), createChaos({ enabled: () => true })];

    expect([quiet, before, warned.mock.calls.length]).toEqual(['fine', 0, 1]);
    expect(warned.mock.calls[0]?.[1]).toMatchObject({ code: 'RECLOSER_CHAOS' });
    for (const chaos of loud)
      expect(isInjected(await errorOf(chaos.wrap(async () => 'fine', ALWAYS)()))).toBe(true);
  });

  it('is on where nobody may read the environment', async () => {
    const forbidden = () => {
      throw new Error('Requires env access to "NODE_ENV"');
    };
    vi.stubGlobal('process', { env: Object.defineProperty({}, 'NODE_ENV', { get: forbidden }) });

    const flaky = createChaos().wrap(async () => 'fine', ALWAYS);

    expect(isInjected(await errorOf(flaky()))).toBe(true);
  });

  it('knows what it has injected, also as a cause, and frozen', async () => {
    const frozen = Object.freeze({ status: 503 });
    const result = await createChaos().wrap(
      async () => frozen as object,
      [{ fault: 'result', value: () => frozen }],
    )();
    const error = await errorOf(createChaos().wrap(async () => 1, ALWAYS)());
    const endless: { cause?: unknown } = {};
    endless.cause = endless;
    const hostile = Object.defineProperty({}, 'cause', {
      get: () => {
        throw new Error('no');
      },
    });

    const rejection = new CircuitBreakerOpenError({
      breaker: 'a',
      state: 'OPEN',
      reason: 'open',
      retryAfter: 1,
      cause: error,
    });

    expect([result, error, rejection].map(isInjected)).toEqual([true, true, true]);
    expect([new Error('boom'), endless, hostile, null, 'text', undefined].map(isInjected)).toEqual(
      Array(6).fill(false),
    );
  });

  it.each([
    [[{ fault: 'eror' }], 'faults[0].fault', /must be "error" or "latency" or "hang" or "result"/],
    [
      [{ fault: 'hang' }, { fault: 'error', rate: 20 }],
      'faults[1].rate',
      /a number from 0 to 1, received 20/,
    ],
    [[{ fault: 'latency' }], 'faults[0].ms', /received undefined/],
    [[{ fault: 'latency', ms: { p50: 900, p99: 40 } }], 'faults[0].ms.p99', /at least 900, received 40/],
    [[{ fault: 'result' }], 'faults[0].value', /must be a function/],
    [[{ fault: 'hang', ms: 5 }], 'faults[0].ms', /unknown option/],
    [{ fault: 'hang' }, 'faults', /must be an array/],
  ])('refuses %j', (faults, option, message) => {
    const error = refusalOf(() => createChaos().wrap(() => 1, faults as Fault[]));

    expect(error.option).toBe(option);
    expect(error.message).toMatch(message);
  });

  it('refuses plans, options and functions that make no sense', () => {
    const chaos = createChaos();

    expect(refusalOf(() => chaos.plan([{ for: -1, faults: [] }])).option).toBe('phases[0].for');
    expect(refusalOf(() => chaos.plan([{ for: 1, faults: [{ fault: 'error', rate: 2 }] }])).option).toBe(
      'phases[0].faults[0].rate',
    );
    expect(refusalOf(() => createChaos({ seed: 1.5 })).option).toBe('seed');
    expect(thrownBy(() => chaos.wrap(5 as never, []))).toBeInstanceOf(TypeError);
    expect(thrownBy(() => chaos.protect(null as never, []))).toBeInstanceOf(TypeError);
  });
});
