import { CircuitBreaker, CircuitBreakerRegistry, defaultRegistry, InvalidOptionsError } from 'recloser';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { failing, refusalOf, thrownBy } from '../support/breakers.js';
import { manualClock } from '../support/manual-clock.js';
import { createRegistry, registryOf, toldDeletions } from '../support/registries.js';

describe('getOrCreate', () => {
  test('makes a breaker of that name', () => {
    const { registry } = createRegistry();

    const breaker = registry.getOrCreate('users');

    expect(breaker).toBeInstanceOf(CircuitBreaker);
    expect(breaker.name).toBe('users');
  });

  test('answers the same breaker ever after', () => {
    const { registry } = createRegistry();
    const first = registry.getOrCreate('users');

    const second = registry.getOrCreate('users');

    expect(second).toBe(first);
  });

  test('makes another breaker for another name', () => {
    const { registry } = createRegistry();
    const users = registry.getOrCreate('users');

    const orders = registry.getOrCreate('orders');

    expect(orders).not.toBe(users);
  });

  test('makes a new breaker after the old one was deleted', () => {
    const { registry } = createRegistry();
    const old = registry.getOrCreate('users');
    old.trip();
    registry.delete('users');

    const breaker = registry.getOrCreate('users');

    expect(breaker).not.toBe(old);
    expect(breaker.state).toBe('CLOSED');
  });

  test('makes breakers that read the clock of the registry', () => {
    const { registry, clock } = createRegistry();
    const breaker = registry.getOrCreate('users');

    breaker.trip();

    expect(breaker.options.clock).toBe(clock);
    expect(breaker.metrics.since).toBe(clock.time);
  });

  test('makes breakers that read the clock of the defaults, if they have one', () => {
    const clock = manualClock();
    const { registry } = createRegistry({ defaults: { clock } });

    const breaker = registry.getOrCreate('users');

    expect(breaker.options.clock).toBe(clock);
  });

  test('makes two breakers of one name in two registries', () => {
    const one = createRegistry().registry.getOrCreate('users');

    const other = createRegistry().registry.getOrCreate('users');

    expect(other).not.toBe(one);
  });

  test('answers one breaker to everybody, whoever asks while it is being made', () => {
    const inner: CircuitBreaker[] = [];
    let isAsking = false;
    const { registry } = createRegistry({
      configure: (name) => {
        if (isAsking) return undefined;
        isAsking = true;
        inner.push(registry.getOrCreate(name));
        return undefined;
      },
    });

    const outer = registry.getOrCreate('users');

    expect(inner).toEqual([outer]);
    expect(inner[0]).toBe(outer);
  });
});

