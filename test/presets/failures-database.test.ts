import { isCacheFailure, isDatabaseFailure } from 'recloser/presets';
import { describe, expect, it } from 'vitest';

const withFields = (fields: object, message = 'boom') => Object.assign(new Error(message), fields);

describe('isDatabaseFailure, of PostgreSQL', () => {
  const postgres = (code: string, fields: object = {}) =>
    withFields({ name: 'error', severity: 'ERROR', code, ...fields });

  it.each([
    '08000',
    '08006',
    '08P01',
    '25006',
    '25P04',
    '53100',
    '53200',
    '53300',
    '53400',
    '57014',
    '57P01',
    '57P02',
    '57P03',
    '57P05',
    '58000',
    '58030',
    'F0000',
    'XX000',
    'XX001',
  ])('takes SQLSTATE %s for a failure', (code) => {
    expect(isDatabaseFailure({ error: postgres(code) })).toBe(true);
  });

  it.each([
    '0A000',
    '22001',
    '22012',
    '22P02',
    '23502',
    '23503',
    '23505',
    '25P02',
    '25P03',
    '28000',
    '28P01',
    '3D000',
    '40001',
    '40P01',
    '42501',
    '42601',
    '42P01',
    '54000',
    '55000',
    '57000',
    'P0001',
  ])('takes SQLSTATE %s for an answer', (code) => {
    expect(isDatabaseFailure({ error: postgres(code) })).toBe(false);
  });

  it('tells lock_timeout from NOWAIT by the routine', () => {
    expect(isDatabaseFailure({ error: postgres('55P03', { routine: 'ProcessInterrupts' }) })).toBe(true);
    expect(isDatabaseFailure({ error: postgres('55P03', { routine: 'heap_lock_tuple' }) })).toBe(false);
  });

  it.each(['EPIPE', 'EPERM', 'EBUSY', 'EROFS', 'ENXIO', 'P9002', '10060'])(
    'takes %s for no SQLSTATE',
    (code) => {
      expect(isDatabaseFailure({ error: withFields({ code }) })).toBe(true);
    },
  );

  it('knows an SQLSTATE alone, as copies of errors and clients over HTTP have it', () => {
    const judged = ['23505', '42P01', '0A000', 'P0001', '57P01', '53300', 'XX000'].map((code) =>
      isDatabaseFailure({ error: { code, message: 'boom', details: null, hint: null } }),
    );

    expect(judged).toEqual([false, false, false, false, true, true, true]);
  });

  it('reads the error that a query builder wraps', () => {
    expect(isDatabaseFailure({ error: new Error('Failed query', { cause: postgres('23505') }) })).toBe(false);
  });
});

describe('isDatabaseFailure, of MySQL', () => {
  it.each([
    ['ER_CON_COUNT_ERROR', 1040, '08004'],
    ['ER_SERVER_SHUTDOWN', 1053, '08S01'],
    ['ER_UNKNOWN_COM_ERROR, of a Galera node that is not ready', 1047, '08S01'],
    ['ER_DISK_FULL', 1021, 'HY000'],
    ['ER_LOCK_WAIT_TIMEOUT', 1205, 'HY000'],
    ['ER_OPTION_PREVENTS_STATEMENT', 1290, 'HY000'],
    ['ER_QUERY_INTERRUPTED', 1317, '70100'],
    ['ER_READ_ONLY_MODE', 1836, 'HY000'],
    ['ER_QUERY_TIMEOUT', 3024, 'HY000'],
  ])('takes %s for a failure', (code, errno, sqlState) => {
    expect(isDatabaseFailure({ error: withFields({ code, errno, sqlState }) })).toBe(true);
  });

  it.each([
    ['ER_DUP_ENTRY', 1062, '23000'],
    ['ER_PARSE_ERROR', 1064, '42000'],
    ['ER_ACCESS_DENIED_ERROR', 1045, '28000'],
    ['ER_LOCK_DEADLOCK', 1213, '40001'],
    ['ER_DATA_TOO_LONG', 1406, '22001'],
    ['ER_NET_PACKET_TOO_LARGE', 1153, '08S01'],
    ['ER_LOCK_NOWAIT', 3572, 'HY000'],
  ])('takes %s for an answer', (code, errno, sqlState) => {
    expect(isDatabaseFailure({ error: withFields({ code, errno, sqlState }) })).toBe(false);
  });

  it.each([
    ['ER_DUP_ENTRY', false],
    ['ER_PARSE_ERROR', false],
    ['ER_NO_SUCH_TABLE', false],
    ['ER_CON_COUNT_ERROR', true],
    ['ER_SERVER_SHUTDOWN', true],
    ['ER_LOCK_WAIT_TIMEOUT', true],
    ['ER_QUERY_INTERRUPTED', true],
    ['ER_NET_READ_ERROR', true],
    ['ER_NET_PACKET_TOO_LARGE', false],
    ['ER_SOCKET_UNEXPECTED_CLOSE', true],
  ])('knows %s alone, as copies of errors have it', (code, expected) => {
    expect(isDatabaseFailure({ error: { code } })).toBe(expected);
  });

  it('takes an error that the client makes for a failure', () => {
    expect(isDatabaseFailure({ error: withFields({ code: 'PROTOCOL_CONNECTION_LOST', fatal: true }) })).toBe(
      true,
    );
    expect(isDatabaseFailure({ error: withFields({ code: 'ECONNREFUSED', errno: -111, fatal: true }) })).toBe(
      true,
    );
  });
});

