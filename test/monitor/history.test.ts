import { CallTimeoutError, CircuitBreaker } from 'recloser';
import { explain, type History, type HistoryOptions, history } from 'recloser/monitor';
import { describe, expect, test } from 'vitest';
import { createBreaker, errorOf, failing, failTimes, refusalOf, succeedTimes } from '../support/breakers.js';
import { collectGarbage } from '../support/garbage.mjs';
import { BRITTLE, createRegistry, registryOf } from '../support/registries.js';
import { quiet, watchRuntime } from '../support/runtime.js';

const TOLERANT = { failureThreshold: false, failureRateThreshold: false } as const;

const messages = (past: History, breaker?: string) => past.failures(breaker).map(({ message }) => message);

const coded = (code: unknown, message = 'boom') => Object.assign(new Error(message), { code });

describe('failures', () => {
  test('are told with their time, breaker, type and message', async () => {
    const { breaker, clock } = createBreaker(TOLERANT);
    const past = history(breaker);

    await breaker.tryCall(async () => {
      clock.advance(40);
      throw coded('ECONNREFUSED', 'no answer');
    });

    expect(past.failures()).toEqual([
      {
        breaker: 'test',
        at: 5_040,
        time: 1_700_000_000_040,
        duration: 40,
        type: 'ECONNREFUSED',
        message: 'no answer',
      },
    ]);
  });

  test('come newest first, those of all breakers or of one', async () => {
    const { registry } = registryOf(['a', 'b'], { defaults: TOLERANT });
    const past = history(registry);
    for (const [name, message] of [
      ['a', '1'],
      ['b', '2'],
      ['a', '3'],
    ] as const) {
      await registry.getOrCreate(name).tryCall(failing(new Error(message)));
    }

    expect(messages(past)).toEqual(['3', '2', '1']);
    expect(messages(past, 'a')).toEqual(['3', '1']);
    expect(messages(past, 'c')).toEqual([]);
  });

  test('are told up to as many as are asked for', async () => {
    const { registry } = registryOf(['a', 'b'], { defaults: TOLERANT });
    const past = history(registry);
    await failTimes(registry.getOrCreate('a'), 3);
    await failTimes(registry.getOrCreate('b'), 3);

    expect(past.failures('a', 2)).toHaveLength(2);
    expect(past.failures(undefined, 5)).toHaveLength(5);
    expect(past.failures('a', 0)).toEqual([]);
  });

  test('beyond the limit push the oldest out', async () => {
    const { breaker } = createBreaker(TOLERANT);
    const past = history(breaker, { failures: 2 });
    for (const message of ['1', '2', '3']) await breaker.tryCall(failing(new Error(message)));

    expect(messages(past)).toEqual(['3', '2']);
  });

  test('are only those: successes and ignored calls are none', async () => {
    const { breaker } = createBreaker({ ...TOLERANT, excludedErrors: [TypeError] });
    const past = history(breaker);
    await succeedTimes(breaker, 1);
    await breaker.tryCall(failing(new TypeError('ignored')));

    expect(past.failures()).toEqual([]);
  });
});

