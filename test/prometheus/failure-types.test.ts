import { CallTimeoutError, CircuitBreakerOpenError } from 'recloser';
import { METRIC_NAMES } from 'recloser/prometheus';
import { describe, expect, it } from 'vitest';
import { createBreaker, failing } from '../support/breakers.js';
import { exported, readMetric } from './exposition.js';

const NEVER_TRIPS = { failureThreshold: false, failureRateThreshold: false } as const;

class PaymentError extends Error {
  override name = 'PaymentError';
}

/** The types that these errors count under, each thrown once. */
async function typesOf(errors: readonly unknown[]): Promise<Record<string, number>> {
  const { breaker } = createBreaker(NEVER_TRIPS);
  const metrics = exported(breaker);
  for (const error of errors) await breaker.tryCall(failing(error));
  const types = await readMetric(metrics, METRIC_NAMES.failures);
  return Object.fromEntries(Object.entries(types).map(([label, count]) => [label.slice(6, -1), count]));
}

const revoked = Proxy.revocable({}, {});
revoked.revoke();

const hostile = {
  get code(): string {
    throw new Error('a getter');
  },
};

describe('the type of a failure', () => {
  it.each<[string, unknown, string]>([
    ['an error with a code', Object.assign(new Error('x'), { code: 'ECONNREFUSED' }), 'ECONNREFUSED'],
    ['the code of the cause, as fetch has it', new TypeError('x', { cause: { code: 'EPIPE' } }), 'EPIPE'],
    [
      'a code rather than the code of the cause',
      Object.assign(new Error('x', { cause: { code: 'B' } }), { code: 'A' }),
      'A',
    ],
    ['an error with a name', new PaymentError('x'), 'PaymentError'],
    ['a plain error', new Error('x'), 'Error'],
    ['a number as code', Object.assign(new Error('x'), { code: 14 }), '14'],
    ['a DOMException, of which the number says little', new DOMException('x', 'AbortError'), 'AbortError'],
    ['a timeout of a breaker', new CallTimeoutError('other', 5), 'timeout'],
    [
      'a rejection by another breaker',
      new CircuitBreakerOpenError({ breaker: 'b', state: 'OPEN', reason: 'open', retryAfter: 1 }),
      'ERR_CIRCUIT_OPEN',
    ],
    ['a code that is a sentence', Object.assign(new Error('x'), { code: 'user 17 is gone' }), 'Error'],
    [
      'a code that is endless',
      Object.assign(new PaymentError('x'), { code: 'x'.repeat(61) }),
      'PaymentError',
    ],
    ['a name with a quote', Object.assign(new Error('x'), { name: 'a"} 1\nb' }), 'other'],
    ['a cause that is null', Object.assign(new Error('x'), { cause: null }), 'Error'],
    ['a string', 'down', 'string'],
    ['undefined', undefined, 'undefined'],
    ['null', null, 'null'],
    ['a symbol', Symbol('x'), 'symbol'],
    ['an object without a name', {}, 'other'],
    ['an object whose getters throw', hostile, 'other'],
    ['a revoked proxy', revoked.proxy, 'other'],
  ])('of %s', async (_what, error, type) => {
    expect(await typesOf([error])).toEqual({ [type]: 1 });
  });

  it('is `value` for a value that counts as a failure', async () => {
    const { breaker } = createBreaker({ ...NEVER_TRIPS, isFailure: () => true });
    const metrics = exported(breaker);

    await breaker.call(() => ({ error: 'no error' }));

    expect(await readMetric(metrics, METRIC_NAMES.failures)).toEqual({ 'type="value"': 1 });
  });
});

describe('the types of a breaker', () => {
  it('are twenty at most: the next ones count as other, and the first ones go on', async () => {
    const errors = Array.from({ length: 1_000 }, (_, i) => Object.assign(new Error('x'), { code: `E${i}` }));

    const types = await typesOf([...errors, errors[0], errors[19], errors[20]]);

    expect(Object.keys(types)).toHaveLength(21);
    expect(types).toMatchObject({ E0: 2, E19: 2, other: 981 });
  });
});
