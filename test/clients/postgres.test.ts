import pg from 'pg';
import { isDatabaseFailure } from 'recloser/presets';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { answer, type Counted, countedAs, failure } from './counted.js';
import { freePort, startTcp } from './servers/loopback.js';
import { PASSWORD, postgresProgram, startPostgres } from './servers/postgres.js';
import type { ServerProcess } from './servers/process.js';

function createClient(port: number, config: pg.ClientConfig = {}): pg.Client {
  const client = new pg.Client({ host: '127.0.0.1', port, user: 'postgres', password: PASSWORD, ...config });
  client.on('error', () => {});
  onTestFinished(() => client.end().catch(() => {}));
  return client;
}

async function connect(port: number, config?: pg.ClientConfig): Promise<pg.Client> {
  const client = createClient(port, config);
  await client.connect();
  return client;
}

describe('pg, without a server', () => {
  it('counts a refused connection as a failure', async () => {
    const client = createClient(await freePort());

    const counted = await countedAs(isDatabaseFailure, () => client.connect());

    expect(counted).toMatchObject(failure({ code: 'ECONNREFUSED' }));
  });

  it('counts a reset connection as a failure', async () => {
    const server = await startTcp((socket) => socket.once('data', () => socket.resetAndDestroy()));
    onTestFinished(server.close);
    const client = createClient(server.port);

    const counted = await countedAs(isDatabaseFailure, () => client.connect());

    expect(counted).toMatchObject(failure({ code: 'ECONNRESET' }));
  });

  it('counts a server that does not answer as a failure', async () => {
    const server = await startTcp(() => {});
    onTestFinished(server.close);
    const client = createClient(server.port, { connectionTimeoutMillis: 50 });

    const counted = await countedAs(isDatabaseFailure, () => client.connect());

    expect(counted).toMatchObject(failure({ message: 'timeout expired' }));
  });
});

const isMissing = postgresProgram === undefined;
if (isMissing) console.info('Skipped: what needs a real PostgreSQL. There is no postgres on this machine.');

