import { inspect } from 'node:util';
import { CircuitBreaker, CircuitBreakerRegistry } from 'recloser';
import { expect, test } from 'vitest';

test('a breaker on a console tells its name, state, mode and health', () => {
  const breaker = new CircuitBreaker({ name: 'payments' });
  breaker.forceOpen();

  expect(inspect(breaker)).toBe(
    "CircuitBreaker {\n  name: 'payments',\n  state: 'OPEN',\n  mode: 'forced-open',\n  health: 0\n}",
  );
});

test('a registry on a console tells how many breakers it has, and which of them are not closed', () => {
  const registry = new CircuitBreakerRegistry();
  registry.getOrCreate('users');
  registry.getOrCreate('payments').trip();

  expect(inspect(registry)).toBe("CircuitBreakerRegistry { size: 2, broken: [ 'payments: OPEN' ] }");
});

test('methods that are taken off their breaker say so', async () => {
  const { call, tryCall, callSync } = new CircuitBreaker();

  await expect(call(() => 1)).rejects.toThrow(
    new TypeError(
      '`call` was called without its circuit breaker: use `breaker.call(…)`, or hand on what `breaker.wrap(…)` answers',
    ),
  );
  expect(() => tryCall(() => 1)).toThrow(/^`tryCall` was called without its circuit breaker: /);
  expect(() => callSync(() => 1)).toThrow(/^`callSync` was called without its circuit breaker: /);
});
