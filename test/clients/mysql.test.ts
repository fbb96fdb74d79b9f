import mysql from 'mysql2/promise';
import { isDatabaseFailure } from 'recloser/presets';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { answer, countedAs, failure } from './counted.js';
import { freePort, startTcp } from './servers/loopback.js';
import { mariadbProgram, startMariadb } from './servers/mariadb.js';
import type { ServerProcess } from './servers/process.js';

async function connect(port: number, options: mysql.ConnectionOptions = {}): Promise<mysql.Connection> {
  const connection = await mysql.createConnection({ host: '127.0.0.1', port, user: 'root', ...options });
  connection.on('error', () => {});
  onTestFinished(() => connection.destroy());
  return connection;
}

describe('mysql2, without a server', () => {
  it('counts a refused connection as a failure', async () => {
    const port = await freePort();

    const counted = await countedAs(isDatabaseFailure, () => connect(port));

    expect(counted).toMatchObject(failure({ code: 'ECONNREFUSED' }));
  });

  it('counts a reset connection as a failure', async () => {
    const server = await startTcp((socket) => socket.resetAndDestroy());
    onTestFinished(server.close);

    const counted = await countedAs(isDatabaseFailure, () => connect(server.port));

    expect(counted).toMatchObject(failure({ code: 'ECONNRESET' }));
  });

  it('counts a connection that is closed at once as a failure', async () => {
    const server = await startTcp((socket) => socket.end());
    onTestFinished(server.close);

    const counted = await countedAs(isDatabaseFailure, () => connect(server.port));

    expect(counted).toMatchObject(failure({ code: 'PROTOCOL_CONNECTION_LOST' }));
  });

  it('counts a server that does not answer as a failure', async () => {
    const server = await startTcp(() => {});
    onTestFinished(server.close);

    const counted = await countedAs(isDatabaseFailure, () => connect(server.port, { connectTimeout: 50 }));

    expect(counted).toMatchObject(failure({ code: 'ETIMEDOUT' }));
  });
});

const isMissing = mariadbProgram === undefined;
if (isMissing) console.info('Skipped: what needs a real MariaDB. There is no mariadbd on this machine.');

