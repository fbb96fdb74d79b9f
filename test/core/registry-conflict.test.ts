import {
  type CircuitBreakerOptions,
  type ConflictEvent,
  type ErrorFilter,
  InvalidOptionsError,
} from 'recloser';
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { createRegistry, registryOf, told } from '../support/registries.js';
import { quiet } from '../support/runtime.js';

const backoff = () => 1_000;
const answering = (value: number) => () => value;
const is = (code: string) => (error: unknown) => (error as { code?: unknown }).code === code;
const problemClass = () => class Problem extends Error {};
function es5Class() {
  function Problem(this: { code: number }, code: number) {
    this.code = code;
  }
  return Problem as unknown as ErrorFilter;
}
const UNSIZED = { type: 'count', size: undefined } as const;

describe('a conflict', () => {
  beforeEach(() => {
    vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
  });

  test('tells what is in force and what was given', () => {
    const { registry } = createRegistry();
    registry.getOrCreate('users', { failureThreshold: 3, callTimeout: 500 });
    const conflicts = told(registry, 'conflict');

    registry.getOrCreate('users', { failureThreshold: 4, callTimeout: 500 });

    expect(conflicts).toEqual<ConflictEvent[]>([
      { breaker: 'users', differences: [{ option: 'failureThreshold', inForce: 3, given: 4 }] },
    ]);
  });

  test('leaves every option as it is', () => {
    const { registry } = createRegistry();
    const { options } = registry.getOrCreate('users', { failureThreshold: 3 });

    registry.getOrCreate('users', { failureThreshold: 4, successThreshold: 9, fallback: () => 1 });

    expect(registry.getOrCreate('users').options).toBe(options);
  });

  test('answers the breaker that exists', () => {
    const { registry } = createRegistry();
    const breaker = registry.getOrCreate('users');

    expect(registry.getOrCreate('users', { failureThreshold: 4 })).toBe(breaker);
  });

  test('is told once for each name, whatever comes later', () => {
    const { registry } = registryOf(['users', 'orders']);
    const conflicts = told(registry, 'conflict');

    for (const failureThreshold of [1, 2, 3]) {
      registry.getOrCreate('users', { failureThreshold });
      registry.getOrCreate('orders', { failureThreshold });
    }

    expect(conflicts.map(({ breaker }) => breaker)).toEqual(['users', 'orders']);
  });

  test('is still told after options that agree', () => {
    const { registry } = registryOf(['users']);
    const conflicts = told(registry, 'conflict');

    registry.getOrCreate('users', { failureThreshold: 5 });
    registry.getOrCreate('users', { failureThreshold: 6 });

    expect(conflicts).toHaveLength(1);
  });

  test.each<[string, CircuitBreakerOptions, CircuitBreakerOptions, string[]]>([
    ['another number', { failureThreshold: 3 }, { failureThreshold: 4 }, ['failureThreshold']],
    ['a number that is not the default', {}, { callTimeout: 10 }, ['callTimeout']],
    ['false', {}, { failureThreshold: false }, ['failureThreshold']],
    ['0', {}, { failureRateThreshold: 0 }, ['failureRateThreshold']],
    ['true', {}, { rejectionStackTrace: true }, ['rejectionStackTrace']],
    ['a word', {}, { mode: 'observe' }, ['mode']],
    ['a number for a function', { recoveryTimeout: backoff }, { recoveryTimeout: 5 }, ['recoveryTimeout']],
    ['a window of another type', {}, { window: { type: 'time' } }, ['window']],
    ['a window of another size', {}, { window: { type: 'count', size: 50 } }, ['window']],
    ['a function of another text', { fallback: () => 1 }, { fallback: () => 2 }, ['fallback']],
    ['a function for none', {}, { isFailure: () => false }, ['isFailure']],
    ['a function for a number', {}, { recoveryTimeout: backoff }, ['recoveryTimeout']],
    [
      'a class evaluated again',
      { trackedErrors: [problemClass()] },
      { trackedErrors: [problemClass()] },
      ['trackedErrors'],
    ],
    [
      'a class of ES5 evaluated again',
      { excludedErrors: [es5Class()] },
      { excludedErrors: [es5Class()] },
      ['excludedErrors'],
    ],
    [
      'a class for a predicate',
      { excludedErrors: [is('a')] },
      { excludedErrors: [TypeError] },
      ['excludedErrors'],
    ],
    [
      'a longer list',
      { excludedErrors: [TypeError] },
      { excludedErrors: [TypeError, URIError] },
      ['excludedErrors'],
    ],
    [
      'a list of which one differs',
      { excludedErrors: [TypeError, URIError] },
      { excludedErrors: [TypeError, RangeError] },
      ['excludedErrors'],
    ],
    [
      'a predicate for a class',
      { excludedErrors: [TypeError] },
      { excludedErrors: [is('a')] },
      ['excludedErrors'],
    ],
    ['a list for none', {}, { trackedErrors: [TypeError] }, ['trackedErrors']],
    ['two at once', {}, { mode: 'observe', halfOpenMaxCalls: 9 }, ['mode', 'halfOpenMaxCalls']],
  ])('is %s', (_, first, second, options) => {
    const { registry } = createRegistry();
    registry.getOrCreate('users', first);
    const conflicts = told(registry, 'conflict');

    registry.getOrCreate('users', second);

    expect(conflicts[0]?.differences.map(({ option }) => option)).toEqual(options);
  });

  test.each<[string, CircuitBreakerOptions, CircuitBreakerOptions | undefined]>([
    ['no options', { failureThreshold: 3 }, undefined],
    ['empty options', { failureThreshold: 3 }, {}],
    ['the same values', { failureThreshold: 3, mode: 'observe' }, { failureThreshold: 3, mode: 'observe' }],
    ['fewer values', { failureThreshold: 3, mode: 'observe' }, { mode: 'observe' }],
    ['the defaults', {}, { failureThreshold: 5, callTimeout: false, recoveryTimeout: 60_000 }],
    ['undefined', { failureThreshold: 3 }, { failureThreshold: undefined }],
    ['the name', {}, { name: 'users' }],
    ['another listener', {}, { onOpen() {} }],
    ['another clock', {}, { clock: { now: () => 0 } }],
    ['another function of the same text', { fallback: answering(1) }, { fallback: answering(2) }],
    ['another predicate of the same text', { excludedErrors: [is('a')] }, { excludedErrors: [is('b')] }],
    ['the same window', { window: { type: 'time', duration: 5 } }, { window: { type: 'time', duration: 5 } }],
    ['the default window', {}, { window: { type: 'count', size: 100 } }],
    ['a window as far as it says', { window: { type: 'count', size: 5 } }, { window: { type: 'count' } }],
    ['a size that is undefined', { window: { type: 'count', size: 5 } }, { window: UNSIZED }],
    ['another list of the same', { excludedErrors: [TypeError] }, { excludedErrors: [TypeError] }],
  ])('is not %s', (_, first, second) => {
    const { registry } = createRegistry();
    registry.getOrCreate('users', first);
    const conflicts = told(registry, 'conflict');

    registry.getOrCreate('users', second);

    expect(conflicts).toEqual([]);
    expect(process.emitWarning).not.toHaveBeenCalled();
  });

  test('is not between the options of the caller and those of configure or the defaults', () => {
    const { registry } = createRegistry({
      defaults: { failureThreshold: 1 },
      configure: () => ({ failureThreshold: 2 }),
    });
    const conflicts = told(registry, 'conflict');

    registry.getOrCreate('users', { failureThreshold: 3 });

    expect(conflicts).toEqual([]);
  });

  test('is judged by what `update()` has put in force', () => {
    const { registry } = registryOf(['users']);
    const conflicts = told(registry, 'conflict');
    registry.get('users')?.update({ failureThreshold: 7 });

    registry.getOrCreate('users', { failureThreshold: 7 });

    expect(conflicts).toEqual([]);
  });

  test('is told of options that `update()` has replaced', () => {
    const { registry } = createRegistry();
    registry.getOrCreate('users', { failureThreshold: 3 }).update({ failureThreshold: 7 });
    const conflicts = told(registry, 'conflict');

    registry.getOrCreate('users', { failureThreshold: 3 });

    expect(conflicts[0]?.differences).toEqual([{ option: 'failureThreshold', inForce: 7, given: 3 }]);
  });

  test('is no use of the breaker beyond that of asking for it', () => {
    const { registry } = registryOf(['a', 'b'], { maxSize: 2 });

    registry.getOrCreate('a', { failureThreshold: 1 });
    registry.getOrCreate('c');

    expect(registry.names()).toEqual(['a', 'c']);
  });
});

