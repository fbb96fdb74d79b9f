import { CircuitBreaker } from 'recloser';
import { createMemoryRedis, shareState } from 'recloser/redis';
import { expect, it, onTestFinished, vi } from 'vitest';

it('a fleet whose timer went away with fake ones polls again when a circuit of it opens', async () => {
  onTestFinished(() => void vi.useRealTimers());
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const { client, commands } = createMemoryRedis();
  const breaker = new CircuitBreaker({ failureThreshold: 1 });
  const fleet = shareState(breaker, { client, namespace: 'shop', pollInterval: 100 });
  onTestFinished(() => fleet.stop());
  await fleet.sync();
  vi.useRealTimers();
  await new Promise((resolve) => setTimeout(resolve, 150)); // the poll that nobody makes is overdue
  const before = commands.length;

  await breaker.tryCall(() => Promise.reject(new Error('down')));

  await vi.waitFor(() => expect(commands.length).toBeGreaterThan(before));
});
