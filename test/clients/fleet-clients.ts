/** The clients of Redis with which a fleet is tried, each as its own page says. */
import { GlideClient, GlideClusterClient } from '@valkey/valkey-glide';
import { Cluster as IoCluster, Redis as IoRedis } from 'ioredis';
import { Cluster as IoCluster5, Redis as IoRedis5 } from 'ioredis5';
import Valkey from 'iovalkey';
import type { FleetClient, Subscribe } from 'recloser/redis';
import { createClient, createCluster } from 'redis';
import { createClient as createClient5, createCluster as createCluster5 } from 'redis5';

export interface Connected {
  readonly client: FleetClient;
  readonly subscribe?: Subscribe;
  /** Runs a command that has nothing to do with a fleet. */
  command(...words: string[]): Promise<unknown>;
  close(): unknown;
}

export type Connect = (port: number) => Promise<Connected>;

const nodeRedis =
  (create: typeof createClient): Connect =>
  async (port) => {
    const client = create({ socket: { port, host: '127.0.0.1' }, disableOfflineQueue: true });
    client.on('error', () => {});
    await client.connect();
    const hints = client.duplicate();
    hints.on('error', () => {});
    await hints.connect();
    return {
      client,
      subscribe: (channel, onMessage) => hints.subscribe(channel, onMessage),
      command: (...words) => client.sendCommand(words),
      close: () => {
        for (const it of [client, hints]) if (it.isOpen) it.destroy();
      },
    };
  };

const ioredis =
  (Client: typeof IoRedis): Connect =>
  async (port) => {
    const client = new Client({ port, host: '127.0.0.1', enableOfflineQueue: false, lazyConnect: true });
    client.on('error', () => {});
    await client.connect();
    const hints = client.duplicate();
    hints.on('error', () => {});
    return {
      client,
      subscribe: async (channel, onMessage) => {
        hints.on('message', (_, message) => onMessage(message));
        await hints.connect();
        await hints.subscribe(channel);
      },
      command: (name, ...words) => client.call(name as string, ...words),
      close: () => {
        client.disconnect();
        hints.disconnect();
      },
    };
  };

const glide: Connect = async (port) => {
  const client = await GlideClient.createClient({ addresses: [{ host: '127.0.0.1', port }] });
  return {
    client,
    command: (...words) => client.customCommand(words),
    close: () => client.close(),
  };
};

export const CLIENTS: Readonly<Record<string, Connect>> = {
  'node-redis 6': nodeRedis(createClient),
  'node-redis 5': nodeRedis(createClient5 as unknown as typeof createClient),
  'ioredis 6': ioredis(IoRedis),
  'ioredis 5': ioredis(IoRedis5 as unknown as typeof IoRedis),
  iovalkey: ioredis(Valkey as unknown as typeof IoRedis),
  GLIDE: glide,
};

export type ConnectCluster = (ports: readonly number[]) => Promise<Omit<Connected, 'command'>>;

const nodeRedisCluster =
  (create: typeof createCluster): ConnectCluster =>
  async (ports) => {
    const client = create({ rootNodes: ports.map((port) => ({ socket: { port, host: '127.0.0.1' } })) });
    client.on('error', () => {});
    await client.connect();
    return { client, close: () => client.destroy() };
  };

const ioredisCluster =
  (Client: typeof IoCluster): ConnectCluster =>
  async (ports) => {
    const client = new Client(
      ports.map((port) => ({ port, host: '127.0.0.1' })),
      { lazyConnect: true },
    );
    client.on('error', () => {});
    await client.connect();
    return { client, close: () => client.disconnect() };
  };

export const CLUSTER_CLIENTS: Readonly<Record<string, ConnectCluster>> = {
  'node-redis 6': nodeRedisCluster(createCluster),
  'node-redis 5': nodeRedisCluster(createCluster5 as unknown as typeof createCluster),
  'ioredis 6': ioredisCluster(IoCluster),
  'ioredis 5': ioredisCluster(IoCluster5 as unknown as typeof IoCluster),
  GLIDE: async (ports) => {
    const client = await GlideClusterClient.createClient({
      addresses: ports.map((port) => ({ host: '127.0.0.1', port })),
    });
    return { client, close: () => client.close() };
  },
};
