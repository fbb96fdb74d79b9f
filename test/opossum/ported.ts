import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type AnyClass, event, listen, outcome } from './scenario.js';

/**
 * A small app as its users have it: prices of a shop over HTTP, with a fallback and a cache of what was good. It lives
 * through an outage; what it answers and what its breaker tells is the trace.
 */
export async function ported(CircuitBreaker: AnyClass): Promise<readonly unknown[]> {
  let health: 'well' | 'ill' | 'slow' = 'well';
  const server = createServer((_, response) => {
    if (health === 'slow') return;
    response.statusCode = health === 'well' ? 200 : 500;
    response.end('42');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;

  const known = new Map<string, string>();
  const breaker = new CircuitBreaker(
    async (article: string) => {
      const response = await fetch(url + article);
      if (!response.ok) throw new Error(`answered ${response.status}`);
      known.set(article, await response.text());
      return known.get(article);
    },
    { name: 'prices', timeout: 300, resetTimeout: 40, errorThresholdPercentage: 50, volumeThreshold: 4 },
  );
  breaker.fallback((article: string) => `${known.get(article) ?? 'no price'}, as it was`);
  const told = listen(breaker);
  const trace: unknown[] = [];
  try {
    for (const article of ['ball', 'bat', 'net']) trace.push(await outcome(breaker.fire(article)));
    health = 'ill';
    for (const article of ['ball', 'bat', 'cup', 'net', 'net'])
      trace.push(await outcome(breaker.fire(article)));
    trace.push(breaker.opened);
    await event(breaker, 'halfOpen');
    health = 'slow';
    trace.push(await outcome(breaker.fire('cup')), breaker.opened);
    await event(breaker, 'halfOpen');
    health = 'well';
    trace.push(await outcome(breaker.fire('cup')), breaker.closed);
    const { fires, successes, failures, fallbacks, rejects, timeouts } = breaker.stats;
    return [...trace, told, { fires, successes, failures, fallbacks, rejects, timeouts }];
  } finally {
    breaker.shutdown();
    server.closeAllConnections();
    server.close();
  }
}