describe('the type of a failure', () => {
  const hostile = new Proxy(new Error('x'), {
    get() {
      throw new Error('no');
    },
  });

  test.each<[what: string, thrown: unknown, type: string, message: string]>([
    ['a code', coded('ECONNREFUSED'), 'ECONNREFUSED', 'boom'],
    [
      'a code of its cause',
      new TypeError('fetch failed', { cause: coded('ENOTFOUND') }),
      'ENOTFOUND',
      'fetch failed',
    ],
    ['a name', new RangeError('boom'), 'RangeError', 'boom'],
    ['a name beside a number for a code', new DOMException('boom', 'AbortError'), 'AbortError', 'boom'],
    ['a number for a code', coded(14), '14', 'boom'],
    ['nothing but a message', new Error('boom'), 'Error', 'boom'],
    ['a code that is a sentence', coded('customer 7 has no money'), 'Error', 'boom'],
    ['a code that is too long for one', coded('E'.repeat(61)), 'Error', 'boom'],
    [
      'a timeout',
      new CallTimeoutError('test', 10),
      'timeout',
      'A call through circuit breaker "test" timed out after 10 ms',
    ],
    ['a string', 'down', 'string', 'down'],
    ['nothing', undefined, 'undefined', 'undefined'],
    ['a symbol', Symbol('down'), 'symbol', 'Symbol(down)'],
    ['an object', { reason: 'down' }, 'other', ''],
    ['an object without a prototype', Object.create(null), 'other', ''],
    ['a function', () => 1, 'function', '() => 1'],
    ['an error that cannot be read', hostile, 'other', ''],
    ['a message that is no text', Object.assign(new Error(), { message: 7 }), 'Error', ''],
    ['a message of several lines', new Error('a\r\n\tb\u001b[31mc\u2028d'), 'Error', 'a b [31mc d'],
  ])('is told by %s', async (_, thrown, type, message) => {
    const { breaker } = createBreaker(TOLERANT);
    const past = history(breaker);

    await breaker.tryCall(failing(thrown));

    expect(past.failures()).toMatchObject([{ type, message }]);
  });

  test('is the HTTP status of a value that counted as a failure, or `value`', async () => {
    const { breaker } = createBreaker({ ...TOLERANT, isFailure: () => true });
    const past = history(breaker);

    await breaker.call(() => new Response('', { status: 503 }));
    await breaker.call(() => 'bad');

    expect(past.failures()).toMatchObject([
      { type: 'value', message: '' },
      { type: '503', message: 'status 503' },
    ]);
  });

  test('has a message of at most 200 characters, none of them cut in half', async () => {
    const { breaker } = createBreaker(TOLERANT);
    const past = history(breaker);

    await breaker.tryCall(failing(new Error('😀'.repeat(300))));

    expect(past.failures()[0]?.message).toBe(`${'😀'.repeat(199)}…`);
  });
});

describe('transitions', () => {
  test('are told with the figures and the failures that led to them', async () => {
    const { breaker } = createBreaker({ failureThreshold: 3 });
    const past = history(breaker);
    await succeedTimes(breaker, 1);
    await failTimes(breaker, 1, coded('A'));
    await failTimes(breaker, 2, coded('B'));

    expect(past.transitions()).toEqual([
      {
        breaker: 'test',
        at: 5_000,
        time: 1_700_000_000_000,
        from: 'CLOSED',
        to: 'OPEN',
        reason: 'consecutive-failures',
        detail: null,
        window: { calls: 4, failures: 3, slowCalls: 0, failureRate: 0.75, slowCallRate: 0 },
        consecutiveFailures: 3,
        failures: [
          { type: 'B', count: 2 },
          { type: 'A', count: 1 },
        ],
      },
    ]);
  });

  test('come newest first and push the oldest out', () => {
    const { breaker } = createBreaker();
    const past = history(breaker, { transitions: 2 });
    breaker.trip();
    breaker.reset();
    breaker.trip('again\nand again');

    expect(past.transitions().map(({ to, detail }) => `${to} ${detail}`)).toEqual([
      'OPEN again and again',
      'CLOSED null',
    ]);
  });

  test('tell when a circuit left CLOSED, until it is closed again', async () => {
    const { breaker, clock } = createBreaker({ failureThreshold: 1, successThreshold: 1 });
    const past = history(breaker);
    await failTimes(breaker, 1);
    clock.advance(1_000);
    await failTimes(breaker, 1);
    const whileOpen = past.opening('test');
    clock.advance(1_000);

    await succeedTimes(breaker, 1);

    expect(whileOpen?.reason).toBe('consecutive-failures');
    expect(past.opening('test')).toBeUndefined();
  });
});

describe('percentiles', () => {
  test('are those of calls that succeeded or failed', async () => {
    const { breaker, clock } = createBreaker(TOLERANT);
    const past = history(breaker);
    const taking = (ms: number) => async () => {
      clock.advance(ms);
      if (ms > 50) throw new Error('slow');
    };

    for (const ms of [10, 10, 10, 10, 90]) await breaker.tryCall(taking(ms));

    const percentiles = past.percentiles('test')!;
    expect(percentiles).toMatchObject({ count: 5, max: 90 });
    expect(percentiles.p50 / 10).toBeCloseTo(1, 1);
    expect(percentiles.p99 / 90).toBeCloseTo(1, 1);
  });

  test('are none for a breaker that was not called, or is not there', () => {
    const { registry } = registryOf(['a']);
    const past = history(registry);

    expect([past.percentiles('a'), past.percentiles('b')]).toEqual([null, null]);
  });

  test('leave out calls that began before anybody listened', async () => {
    const { breaker } = createBreaker();
    const permit = breaker.acquire();
    const past = history(breaker);

    permit.failure(new Error('late'));

    expect(past.percentiles('test')).toBeNull();
    expect(past.failures()).toMatchObject([{ duration: null, message: 'late' }]);
  });

  test('look back on the period that is asked for', async () => {
    const { breaker, clock } = createBreaker();
    const past = history(breaker, { percentilesOver: 1_000 });
    await succeedTimes(breaker, 1);

    clock.advance(1_000);

    expect(past.percentiles('test')).toBeNull();
  });
});