describe('isDatabaseFailure, of DynamoDB', () => {
  const dynamo = (name: string, fields: object = {}) =>
    withFields({ name, $fault: 'client', $metadata: { httpStatusCode: 400 }, ...fields });

  it.each(['ProvisionedThroughputExceededException', 'ThrottlingException', 'RequestLimitExceeded'])(
    'takes %s for a failure, though its status is 400',
    (name) => {
      expect(isDatabaseFailure({ error: dynamo(name) })).toBe(true);
    },
  );

  it.each(['ConditionalCheckFailedException', 'ResourceNotFoundException', 'ValidationException'])(
    'takes %s for an answer',
    (name) => {
      expect(isDatabaseFailure({ error: dynamo(name) })).toBe(false);
      expect(isDatabaseFailure({ error: withFields({ name, $fault: 'client' }) })).toBe(false);
    },
  );

  it('asks why a transaction was cancelled', () => {
    const cancelled = (...codes: string[]) =>
      dynamo('TransactionCanceledException', { CancellationReasons: codes.map((Code) => ({ Code })) });

    expect(isDatabaseFailure({ error: cancelled('None', 'ThrottlingError') })).toBe(true);
    expect(isDatabaseFailure({ error: cancelled('ProvisionedThroughputExceeded') })).toBe(true);
    expect(isDatabaseFailure({ error: cancelled('None', 'ConditionalCheckFailed') })).toBe(false);
  });
});

describe('isDatabaseFailure, of MongoDB', () => {
  it.each([
    ['the name of the code', { code: 26, codeName: 'NamespaceNotFound' }, false],
    ['the key', { code: 11_000, keyPattern: { email: 1 }, keyValue: { email: 'a' } }, false],
    ['the response', { code: 11_000, errorResponse: { ok: 0 } }, false],
    ['a code that says that it is unwell', { code: 189, codeName: 'PrimarySteppedDown' }, true],
    ['nothing else', { code: 11_000 }, true],
  ])('knows the copy of an error by %s', (_, error, expected) => {
    expect(isDatabaseFailure({ error })).toBe(expected);
  });

  it.each([
    'MongoNetworkError',
    'MongoNetworkTimeoutError',
    'MongoServerSelectionError',
    'MongoPoolClearedError',
    'MongoWaitQueueTimeoutError',
    'MongoOperationTimeoutError',
  ])('takes a %s for a failure', (name) => {
    expect(isDatabaseFailure({ error: withFields({ name }) })).toBe(true);
  });

  it.each(['MongoServerError', 'MongoWriteConcernError', 'MongoBulkWriteError', 'MongoClientBulkWriteError'])(
    'judges a %s by its code',
    (name) => {
      expect(isDatabaseFailure({ error: withFields({ name, code: 11_000 }) })).toBe(false);
      expect(isDatabaseFailure({ error: withFields({ name, code: 10_107 }) })).toBe(true);
      expect(isDatabaseFailure({ error: withFields({ name }) })).toBe(false);
    },
  );

  it('does not take a transaction that should be tried again for a failure', () => {
    const hasErrorLabel = (label: string) => label === 'TransientTransactionError';

    expect(
      isDatabaseFailure({ error: withFields({ name: 'MongoServerError', code: 112, hasErrorLabel }) }),
    ).toBe(false);
  });
});

describe('isDatabaseFailure, of ClickHouse', () => {
  it('judges an error by its type', () => {
    expect(isDatabaseFailure({ error: withFields({ code: '62', type: 'SYNTAX_ERROR' }) })).toBe(false);
    expect(
      isDatabaseFailure({ error: withFields({ code: '202', type: 'TOO_MANY_SIMULTANEOUS_QUERIES' }) }),
    ).toBe(true);
  });

  it('takes an error with another kind of type for a failure', () => {
    expect(isDatabaseFailure({ error: withFields({ code: 'ECONNREFUSED', type: 'system' }) })).toBe(true);
  });
});

