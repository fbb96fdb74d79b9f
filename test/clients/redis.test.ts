import { Redis } from 'ioredis';
import { isCacheFailure } from 'recloser/presets';
import { createClient } from 'redis';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { answer, countedAs, failure, ignored, signsOf } from './counted.js';
import { freePort, startTcp } from './servers/loopback.js';
import type { ServerProcess } from './servers/process.js';
import { redisProgram, startRedis } from './servers/redis.js';

interface Connection {
  command(...words: string[]): Promise<unknown>;
}

interface Options {
  readonly password?: string;
  /** The client's own, in milliseconds. */
  readonly timeout?: number;
}

/** What both clients can do. A connection is closed when the test has finished. */
interface Client {
  connect(port: number, options?: Options): Promise<Connection>;
}

function createIoredis(port: number, { password, timeout }: Options = {}) {
  const client = new Redis({
    port,
    host: '127.0.0.1',
    lazyConnect: true,
    enableReadyCheck: false,
    maxRetriesPerRequest: 1,
    retryStrategy: () => 1,
    ...(password !== undefined && { password }),
    ...(timeout !== undefined && { commandTimeout: timeout }),
  });
  client.on('error', () => {});
  onTestFinished(() => client.disconnect());
  return client;
}

async function createNodeRedis(port: number, { password, timeout }: Options = {}) {
  const client = createClient({
    socket: {
      port,
      host: '127.0.0.1',
      reconnectStrategy: false,
      ...(timeout !== undefined && { socketTimeout: timeout }),
    },
    ...(password !== undefined && { password }),
  });
  client.on('error', () => {});
  onTestFinished(() => {
    if (client.isOpen) client.destroy();
  });
  await client.connect();
  return client;
}

const ioredis: Client = {
  connect: async (port, options) => {
    const client = createIoredis(port, options);
    return { command: (name, ...words) => client.call(name!, ...words) };
  },
};

const nodeRedis: Client = {
  connect: async (port, options) => {
    const connected = createNodeRedis(port, options);
    connected.catch(() => {});
    return { command: async (...words) => (await connected).sendCommand(words) };
  },
};

const CLIENTS: [string, Client][] = [
  ['ioredis', ioredis],
  ['redis', nodeRedis],
];

describe.each(CLIENTS)('%s, without a server', (_, client) => {
  it('counts a refused connection as a failure', async () => {
    const { command } = await client.connect(await freePort());

    const counted = await countedAs(isCacheFailure, () => command('GET', 'key'));

    expect(counted.as).toBe('failure');
    expect(signsOf(counted)).toMatch(/ECONNREFUSED|MaxRetriesPerRequestError/);
  });

  it('counts a reset connection as a failure', async () => {
    const server = await startTcp((socket) => socket.once('data', () => socket.resetAndDestroy()));
    onTestFinished(server.close);
    const { command } = await client.connect(server.port);

    const counted = await countedAs(isCacheFailure, () => command('GET', 'key'));

    expect(counted.as).toBe('failure');
    expect(signsOf(counted)).toMatch(/ECONNRESET|MaxRetriesPerRequestError|SocketClosedUnexpectedly/);
  });
});

const isMissing = redisProgram === undefined;
if (isMissing) console.info('Skipped: what needs a real Redis. There is no redis-server on this machine.');

