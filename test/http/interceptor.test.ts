import { CircuitBreakerRegistry, isCircuitBreakerOpenError } from 'recloser';
import { interceptor } from 'recloser/http';
import { createManualClock } from 'recloser/testing';
import { describe, expect, it } from 'vitest';

const ORIGIN = 'https://api.example.com';
const CONTROLLER = { aborted: false };

/** What undici tells of a request. */
type Told = [event: string, ...args: unknown[]];

/** A handler of undici 7 that notes what it is told. */
function listens() {
  const told: Told[] = [];
  const note =
    (event: string) =>
    (_: unknown, ...args: unknown[]) => {
      told.push([event, ...args]);
    };
  return {
    told,
    handler: {
      onRequestStart: note('start'),
      onRequestUpgrade: note('upgrade'),
      onResponseStarted: () => note('started')(undefined),
      onResponseStart: note('headers'),
      onResponseData: note('data'),
      onResponseEnd: note('end'),
      onResponseError: note('error'),
    },
  };
}

// biome-ignore lint/suspicious/noExplicitAny: undici's own
type Handler = any;

const answers =
  (status: number, headers = {}) =>
  (_: unknown, handler: Handler) => {
    handler.onRequestStart(CONTROLLER, {});
    handler.onResponseStart(CONTROLLER, status, headers, 'text');
    handler.onResponseEnd(CONTROLLER, {});
    return true;
  };

const fails =
  (error: unknown, controller = CONTROLLER) =>
  (_: unknown, handler: Handler) => {
    handler.onRequestStart(controller, {});
    handler.onResponseError(controller, error);
    return true;
  };

/** As undici's `compose` calls it, whose types are not here. */
type Guard = ((dispatch: unknown) => (request: unknown, handler: unknown) => boolean) & {
  readonly breakers: CircuitBreakerRegistry;
};

function setUp(options = {}) {
  const clock = createManualClock();
  const guard = interceptor({ clock, ...options }) as unknown as Guard;
  const send = (
    dispatch: (request: never, handler: Handler) => boolean,
    request: object = { origin: ORIGIN },
  ) => {
    const { told, handler } = listens();
    const sent = guard(dispatch)(request, handler as never);
    return { told, sent };
  };
  const totals = (name = ORIGIN) => {
    const { successes, failures, ignored } = guard.breakers.get(name)?.metrics.totals ?? {};
    return [successes, failures, ignored];
  };
  return { clock, guard, send, totals };
}

