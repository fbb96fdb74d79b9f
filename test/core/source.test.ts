import { CircuitBreaker, CircuitBreakerRegistry } from 'recloser';
import { describe, expect, test } from 'vitest';
import { breakersOf, forEachBreaker, isRegistry, verifySource } from '../../src/core/source.js';
import { refusalOf } from '../support/breakers.js';
import { breakMetrics, breakName } from '../support/broken.js';
import { registryOf } from '../support/registries.js';

const SUBJECT = { breaker: '', action: 'watch' };
const on = () => () => {};

describe('a source', () => {
  test.each<[string, unknown]>([
    ['a breaker', new CircuitBreaker()],
    ['a registry', new CircuitBreakerRegistry()],
    ['what looks like a breaker', { on, name: 'users', metrics: {} }],
    ['what looks like a registry', { on, *[Symbol.iterator]() {} }],
  ])('may be %s', (_, source) => {
    expect(() => verifySource(SUBJECT, source)).not.toThrow();
  });

  test.each<[string, unknown, string]>([
    ['nothing', undefined, 'undefined'],
    ['a name', 'users', '"users"'],
    ['an object', {}, 'an object'],
    ['an array', [], 'an array'],
    ['a breaker that tells no events', { name: 'users', metrics: {} }, 'an object'],
    ['a breaker without metrics', { on, name: 'users' }, 'an object'],
    ['a breaker without a name', { on, metrics: {} }, 'an object'],
    ['a registry that tells no events', { *[Symbol.iterator]() {} }, 'an object'],
    ['a registry that cannot be gone through', { on, [Symbol.iterator]: 1 }, 'an object'],
  ])('cannot be %s', (_, source, received) => {
    const refusal = refusalOf(() => verifySource(SUBJECT, source));

    expect(refusal).toMatchObject({
      option: 'source',
      message: `Cannot watch: \`source\` must be a circuit breaker or a registry, received ${received}`,
    });
  });

  test('that cannot be looked at is refused', () => {
    const hostile = new Proxy(
      {},
      {
        get() {
          throw new Error('trap');
        },
      },
    );

    expect(refusalOf(() => verifySource(SUBJECT, hostile)).message).toBe(
      'Cannot watch: `source` cannot be read',
    );
  });

  test('that has a broken breaker has the others all the same, and the name of the broken one', () => {
    const { registry } = registryOf(['a', 'b', 'c', 'd']);
    breakMetrics(registry.get('b'));
    breakName(registry.get('c'));
    const read: string[] = [];
    const failed: unknown[] = [];

    forEachBreaker(
      registry,
      ({ name, metrics }) => read.push(`${name} ${metrics.state}`),
      (breaker, error) => failed.push([breaker, (error as Error).message]),
    );

    expect(read).toEqual(['a CLOSED', 'd CLOSED']);
    expect(failed).toEqual([
      ['b', 'a broken clock'],
      ['(a name that cannot be read)', 'a broken name'],
    ]);
  });

  test('has the breakers of a registry, or is the one', () => {
    const registry = new CircuitBreakerRegistry();
    const users = registry.getOrCreate('users');
    const alone = new CircuitBreaker();

    expect([isRegistry(registry), isRegistry(alone)]).toEqual([true, false]);
    expect([...breakersOf(registry)]).toEqual([users]);
    expect([...breakersOf(alone)]).toEqual([alone]);
  });
});