describe('a registry', () => {
  test('is followed to breakers that are made later', async () => {
    const { registry } = createRegistry({ defaults: BRITTLE });
    const past = history(registry);

    await failTimes(registry.getOrCreate('later'), 1);

    expect(past.failures('later')).toHaveLength(1);
    expect(past.transitions('later')).toHaveLength(1);
  });

  test('may have breakers of any name', async () => {
    const names = ['__proto__', 'constructor', '', 'a\nb', 'x'.repeat(10_000)];
    const { registry } = registryOf(names, { defaults: BRITTLE });
    const past = history(registry);

    for (const name of names) await failTimes(registry.getOrCreate(name), 1);

    expect(names.map((name) => past.failures(name).length)).toEqual(names.map(() => 1));
    expect(names.map((name) => past.explain(name)?.state)).toEqual(names.map(() => 'OPEN'));
  });

  test('that deletes a breaker has its percentiles forgotten and its failures kept', async () => {
    const { registry } = registryOf(['a']);
    const past = history(registry);
    await failTimes(registry.getOrCreate('a'), 1);

    registry.delete('a');

    expect(past.percentiles('a')).toBeNull();
    expect(past.explain('a')).toBeUndefined();
    expect(past.failures('a')).toHaveLength(1);
  });

  test('that makes a breaker again has it start anew', async () => {
    const { registry } = registryOf(['a']);
    const past = history(registry);
    await succeedTimes(registry.getOrCreate('a'), 5);
    registry.delete('a');

    await succeedTimes(registry.getOrCreate('a'), 1);

    expect(past.percentiles('a')?.count).toBe(1);
  });
});

describe('stopping', () => {
  test('keeps the failures that are known and learns of no more', async () => {
    const { breaker } = createBreaker(TOLERANT);
    const past = history(breaker);
    await breaker.tryCall(failing(new Error('before')));

    past.stop();
    past.stop();
    await breaker.tryCall(failing(new Error('after')));

    expect(messages(past)).toEqual(['before']);
  });

  test('forgets how the present outage began: it will not see its end', async () => {
    const { breaker, clock } = createBreaker();
    const past = history(breaker);
    breaker.trip();
    past.stop();
    breaker.reset();
    clock.advance(1_000);

    breaker.forceOpen();

    expect(explain(breaker, past).text).not.toContain('trip()');
    expect(past.percentiles('test')).toBeNull();
  });

  test('lets the history be collected while the registry lives on', async () => {
    const { registry } = registryOf(['a']);
    const dropped = (() => {
      const past = history(registry);
      past.stop();
      return new WeakRef(past);
    })();

    await collectGarbage();

    expect(dropped.deref()).toBeUndefined();
    expect(registry.size).toBe(1);
  });
});

