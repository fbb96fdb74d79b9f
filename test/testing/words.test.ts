/** What recloser/testing says, word for word: of mistakes, of what it has recorded, and of what was expected. */
import { CircuitBreaker } from 'recloser';
import {
  createChaos,
  createManualClock,
  type EventSource,
  isolate,
  isolateDefaultRegistry,
  matchers,
  recordEvents,
} from 'recloser/testing';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { errorOf } from '../support/breakers.js';
import { deferred } from '../support/deferred.js';
import { quiet, watchRuntime } from '../support/runtime.js';

const NEVER: never = undefined as never;
const refused = async (run: () => unknown) => (await errorOf((async () => await run())())) as Error;

describe('a mistake', () => {
  const clock = createManualClock();
  /** An object of which one member throws. */
  const hostile = (member: string): never =>
    Object.defineProperty({}, member, {
      enumerable: true,
      get() {
        throw new Error('no member');
      },
    }) as never;
  const unreadable = [
    new Proxy(
      {},
      {
        get() {
          throw new Error('no member');
        },
      },
    ),
  ];

  it.each<[string, string, () => unknown]>([
    ['Cannot create manual clock: options cannot be read', '', () => createManualClock(hostile('seed'))],
    [
      'Cannot create manual clock: `start` must be a finite number of milliseconds, received "noon"',
      'start',
      () => createManualClock({ start: 'noon' as never }),
    ],
    [
      'Cannot move manual clock: `ms` must be a finite number of milliseconds, received NaN',
      'ms',
      () => clock.jumpWallClock(Number.NaN),
    ],
    [
      'Cannot move manual clock: `ms` must be a finite number of milliseconds of at least 0, received -1',
      'ms',
      () => clock.freeze(-1),
    ],
    [
      'Cannot settle by manual clock: `promise` must be a promise, received undefined',
      'promise',
      () => clock.settle(NEVER),
    ],
    [
      'Cannot settle by manual clock: `promise` must be a promise, received null',
      'promise',
      () => clock.settle(null as never),
    ],
    [
      'Cannot settle by manual clock: options cannot be read',
      '',
      () => clock.settle(Promise.resolve(1), hostile('limit')),
    ],
    [
      'Cannot wait for manual clock: `ms` must be a number of milliseconds from 0 to 2147483647, received 2147483648',
      'ms',
      () => clock.sleep(2 ** 31),
    ],
    [
      'Cannot wait for manual clock: `ms` must be a number of milliseconds from 0 to 2147483647, received -1',
      'ms',
      () => clock.abortAfter(-1),
    ],
    [
      'Cannot wait for manual clock: `signal` must be an AbortSignal, received "stop"',
      'signal',
      () => clock.sleep(1, { signal: 'stop' as never }),
    ],
    [
      'Cannot wait for manual clock: `signal` must be an AbortSignal, received an object',
      'signal',
      () => clock.sleep(1, { signal: { aborted: false } as never }),
    ],
    [
      'Cannot wait for manual clock: `signal` must be an AbortSignal, received an object',
      'signal',
      () => clock.sleep(1, { signal: { addEventListener() {} } as never }),
    ],
    ['Cannot create chaos: options cannot be read', '', () => createChaos(hostile('seed'))],
    [
      'Cannot create chaos: `clock` must be a clock, received 5',
      'clock',
      () => createChaos({ clock: 5 as never }),
    ],
    [
      'Cannot create chaos: `clock` must be a clock, received null',
      'clock',
      () => createChaos({ clock: null as never }),
    ],
    [
      'Cannot wrap with chaos: `faults` cannot be read',
      '',
      () => createChaos().wrap(() => 1, unreadable as never),
    ],
    [
      'Cannot wrap with chaos: `faults[0].ms.p50` must be a finite number of milliseconds above 0, received 0',
      'faults[0].ms.p50',
      () => createChaos().wrap(() => 1, [{ fault: 'latency', ms: { p50: 0, p99: 1 } }]),
    ],
    [
      'Cannot wrap with chaos: `faults[0].ms.p90` must be p50 or p99, received "p90"',
      'faults[0].ms.p90',
      () => createChaos().wrap(() => 1, [{ fault: 'latency', ms: { p50: 1, p90: 2, p99: 3 } as never }]),
    ],
    ['Cannot plan chaos: `phases` cannot be read', '', () => createChaos().plan([hostile('for')])],
    [
      'Cannot plan chaos: `phases` must be an array, received 5',
      'phases',
      () => createChaos().plan(5 as never),
    ],
    [
      'Cannot plan chaos: `phases[0].for` must be a finite number of milliseconds of at least 0, received undefined',
      'phases[0].for',
      () => createChaos().plan([{ faults: [] } as never]),
    ],
    [
      'Cannot protect with chaos: `methods` must be names of methods of the client, received an array',
      'methods',
      () => createChaos().protect({ get() {} }, [], { methods: ['get', 'put'] as never }),
    ],
    [
      'Cannot record events: `source` must be what has events, as a breaker or a registry, received 5',
      'source',
      () => recordEvents(5 as never),
    ],
    ['Cannot record events: the source cannot be read', '', () => recordEvents(unreadable[0] as never)],
    [
      'Cannot record events: options cannot be read',
      '',
      () => recordEvents(new CircuitBreaker(), hostile('limit')),
    ],
    [
      'Cannot isolate the default registry: options cannot be read',
      '',
      () => isolateDefaultRegistry(hostile('clock')),
    ],
    [
      'Cannot isolate the default registry: `run` must be a function, received 5',
      'run',
      () => isolate(5 as never),
    ],
  ])('is told so: %s', async (message, option, run) => {
    const error = await refused(run);

    expect(error).toMatchObject({ name: 'InvalidOptionsError', breaker: '', option, message });
  });

  it.each<[string, () => unknown]>([
    ['A timer needs a function to run, received 5', () => clock.setTimeout(5 as never)],
    ['A timer waits at most 2147483647 ms, received 2147483648', () => clock.setTimeout(() => {}, 2 ** 31)],
    [
      'Chaos needs an object with methods to protect, received 5',
      () => createChaos().protect(5 as never, []),
    ],
    [
      'Chaos needs an object with methods to protect, received null',
      () => createChaos().protect(null as never, []),
    ],
    [
      'A count of at least 0 was expected, received -1',
      () => matchers.toHaveTripped(new CircuitBreaker(), -1),
    ],
    [
      'A count of at least 0 was expected, received 0.5',
      () => matchers.toHaveRejected(new CircuitBreaker(), 0.5),
    ],
    [
      'A circuit breaker was expected, or what has one as `breaker`, received an object',
      () => matchers.toBeClosed({ on() {}, metrics: 5 }),
    ],
    [
      'A circuit breaker was expected, or what has one as `breaker`, received null',
      () => matchers.toBeClosed(null),
    ],
  ])('of another kind is told so: %s', async (message, run) => {
    expect((await refused(run)).message).toBe(message);
  });

  it('of a function that tells a latency is reported, and stands for no time', async () => {
    const { uncaught } = watchRuntime();
    const slow = createChaos().wrap(async () => 'fine', [{ fault: 'latency', ms: () => -1 }]);
    const mute = createChaos({ enabled: (() => 'yes') as never }).wrap(
      async () => 'fine',
      [{ fault: 'error' }],
    );

    const answers = [await slow(), await mute()];
    await quiet();

    expect(answers).toEqual(['fine', 'fine']);
    expect(uncaught.map((it) => (it as Error).message)).toEqual([
      'A function of a latency must answer a finite number of milliseconds of at least 0, received -1',
      expect.stringMatching(/`enabled`/),
    ]);
  });
});

