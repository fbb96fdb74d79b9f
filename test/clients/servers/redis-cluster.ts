import { Redis } from 'ioredis';
import type { ServerProcess } from './process.js';
import { startRedis } from './redis.js';

/** Slots that there are in a cluster. */
const SLOTS = 16_384;

/** A cluster of three servers on loopback, without replicas. */
export async function startRedisCluster(program: string) {
  const servers: ServerProcess[] = [];
  for (let n = 0; n < 3; n++) {
    servers.push(await startRedis(program, { 'cluster-enabled': 'yes', 'cluster-node-timeout': '2000' }));
  }
  const admins = servers.map(({ port }) => new Redis({ port, host: '127.0.0.1' }));
  const [first, ...others] = admins as [Redis, ...Redis[]];
  for (const [index, admin] of admins.entries()) {
    const from = Math.ceil((SLOTS * index) / 3);
    const to = Math.ceil((SLOTS * (index + 1)) / 3) - 1;
    await admin.call('CLUSTER', 'ADDSLOTSRANGE', String(from), String(to));
    await admin.call('CLUSTER', 'SET-CONFIG-EPOCH', String(index + 1));
  }
  for (const { options } of others) await first.call('CLUSTER', 'MEET', '127.0.0.1', String(options.port));
  const isUp = async (admin: Redis) => {
    const info = String(await admin.call('CLUSTER', 'INFO'));
    return info.includes('cluster_state:ok') && info.includes('cluster_known_nodes:3');
  };
  while (!(await Promise.all(admins.map(isUp))).every(Boolean)) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  for (const admin of admins) admin.disconnect();
  return {
    ports: servers.map(({ port }) => port),
    stop: async () => {
      await Promise.all(servers.map((it) => it.stop()));
    },
  };
}
