import { execFileSync } from 'node:child_process';
import { createMemoryRedis } from 'recloser/redis';
import { expect, it } from 'vitest';
import { row, runFleet } from '../../examples/fleet/fleet.mjs';
import { startRedis } from '../../examples/fleet/redis.mjs';

it('the fleet of the example begins closed, second by second', async () => {
  const redis = createMemoryRedis();
  const rows: string[] = [];

  const states = await runFleet({
    connect: async () => ({ client: redis.client, subscribe: redis.subscribe }),
    tell: (second) => rows.push(row(second)),
    seconds: 1,
  });

  expect(states).toEqual(Array(5).fill('CLOSED'));
  expect(rows).toEqual(['   0  fair           C C C C C        0         0  closed']);
});

const isMissing = (() => {
  try {
    execFileSync('redis-server', ['--version']);
    return false;
  } catch {
    console.info('Skipped: the client of the example. There is no redis-server on this machine.');
    return true;
  }
})();

it.skipIf(isMissing)('its client speaks with a real Redis', async () => {
  const redis = await startRedis();
  try {
    const { client } = await redis.connect();

    expect(await client(['SET', 'key', 'Grüße\r\n'])).toBe('OK');
    expect(await client(['GET', 'key'])).toBe('Grüße\r\n');
    expect(await client(['EVAL', 'return {1,{"a"},false}', '0'])).toEqual([1, ['a'], null]);
    await expect(client(['NONSENSE'])).rejects.toThrow('ERR unknown command');
  } finally {
    await redis.stop();
  }
});