describe('memory', () => {
  test('is given back when a registry is dropped whose history was not stopped', async () => {
    const dropped = (() => {
      const { registry } = registryOf(['a']);
      return new WeakRef(history(registry));
    })();

    await collectGarbage();

    expect(dropped.deref()).toBeUndefined();
  });

  test('is given back when nothing is left of a registry but a breaker that it has deleted', async () => {
    const { breaker, dropped } = (() => {
      const { registry } = registryOf(['a']);
      const breaker = registry.getOrCreate('a');
      const past = history(registry);
      registry.delete('a');
      return { breaker, dropped: new WeakRef(past) };
    })();

    await collectGarbage();

    expect(dropped.deref()).toBeUndefined();
    expect(breaker.state).toBe('CLOSED');
  });

  test('does not hold errors, values or breakers that are gone', async () => {
    const { registry } = createRegistry({ defaults: { ...BRITTLE, isFailure: () => true } });
    const past = history(registry);
    const gone: WeakRef<object>[] = [];
    await (async () => {
      const breaker = registry.getOrCreate('a');
      const error = new Error('boom');
      const value = { payload: 'large' };
      gone.push(new WeakRef(breaker), new WeakRef(error), new WeakRef(value));
      await breaker.tryCall(failing(error));
      breaker.reset();
      await breaker.tryCall(async () => value);
      registry.delete('a');
    })();

    await collectGarbage();

    expect(past.failures()).toHaveLength(2);
    expect(gone.map((ref) => ref.deref())).toEqual([undefined, undefined, undefined]);
  });

  test('is bounded after 100,000 failures with messages of their own', async () => {
    const { breaker } = createBreaker(TOLERANT);
    const past = history(breaker);
    const grown = await heapGrowth(() => {
      for (let i = 0; i < 100_000; i++) breaker.acquire().failure(coded(`E${i}`, `failure number ${i}`));
    });

    expect(past.failures()).toHaveLength(1_000);
    expect(grown).toBeLessThan(2_000_000);
  });

  test('does not hold the whole of a long message', async () => {
    const { breaker } = createBreaker(TOLERANT);
    const past = history(breaker);
    const grown = await heapGrowth(() => {
      for (let i = 0; i < 1_000; i++) breaker.acquire().failure(new Error(`${i} ${'long '.repeat(10_000)}`));
    });

    expect(past.failures()).toHaveLength(1_000);
    expect(grown).toBeLessThan(2_000_000);
  });
});

/** Bytes that are held after something and were not before. */
async function heapGrowth(run: () => void): Promise<number> {
  await collectGarbage();
  const before = process.memoryUsage().heapUsed;
  run();
  await collectGarbage();
  return process.memoryUsage().heapUsed - before;
}

describe('calls', () => {
  test('end as they would have, whatever they throw', async () => {
    const { breaker } = createBreaker(TOLERANT);
    history(breaker);
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();

    const result = await breaker.tryCall(failing(proxy));

    expect(!result.ok && Object.is(result.error, proxy)).toBe(true);
  });

  test('end as they would have when the history cannot be written', async () => {
    const { uncaught } = watchRuntime();
    const epoch = () => {
      throw new Error('no time');
    };
    const breaker = new CircuitBreaker({ clock: { now: () => 0, epoch } });
    history(breaker);

    const error = await errorOf(breaker.call(failing(new Error('boom'))));
    await quiet();

    expect(error).toMatchObject({ message: 'boom' });
    expect(uncaught).toMatchObject([{ message: 'no time' }]);
  });
});

describe('bad input', () => {
  test.each<[unknown, unknown, string, string]>([
    [
      undefined,
      {},
      'source',
      'Cannot keep a history: `source` must be a circuit breaker or a registry, received undefined',
    ],
    [
      new Map(),
      {},
      'source',
      'Cannot keep a history: `source` must be a circuit breaker or a registry, received an object',
    ],
    [
      new CircuitBreaker(),
      { failures: 0 },
      'failures',
      'Cannot keep a history: `failures` must be an integer from 1 to 1000000, received 0',
    ],
    [
      new CircuitBreaker(),
      { transitions: 1.5 },
      'transitions',
      'Cannot keep a history: `transitions` must be an integer from 1 to 1000000, received 1.5',
    ],
    [
      new CircuitBreaker(),
      { percentilesOver: '1' },
      'percentilesOver',
      'Cannot keep a history: `percentilesOver` must be a finite number of milliseconds of at least 1, received "1"',
    ],
    [
      new CircuitBreaker(),
      { failure: 5 },
      'failure',
      'Cannot keep a history: unknown option "failure", did you mean "failures"?',
    ],
    [
      new CircuitBreaker(),
      null,
      'options',
      'Cannot keep a history: `options` must be an object, received null',
    ],
    [
      new CircuitBreaker(),
      [],
      'options',
      'Cannot keep a history: `options` must be an object, received an array',
    ],
  ])('%s with %j is one clear error about `%s`', (source, options, option, message) => {
    const error = refusalOf(() => history(source as CircuitBreaker, options as HistoryOptions));

    expect(error).toMatchObject({ option, message });
  });

  test('options that cannot be read are one clear error', () => {
    const options = {
      get failures(): number {
        throw new Error('no');
      },
    };

    const error = refusalOf(() => history(new CircuitBreaker(), options));

    expect(error.message).toBe('Cannot keep a history: options cannot be read');
  });
});