describe.skipIf(isMissing)('pg', () => {
  let server: ServerProcess;

  beforeAll(async () => {
    server = await startPostgres(postgresProgram!);
  });

  afterAll(() => server.stop());

  beforeEach(async () => {
    const client = await connect(server.port);
    await client.query('DROP TABLE IF EXISTS orders');
    await client.query('CREATE TABLE orders (id int PRIMARY KEY, total int NOT NULL CHECK (total > 0))');
    await client.query('INSERT INTO orders VALUES (1, 10), (2, 20)');
  });

  it.each([
    ['a duplicate key', '23505', 'INSERT INTO orders VALUES (1, 1)'],
    ['a null that is not allowed', '23502', 'INSERT INTO orders VALUES (3, NULL)'],
    ['a broken check', '23514', 'INSERT INTO orders VALUES (3, -1)'],
    ['a mistake of syntax', '42601', 'SELEKT 1'],
    ['a table that there is not', '42P01', 'SELECT * FROM nowhere'],
    ['a text that is no number', '22P02', "SELECT 'one'::int"],
    ['a division by zero', '22012', 'SELECT 1 / 0'],
    ['an exception that a function raises', 'P0001', "DO $$ BEGIN RAISE EXCEPTION 'no'; END $$"],
  ])('counts %s as an answer', async (_, code, query) => {
    const client = await connect(server.port);

    expect(await countedAs(isDatabaseFailure, () => client.query(query))).toMatchObject(answer({ code }));
  });

  it('counts a permission that is denied as an answer', async () => {
    const client = await connect(server.port);
    await client.query('DROP ROLE IF EXISTS guest');
    await client.query('CREATE ROLE guest');
    await client.query('SET ROLE guest');

    const counted = await countedAs(isDatabaseFailure, () => client.query('SELECT * FROM orders'));

    expect(counted).toMatchObject(answer({ code: '42501' }));
  });

  it.each([
    ['a wrong password', '28P01', { password: 'wrong' }],
    ['a database that there is not', '3D000', { database: 'nowhere' }],
  ])('counts %s as an answer', async (_, code, config) => {
    const client = createClient(server.port, config);

    expect(await countedAs(isDatabaseFailure, () => client.connect())).toMatchObject(answer({ code }));
  });

  it('counts the loser of a deadlock as an answered call', async () => {
    const [one, other] = [await connect(server.port), await connect(server.port)];
    for (const client of [one, other]) await client.query("SET deadlock_timeout = '10ms'; BEGIN");
    await one.query('UPDATE orders SET total = 11 WHERE id = 1');
    await other.query('UPDATE orders SET total = 21 WHERE id = 2');

    const both = await Promise.all([
      countedAs(isDatabaseFailure, () => one.query('UPDATE orders SET total = 22 WHERE id = 2')),
      countedAs(isDatabaseFailure, () => other.query('UPDATE orders SET total = 12 WHERE id = 1')),
    ]);

    const lost = both.find(({ error }) => error !== undefined);
    expect(lost).toMatchObject(answer({ code: '40P01' }));
  });

  it('counts a serialization failure as an answer', async () => {
    const [one, other] = [await connect(server.port), await connect(server.port)];
    await one.query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT * FROM orders');
    await other.query('UPDATE orders SET total = 30');

    const counted = await countedAs(isDatabaseFailure, () => one.query('UPDATE orders SET total = 31'));

    expect(counted).toMatchObject(answer({ code: '40001' }));
  });

  it('counts lock_timeout as a failure, and NOWAIT as an answer', async () => {
    const [holder, other] = [await connect(server.port), await connect(server.port)];
    await holder.query('BEGIN; SELECT * FROM orders FOR UPDATE');
    await other.query("SET lock_timeout = '20ms'");

    const counts = [
      await countedAs(isDatabaseFailure, () => other.query('SELECT * FROM orders FOR UPDATE')),
      await countedAs(isDatabaseFailure, () => other.query('SELECT * FROM orders FOR UPDATE NOWAIT')),
      await countedAs(isDatabaseFailure, () =>
        other.query('BEGIN; LOCK TABLE orders IN EXCLUSIVE MODE NOWAIT'),
      ),
    ];

    const code = '55P03';
    expect(counts).toMatchObject([failure({ code }), answer({ code }), answer({ code })]);
  });

  it('counts statement_timeout as a failure', async () => {
    const client = await connect(server.port, { statement_timeout: 20 });

    const counted = await countedAs(isDatabaseFailure, () => client.query('SELECT pg_sleep(10)'));

    expect(counted).toMatchObject(failure({ code: '57014' }));
  });

  it("counts the client's own timeout as a failure", async () => {
    const client = await connect(server.port, { query_timeout: 20 });

    const counted = await countedAs(isDatabaseFailure, () => client.query('SELECT pg_sleep(0.2)'));

    expect(counted).toMatchObject(failure({ message: 'Query read timeout' }));
  });

  it('counts a write that is refused as read-only as a failure', async () => {
    const client = await connect(server.port);
    await client.query('SET default_transaction_read_only = on');

    const counted = await countedAs(isDatabaseFailure, () => client.query('DELETE FROM orders'));

    expect(counted).toMatchObject(failure({ code: '25006' }));
  });

  it('counts too many connections as a failure', async () => {
    const clients = Array.from({ length: 6 }, () => createClient(server.port));

    const counts = await Promise.all(clients.map((it) => countedAs(isDatabaseFailure, () => it.connect())));

    expect(counts.find(({ error }) => error !== undefined)).toMatchObject(failure({ code: '53300' }));
  });

  it('counts a pool that has no connection left as a failure', async () => {
    const pool = new pg.Pool({
      host: '127.0.0.1',
      port: server.port,
      user: 'postgres',
      password: PASSWORD,
      max: 1,
      connectionTimeoutMillis: 500,
    });
    onTestFinished(() => pool.end());
    const held = await pool.connect();
    onTestFinished(() => held.release());

    const counted = await countedAs(isDatabaseFailure, () => pool.query('SELECT 1'));

    expect(counted).toMatchObject(failure({ message: expect.stringContaining('timeout exceeded') }));
  });

  it('counts a connection that an operator ends as a failure', async () => {
    const [client, operator] = [await connect(server.port), await connect(server.port)];
    const { rows } = await client.query('SELECT pg_backend_pid() AS pid');

    const sleeping = countedAs(isDatabaseFailure, () => client.query('SELECT pg_sleep(10)'));
    await operator.query('SELECT pg_terminate_backend($1)', [rows[0].pid]);

    expect(await sleeping).toMatchObject(failure({ code: '57P01' }));
  });
});

describe.skipIf(isMissing)('pg, with a server that stops', () => {
  it('counts a query in the middle of which it stops as a failure, and connecting to it', async () => {
    const server = await startPostgres(postgresProgram!);
    onTestFinished(server.stop);
    const client = await connect(server.port);
    const comeAndGo = async () => {
      const other = createClient(server.port);
      await other.connect();
      await other.end();
    };

    const sleeping = countedAs(isDatabaseFailure, () => client.query('SELECT pg_sleep(10)'));
    // A smart shutdown waits for those who are connected and lets nobody else in.
    server.child.kill('SIGTERM');
    let late: Counted;
    do late = await countedAs(isDatabaseFailure, comeAndGo);
    while (late.as === 'success');
    // A fast one ends them.
    server.child.kill('SIGINT');

    expect(late).toMatchObject(failure({ code: '57P03' }));
    expect(await sleeping).toMatchObject(failure({ code: '57P01' }));
  });

  it('counts a connection that breaks as a failure', async () => {
    const server = await startPostgres(postgresProgram!);
    onTestFinished(server.stop);
    const client = await connect(server.port);

    const sleeping = countedAs(isDatabaseFailure, () => client.query('SELECT pg_sleep(10)'));
    server.child.kill('SIGQUIT');

    // It depends on who is faster: PostgreSQL with its last words, or the system that closes the connection.
    expect(await sleeping).toMatchObject(failure({ message: expect.stringMatching(/terminat|ECONNRESET/) }));
  });
});