describe('the options of a new breaker', () => {
  test('are the defaults', () => {
    const { registry } = createRegistry({ defaults: { failureThreshold: 7 } });

    const { options } = registry.getOrCreate('users');

    expect(options.failureThreshold).toBe(7);
  });

  test('are those of configure before the defaults', () => {
    const { registry } = createRegistry({
      defaults: { failureThreshold: 7, callTimeout: 70 },
      configure: (name) => (name === 'users' ? { failureThreshold: 8 } : undefined),
    });

    const { options } = registry.getOrCreate('users');

    expect([options.failureThreshold, options.callTimeout]).toEqual([8, 70]);
  });

  test('are the defaults for a name that configure says nothing of', () => {
    const { registry } = createRegistry({
      defaults: { failureThreshold: 7 },
      configure: (name) => (name === 'users' ? { failureThreshold: 8 } : undefined),
    });

    const { options } = registry.getOrCreate('orders');

    expect(options.failureThreshold).toBe(7);
  });

  test('are those of the caller before configure and the defaults', () => {
    const { registry } = createRegistry({
      defaults: { failureThreshold: 7, callTimeout: 70, successThreshold: 2 },
      configure: () => ({ failureThreshold: 8, callTimeout: 80 }),
    });

    const { options } = registry.getOrCreate('users', { failureThreshold: 9 });

    expect([options.failureThreshold, options.callTimeout, options.successThreshold]).toEqual([9, 80, 2]);
  });

  test('are not overridden by `undefined` from configure', () => {
    const { registry } = createRegistry({
      defaults: { failureThreshold: 7 },
      configure: () => ({ failureThreshold: undefined }),
    });

    const { options } = registry.getOrCreate('users');

    expect(options.failureThreshold).toBe(7);
  });

  test('are not overridden by `undefined` from the caller', () => {
    const { registry } = createRegistry({
      defaults: { failureThreshold: 7 },
      configure: () => ({ callTimeout: 80 }),
    });

    const { options } = registry.getOrCreate('users', {
      failureThreshold: undefined,
      callTimeout: undefined,
    });

    expect([options.failureThreshold, options.callTimeout]).toEqual([7, 80]);
  });

  test('are overridden by `false` and by 0', () => {
    const { registry } = createRegistry({
      defaults: { failureThreshold: 7, failureRateThreshold: 0.9 },
      configure: () => ({ failureThreshold: false }),
    });

    const { options } = registry.getOrCreate('users', { failureRateThreshold: 0 });

    expect([options.failureThreshold, options.failureRateThreshold]).toEqual([false, 0]);
  });

  test('have a window that is replaced whole', () => {
    const { registry } = createRegistry({
      defaults: { window: { type: 'time', duration: 5_000, buckets: 5 } },
    });

    const { options } = registry.getOrCreate('users', { window: { type: 'time', duration: 1_000 } });

    expect(options.window).toEqual({ type: 'time', duration: 1_000, buckets: 10 });
  });

  test('are asked of configure once for each breaker that is made', () => {
    const configure = vi.fn(() => undefined);
    const { registry } = createRegistry({ configure });

    for (const name of ['users', 'orders', 'users', 'users']) registry.getOrCreate(name);

    expect(configure.mock.calls).toEqual([['users'], ['orders']]);
  });

  test('are not what the caller makes of the defaults later', () => {
    const defaults = { failureThreshold: 7, window: { type: 'count' as const, size: 50 } };
    const { registry } = createRegistry({ defaults });

    defaults.failureThreshold = 1;
    defaults.window.size = 20;

    const { options } = registry.getOrCreate('users');
    expect([options.failureThreshold, options.window]).toEqual([7, { type: 'count', size: 50 }]);
  });

  test('leave what they were given in alone', () => {
    const defaults = Object.freeze({
      failureThreshold: 7,
      window: Object.freeze({ type: 'count' as const }),
    });
    const options = Object.freeze({ callTimeout: 90, excludedErrors: Object.freeze([TypeError]) });
    const { registry } = createRegistry({ defaults });

    registry.getOrCreate('users', options);

    expect(defaults).toEqual({ failureThreshold: 7, window: { type: 'count' } });
    expect(options).toEqual({ callTimeout: 90, excludedErrors: [TypeError] });
  });

  test('may have listeners in the defaults, who are told of each breaker', () => {
    const onOpen = vi.fn();
    const { registry } = registryOf(['users', 'orders'], { defaults: { onOpen } });

    for (const breaker of registry) breaker.trip();

    expect(onOpen.mock.calls.map(([{ breaker }]) => breaker)).toEqual(['users', 'orders']);
  });
});

describe('a fallback or a callback in a second getOrCreate', () => {
  test('does not replace the first one', async () => {
    const { registry } = createRegistry();
    registry.getOrCreate('carts', { fallback: () => 'for Ada' });

    const breaker = registry.getOrCreate('carts', { fallback: () => 'for Bob' });

    expect(await breaker.call<unknown>(failing())).toBe('for Ada');
  });

  test('does not come to a breaker that has none', async () => {
    const { registry } = createRegistry();
    registry.getOrCreate('carts');

    const breaker = registry.getOrCreate('carts', { fallback: () => 'for Bob' });

    await expect(breaker.call(failing())).rejects.toThrow('boom');
  });

  test.each(['onTransition', 'onOpen', 'onClose', 'onHalfOpen'])('is never told anything: %s', (option) => {
    const listener = vi.fn();
    const { registry, clock } = createRegistry();
    const breaker = registry.getOrCreate('users');

    registry.getOrCreate('users', { [option]: listener });
    breaker.trip();
    clock.advance(60_000);
    breaker.acquire().success();
    breaker.reset();

    expect(listener).not.toHaveBeenCalled();
  });

  test('leaves the decisions to the first ones', async () => {
    const { registry } = createRegistry();
    const breaker = registry.getOrCreate('users');
    const ask = vi.fn(() => true);

    registry.getOrCreate('users', { shouldTrip: ask, isFailure: ask, fallbackOn: ask });
    await breaker.call(() => 'fine');

    expect(ask).not.toHaveBeenCalled();
    expect(breaker.state).toBe('CLOSED');
  });
});