describe('an interceptor', () => {
  it('passes on all that undici tells', () => {
    const { send, totals } = setUp();

    const { told, sent } = send((_, handler) => {
      handler.onRequestStart(CONTROLLER, 'context');
      handler.onResponseStart(CONTROLLER, 103, { early: 'hint' }, 'Early Hints');
      handler.onResponseStarted();
      handler.onResponseStart(CONTROLLER, 200, { a: 'b' }, 'OK');
      handler.onResponseData(CONTROLLER, 'chunk');
      handler.onResponseEnd(CONTROLLER, { trailer: 'c' });
      return false;
    });

    expect(sent).toBe(false);
    expect(told).toEqual([
      ['start', 'context'],
      ['headers', 103, { early: 'hint' }, 'Early Hints'],
      ['started'],
      ['headers', 200, { a: 'b' }, 'OK'],
      ['data', 'chunk'],
      ['end', { trailer: 'c' }],
    ]);
    expect(totals()).toEqual([1, 0, 0]);
  });

  it('bears handlers that hear nothing but the start', () => {
    const { guard, totals } = setUp();
    const silent = { onRequestStart() {} };

    guard((_: unknown, handler: Handler) => {
      handler.onResponseStarted();
      handler.onResponseStart(CONTROLLER, 200, {});
      handler.onResponseData(CONTROLLER, 'chunk');
      handler.onResponseEnd(CONTROLLER, {});
      return true;
    })({ origin: ORIGIN }, silent as never);
    guard((_: unknown, handler: Handler) => {
      handler.onRequestUpgrade(CONTROLLER, 101, {}, {});
      return true;
    })({ origin: ORIGIN }, silent as never);
    guard(fails(new Error('lost')))({ origin: ORIGIN }, silent as never);

    expect(totals()).toEqual([2, 1, 0]);
  });

  it.each([
    [199, [0, 0, 0]],
    [200, [1, 0, 0]],
    [404, [1, 0, 0]],
    [408, [0, 1, 0]],
    [425, [0, 1, 0]],
    [429, [0, 1, 0]],
    [500, [0, 1, 0]],
    [501, [1, 0, 0]],
    [503, [0, 1, 0]],
    [505, [1, 0, 0]],
  ])('counts a status as a protected fetch does: %i', (status, counted) => {
    const { send, totals } = setUp();

    send(answers(status));

    expect(totals()).toEqual(counted);
  });

  it('counts an upgrade as an answer, whatever comes of it', () => {
    const { send, totals } = setUp();

    const { told } = send((_, handler) => {
      handler.onRequestUpgrade(CONTROLLER, 101, { a: 'b' }, 'socket');
      return true;
    });

    expect(told).toEqual([['upgrade', 101, { a: 'b' }, 'socket']]);
    expect(totals()).toEqual([1, 0, 0]);
  });

  it('counts a connection that is lost after an upgrade as one more failure', () => {
    const { send, totals } = setUp();

    send((_, handler) => {
      handler.onRequestUpgrade(CONTROLLER, 101, {}, 'socket');
      handler.onResponseError(CONTROLLER, new Error('lost'));
      return true;
    });

    expect(totals()).toEqual([1, 1, 0]);
  });

  it('counts an answer once', () => {
    const { send, totals } = setUp();

    send((_, handler) => {
      handler.onResponseStart(CONTROLLER, 200, {});
      handler.onResponseStart(CONTROLLER, 503, {});
      return true;
    });

    expect(totals()).toEqual([1, 0, 0]);
  });

  it('counts a lost connection, before the headers and after them', () => {
    const { send, totals } = setUp();
    const lost = Object.assign(new Error('lost'), { code: 'UND_ERR_SOCKET' });

    const { told } = send(fails(lost));
    send((_, handler) => {
      handler.onResponseStart(CONTROLLER, 200, {});
      handler.onResponseError(CONTROLLER, lost);
      return true;
    });

    expect(told.at(-1)).toEqual(['error', lost]);
    expect(totals()).toEqual([1, 2, 0]);
  });

  it.each(['UND_ERR_INVALID_ARG', 'UND_ERR_ABORTED', 'UND_ERR_NOT_SUPPORTED'])(
    'ignores what its caller has done: %s',
    (code) => {
      const { send, totals } = setUp();

      send(fails(Object.assign(new Error('mine'), { code })));

      expect(totals()).toEqual([0, 0, 1]);
    },
  );

  it('ignores an abort, whatever its reason, and bears errors without a controller', () => {
    const { send, totals } = setUp();

    send(fails(new Error('mine'), { aborted: true }));
    send(fails('lost', undefined));
    send((_, handler) => {
      handler.onResponseError(undefined, undefined);
      return true;
    });

    expect(totals()).toEqual([0, 2, 1]);
  });

  it('ignores a request that undici refuses, and passes its error on', () => {
    const { send, totals } = setUp();

    expect(() =>
      send(() => {
        throw new TypeError('no such method');
      }),
    ).toThrow('no such method');
    expect(totals()).toEqual([0, 0, 1]);
  });

  it('rejects through the handler while it is open, and sends nothing', () => {
    const { send, guard } = setUp();
    let sent = 0;
    for (let failure = 0; failure < 5; failure++) send(answers(503));

    const { told, sent: answer } = send(() => {
      sent++;
      return true;
    });

    expect([guard.breakers.get(ORIGIN)?.state, answer, sent]).toEqual(['OPEN', true, 0]);
    expect([told.length, told[0]?.[0], isCircuitBreakerOpenError(told[0]?.[1])]).toEqual([1, 'error', true]);
  });

  it('hands a controller to who is rejected that does nothing', () => {
    const { guard } = setUp();
    guard(answers(200))({ origin: ORIGIN }, listens().handler);
    guard.breakers.get(ORIGIN)?.forceOpen();
    let given: Handler;

    guard(answers(200))(
      { origin: ORIGIN } as never,
      { onRequestStart() {}, onResponseError: (controller: Handler) => (given = controller) } as never,
    );

    expect([given.pause(), given.resume(), given.abort()]).toEqual([undefined, undefined, undefined]);
    expect(given).toMatchObject({ aborted: false, paused: false, reason: null });
  });

  it('probes when the time that the server asks for is over', async () => {
    const { clock, send, guard } = setUp();
    for (let failure = 0; failure < 5; failure++) send(answers(503, { 'retry-after': '120' }));

    await clock.advance(119_999);
    const early = send(answers(200)).told[0]?.[0];
    await clock.advance(1);
    const late = send(answers(200)).told[1]?.[0];

    expect([early, late, guard.breakers.get(ORIGIN)?.state]).toEqual(['error', 'headers', 'HALF_OPEN']);
  });

  it('waits for leave to probe, where others share the circuit', async () => {
    const { guard } = setUp();
    const leave = { resolve: () => {}, reject: (_: unknown) => {} };
    const seat = {
      leave: () =>
        new Promise<void>((resolve, reject) => {
          Object.assign(leave, { resolve, reject });
        }),
    };
    guard(answers(200))({ origin: ORIGIN }, listens().handler);
    const breaker = guard.breakers.get(ORIGIN) as object;
    Object.defineProperty(breaker, 'state', { get: () => 'HALF_OPEN', configurable: true });
    Object.defineProperty(breaker, Symbol.for('recloser.seam.1'), { value: () => seat, configurable: true });
    const first = listens();
    const second = listens();

    const sent = guard(answers(200))({ origin: ORIGIN }, first.handler);
    const before = first.told.length;
    leave.resolve();
    await new Promise((resolve) => setImmediate(resolve));
    guard(answers(200))({ origin: ORIGIN }, second.handler);
    leave.reject(new Error('no seat'));
    await new Promise((resolve) => setImmediate(resolve));

    expect([sent, before, first.told.map(([event]) => event)]).toEqual([
      true,
      0,
      ['start', 'headers', 'end'],
    ]);
    expect(second.told).toEqual([['error', new Error('no seat')]]);
  });
});

