/** An instance of a service as a process of its own, which is told what to do and answers how it is. */
import { CircuitBreakerRegistry } from 'recloser';
import { shareState } from 'recloser/redis';
import { createClient } from 'redis';

async function main(): Promise<void> {
  const client = createClient({
    socket: { port: Number(process.argv[2]), host: '127.0.0.1' },
    disableOfflineQueue: true,
  });
  client.on('error', () => {});
  await client.connect();

  let [pending, mostPending] = [0, 0];
  let isCutOff = false;
  const send = async (command: readonly string[]) => {
    mostPending = Math.max(mostPending, ++pending);
    try {
      if (isCutOff) throw new Error('no route to Redis');
      return await client.sendCommand([...command]);
    } finally {
      pending--;
    }
  };
  const breakers = new CircuitBreakerRegistry({
    defaults: { failureThreshold: 1, recoveryTimeout: 300, halfOpenMaxCalls: 1, successThreshold: 2 },
  });
  const options = { client: send, namespace: 'processes', pollInterval: 200, probeLease: 1_000 };
  const fleet = shareState(breakers, options);
  const breaker = breakers.getOrCreate('payments');
  await fleet.ready;

  const tasks: Readonly<Record<string, () => Promise<unknown>>> = {
    fail: () => Promise.reject(new Error('down')),
    succeed: async () => 'fine',
    hang: () => new Promise(() => {}),
  };
  process.on('message', (what: string) => {
    const task = tasks[what];
    if (task !== undefined) void breaker.tryCall(task);
    if (what === 'cut off' || what === 'reach') isCutOff = what === 'cut off';
    if (what === 'collect') globalThis.gc?.();
    const { state, shared } = breaker.metrics;
    const { detached } = fleet.status();
    process.send?.({ state, shared, detached, mostPending, heap: process.memoryUsage().heapUsed });
  });
  process.on('disconnect', () => process.exit());
  process.send?.('ready');
}

void main();