describe('the process', () => {
  test('is warned once for each name', async () => {
    const warnings: Error[] = [];
    const listen = (warning: Error) => warnings.push(warning);
    const others = process.listeners('warning');
    process.removeAllListeners('warning').on('warning', listen);
    onTestFinished(() => {
      process.off('warning', listen);
      for (const other of others) process.on('warning', other);
    });
    const { registry } = registryOf(['users']);

    registry.getOrCreate('users', { failureThreshold: 7 });
    registry.getOrCreate('users', { failureThreshold: 8 });
    await quiet();

    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatchObject({ name: 'CircuitBreakerWarning', code: 'RECLOSER_CONFLICT' });
    expect(warnings[0]?.message).toMatch(/"users".*failureThreshold.*5.*7/);
  });

  test('is warned of each difference in words', () => {
    const emitWarning = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const { registry } = registryOf(['users']);

    registry.getOrCreate('users', {
      mode: 'observe',
      maxConcurrentCalls: 5,
      window: { type: 'time', duration: 500 },
    });

    expect(emitWarning.mock.calls[0]?.[0]).toBe(
      'Circuit breaker "users" exists with other options, which stay in force: mode is "active", not "observe"; ' +
        'maxConcurrentCalls is Infinity, not 5; window is {"type":"count","size":100}, not {"type":"time","duration":500}',
    );
  });

  const nameless = Object.defineProperty(class extends Error {}, 'name', { value: 7 });

  test.each<[CircuitBreakerOptions, CircuitBreakerOptions, string]>([
    [{}, { fallback: () => 1 }, 'fallback is undefined, not a function'],
    [{ fallback: () => 1 }, { fallback: () => 2 }, 'fallback is a function, not another function'],
    [{ recoveryTimeout: backoff }, { recoveryTimeout: 5 }, 'recoveryTimeout is a function, not 5'],
    [
      { excludedErrors: [is('a'), TypeError] },
      { excludedErrors: [RangeError, nameless] },
      'excludedErrors is [a function, class TypeError], not [class RangeError, a function]',
    ],
  ])('is warned of functions by what they are: %#', (first, second, words) => {
    const emitWarning = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const { registry } = createRegistry();
    registry.getOrCreate('users', first);

    registry.getOrCreate('users', second);

    expect(String(emitWarning.mock.calls[0]?.[0])).toBe(
      `Circuit breaker "users" exists with other options, which stay in force: ${words}`,
    );
  });

  test('is not warned of options that agree', async () => {
    const emitWarning = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const { registry } = registryOf(['users']);

    registry.getOrCreate('users', { failureThreshold: 5 });

    expect(emitWarning).not.toHaveBeenCalled();
  });

  test.each<[string, unknown]>([
    ['is not there', undefined],
    ['cannot be warned', {}],
  ])('may be one that %s', (_, standIn) => {
    const { registry } = registryOf(['users']);
    const conflicts = told(registry, 'conflict');

    vi.stubGlobal('process', standIn);
    try {
      registry.getOrCreate('users', { failureThreshold: 7 });
    } finally {
      vi.unstubAllGlobals();
    }

    expect(conflicts).toHaveLength(1);
  });
});

describe('options for a breaker that exists', () => {
  test.each<[string, object]>([
    ['an unknown key that is undefined', { timeot: undefined }],
    ['an unknown key that is a function', { shuldTrip: () => true }],
    ['filters that are none', { excludedErrors: [1] }],
    ['a listener that is none', { onOpen: {} }],
    ['a clock that is none', { clock: {} }],
    ['an unknown key in a window', { window: { type: 'count', sze: undefined } }],
  ])('are refused as at first: %s', (_, options) => {
    const { registry } = registryOf(['users']);

    expect(() => registry.getOrCreate('users', options)).toThrow(InvalidOptionsError);
  });
});