class ReplyError extends Error {
  override get name() {
    return 'ReplyError';
  }
}

/** node-redis leaves `name` as it is. */
class SimpleError extends Error {}

describe.each([
  ['isCacheFailure', isCacheFailure],
  ['isDatabaseFailure', isDatabaseFailure],
])('%s, of Redis', (_, isFailure) => {
  const both = (message: string) => [new ReplyError(message), new SimpleError(message)];

  it.each([
    'BUSY Redis is busy running a script.',
    'CLUSTERDOWN Hash slot not served',
    'ERR max number of clients reached',
    'LOADING Redis is loading the dataset in memory',
    "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
    'MISCONF Redis is configured to save RDB snapshots',
    'NOREPLICAS Not enough good replicas to write.',
    "OOM command not allowed when used memory > 'maxmemory'.",
    "READONLY You can't write against a read only replica.",
    'TRYAGAIN Multiple keys request during rehashing of slot',
    'UNBLOCKED force unblock from blocking operation',
  ])('takes %s for a failure', (message) => {
    for (const error of both(message)) expect(isFailure({ error })).toBe(true);
  });

  it.each([
    'BUSYGROUP Consumer Group name already exists',
    'BUSYKEY Target key name already exists.',
    'ERR syntax error',
    'EXECABORT Transaction discarded because of previous errors.',
    'MY_OWN_ERROR of a script',
    'NOAUTH Authentication required.',
    'NOSCRIPT No matching script.',
    'WRONGPASS invalid username-password pair or user is disabled.',
    'WRONGTYPE Operation against a key holding the wrong kind of value',
    '',
  ])('takes %s for an answer', (message) => {
    for (const error of both(message)) expect(isFailure({ error })).toBe(false);
  });

  it.each([
    ['MaxRetriesPerRequestError', 'Reached the max retries per request limit'],
    ['Error', 'Connection is closed.'],
    ['Error', 'Command timed out'],
  ])('takes a %s for a failure: %s', (name, message) => {
    expect(isFailure({ error: withFields({ name }, message) })).toBe(true);
  });

  it('takes a command that ioredis aborts because the connection closes for a failure', () => {
    const command = { name: 'incr', args: ['key'] };

    expect(isFailure({ error: withFields({ name: 'AbortError', command }) })).toBe(true);
  });

  it('looks at the errors for which a transaction was discarded', () => {
    const discarded = new ReplyError('EXECABORT Transaction discarded because of previous errors.');
    const withPrevious = (message: string) =>
      Object.assign(discarded, {
        previousErrors: [new ReplyError('ERR syntax error'), new ReplyError(message)],
      });

    expect(isFailure({ error: withPrevious('OOM command not allowed') })).toBe(true);
    expect(isFailure({ error: withPrevious('ERR unknown command') })).toBe(false);
  });

  it('looks at the replies that a transaction of node-redis sums up', () => {
    class MultiErrorReply extends Error {
      replies: unknown[] = [];
    }
    const summary = (...replies: unknown[]) =>
      Object.assign(new MultiErrorReply('1 commands failed'), { replies });

    expect(isFailure({ error: summary('OK', new SimpleError('OOM command not allowed')) })).toBe(true);
    expect(isFailure({ error: summary('OK', new SimpleError('WRONGTYPE no')) })).toBe(false);
    const long = Array.from({ length: 100 }, () => 'OK');
    expect(isFailure({ error: summary(...long, new SimpleError('OOM command not allowed')) })).toBe(true);
  });
});

describe('isCacheFailure, of the result of a pipeline', () => {
  it('looks at the errors in it', () => {
    const lost = new Error('Connection is closed.');
    const wrong = new ReplyError('WRONGTYPE no');

    expect(
      isCacheFailure({
        value: [
          [null, 'OK'],
          [lost, undefined],
        ],
      }),
    ).toBe(true);
    expect(
      isCacheFailure({
        value: [
          [null, 'OK'],
          [wrong, undefined],
        ],
      }),
    ).toBe(false);
    expect(
      isCacheFailure({
        value: [
          [null, 'OK'],
          [null, ['a', 'b']],
        ],
      }),
    ).toBe(false);
  });

  it('takes other lists of lists for a success', () => {
    const pairs = [['field', 'value'], [new Uint8Array([1]), 1], [{ id: 1 }, 2], []];

    expect(isCacheFailure({ value: pairs })).toBe(false);
  });
});
