/** What there is once in a process, though the package is there twice. */
import * as recloser from 'recloser';
import { expect, onTestFinished, test, vi } from 'vitest';
import { createBreaker } from '../support/breakers.js';

/** Another copy of the package, as a second bundle has one. */
async function anotherCopy(): Promise<typeof recloser> {
  onTestFinished(() => recloser.defaultRegistry.clear());
  vi.resetModules();
  return (await import('recloser')) as typeof recloser;
}

test('the default registry is the same for all copies', async () => {
  const other = await anotherCopy();

  await other.withCircuitBreaker('users', {}, async () => 1)();

  expect(other.withCircuitBreaker).not.toBe(recloser.withCircuitBreaker);
  expect(other.defaultRegistry).toBe(recloser.defaultRegistry);
  expect(recloser.defaultRegistry.names()).toContain('users');
});

test('a function that has a breaker of one copy needs none of another', async () => {
  const other = await anotherCopy();
  const [one, two] = [createBreaker().breaker, createBreaker().breaker];

  const get = one.wrap(async () => 1);
  const client = other.protect({ get }, { breaker: two });
  await client.get();

  expect([one.metrics.totals.calls, two.metrics.totals.calls]).toEqual([1, 0]);
});

test('a client that one copy has protected is left as it is by another', async () => {
  const other = await anotherCopy();
  const { breaker } = createBreaker();
  const client = recloser.protect({ get: async () => 1 }, { breaker });

  expect(other.protect(client, { breaker: breaker as never })).toBe(client);
});