describe('a manual clock', () => {
  it('has its own beginning and another one on the wall', () => {
    const clock = createManualClock({ start: 500, epoch: 10_000 });
    clock.freeze(25);

    expect([clock.now(), clock.epoch()]).toEqual([525, 10_025]);
  });

  it('aborts with what the platform does', async () => {
    const clock = createManualClock();
    const signal = clock.abortAfter(5);
    await clock.advance(5);

    expect([signal.reason.name, signal.reason.message]).toEqual([
      'TimeoutError',
      'The operation was aborted due to timeout',
    ]);
  });

  it('takes a signal that has no reason, and one that nobody can leave', async () => {
    const clock = createManualClock();
    let abort = () => {};
    const signal = {
      aborted: false,
      addEventListener: (_: 'abort', listener: () => void) => {
        abort = listener;
      },
    };
    const wait = errorOf(clock.sleep(10, { signal }));
    const other = clock.sleep(10, { signal: { ...signal, addEventListener() {} } });

    abort();
    await clock.advance(10);

    expect(await wait).toMatchObject({ name: 'AbortError', message: 'This operation was aborted' });
    await other;
  });
});

describe('chaos', () => {
  it('says what it has done to a call', async () => {
    const chaos = createChaos();
    const failing = chaos.wrap(async () => 1, [{ fault: 'error' }]);
    const hanging = chaos.wrap(async () => 1, [{ fault: 'hang' }]);

    const failed = (await refused(failing)) as Error & { code: string };
    const hung = refused(hanging);
    chaos.stop();

    expect([failed.code, failed.message]).toEqual(['ERR_INJECTED_FAULT', 'A fault was injected']);
    expect((await hung).message).toBe('Chaos was stopped while the call waited');
  });

  it('protects functions that have methods, too', async () => {
    const client = Object.assign(() => 'called', { get: async () => 'got' });
    const flaky = createChaos().protect(client, [{ fault: 'error' }]);

    expect([flaky(), (await refused(() => flaky.get())).message]).toEqual(['called', 'A fault was injected']);
  });

  it('hits the functions and methods of one seed each in calls of their own', async () => {
    const chaos = createChaos({ seed: 3 });
    const faults = [{ fault: 'error', rate: 0.5 }] as const;
    const hits = async (fn: () => Promise<unknown>) => {
      let text = '';
      for (let call = 0; call < 40; call++)
        text += await fn().then(
          () => '.',
          () => 'x',
        );
      return text;
    };
    const client = () => chaos.protect({ get: async () => 1, put: async () => 1 }, faults);
    const [one, other] = [client(), client()];

    const all = [
      await hits(chaos.wrap(async () => 1, faults)),
      await hits(chaos.wrap(async () => 1, faults)),
      await hits(() => one.get()),
      await hits(() => one.put()),
      await hits(() => other.get()),
    ];

    expect(new Set(all).size).toBe(5);
  });
});