describe('get, has, delete, clear, size, names and iteration', () => {
  test('find what is there', () => {
    const { registry } = createRegistry();
    const users = registry.getOrCreate('users');

    expect(registry.get('users')).toBe(users);
    expect(registry.has('users')).toBe(true);
  });

  test('make nothing', () => {
    const configure = vi.fn(() => undefined);
    const { registry } = createRegistry({ configure });

    expect([registry.get('users'), registry.has('users'), registry.size]).toEqual([undefined, false, 0]);
    expect(configure).not.toHaveBeenCalled();
  });

  test('tell the names in the order in which the breakers were made', () => {
    const { registry } = registryOf(['c', 'a', 'b']);
    registry.get('c');

    expect(registry.names()).toEqual(['c', 'a', 'b']);
    expect(Array.from(registry, ({ name }) => name)).toEqual(['c', 'a', 'b']);
    expect(registry.size).toBe(3);
  });

  test('give a list of names that is the caller’s own', () => {
    const { registry } = registryOf(['a']);

    registry.names().push('b');

    expect(registry.names()).toEqual(['a']);
  });

  test('tell whether there was something to delete', () => {
    const { registry } = registryOf(['a']);

    expect([registry.delete('a'), registry.delete('a'), registry.delete('b')]).toEqual([true, false, false]);
    expect(registry.names()).toEqual([]);
  });

  test('delete a breaker in whatever state it is', () => {
    const { registry } = registryOf(['a']);
    registry.get('a')?.forceOpen();

    registry.delete('a');

    expect(registry.has('a')).toBe(false);
  });

  test('leave a deleted breaker to those who hold it', async () => {
    const { registry } = registryOf(['a']);
    const breaker = registry.getOrCreate('a');

    registry.delete('a');

    expect(await breaker.call(() => 'fine')).toBe('fine');
  });

  test('clear all of them, whatever their states', () => {
    const { registry } = registryOf(['a', 'b', 'c']);
    registry.get('a')?.trip();
    registry.get('b')?.acquire();

    registry.clear();

    expect([registry.size, registry.names(), [...registry]]).toEqual([0, [], []]);
  });

  test('allow deleting while iterating', () => {
    const { registry } = registryOf(['a', 'b', 'c']);

    for (const { name } of registry) registry.delete(name);

    expect(registry.size).toBe(0);
  });

  test('allow looking up while iterating', () => {
    const { registry } = registryOf(['a', 'b', 'c'], { maxSize: 3 });
    const seen: string[] = [];

    for (const { name } of registry) seen.push(registry.get(name)?.name ?? '');

    expect(seen).toEqual(['a', 'b', 'c']);
  });
});

describe('clear', () => {
  test('tells each breaker once, though a listener deletes others', () => {
    const { registry } = registryOf(['a', 'b', 'c']);
    const deletions = toldDeletions(registry);
    registry.on('delete', ({ breaker }) => {
      if (breaker === 'a') registry.delete('b');
    });

    registry.clear();

    expect(deletions).toEqual(['a cleared', 'b deleted', 'c cleared']);
  });

  test('leaves what a listener makes anew', () => {
    const { registry } = registryOf(['a', 'b']);
    registry.on('delete', ({ breaker }) => {
      if (breaker === 'a' && registry.delete('b')) registry.getOrCreate('b');
    });

    registry.clear();

    expect(registry.names()).toEqual(['b']);
  });
});

