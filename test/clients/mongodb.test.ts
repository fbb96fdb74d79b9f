import { MongoClient, type MongoClientOptions } from 'mongodb';
import { isDatabaseFailure } from 'recloser/presets';
import { describe, expect, it, onTestFinished } from 'vitest';
import { answer, countedAs, failure, ignored } from './counted.js';
import { freePort, startTcp } from './servers/loopback.js';
import { type Reply, startMongodb } from './servers/mongodb.js';

/** Debian has no MongoDB. The replies of one are played to the real driver, which makes its errors of them. */

function createClient(port: number, options: MongoClientOptions = {}): MongoClient {
  const client = new MongoClient(`mongodb://127.0.0.1:${port}`, { serverSelectionTimeoutMS: 50, ...options });
  onTestFinished(() => client.close());
  return client;
}

const ping = (client: MongoClient) => () => client.db('shop').command({ ping: 1 });

describe('mongodb', () => {
  it('counts a refused connection as a failure', async () => {
    const client = createClient(await freePort());

    const counted = await countedAs(isDatabaseFailure, ping(client));

    expect(counted).toMatchObject(failure({ name: 'MongoServerSelectionError' }));
  });

  it('counts a reset connection as a failure', async () => {
    const server = await startTcp((socket) => socket.once('data', () => socket.resetAndDestroy()));
    onTestFinished(server.close);
    const client = createClient(server.port);

    const counted = await countedAs(isDatabaseFailure, ping(client));

    expect(counted).toMatchObject(failure({ name: 'MongoServerSelectionError' }));
  });

  it('counts a server that does not answer as a failure', async () => {
    const server = await startTcp(() => {});
    onTestFinished(server.close);
    const client = createClient(server.port);

    const counted = await countedAs(isDatabaseFailure, ping(client));

    expect(counted).toMatchObject(failure({ name: 'MongoServerSelectionError' }));
  });

  it('ignores a call of a client that its owner has closed', async () => {
    const client = createClient(await freePort());
    await client.close();
    const call = () => client.db('shop').collection('orders').find().toArray();

    const counted = await countedAs(isDatabaseFailure, call);

    expect(counted).toMatchObject(ignored({ name: 'MongoNotConnectedError' }));
  });

  it("ignores the caller's abort", async () => {
    const server = await startTcp(() => controller.abort());
    onTestFinished(server.close);
    const controller = new AbortController();
    const client = createClient(server.port, { serverSelectionTimeoutMS: 10_000 });
    const call = () => client.db('shop').collection('orders').findOne({}, { signal: controller.signal });

    const counted = await countedAs(isDatabaseFailure, call);

    expect(counted).toMatchObject(ignored({ name: 'AbortError' }));
  });

  it('ignores what it refuses to send', async () => {
    const client = createClient(await freePort());
    const call = () =>
      client
        .db('shop')
        .collection('orders')
        .updateOne({}, { total: 1 } as never);

    const counted = await countedAs(isDatabaseFailure, call);

    expect(counted).toMatchObject(ignored({ name: 'MongoInvalidArgumentError' }));
  });
});

describe('mongodb, with a server that plays replies', () => {
  /** A client of a server that replies this to each command. */
  async function clientOf(reply: Reply, options: MongoClientOptions = {}) {
    const server = await startMongodb(() => reply);
    onTestFinished(server.close);
    return createClient(server.port, {
      serverSelectionTimeoutMS: 5_000,
      serverMonitoringMode: 'poll',
      serverApi: '1',
      retryReads: false,
      retryWrites: false,
      directConnection: true,
      ...options,
    });
  }

  it('counts a reply as a success', async () => {
    const client = await clientOf({ ok: 1 });

    expect(await countedAs(isDatabaseFailure, ping(client))).toEqual({ as: 'success', state: 'CLOSED' });
  });

  it.each([
    ['Unauthorized', 13],
    ['AuthenticationFailed', 18],
    ['NamespaceNotFound', 26],
    ['BadValue', 2],
    ['WriteConflict', 112],
    ['DocumentValidationFailure', 121],
  ])('counts %s as an answer', async (codeName, code) => {
    const client = await clientOf({ ok: 0, errmsg: codeName, code, codeName });

    const counted = await countedAs(isDatabaseFailure, ping(client));

    expect(counted).toMatchObject(answer({ name: 'MongoServerError', code }));
  });

  it.each([
    ['MaxTimeMSExpired', 50],
    ['ShutdownInProgress', 91],
    ['PrimarySteppedDown', 189],
    ['NotWritablePrimary', 10107],
    ['InterruptedAtShutdown', 11600],
    ['NotPrimaryOrSecondary', 13436],
    ['OutOfDiskSpace', 14031],
    ['TooManyRequests of Cosmos DB', 16500],
  ])('counts %s as a failure', async (codeName, code) => {
    const client = await clientOf({ ok: 0, errmsg: codeName, code, codeName });

    const counted = await countedAs(isDatabaseFailure, ping(client));

    expect(counted).toMatchObject(failure({ name: 'MongoServerError', code }));
  });

  it.each(['RetryableWriteError', 'SystemOverloadedError'])(
    'counts the label %s as a failure',
    async (label) => {
      const client = await clientOf({ ok: 0, errmsg: 'no', code: 12_345, errorLabels: [label] });

      expect(await countedAs(isDatabaseFailure, ping(client))).toMatchObject(failure({ code: 12_345 }));
    },
  );

  it('counts a duplicate key as an answer', async () => {
    const client = await clientOf({
      ok: 1,
      n: 0,
      writeErrors: [{ index: 0, code: 11000, errmsg: 'E11000' }],
    });
    const orders = client.db('shop').collection('orders');

    const counts = [
      await countedAs(isDatabaseFailure, () => orders.insertOne({ total: 1 })),
      await countedAs(isDatabaseFailure, () => orders.insertMany([{ total: 1 }])),
    ];

    expect(counts).toMatchObject([
      answer({ name: 'MongoServerError', code: 11000 }),
      answer({ name: 'MongoBulkWriteError', code: 11000 }),
    ]);
  });

  it('counts a write that too few members confirmed as a failure', async () => {
    const client = await clientOf({
      ok: 1,
      n: 1,
      writeConcernError: {
        code: 64,
        codeName: 'WriteConcernTimeout',
        errmsg: 'waiting for replication timed out',
      },
    });

    const counted = await countedAs(isDatabaseFailure, () =>
      client.db('shop').collection('orders').insertOne({}),
    );

    expect(counted).toMatchObject(failure({ name: 'MongoWriteConcernError' }));
  });

  it('counts a connection that is reset in the middle of a command as a failure', async () => {
    const client = await clientOf('reset');

    const counted = await countedAs(isDatabaseFailure, ping(client));

    expect(counted).toMatchObject(failure({ name: 'MongoNetworkError' }));
  });
});