describe('an isolation', () => {
  it('ends by `await using`', async () => {
    const { registry, ...isolation } = isolateDefaultRegistry();
    registry.getOrCreate('inside');

    await isolation[Symbol.asyncDispose]();

    expect(registry.get('inside')).toBe(undefined);
  });

  it('leaves the registry its clock unless there is another', () => {
    const clock = createManualClock();
    const { registry, end } = isolateDefaultRegistry({ defaults: { clock } });
    try {
      expect(registry.getOrCreate('inside').options.clock).toBe(clock);
    } finally {
      end();
    }
  });
});

describe('a record', () => {
  afterEach(() => void vi.restoreAllMocks());

  /** What tells what it is told. */
  function teller(options: object = {}) {
    const listeners = new Map<string, (payload: object) => void>();
    const source: EventSource = {
      on(event: string, listener) {
        if (event !== 'failure' && event !== 'transition') throw new TypeError('no such event');
        listeners.set(event, listener);
        return () => listeners.delete(event);
      },
    };
    return {
      source: Object.assign(source, options),
      tell: (payload: object) => listeners.get('failure')?.(payload),
    };
  }

  it.each<[string, unknown, object]>([
    ['an error', new TypeError('boom'), { name: 'TypeError', message: 'boom' }],
    [
      'an error with a code',
      Object.assign(new Error('boom'), { code: 'EBOOM' }),
      { name: 'Error', message: 'boom', code: 'EBOOM' },
    ],
    [
      'an error with a number for a code',
      Object.assign(new Error('boom'), { code: 7 }),
      { name: 'Error', message: 'boom' },
    ],
    ['an object', { message: 'boom' }, { name: 'Error', message: 'boom' }],
    ['an empty object', {}, { name: 'Error', message: '' }],
    ['a string', 'boom', { name: 'string', message: 'boom' }],
    ['null', null, { name: 'object', message: 'null' }],
    ['a symbol', Symbol('x'), { name: 'symbol', message: 'Symbol(x)' }],
    ['a long one', new Error('m'.repeat(300)), { name: 'Error', message: 'm'.repeat(200) }],
    [
      'one with long names',
      Object.assign(new Error('boom'), { name: 'n'.repeat(300), code: 'c'.repeat(300) }),
      { name: 'n'.repeat(200), message: 'boom', code: 'c'.repeat(200) },
    ],
    ['a long string', 's'.repeat(300), { name: 'string', message: 's'.repeat(200) }],
  ])('tells %s in words', (_, error, told) => {
    const { source, tell } = teller();
    const record = recordEvents(source);

    tell({ breaker: 'orders', error });

    expect(record.events).toEqual([{ event: 'failure', breaker: 'orders', error: told }]);
    expect(Object.isFrozen(record.events[0]?.error)).toBe(true);
  });

  it('tells an error that cannot be read by nothing but its kind', () => {
    const { source, tell } = teller();
    const record = recordEvents(source);

    tell({
      error: {
        get message() {
          throw new Error('no message');
        },
      },
    });

    expect(record.events[0]?.error).toMatchObject({ name: expect.any(String), message: '' });
  });

  it('leaves out values, what is an object or a function, and what is not there', () => {
    const { source, tell } = teller();
    const record = recordEvents(source);

    tell({
      value: 7,
      metrics: 7,
      instance: 7,
      list: [1],
      fn: () => {},
      absent: undefined,
      nothing: null,
      kept: 'it',
      count: 0,
    });

    expect(record.events).toEqual([{ event: 'failure', kept: 'it', count: 0 }]);
    expect(Object.keys(record.events[0] ?? {})).not.toContain('absent');
  });

  it.each<[object, string]>([
    [{ breaker: 'orders', error: new Error('boom') }, 'orders failure Error: boom'],
    [{ breaker: 'orders:eu-1.a', kind: 'x' }, 'orders:eu-1.a failure x'],
    [{ breaker: 'two words' }, '"two words" failure'],
    [{ error: new Error('one\n\r\ntwo\u2028three') }, 'failure Error: one two three'],
    [{}, 'failure'],
  ])('writes %j in a line', (payload, line) => {
    const { source, tell } = teller();
    const record = recordEvents(source);

    tell(payload);

    expect(record.text()).toBe(line);
  });

  it('writes times where a test moves the clock', async () => {
    const clock = createManualClock({ start: 100 });
    const breaker = new CircuitBreaker({ name: 'orders', clock });
    const record = recordEvents(breaker, { events: ['success', 'transition'] });

    await clock.settle(breaker.call(() => clock.sleep(25)));
    breaker.trip();

    expect(record.text().split('\n')).toEqual([
      expect.stringMatching(/^125 ms orders success .*after 25 ms$/),
      '125 ms orders transition CLOSED → OPEN tripped',
    ]);
    expect(record.transitions()).toEqual([
      { breaker: 'orders', from: 'CLOSED', to: 'OPEN', reason: 'tripped' },
    ]);
  });

  it('finds the clock of what has it, whatever else it has', () => {
    const clock = createManualClock({ start: 5 });
    const at = (options: object) => {
      const { source, tell } = teller(options);
      const record = recordEvents(source);
      tell({});
      return record.events[0]?.at;
    };

    expect([at({ clock }), at({ options: { clock } }), at({}), at({ clock: { now: () => 5 } })]).toEqual([
      5,
      5,
      undefined,
      undefined,
    ]);
    const hostile = {};
    Object.defineProperty(hostile, 'options', { get: () => 7 });
    expect(at(hostile)).toBe(undefined);
  });

  it.each([1, 3])('keeps the last %i, whatever has come', (limit) => {
    const { source, tell } = teller();
    const record = recordEvents(source, { limit });

    for (let count = 1; count <= 4 * limit + 1; count++) {
      tell({ count });
      const last = Array.from(
        { length: Math.min(limit, count) },
        (_, index) => count - Math.min(limit, count) + 1 + index,
      );
      expect(record.events.map((it) => it.count)).toEqual(last);
      expect(record.dropped).toBe(count - last.length);
    }
  });
});

