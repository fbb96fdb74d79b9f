import { CircuitBreakerRegistry } from 'recloser';
import { createMemoryRedis, type Fleet, shareState } from 'recloser/redis';
import { describe, expect, it, onTestFinished, vi } from 'vitest';

/** A fleet whose timer went away with the fake ones that it was set by: the poll that nobody makes is overdue. */
async function createAsleep() {
  onTestFinished(() => void vi.useRealTimers());
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const { client, commands } = createMemoryRedis();
  const registry = new CircuitBreakerRegistry({ defaults: { failureThreshold: 1 } });
  const fleet = shareState(registry, { client, namespace: 'shop', pollInterval: 100 });
  onTestFinished(() => fleet.stop());
  await fleet.sync();
  vi.useRealTimers();
  await new Promise((resolve) => setTimeout(resolve, 120));
  return { commands, registry, fleet };
}

type Contact = (fleet: Fleet, registry: CircuitBreakerRegistry) => unknown;

describe('a fleet whose timer went away with fake ones', () => {
  it.each<[string, Contact]>([
    [
      'a circuit of it opens',
      (_, registry) => registry.getOrCreate('payments').tryCall(() => Promise.reject(new Error('down'))),
    ],
    ['a breaker is made', (_, registry) => registry.getOrCreate('payments')],
    ['somebody looks at it', (fleet) => fleet.status()],
    ['somebody waits for it', (fleet) => fleet.ready],
  ])('polls again when %s', async (_, contact) => {
    const { commands, registry, fleet } = await createAsleep();
    const before = commands.length;

    await contact(fleet, registry);

    await vi.waitFor(() => expect(commands.length).toBeGreaterThan(before + 1));
  });

  it('is ready though it was made while they were there', async () => {
    onTestFinished(() => void vi.useRealTimers());
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { client } = createMemoryRedis();
    const options = { client, namespace: 'shop', pollInterval: 100 };
    const fleet = shareState(new CircuitBreakerRegistry(), options);
    onTestFinished(() => fleet.stop());
    vi.useRealTimers();

    await fleet.ready;

    expect(fleet.status().instances).toBe(1);
  });
});
