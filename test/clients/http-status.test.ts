/** What a web framework answers for an error that nobody has caught. */
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CircuitBreaker } from 'recloser';
import { expect, it, onTestFinished } from 'vitest';

/** As much of Express, which brings no types, as this needs. */
interface Express extends RequestListener {
  get(path: string, handler: () => Promise<void>): void;
  set(name: string, value: string): this;
}
const { default: express } = (await import('express' as string)) as { default: () => Express };

it.each<[string, number, () => Promise<unknown>]>([
  [
    'rejection',
    503,
    () => {
      const breaker = new CircuitBreaker();
      breaker.forceOpen();
      return breaker.call(() => 1);
    },
  ],
  ['timeout', 504, () => new CircuitBreaker({ callTimeout: 1 }).call(() => new Promise(() => {}))],
])('Express answers for a %s with %i', async (_, status, call) => {
  const app = express().set('env', 'test');
  app.get('/', async () => void (await call()));
  const server = createServer(app).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');

  const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);

  expect(response.status).toBe(status);
});
