import { type CallTimeoutError, CircuitBreaker, type Outcome } from 'recloser';
import {
  isAwsFailure,
  isCacheFailure,
  isConnectionFailure,
  isDatabaseFailure,
  isHttpFailure,
  isLlmFailure,
  isQueueFailure,
} from 'recloser/presets';
import { describe, expect, it } from 'vitest';
import { errorOf, hanging } from '../support/breakers.js';

const KINDS: [string, (outcome: Outcome) => boolean | 'ignore'][] = [
  ['isHttpFailure', isHttpFailure],
  ['isDatabaseFailure', isDatabaseFailure],
  ['isCacheFailure', isCacheFailure],
  ['isQueueFailure', isQueueFailure],
  ['isLlmFailure', isLlmFailure],
  ['isAwsFailure', isAwsFailure],
  ['isConnectionFailure', isConnectionFailure],
];

const withFields = (fields: object, message = 'boom') => Object.assign(new Error(message), fields);

describe.each(KINDS)('%s', (_, isFailure) => {
  it.each([
    ['a value', { id: 1 }],
    ['nothing', undefined],
    ['null', null],
    ['a list', [1, 2]],
  ])('takes %s for a success', (_, value) => {
    expect(isFailure({ value })).toBe(false);
  });

  it.each([
    ['an error of no known shape', new Error('boom')],
    ['a TypeError, as fetch has for the network', new TypeError('Failed to fetch')],
    ['an error of the system', withFields({ code: 'ECONNRESET', errno: -104, syscall: 'read' })],
    ['an error whose code is a number', withFields({ code: 7 })],
    ['a string', 'boom'],
    ['undefined', undefined],
    ['null', null],
    ['a function', () => {}],
    ['an object without a prototype', Object.create(null)],
    ['a timeout', new DOMException('The operation timed out', 'TimeoutError')],
  ])('takes %s for a failure', (_, error) => {
    expect(isFailure({ error })).toBe(true);
  });

  it('takes a CallTimeoutError for a failure', async () => {
    const breaker = new CircuitBreaker({ callTimeout: 1 });
    const error = (await errorOf(breaker.call(hanging))) as CallTimeoutError;

    expect(error.code).toBe('ERR_CALL_TIMEOUT');
    expect(isFailure({ error })).toBe(true);
  });

  it('ignores the rejection by a breaker further in', async () => {
    const inner = new CircuitBreaker();
    inner.forceOpen();

    const error = await errorOf(inner.call(() => 'fine'));

    expect(isFailure({ error })).toBe('ignore');
    expect(isFailure({ error: new Error('No price', { cause: error }) })).toBe('ignore');
  });

  it.each([
    ['of the platform', new DOMException('This operation was aborted', 'AbortError')],
    ['of Node', withFields({ name: 'AbortError', code: 'ABORT_ERR' })],
    ['of axios', withFields({ name: 'CanceledError', code: 'ERR_CANCELED' })],
  ])("ignores the caller's abort: %s", (_, error) => {
    expect(isFailure({ error })).toBe('ignore');
  });

  it('takes an abort that a timeout caused for a failure', () => {
    const cause = new DOMException('The operation timed out', 'TimeoutError');

    expect(isFailure({ error: withFields({ name: 'AbortError', cause }) })).toBe(true);
  });

  it('takes an abort of axios that an `AbortSignal.timeout()` caused for a failure', () => {
    const signal = { aborted: true, reason: new DOMException('The operation timed out', 'TimeoutError') };
    const canceled = { name: 'CanceledError', code: 'ERR_CANCELED' };

    expect(isFailure({ error: withFields({ ...canceled, config: { signal } }) })).toBe(true);
    expect(isFailure({ error: withFields({ ...canceled, config: { signal: { reason: 'left' } } }) })).toBe(
      'ignore',
    );
  });

  it('takes an error of JSON-RPC that blames the request for an answer', () => {
    expect(
      [-32700, -32600, -32601, -32602].map((code) => isFailure({ error: withFields({ code }) })),
    ).toEqual([false, false, false, false]);
    expect(isFailure({ error: withFields({ code: -32603 }) })).toBe(true);
  });

  it('ignores what was given wrongly, before anything was sent', () => {
    const cause = withFields({ code: 'ERR_INVALID_URL' });

    expect(isFailure({ error: new TypeError('Failed to parse URL', { cause }) })).toBe('ignore');
  });

  it('looks for the causes of an error, down to the thirty-second', () => {
    const aborted = withFields({ name: 'AbortError' });
    const wrap = (times: number) => {
      let error: Error = aborted;
      for (let i = 0; i < times; i++) error = new Error('wrapped', { cause: error });
      return error;
    };

    expect(isFailure({ error: wrap(31) })).toBe('ignore');
    expect(isFailure({ error: wrap(32) })).toBe(true);
  });

  it('comes to an end with an error that is its own cause', () => {
    const error = new AggregateError([], 'boom');
    error.cause = error;
    error.errors.push(error, new Error('boom', { cause: error }));

    expect(isFailure({ error })).toBe(true);
  });

  it('comes to an end with errors that are made up as they are read', () => {
    class Endless extends Error {
      get errors() {
        return Array.from({ length: 1_000 }, () => new Endless());
      }
      override get cause() {
        return new Endless();
      }
    }

    expect(isFailure({ error: new Endless() })).toBe(true);
  });

  it.each([
    ['getters that throw', throwing({})],
    ['getters that throw, on a function', throwing(() => {})],
    ['a revoked proxy', revoked({})],
    ['a revoked list', { errors: revoked([]), previousErrors: revoked([]), replies: revoked([]) }],
    ['a cause that throws', withFields({ cause: throwing({}) })],
    ['errors that throw', withFields({ errors: [throwing({})] })],
    [
      'symbols',
      withFields({ name: Symbol('n'), code: Symbol('c'), message: Symbol('m'), status: Symbol('s') }),
    ],
    ['big integers', withFields({ code: 1n, status: 503n, errno: 1n })],
    ['a name that throws', withFields({ name: throwing({}), constructor: throwing(() => {}) })],
    [
      'a label that throws',
      withFields({ name: 'MongoServerError', code: 11_600, hasErrorLabel: throwing(() => {}) }),
    ],
  ])('takes an error with %s for a failure, and does not throw', (_, error) => {
    expect(isFailure({ error })).toBe(true);
  });

  it.each([
    ['getters that throw', throwing({})],
    ['a list of them', [[throwing({}), null]]],
    ['a revoked proxy', revoked({})],
    ['a list of revoked ones', [revoked([])]],
    ['a list that throws', throwing([])],
  ])('takes a value with %s for a success, and does not throw', (_, value) => {
    expect(isFailure({ value })).toBe(false);
  });

  it('takes several errors for a failure if one of them is', () => {
    const aborted = withFields({ name: 'AbortError' });

    expect(isFailure({ error: new AggregateError([aborted, new Error('boom')]) })).toBe(true);
    expect(isFailure({ error: new AggregateError([aborted, aborted]) })).toBe('ignore');
    expect(isFailure({ error: new AggregateError([]) })).toBe(true);
  });
});

/** Something of which every member, and everything else that can be asked of it, throws. */
function throwing<T extends object>(target: T): T {
  const trap = () => {
    throw new Error('trap');
  };
  const traps = Reflect.ownKeys(Reflect).map((key) => [key, trap]);
  return new Proxy(target, Object.fromEntries(traps));
}

function revoked<T extends object>(target: T): T {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}