describe('resetAll', () => {
  test('brings every breaker back to CLOSED and its configured mode', () => {
    const { registry } = registryOf(['closed', 'tripped', 'opened', 'forced'], {
      configure: (name) => (name === 'forced' ? { mode: 'observe' } : undefined),
    });
    registry.get('tripped')?.trip();
    registry.get('opened')?.forceOpen();
    registry.get('forced')?.forceClosed();

    registry.resetAll();

    expect(Array.from(registry, ({ state, mode }) => `${state} ${mode}`)).toEqual([
      'CLOSED active',
      'CLOSED active',
      'CLOSED active',
      'CLOSED observe',
    ]);
  });

  test('empties the windows and keeps the totals', async () => {
    const { registry } = registryOf(['a']);
    await registry.get('a')?.tryCall(failing());

    registry.resetAll();

    const { window, totals, consecutiveFailures } = registry.getOrCreate('a').metrics;
    expect([window.calls, consecutiveFailures, totals.failures]).toEqual([0, 0, 1]);
  });

  test('does nothing to an empty registry', () => {
    const { registry } = createRegistry();

    registry.resetAll();

    expect(registry.size).toBe(0);
  });
});

describe('the default registry', () => {
  test('is a registry without options', () => {
    onTestFinished(() => defaultRegistry.clear());

    const breaker = defaultRegistry.getOrCreate('registry.test');

    // One in a process: it may be of the copy that another test file on this thread has loaded.
    const { clock } = breaker.options;
    expect(defaultRegistry.constructor.name).toBe('CircuitBreakerRegistry');
    expect(breaker.options).toEqual(new CircuitBreaker({ name: 'registry.test', clock }).options);
  });
});