describe('matchers', () => {
  const said = (result: { pass: boolean; message(): string }) => [result.pass, result.message()];
  const made = (options: object = {}) =>
    new CircuitBreaker({ name: 'orders', clock: createManualClock(), recoveryTimeout: 100, ...options });

  it('say what was expected and what is', async () => {
    const breaker = made();

    expect(said(matchers.toBeClosed(breaker))).toEqual([
      true,
      'expected circuit breaker "orders" not to be CLOSED; it is CLOSED',
    ]);
    expect(said(matchers.toBeOpen(breaker))).toEqual([
      false,
      'expected circuit breaker "orders" to be OPEN; it is CLOSED',
    ]);
    expect(said(matchers.toBeOpen(breaker, 'tripped'))[0]).toBe(false);
    expect(said(matchers.toHaveRejected(breaker))).toEqual([
      false,
      'expected circuit breaker "orders" to have rejected; it has rejected 0 calls',
    ]);
    expect(said(matchers.toHaveTripped(breaker, 0))).toEqual([
      true,
      'expected circuit breaker "orders" not to have tripped 0 times; it has tripped 0 times',
    ]);
    breaker.forceOpen();
    await breaker.tryCall(() => 1);
    expect(said(matchers.toBeOpen(breaker))).toEqual([
      true,
      'expected circuit breaker "orders" not to be OPEN; it is OPEN, forced-open (forced, at 0)',
    ]);
    expect(said(matchers.toHaveRejected(breaker, 1))).toEqual([
      true,
      'expected circuit breaker "orders" not to have rejected 1 calls; it has rejected 1 calls',
    ]);
    expect(said(matchers.toRejectCall(breaker))).toEqual([
      true,
      'expected circuit breaker "orders" not to reject a call; it is OPEN, forced-open (forced, at 0), with 0 calls in flight and retryAfter null',
    ]);
  });

  it.each<[string, object, (breaker: CircuitBreaker) => unknown, boolean]>([
    ['closed', {}, () => {}, false],
    ['open', {}, (it) => it.trip(), true],
    ['open, whose time is over', { recoveryTimeout: 0 }, (it) => it.trip(), false],
    ['forced open', {}, (it) => it.forceOpen(), true],
    ['forced closed', {}, (it) => it.forceClosed(), false],
    ['open and only watching', { mode: 'observe' }, (it) => it.trip(), false],
    ['full', { maxConcurrentCalls: 1 }, (it) => void it.call(() => deferred().promise), true],
    ['nearly full', { maxConcurrentCalls: 2 }, (it) => void it.call(() => deferred().promise), false],
    [
      'forced closed and full',
      { maxConcurrentCalls: 1 },
      (it) => {
        it.forceClosed();
        void it.call(() => deferred().promise);
      },
      true,
    ],
    [
      'full and only watching',
      { mode: 'observe', maxConcurrentCalls: 1 },
      (it) => void it.call(() => deferred().promise),
      false,
    ],
  ])('tell whether a call would be rejected, as a call finds: %s', async (_, options, prepare, rejects) => {
    const breaker = made(options);
    prepare(breaker);

    const { pass } = matchers.toRejectCall(breaker);
    const result = await breaker.tryCall(() => 1);

    expect([pass, !result.ok && result.rejected]).toEqual([rejects, rejects]);
  });

  it('need no options of what they look at', () => {
    const { metrics } = made();

    expect(matchers.toRejectCall({ name: 'foreign', on() {}, metrics }).pass).toBe(false);
  });
});