describe('the breakers of an interceptor', () => {
  it('are one for each origin, of a text or a URL', () => {
    const { send, guard } = setUp();

    send(answers(200), { origin: ORIGIN });
    send(answers(200), { origin: new URL(`${ORIGIN}/users`) });
    send(answers(200), { origin: 'https://other.example.com' });

    expect([...guard.breakers].map(({ name }) => name)).toEqual([ORIGIN, 'https://other.example.com']);
    expect(guard.breakers.get(ORIGIN)?.metrics.totals.successes).toBe(2);
  });

  it('are none for a request without an origin, which undici refuses', () => {
    const { send, guard } = setUp();

    const { told } = send(answers(200), {});

    expect([told.length, [...guard.breakers].length]).toEqual([3, 0]);
  });

  it('go by the key of the user, and options by key go before the others', () => {
    const asked: string[] = [];
    const { send, guard } = setUp({
      failureThreshold: 2,
      key: ({ path }: { path: string }) => path,
      configure: (key: string) => {
        asked.push(key);
        return key === '/one' ? { failureThreshold: 1 } : undefined;
      },
    });

    for (const path of ['/one', '/two']) send(answers(503), { origin: ORIGIN, path });

    expect(asked).toEqual(['/one', '/two']);
    expect(['/one', '/two'].map((name) => guard.breakers.get(name)?.state)).toEqual(['OPEN', 'CLOSED']);
  });

  it('may be kept where the user wants, and count as the user says', () => {
    const clock = createManualClock();
    const registry = new CircuitBreakerRegistry({ clock });
    const guard = interceptor({ registry, isFailure: () => true, failureThreshold: 1 }) as unknown as Guard;

    guard(answers(200))({ origin: ORIGIN }, listens().handler);

    expect([guard.breakers === registry, registry.get(ORIGIN)?.state]).toEqual([true, 'OPEN']);
  });

  it('go by what the registry of the user says of all of them', () => {
    const registry = new CircuitBreakerRegistry({ defaults: { failureThreshold: 2 } });
    const guard = interceptor({ registry }) as unknown as Guard;

    guard(answers(503))({ origin: ORIGIN }, listens().handler);
    guard(answers(503))({ origin: ORIGIN }, listens().handler);

    expect(registry.get(ORIGIN)?.state).toBe('OPEN');
  });

  it('may be of another make, which shares no circuit and knows of no bodies', () => {
    const settled: unknown[] = [];
    const permit = { success: (value: unknown) => void settled.push(value), failure() {}, ignore() {} };
    const breaker = { state: 'OPEN', acquire: () => permit };
    const registry = { getOrCreate: () => breaker, get: () => breaker };
    const guard = interceptor({ registry: registry as never }) as unknown as Guard;
    const { told, handler } = listens();

    guard((_: unknown, watcher: Handler) => {
      watcher.onResponseStart(CONTROLLER, 200, {});
      watcher.onResponseError(CONTROLLER, 'lost');
      return true;
    })({ origin: ORIGIN }, handler);

    expect([settled, told.map(([event]) => event)]).toEqual([
      [{ statusCode: 200, headers: {} }],
      ['headers', 'error'],
    ]);
  });

  it('open after five failures, for half a minute, and are a thousand at most', async () => {
    const { clock, send, guard } = setUp();
    for (let failure = 0; failure < 4; failure++) send(fails(new Error('lost')));
    const before = guard.breakers.get(ORIGIN)?.state;
    send(fails(new Error('lost')));
    const metrics = guard.breakers.get(ORIGIN)?.metrics;
    for (let number = 0; number < 1_010; number++)
      send(answers(200), { origin: `https://${number}.example.com` });
    await clock.advance(3_600_001);

    expect([before, metrics?.state, metrics?.retryAfter]).toEqual(['CLOSED', 'OPEN', 30_000]);
    expect([...guard.breakers].length).toBeLessThanOrEqual(1_000);
  });
});