describe.skipIf(isMissing).each(CLIENTS)('%s', (_, client) => {
  let server: ServerProcess;
  let connection: Connection;
  /** Another one, for what is done to the server. */
  let admin: Connection;

  beforeAll(async () => {
    server = await startRedis(redisProgram!, { 'busy-reply-threshold': '1' });
  });

  afterAll(() => server.stop());

  const counted = (...words: string[]) => countedAs(isCacheFailure, () => connection.command(...words));
  const reply = (word: string) => ({ message: expect.stringContaining(word) });

  async function connect(): Promise<void> {
    connection = await client.connect(server.port);
    admin = await client.connect(server.port);
    await connection.command('PING');
    await admin.command('PING');
  }

  async function configure(name: string, value: string, otherwise: string): Promise<void> {
    await admin.command('CONFIG', 'SET', name, value);
    onTestFinished(async () => {
      await admin.command('CONFIG', 'SET', name, otherwise);
    });
  }

  it.each([
    ['WRONGTYPE', ['LPUSH', 'text', 'item']],
    ['ERR unknown command', ['NONSENSE']],
    ['ERR wrong number of arguments', ['GET']],
    ['NOSCRIPT', ['EVALSHA', '0'.repeat(40), '0']],
    ['ERR value is not an integer', ['INCR', 'text']],
    ['BUSYGROUP', ['XGROUP', 'CREATE', 'stream', 'group', '$']],
  ])('counts %s as an answer', async (word, words) => {
    await connect();
    await admin.command('SET', 'text', 'some');
    await admin.command('XGROUP', 'CREATE', 'stream', 'group', '$', 'MKSTREAM').catch(() => {});

    expect(await counted(...words)).toMatchObject(answer(reply(word)));
  });

  it('counts WRONGPASS and NOAUTH as answers', async () => {
    await connect();
    await configure('requirepass', 'right', '');
    const wrong = await client.connect(server.port, { password: 'wrong' });
    const none = await client.connect(server.port);
    await admin.command('AUTH', 'right');

    const counts = [
      await countedAs(isCacheFailure, () => none.command('GET', 'key')),
      await countedAs(isCacheFailure, () => wrong.command('AUTH', 'wrong')),
    ];

    expect(counts).toMatchObject([answer(reply('NOAUTH')), answer(reply('WRONGPASS'))]);
  });

  it('counts OOM as a failure', async () => {
    await connect();
    await configure('maxmemory', '1', '0');

    expect(await counted('SET', 'key', 'value')).toMatchObject(failure(reply('OOM')));
  });

  it('counts READONLY as a failure', async () => {
    await connect();
    await admin.command('REPLICAOF', '127.0.0.1', '1');
    onTestFinished(() => admin.command('REPLICAOF', 'NO', 'ONE').then(() => {}));

    expect(await counted('SET', 'key', 'value')).toMatchObject(failure(reply('READONLY')));
  });

  it('counts MASTERDOWN as a failure', async () => {
    await connect();
    await configure('replica-serve-stale-data', 'no', 'yes');
    await admin.command('REPLICAOF', '127.0.0.1', '1');
    onTestFinished(() => admin.command('REPLICAOF', 'NO', 'ONE').then(() => {}));

    expect(await counted('GET', 'key')).toMatchObject(failure(reply('MASTERDOWN')));
  });

  it('counts NOREPLICAS as a failure', async () => {
    await connect();
    await configure('min-replicas-to-write', '1', '0');

    expect(await counted('SET', 'key', 'value')).toMatchObject(failure(reply('NOREPLICAS')));
  });

  it('counts BUSY as a failure', async () => {
    await connect();
    const script = admin.command('EVAL', 'while true do end', '0').catch(() => {});
    const running = await client.connect(server.port);
    const replyOf = () => running.command('PING').then(String, ({ message }: Error) => message);
    // Redis says so once the script has run for as long as `busy-reply-threshold`.
    while (!(await replyOf()).startsWith('BUSY'));

    expect(await counted('GET', 'key')).toMatchObject(failure(reply('BUSY')));
    await running.command('SCRIPT', 'KILL');
    await script;
  });

  it('counts a full server as a failure', async () => {
    await connect();
    await configure('maxclients', '2', '100');
    const late = await client.connect(server.port);

    const counted = await countedAs(isCacheFailure, () => late.command('GET', 'key'));

    expect(counted).toMatchObject(
      failure({ message: expect.stringMatching(/max number of clients|max retries per request/) }),
    );
  });

  it('counts its own timeout as a failure', async () => {
    const impatient = await client.connect(server.port, { timeout: 50 });
    await impatient.command('PING');

    const counted = await countedAs(isCacheFailure, () => impatient.command('BLPOP', 'nothing', '1'));

    expect(counted).toMatchObject(failure({}));
  });
});