describe.skipIf(isMissing)('mysql2', () => {
  let server: ServerProcess;

  beforeAll(async () => {
    server = await startMariadb(mariadbProgram!);
    const connection = await mysql.createConnection({ host: '127.0.0.1', port: server.port, user: 'root' });
    await connection.query('CREATE DATABASE shop');
    await connection.query("CREATE USER guest@'127.0.0.1' IDENTIFIED BY 'right'");
    await connection.query("CREATE USER writer@'127.0.0.1'");
    await connection.query("GRANT ALL ON shop.* TO writer@'127.0.0.1'");
    await connection.query("CREATE USER single@'127.0.0.1' WITH MAX_USER_CONNECTIONS 1");
    await connection.end();
  });

  afterAll(() => server.stop());

  beforeEach(async () => {
    const connection = await shop();
    await connection.query('DROP TABLE IF EXISTS orders');
    await connection.query('CREATE TABLE orders (id int PRIMARY KEY, total int NOT NULL) ENGINE=InnoDB');
    await connection.query('INSERT INTO orders VALUES (1, 10), (2, 20)');
  });

  const shop = (options?: mysql.ConnectionOptions) => connect(server.port, { database: 'shop', ...options });

  it.each([
    ['a duplicate key', 'ER_DUP_ENTRY', 'INSERT INTO orders VALUES (1, 1)'],
    ['a null that is not allowed', 'ER_BAD_NULL_ERROR', 'INSERT INTO orders VALUES (3, NULL)'],
    ['a mistake of syntax', 'ER_PARSE_ERROR', 'SELEKT 1'],
    ['a table that there is not', 'ER_NO_SUCH_TABLE', 'SELECT * FROM nowhere'],
    ['a signal', 'ER_SIGNAL_EXCEPTION', "SIGNAL SQLSTATE '45000'"],
  ])('counts %s as an answer', async (_, code, query) => {
    const connection = await shop();

    expect(await countedAs(isDatabaseFailure, () => connection.query(query))).toMatchObject(answer({ code }));
  });

  it.each([
    ['a wrong password', 'ER_ACCESS_DENIED_ERROR', { user: 'guest', password: 'wrong' }],
    ['a database that there is not', 'ER_BAD_DB_ERROR', { database: 'nowhere' }],
    ['a database that is not allowed', 'ER_DBACCESS_DENIED_ERROR', { user: 'guest', password: 'right' }],
  ])('counts %s as an answer', async (_, code, options) => {
    expect(await countedAs(isDatabaseFailure, () => shop(options))).toMatchObject(answer({ code }));
  });

  it('counts a packet that is too large as an answer', async () => {
    const connection = await shop();
    const query = `SELECT '${'x'.repeat(17 * 1024 * 1024)}'`;

    const counted = await countedAs(isDatabaseFailure, () => connection.query(query));

    expect(counted).toMatchObject(answer({ code: 'ER_NET_PACKET_TOO_LARGE' }));
  });

  it('counts the loser of a deadlock as an answered call', async () => {
    const [one, other] = [await shop(), await shop()];
    for (const connection of [one, other]) await connection.query('BEGIN');
    await one.query('UPDATE orders SET total = 11 WHERE id = 1');
    await other.query('UPDATE orders SET total = 21 WHERE id = 2');

    const both = await Promise.all([
      countedAs(isDatabaseFailure, () => one.query('UPDATE orders SET total = 22 WHERE id = 2')),
      countedAs(isDatabaseFailure, () => other.query('UPDATE orders SET total = 12 WHERE id = 1')),
    ]);

    const lost = both.find(({ error }) => error !== undefined);
    expect(lost).toMatchObject(answer({ code: 'ER_LOCK_DEADLOCK' }));
  });

  it('counts the wait for a lock as a failure', async () => {
    const [holder, other] = [await shop(), await shop()];
    await holder.query('BEGIN');
    await holder.query('SELECT * FROM orders FOR UPDATE');
    await other.query('SET innodb_lock_wait_timeout = 0');

    const counted = await countedAs(isDatabaseFailure, () => other.query('SELECT * FROM orders FOR UPDATE'));

    expect(counted).toMatchObject(failure({ code: 'ER_LOCK_WAIT_TIMEOUT' }));
  });

  it("counts the server's limit of time as a failure", async () => {
    const connection = await shop();
    await connection.query('SET max_statement_time = 0.02');

    const counted = await countedAs(isDatabaseFailure, () => connection.query('SELECT SLEEP(10)'));

    expect(counted).toMatchObject(failure({ sqlState: '70100' }));
  });

  it("counts the client's own timeout as a failure", async () => {
    const connection = await shop();

    const call = () => connection.query({ sql: 'SELECT SLEEP(10)', timeout: 20 });

    expect(await countedAs(isDatabaseFailure, call)).toMatchObject(
      failure({ code: 'PROTOCOL_SEQUENCE_TIMEOUT' }),
    );
  });

  it('counts a write that is refused as read-only as a failure', async () => {
    const connection = await shop({ user: 'writer' });
    const administrator = await shop();
    await administrator.query('SET GLOBAL read_only = 1');

    const counted = await countedAs(isDatabaseFailure, () => connection.query('DELETE FROM orders'));
    await administrator.query('SET GLOBAL read_only = 0');

    expect(counted).toMatchObject(failure({ code: 'ER_OPTION_PREVENTS_STATEMENT' }));
  });

  it('counts a write in a read-only transaction as a failure', async () => {
    const connection = await shop();
    await connection.query('START TRANSACTION READ ONLY');

    const counted = await countedAs(isDatabaseFailure, () => connection.query('DELETE FROM orders'));

    expect(counted).toMatchObject(failure({ code: 'ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION' }));
  });

  it('counts too many connections of one user as a failure', async () => {
    const options = { user: 'single' };
    await connect(server.port, options);

    const counted = await countedAs(isDatabaseFailure, () => connect(server.port, options));

    expect(counted).toMatchObject(failure({ errno: expect.toSatisfy((it) => it === 1203 || it === 1226) }));
  });

  it('counts a pool that has no connection left as a failure', async () => {
    const pool = mysql.createPool({
      host: '127.0.0.1',
      port: server.port,
      user: 'root',
      connectionLimit: 1,
      waitForConnections: false,
    });
    onTestFinished(() => pool.end());
    const held = await pool.getConnection();
    onTestFinished(() => held.release());

    const counted = await countedAs(isDatabaseFailure, () => pool.query('SELECT 1'));

    expect(counted).toMatchObject(failure({ message: 'No connections available.' }));
  });

  it('counts a connection that an operator kills as a failure', async () => {
    const [connection, operator] = [await shop(), await shop()];

    const sleeping = countedAs(isDatabaseFailure, () => connection.query('SELECT SLEEP(10)'));
    await operator.query(`KILL ${connection.threadId}`);

    const code = expect.stringMatching(
      /ER_CONNECTION_KILLED|ER_QUERY_INTERRUPTED|PROTOCOL_CONNECTION_LOST|ECONNRESET/,
    );
    expect(await sleeping).toMatchObject(failure({ code }));
  });

  // The last one: the server takes its time to notice that the connections have gone.
  it('counts too many connections as a failure', async () => {
    const call = () => connect(server.port);

    const counts = await Promise.all(Array.from({ length: 32 }, () => countedAs(isDatabaseFailure, call)));

    const refused = counts.find(({ error }) => error !== undefined);
    expect(refused).toMatchObject(failure({ code: 'ER_CON_COUNT_ERROR' }));
  });
});

describe.skipIf(isMissing)('mysql2, with a server that dies', () => {
  it('counts a query in the middle of which it dies as a failure', async () => {
    const server = await startMariadb(mariadbProgram!);
    onTestFinished(server.stop);
    const connection = await connect(server.port);

    const sleeping = countedAs(isDatabaseFailure, () => connection.query('SELECT SLEEP(10)'));
    server.child.kill('SIGKILL');

    const code = expect.stringMatching(/PROTOCOL_CONNECTION_LOST|ECONNRESET/);
    expect(await sleeping).toMatchObject(failure({ code }));
  });
});