describe('a handler that hears nothing', () => {
  it('bears an answer, and a rejection', () => {
    const { guard } = setUp();
    const dispatch = guard(answers(200));

    expect(() => dispatch({ origin: ORIGIN }, {} as never)).not.toThrow();
    guard.breakers.get(ORIGIN)?.trip();
    expect(dispatch({ origin: ORIGIN }, {} as never)).toBe(true);
  });
});

describe('a date of an interceptor’s server', () => {
  it.each([
    ['of its clock', true],
    ['of the platform', false],
  ])('goes by the wall clock %s', (_, hasEpoch) => {
    const clock = createManualClock();
    const own = hasEpoch ? clock : { now: () => 0 };
    const guard = interceptor({ clock: own, failureThreshold: 1 }) as unknown as Guard;
    const epoch = hasEpoch ? clock.epoch() : Date.now();
    const headers = { 'retry-after': new Date(epoch + 120_000).toUTCString() };

    guard(answers(503, headers))({ origin: ORIGIN }, listens().handler);

    const { retryAfter } = guard.breakers.get(ORIGIN)?.metrics ?? {};
    expect(retryAfter).toBeGreaterThan(110_000);
    expect(retryAfter).toBeLessThanOrEqual(120_000);
  });
});

describe('options of an interceptor', () => {
  it.each([
    [{ name: 'api' }, 'name', /there is a breaker for each origin: use `key`/],
    [{ callTimeout: 5 }, 'callTimeout', /undici bounds time: use its `headersTimeout` and `bodyTimeout`/],
    [
      { fallback: () => 1 },
      'fallback',
      /an interceptor answers nothing: use `createFetch`, or answer where you call/,
    ],
    [{ key: 'origin' }, 'key', /function/],
    [{ configure: {} }, 'configure', /function/],
    [{ registry: {} }, 'registry', /a CircuitBreakerRegistry/],
    [{ failureTreshold: 5 }, 'failureTreshold', /failureThreshold/],
    [null, 'options', /./],
  ])('are refused where they cannot work: %j', (options, option, message) => {
    const create = () => interceptor(options as never);

    expect(create).toThrow(/create an interceptor/);
    expect(create).toThrow(message);
    expect(create).toThrow(expect.objectContaining({ name: 'InvalidOptionsError', option }));
  });

  it('are for handlers of undici 7', () => {
    const { guard } = setUp();
    const old = { onConnect() {}, onHeaders() {} };

    expect(() => guard(answers(200))({ origin: ORIGIN }, old as never)).toThrow(
      'The interceptor of recloser/http needs undici 7 or later; for older ones use createFetch',
    );
    expect(() => guard(() => true)({}, { ...old, onRequestStart() {} } as never)).not.toThrow();
    expect(() => guard(() => true)({}, undefined as never)).not.toThrow();
  });
});