describe.skipIf(isMissing).each(CLIENTS)('%s', (_, client) => {
  it('counts CLUSTERDOWN as a failure', async () => {
    const server = await startRedis(redisProgram!, { 'cluster-enabled': 'yes' });
    onTestFinished(server.stop);
    const { command } = await client.connect(server.port);

    expect(await countedAs(isCacheFailure, () => command('GET', 'key'))).toMatchObject(
      failure({ message: expect.stringContaining('CLUSTERDOWN') }),
    );
  });

  it('counts LOADING as a failure', async () => {
    const full = await startRedis(redisProgram!, { 'enable-debug-command': 'yes' });
    onTestFinished(full.stop);
    const { command } = await client.connect(full.port);
    await command('DEBUG', 'POPULATE', '10000');
    await command('SAVE');
    full.child.kill('SIGKILL');
    await full.ended;
    const slow = { 'key-load-delay': '10000', 'loading-process-events-interval-bytes': '1024' };
    const loading = await startRedis(redisProgram!, slow, 'Server initialized', full);
    onTestFinished(loading.stop);

    const late = await client.connect(loading.port);

    expect(await countedAs(isCacheFailure, () => late.command('GET', 'key'))).toMatchObject(
      failure({ message: expect.stringContaining('LOADING') }),
    );
  });

  it('counts a server that dies in the middle of a command as a failure', async () => {
    const server = await startRedis(redisProgram!);
    onTestFinished(server.stop);
    const { command } = await client.connect(server.port);
    await command('PING');

    const blocked = countedAs(isCacheFailure, () => command('BLPOP', 'nothing', '0'));
    server.child.kill('SIGKILL');

    expect(await blocked).toMatchObject(failure({}));
  });
});

describe('a pipeline of ioredis', () => {
  it('counts as a failure if Redis cannot be reached, though it resolves', async () => {
    const redis = createIoredis(await freePort());

    const counted = await countedAs(isCacheFailure, () => redis.pipeline().get('a').get('b').exec());

    expect(counted).toEqual({ as: 'failure', state: 'OPEN' });
  });
});

describe.skipIf(isMissing)('a transaction', () => {
  let server: ServerProcess;

  beforeAll(async () => {
    server = await startRedis(redisProgram!);
  });

  afterAll(() => server.stop());

  it.each([
    ['an answer', 'success', 'CLOSED', '0'],
    ['a failure', 'failure', 'OPEN', '1'],
  ])('of ioredis counts as %s', async (_, as, state, maxmemory) => {
    const redis = createIoredis(server.port);
    await redis.set('text', 'some');
    await redis.config('SET', 'maxmemory', maxmemory);
    onTestFinished(() => redis.config('SET', 'maxmemory', '0').then(() => {}));

    const counted = await countedAs(isCacheFailure, () =>
      redis.multi().lpush('text', 'item').set('a', '1').exec(),
    );

    expect(counted).toMatchObject({ as, state });
  });

  it.each([
    ['an answer', 'success', 'CLOSED', '0'],
    ['a failure', 'failure', 'OPEN', '1'],
  ])('of redis counts as %s', async (_, as, state, maxmemory) => {
    const redis = await createNodeRedis(server.port);
    await redis.set('text', 'some');
    await redis.configSet('maxmemory', maxmemory);
    onTestFinished(() => redis.configSet('maxmemory', '0').then(() => {}));

    const counted = await countedAs(isCacheFailure, () =>
      redis.multi().lPush('text', 'item').set('a', '1').exec(),
    );

    expect(counted).toMatchObject({ as, state });
  });

  it('of redis counts as an answer if a watched key has changed', async () => {
    const redis = await createNodeRedis(server.port);
    await redis.watch('watched');
    await redis.set('watched', 'changed');

    const counted = await countedAs(isCacheFailure, () => redis.multi().get('watched').exec());

    expect(counted).toMatchObject(answer({ message: expect.stringContaining('watched keys') }));
  });
});

describe.skipIf(isMissing)('redis', () => {
  it('ignores what the caller aborts, and what it ends itself', async () => {
    const server = await startRedis(redisProgram!);
    onTestFinished(server.stop);
    const redis = await createNodeRedis(server.port);
    const controller = new AbortController();

    const aborted = countedAs(isCacheFailure, () => redis.withAbortSignal(controller.signal).get('key'));
    controller.abort();
    const ended = countedAs(isCacheFailure, () => redis.get('key'));
    await Promise.resolve();
    redis.destroy();

    expect(await aborted).toMatchObject(ignored({ message: 'The command was aborted' }));
    expect(await ended).toMatchObject(ignored({ message: 'Disconnects client' }));
  });
});