describe('a name', () => {
  const NAMES: [string, string][] = [
    ['__proto__', '__proto__'],
    ['constructor', 'constructor'],
    ['prototype', 'prototype'],
    ['toString', 'toString'],
    ['hasOwnProperty', 'hasOwnProperty'],
    ['then', 'then'],
    ['the empty string', ''],
    ['a space', ' '],
    ['a line break and a null', '\n\0'],
    ['half a surrogate pair', '\ud83d'],
    ['a number', '0'],
    ['of 100,000 characters', 'x'.repeat(100_000)],
  ];

  test.each(NAMES)('is unknown before it is made: %s', (_, name) => {
    const { registry } = createRegistry();

    expect([registry.get(name), registry.has(name), registry.delete(name)]).toEqual([
      undefined,
      false,
      false,
    ]);
  });

  test.each(NAMES)('finds the breaker that was made with it: %s', (_, name) => {
    const { registry } = registryOf(['other']);

    const breaker = registry.getOrCreate(name, { failureThreshold: 3 });

    expect(breaker.name).toBe(name);
    expect(breaker.options.failureThreshold).toBe(3);
    expect(registry.get(name)).toBe(breaker);
    expect(registry.names()).toEqual(['other', name]);
  });

  test.each(NAMES)('is carried through summary and snapshot: %s', (_, name) => {
    const { registry } = registryOf([name]);
    registry.get(name)?.trip();
    const { registry: other } = createRegistry();

    other.restore(JSON.parse(JSON.stringify(registry)));

    expect(other.summary().breakers.map((it) => [it.name, it.state])).toEqual([[name, 'OPEN']]);
  });

  test.each(NAMES)('is forgotten when it is deleted: %s', (_, name) => {
    const { registry } = registryOf([name]);

    registry.delete(name);

    expect(registry.has(name)).toBe(false);
  });

  test.each(NAMES)('leaves Object.prototype as it was: %s', (_, name) => {
    const before = Object.getOwnPropertyDescriptors(Object.prototype);
    const { registry } = registryOf([name]);

    registry.getOrCreate(name, JSON.parse('{"failureThreshold":3}'));
    registry.restore(JSON.parse(JSON.stringify(registry)));
    registry.summary();
    registry.delete(name);

    expect(Object.getOwnPropertyDescriptors(Object.prototype)).toEqual(before);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  test.each([
    ['undefined', undefined, 'undefined'],
    ['null', null, 'null'],
    ['a number', 5, '5'],
    ['NaN', Number.NaN, 'NaN'],
    ['a symbol', Symbol('users'), 'Symbol(users)'],
    ['a bigint', 5n, '5n'],
    ['a boolean', true, 'true'],
    ['an object', { toString: () => 'users' }, 'an object'],
    ['a String object', new String('users'), 'an object'],
    ['an array', ['users'], 'an array'],
    ['a function', () => 'users', 'a function'],
  ])('is refused if it is no string: %s', (_, name, received) => {
    const { registry } = createRegistry();

    const error = refusalOf(() => registry.getOrCreate(name as never));

    expect(error.option).toBe('name');
    expect(error.message).toContain(`received ${received}`);
    expect(registry.size).toBe(0);
  });

  test.each([[undefined], [null], [5], [Symbol('users')], [{}]])(
    'is not found if it is no string: %s',
    (name) => {
      const { registry } = registryOf(['undefined', 'null', '5', '[object Object]']);

      expect(registry.get(name as never)).toBeUndefined();
      expect(registry.has(name as never)).toBe(false);
      expect(registry.delete(name as never)).toBe(false);
    },
  );
});

describe('bad options', () => {
  const throwing = {
    get maxSize(): number {
      throw new RangeError('no');
    },
  };

  test.each<[string, unknown, RegExp]>([
    ['null', null, /options.*an object, received null/],
    ['a string', 'users', /received "users"/],
    ['a list', [], /received an array/],
    ['a function', () => ({}), /received a function/],
    ['maxSize 0', { maxSize: 0 }, /`maxSize`.*received 0/],
    ['maxSize -1', { maxSize: -1 }, /`maxSize`.*received -1/],
    ['maxSize 1.5', { maxSize: 1.5 }, /`maxSize`.*received 1.5/],
    ['maxSize NaN', { maxSize: Number.NaN }, /`maxSize`.*received NaN/],
    ['maxSize "5"', { maxSize: '5' }, /`maxSize`.*received "5"/],
    ['maxSize null', { maxSize: null }, /`maxSize`.*received null/],
    ['maxSize false', { maxSize: false }, /`maxSize`.*received false/],
    ['idleTimeout -1', { idleTimeout: -1 }, /`idleTimeout`.*received -1/],
    ['idleTimeout NaN', { idleTimeout: Number.NaN }, /`idleTimeout`.*received NaN/],
    ['idleTimeout "1"', { idleTimeout: '1' }, /`idleTimeout`.*received "1"/],
    ['idleTimeout null', { idleTimeout: null }, /`idleTimeout`.*received null/],
    ['configure no function', { configure: { users: {} } }, /`configure`.*received an object/],
    ['configure null', { configure: null }, /`configure`.*received null/],
    ['clock without now', { clock: {} }, /`clock`.*received an object/],
    ['clock null', { clock: null }, /`clock`.*received null/],
    ['clock a function', { clock: Date.now }, /`clock`.*received a function/],
    ['defaults null', { defaults: null }, /`defaults`.*received null/],
    ['defaults a list', { defaults: [] }, /`defaults`.*received an array/],
    ['a default out of range', { defaults: { failureThreshold: 0 } }, /`failureThreshold`.*received 0/],
    [
      'an unknown default',
      { defaults: { timeot: 5 } },
      /unknown option "timeot", did you mean "callTimeout"\?/,
    ],
    ['a name for all', { defaults: { name: 'users' } }, /`name`.*received "users"/],
    ['an unknown key', { maxsize: 5 }, /unknown option "maxsize", did you mean "maxSize"\?/],
    [
      'an option of breakers',
      { callTimeout: 5 },
      /unknown option "callTimeout", did you mean "defaults: \{ callTimeout: … \}"\?/,
    ],
    [
      "another library's option of breakers",
      { resetTimeoutMs: 5 },
      /unknown option "resetTimeoutMs", did you mean "defaults: \{ recoveryTimeout: … \}"\?/,
    ],
    ['a name, which each breaker has for itself', { name: 'a' }, /unknown option "name", did you mean "/],
    ['an unknown key that is undefined', { idleTimout: undefined }, /did you mean "idleTimeout"\?/],
    ['a getter that throws', throwing, /cannot be read/],
    ['a revoked proxy', revoked(), /./],
  ])('of a registry are refused: %s', (_, options, message) => {
    const error = refusalOf(() => new CircuitBreakerRegistry(options as never));

    expect(error).toBeInstanceOf(InvalidOptionsError);
    expect(error.message).toMatch(message);
  });

  const BAD_BREAKER_OPTIONS: [string, unknown, RegExp][] = [
    ['null', null, /an object, received null/],
    ['a string', 'options', /an object, received "options"/],
    ['a list', [], /an object, received an array/],
    ['an unknown key', { timeot: 5 }, /unknown option "timeot", did you mean "callTimeout"\?/],
    ['a value out of range', { failureThreshold: 0 }, /`failureThreshold`.*received 0/],
    ['null for a value', { callTimeout: null }, /`callTimeout`.*received null/],
    ['null for a window', { window: null }, /`window`.*received null/],
    ['another name', { name: 'orders' }, /`name`.*received "orders"/],
    [
      'a getter that throws',
      Object.defineProperty({}, 'mode', { enumerable: true, get: boom }),
      /cannot be read/,
    ],
  ];

  test.each(BAD_BREAKER_OPTIONS)(
    'of a new breaker are refused, and none is made: %s',
    (_, options, message) => {
      const { registry } = createRegistry();

      const error = refusalOf(() => registry.getOrCreate('users', options as never));

      expect(error.breaker).toBe('users');
      expect(error.message).toMatch(message);
      expect(registry.size).toBe(0);
    },
  );

  test.each(BAD_BREAKER_OPTIONS)('of a breaker that exists are refused: %s', (_, options, message) => {
    vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const { registry } = registryOf(['users']);

    const error = refusalOf(() => registry.getOrCreate('users', options as never));

    expect(error.message).toMatch(message);
  });

  test.each(BAD_BREAKER_OPTIONS)(
    'from configure are refused, and no breaker is made: %s',
    (_, options, message) => {
      const { registry } = createRegistry({ configure: () => options as never });

      const error = refusalOf(() => registry.getOrCreate('users'));

      expect(error.message).toMatch(message);
      expect(registry.size).toBe(0);
    },
  );

  test('are allowed to say the name that the breaker has anyway', () => {
    const { registry } = createRegistry();

    expect(registry.getOrCreate('users', { name: 'users' }).name).toBe('users');
  });

  test('refuse options that contradict each other only when they are merged', () => {
    const { registry } = createRegistry({ defaults: { minimumCalls: 50 } });

    const error = refusalOf(() => registry.getOrCreate('users', { window: { type: 'count', size: 20 } }));

    expect(error.option).toBe('minimumCalls');
    expect(registry.size).toBe(0);
  });

  test('do not hide what configure throws', () => {
    const problem = new RangeError('no such name');
    const { registry } = createRegistry({
      configure: () => {
        throw problem;
      },
    });

    const error = thrownBy(() => registry.getOrCreate('users'));

    expect(error).toBe(problem);
    expect(registry.size).toBe(0);
  });

  test('evict nobody for a breaker that is not made', () => {
    const { registry } = registryOf(['a', 'b'], { maxSize: 2 });

    refusalOf(() => registry.getOrCreate('c', { failureThreshold: 0 }));

    expect(registry.names()).toEqual(['a', 'b']);
  });
});

function boom(): never {
  throw new RangeError('no');
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

test('who gives a registry a name is not sent to its defaults', () => {
  const { message } = refusalOf(() => new CircuitBreakerRegistry({ name: 'users' } as never));

  expect(message).toContain('unknown option "name"');
  expect(message).not.toContain('defaults');
});
