import type { Outcome } from 'recloser';
import {
  isAwsFailure,
  isCacheFailure,
  isConnectionFailure,
  isDatabaseFailure,
  isGrpcFailure,
  isHttpFailure,
  isLlmFailure,
  isQueueFailure,
} from 'recloser/presets';
import { describe, expect, it } from 'vitest';

/** What each client says, in the shape that it says it in, and what it means. */
type Verdict = 'failure' | 'answer' | 'ignored';
type Row = readonly [what: string, error: unknown, verdict: Verdict];

const ANSWERS: Record<Verdict, boolean | 'ignore'> = { failure: true, answer: false, ignored: 'ignore' };

const error = (members: object, message = 'boom') => Object.assign(new Error(message), members);
const named = (name: string, members: object = {}, message = 'boom') => error({ name, ...members }, message);

/** An error that leaves its `name` at `Error`, as most clients do. */
const ofClass = (name: string, members: object = {}) =>
  Object.assign(new { [name]: class extends Error {} }[name]!('boom'), members);

const table = (rows: Record<Verdict, readonly (readonly [string, unknown])[]>): Row[] =>
  (Object.keys(rows) as Verdict[]).flatMap((verdict) =>
    rows[verdict].map(([what, value]): Row => [what, value, verdict]),
  );

const coded = (make: (code: string) => unknown, codes: readonly string[]) =>
  codes.map((code) => [code, make(code)] as const);

// Responses of GraphQL.

const USERS = [
  'BAD_USER_INPUT',
  'BAD_REQUEST',
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'NOT_FOUND',
  'USER_NOT_FOUND',
  'EMAIL_ALREADY_EXISTS',
  'CONFLICT',
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'PERSISTED_QUERY_NOT_FOUND',
  'PERSISTED_QUERY_NOT_SUPPORTED',
  'OPERATION_RESOLUTION_FAILURE',
  'validation-failed',
  'constraint-violation',
  'permission-denied',
  'AUTH_NOT_AUTHENTICATED',
  'MAX_COST_EXCEEDED',
];
const SERVERS = [
  'INTERNAL_SERVER_ERROR',
  'INTERNAL',
  'THROTTLED',
  'RATE_LIMITED',
  'SERVICE_UNAVAILABLE',
  'DOWNSTREAM_SERVICE_ERROR',
  'SUBREQUEST_HTTP_ERROR',
  'GATEWAY_TIMEOUT',
  'DEADLINE_EXCEEDED',
  'unexpected',
  'SOMETHING_OF_OUR_OWN',
];

const graphqlError = (code: string) => ({ message: 'x', path: ['me'], extensions: { code } });
const GRAPHQL: Record<string, (code: string, status?: number) => unknown> = {
  'graphql-request': (code, status = 200) =>
    ofClass('ClientError', {
      response: { status, headers: new Headers(), errors: [graphqlError(code)] },
      request: { query: '{ me }' },
    }),
  'Apollo Client 3': (code) =>
    named('ApolloError', { graphQLErrors: [graphqlError(code)], networkError: null, clientErrors: [] }),
  'Apollo Client 4': (code) => named('CombinedGraphQLErrors', { errors: [graphqlError(code)], data: null }),
  urql: (code) =>
    named('CombinedError', {
      graphQLErrors: [graphqlError(code)],
      networkError: undefined,
      response: { status: 200, headers: {} },
    }),
  'the error itself': (code) => error(graphqlError(code)),
};

describe.each(Object.entries(GRAPHQL))('GraphQL, %s', (_, make) => {
  it.each(USERS)('takes %s for an answer', (code) => {
    expect(isHttpFailure({ error: make(code) })).toBe(false);
    expect(isConnectionFailure({ error: make(code) })).toBe(false);
  });

  it.each(SERVERS)('takes %s for a failure', (code) => {
    expect(isHttpFailure({ error: make(code) })).toBe(true);
    expect(isConnectionFailure({ error: make(code) })).toBe(true);
  });
});

describe('GraphQL', () => {
  it('takes several errors for a failure if one of them is, or is not known', () => {
    const of = (...codes: string[]) =>
      isHttpFailure({ error: error({ response: { status: 200, errors: codes.map(graphqlError) } }) });

    expect(of('FORBIDDEN', 'NOT_FOUND')).toBe(false);
    expect(of('FORBIDDEN', 'INTERNAL_SERVER_ERROR')).toBe(true);
    expect(of('FORBIDDEN', 'SOMETHING_OF_OUR_OWN')).toBe(true);
  });

  it('lets the status say what the code does not', () => {
    expect(isHttpFailure({ error: GRAPHQL['graphql-request']!('OURS', 400) })).toBe(false);
    expect(isHttpFailure({ error: GRAPHQL['graphql-request']!('OURS', 502) })).toBe(true);
  });

  it.each([
    ['Spring', { extensions: { classification: 'NOT_FOUND' } }],
    ['DGS', { extensions: { errorType: 'PERMISSION_DENIED' } }],
    ['GitHub', { type: 'NOT_FOUND' }],
    ['GitHub, by urql', { extensions: {}, originalError: { type: 'NOT_FOUND' } }],
    ['AppSync', { errorType: 'Unauthorized' }],
  ])('reads the code where %s has it', (_, members) => {
    expect(isHttpFailure({ error: error({ graphQLErrors: [{ message: 'x', ...members }] }) })).toBe(false);
  });

  it.each([
    ['urql', (it: unknown) => ({ operation: {}, data: undefined, error: it, stale: false, hasNext: false })],
    ['Apollo Client', (it: unknown) => ({ data: undefined, error: it })],
  ])('judges the result that a call of %s resolves to', (_, result) => {
    const of = (it: unknown) => isHttpFailure({ value: result(it) });

    expect(of(GRAPHQL.urql!('BAD_USER_INPUT'))).toBe(false);
    expect(of(GRAPHQL.urql!('INTERNAL_SERVER_ERROR'))).toBe(true);
    expect(of(named('CombinedError', { graphQLErrors: [], networkError: new TypeError('failed') }))).toBe(
      true,
    );
    expect(of(new TypeError('Failed to fetch'))).toBe(true);
    expect(of(undefined)).toBe(false);
  });

  it('judges a response without data by its codes, and leaves one with data a success', () => {
    const of = (code: string, data: unknown) =>
      isHttpFailure({ value: { data, errors: [graphqlError(code)] } });

    expect(of('INTERNAL_SERVER_ERROR', null)).toBe(true);
    expect(of('BAD_USER_INPUT', null)).toBe(false);
    expect(of('INTERNAL_SERVER_ERROR', { me: null })).toBe(false);
  });

  it('takes a value with an error of no client of GraphQL for a success', () => {
    expect(isHttpFailure({ value: { data: null, error: new Error('of ours') } })).toBe(false);
    expect(isHttpFailure({ value: { data: null, error: { message: 'INTERNAL' } } })).toBe(false);
  });

  it('judges a network error beside it', () => {
    const networkError = error({ name: 'ServerError', statusCode: 404 });

    expect(isHttpFailure({ error: named('ApolloError', { graphQLErrors: [], networkError }) })).toBe(false);
  });
});

// Statuses of gRPC.

const STATUS_NAMES = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
];
const GRPC_MEANS = [2, 4, 8, 13, 14, 15];
const GRPC: Record<string, (code: number) => unknown> = {
  '@grpc/grpc-js': (code) =>
    error({ code, details: 'x', metadata: { internalRepr: new Map(), options: {} } }),
  'nice-grpc': (code) => named('ClientError', { code, path: '/s.S/Echo', details: 'x' }),
  Connect: (code) => named('ConnectError', { code, rawMessage: 'x', metadata: new Headers(), details: [] }),
  'grpc-web': (code) => named('RpcError', { code, metadata: {} }),
  'protobuf-ts': (code) => named('RpcError', { code: STATUS_NAMES[code], meta: {}, methodName: 'echo' }),
};

describe.each(Object.entries(GRPC))('gRPC, %s', (_, make) => {
  it.each([
    ['isGrpcFailure', isGrpcFailure],
    ['isHttpFailure', isHttpFailure],
    ['isConnectionFailure', isConnectionFailure],
    ['isLlmFailure', isLlmFailure],
    ['isQueueFailure', isQueueFailure],
    ['isCacheFailure', isCacheFailure],
    ['isDatabaseFailure', isDatabaseFailure],
  ])('%s knows each status', (_, isFailure) => {
    const verdicts = STATUS_NAMES.map((_, code) => isFailure({ error: make(code) })).slice(1);

    expect(verdicts).toEqual(
      STATUS_NAMES.slice(1).map((name, at) =>
        name === 'CANCELLED' ? 'ignore' : GRPC_MEANS.includes(at + 1),
      ),
    );
  });
});

describe('gRPC', () => {
  it('takes a number without anything of gRPC beside it for a failure', () => {
    expect(isGrpcFailure({ error: error({ code: 5 }) })).toBe(true);
    expect(isGrpcFailure({ error: error({ code: 17, details: 'x', metadata: {} }) })).toBe(true);
    expect(isGrpcFailure({ error: error({ code: 0, details: 'x', metadata: {} }) })).toBe(true);
    expect(isGrpcFailure({ error: error({ code: 5.5, details: 'x', metadata: {} }) })).toBe(true);
  });
});

// Other services.

const trpcClient = (code: string, httpStatus?: number) =>
  named('TRPCClientError', { data: { code, httpStatus }, shape: {} });
const firebase = (code: string) => error({ code, errorInfo: { code, message: 'x' } });

const SERVICES: Record<string, Row[]> = {
  tRPC: table({
    answer: [
      ['the client, NOT_FOUND', trpcClient('NOT_FOUND', 404)],
      ['the client, by its status alone', named('TRPCClientError', { data: { httpStatus: 404 } })],
      ...coded(
        (code) => named('TRPCError', { code }),
        [
          'BAD_REQUEST',
          'PARSE_ERROR',
          'UNAUTHORIZED',
          'PAYMENT_REQUIRED',
          'FORBIDDEN',
          'NOT_FOUND',
          'METHOD_NOT_SUPPORTED',
          'CONFLICT',
          'PRECONDITION_FAILED',
          'PAYLOAD_TOO_LARGE',
          'UNSUPPORTED_MEDIA_TYPE',
          'UNPROCESSABLE_CONTENT',
          'NOT_IMPLEMENTED',
        ],
      ),
    ],
    failure: [
      ['the client, INTERNAL_SERVER_ERROR', trpcClient('INTERNAL_SERVER_ERROR', 500)],
      ['the client, without an answer', named('TRPCClientError', { cause: new TypeError('fetch failed') })],
      ...coded(
        (code) => named('TRPCError', { code }),
        [
          'INTERNAL_SERVER_ERROR',
          'BAD_GATEWAY',
          'SERVICE_UNAVAILABLE',
          'GATEWAY_TIMEOUT',
          'TIMEOUT',
          'TOO_MANY_REQUESTS',
        ],
      ),
    ],
    ignored: [
      ['the client, CLIENT_CLOSED_REQUEST', trpcClient('CLIENT_CLOSED_REQUEST', 499)],
      ['the client, aborted', named('TRPCClientError', { cause: named('AbortError') })],
      ['the server, CLIENT_CLOSED_REQUEST', named('TRPCError', { code: 'CLIENT_CLOSED_REQUEST' })],
    ],
  }),
  Firebase: table({
    answer: coded(firebase, [
      'auth/user-not-found',
      'auth/email-already-exists',
      'auth/wrong-password',
      'auth/id-token-expired',
      'auth/weak-password',
      'firestore/not-found',
      'storage/object-not-found',
      'storage/unauthorized',
      'messaging/registration-token-not-registered',
      'functions/permission-denied',
    ]),
    failure: [
      ['a code without its service', named('FirebaseError', { code: 'unavailable' })],
      ...coded(firebase, [
        'auth/internal-error',
        'auth/network-request-failed',
        'auth/too-many-requests',
        'auth/quota-exceeded',
        'app/network-timeout',
        'functions/deadline-exceeded',
        'messaging/server-unavailable',
        'messaging/message-rate-exceeded',
        'storage/retry-limit-exceeded',
        'storage/unknown',
      ]),
    ],
    ignored: [
      ['storage/canceled', firebase('storage/canceled')],
      ['auth/popup-closed-by-user', firebase('auth/popup-closed-by-user')],
    ],
  }),
  SendGrid: table({
    answer: [['400', ofClass('ResponseError', { code: 400, response: { headers: {}, body: {} } })]],
    failure: [
      ['429', ofClass('ResponseError', { code: 429, response: { headers: {}, body: {} } })],
      ['503', ofClass('ResponseError', { code: 503, response: { headers: {}, body: {} } })],
    ],
    ignored: [],
  }),
  nodemailer: table({
    answer: [
      [
        '550',
        error({ code: 'EENVELOPE', responseCode: 550, response: '550 no such user', command: 'RCPT TO' }),
      ],
      ['535', error({ code: 'EAUTH', responseCode: 535, command: 'AUTH PLAIN' })],
      ['450', error({ code: 'EENVELOPE', responseCode: 450, command: 'RCPT TO' })],
    ],
    failure: [
      ['421', error({ code: 'EPROTOCOL', responseCode: 421, command: 'CONN' })],
      ['451', error({ code: 'EMESSAGE', responseCode: 451, command: 'DATA' })],
      ['454', error({ code: 'EAUTH', responseCode: 454, command: 'AUTH PLAIN' })],
      ['a lost connection', error({ code: 'ECONNECTION', command: 'CONN' })],
      ['no greeting', error({ code: 'ETIMEDOUT', command: 'CONN' })],
    ],
    ignored: [
      ['no recipients', error({ code: 'EENVELOPE', command: 'API' })],
      ['no credentials', error({ code: 'EAUTH', command: 'API' })],
    ],
  }),
  'got and ky': table({
    answer: [
      ['got, 404', named('HTTPError', { code: 'ERR_NON_2XX_3XX_RESPONSE', response: { statusCode: 404 } })],
      ['ky, 404', named('HTTPError', { response: new Response(null, { status: 404 }) })],
    ],
    failure: [
      ['got, 503', named('HTTPError', { code: 'ERR_NON_2XX_3XX_RESPONSE', response: { statusCode: 503 } })],
      ['got, a timeout', named('TimeoutError', { code: 'ETIMEDOUT' })],
      ['ky, a timeout', named('TimeoutError')],
    ],
    ignored: [
      ['got, cancelled', named('CancelError', { code: 'ERR_CANCELED' })],
      ['got, aborted', named('AbortError', { code: 'ERR_ABORTED' })],
      ['got, a protocol', named('RequestError', { code: 'ERR_UNSUPPORTED_PROTOCOL' })],
      ['superagent, aborted', error({ code: 'ABORTED' }, 'Aborted')],
    ],
  }),
  'Next.js': table({
    answer: [
      ['redirect', error({ digest: 'NEXT_REDIRECT;push;/login;307;' })],
      ['notFound of 14', error({ digest: 'NEXT_NOT_FOUND' })],
      ['notFound', error({ digest: 'NEXT_HTTP_ERROR_FALLBACK;404' })],
      ['forbidden', error({ digest: 'NEXT_HTTP_ERROR_FALLBACK;403' })],
    ],
    failure: [['an error of a component', error({ digest: '2338004273' })]],
    ignored: [
      ['a page that is dynamic', error({ digest: 'DYNAMIC_SERVER_USAGE' })],
      ['rendering that is over', error({ digest: 'HANGING_PROMISE_REJECTION' })],
      ['rendering elsewhere', error({ digest: 'BAILOUT_TO_CLIENT_SIDE_RENDERING' })],
      ['a reader who left', named('ResponseAborted')],
    ],
  }),
};

describe.each(Object.entries(SERVICES))('%s', (_, rows) => {
  it.each(rows)('%s: %#', (_, value, verdict) => {
    expect(isHttpFailure({ error: value })).toBe(ANSWERS[verdict]);
    expect(isConnectionFailure({ error: value })).toBe(ANSWERS[verdict]);
  });
});

// Databases, and what stands before them.

const postgres = (code: string) => error({ code, severity: 'ERROR', routine: 'x' });
const prisma = (code: string, meta?: object) =>
  named('PrismaClientKnownRequestError', { code, clientVersion: '7.0.0', meta });
const adapter = (cause: object) => ({ driverAdapterError: named('DriverAdapterError', { cause }) });
const sequelize = (name: string, members: object = {}) => named(`Sequelize${name}`, members);
const queryFailed = (driverError: object) => named('QueryFailedError', { query: '', driverError });
const sqlServer = (number: number, severity: number) =>
  named('RequestError', { code: 'EREQUEST', number, class: severity, state: 1, serverName: 'x' });
const oracle = (errorNum: number) =>
  error({ errorNum, code: `ORA-${String(errorNum).padStart(5, '0')}`, offset: 0 });

const DATABASES: Record<string, Row[]> = {
  Prisma: table({
    answer: [
      ...coded(prisma, ['P2000', 'P2002', 'P2003', 'P2011', 'P2014', 'P2025', 'P2034', 'P1003', 'P1010']),
      ['a value that does not fit', named('PrismaClientValidationError', { clientVersion: '7.0.0' })],
      ['a raw query that is refused', prisma('P2010', { code: '23505', message: 'x' })],
      [
        'a raw query that an adapter saw refused',
        prisma('P2010', adapter({ kind: 'UniqueConstraintViolation', originalMessage: 'x' })),
      ],
    ],
    failure: [
      ...coded(prisma, ['P1001', 'P1002', 'P1008', 'P1017', 'P2024', 'P2028', 'P2037', 'P6004']),
      ['no server at the start', named('PrismaClientInitializationError', { errorCode: 'P1001' })],
      ['a start without a code', named('PrismaClientInitializationError', { errorCode: undefined })],
      ['no code', named('PrismaClientUnknownRequestError', { clientVersion: '7.0.0' })],
      ['an engine that fell over', named('PrismaClientRustPanicError', { clientVersion: '7.0.0' })],
      ['a raw query on a server that stops', prisma('P2010', { code: '57P01', message: 'x' })],
      [
        'an adapter whose socket hangs',
        prisma('P2010', adapter({ kind: 'SocketTimeout', originalMessage: 'x' })),
      ],
    ],
    ignored: [],
  }),
  Sequelize: table({
    answer: [
      ['a duplicate', sequelize('UniqueConstraintError', { errors: [], parent: postgres('23505') })],
      ['a foreign key', sequelize('ForeignKeyConstraintError', { parent: postgres('23503') })],
      ['a value that does not fit', sequelize('ValidationError', { errors: [{ message: 'x' }] })],
      ['no such record', sequelize('EmptyResultError')],
      ['somebody was first', sequelize('OptimisticLockError')],
      [
        'a syntax error',
        sequelize('DatabaseError', { parent: postgres('42601'), original: postgres('42601') }),
      ],
      ['a wrong password', sequelize('AccessDeniedError', { parent: postgres('28P01') })],
      ['an association that is none', sequelize('EagerLoadingError')],
      [
        'many records',
        new AggregateError([sequelize('BulkRecordError', { errors: sequelize('ValidationError') })]),
      ],
    ],
    failure: [
      [
        'a refused connection',
        sequelize('ConnectionRefusedError', { parent: error({ code: 'ECONNREFUSED' }) }),
      ],
      ['a host that is not found', sequelize('HostNotFoundError', { parent: error({ code: 'ENOTFOUND' }) })],
      [
        'a pool without a connection',
        sequelize('ConnectionAcquireTimeoutError', { parent: named('TimeoutError') }),
      ],
      ['a server that stops', sequelize('DatabaseError', { parent: postgres('57P01') })],
      ['a statement timeout', sequelize('DatabaseError', { parent: postgres('57014') })],
    ],
    ignored: [],
  }),
  Mongoose: table({
    answer: [
      'ValidationError',
      'CastError',
      'DocumentNotFoundError',
      'VersionError',
      'StrictModeError',
      'ParallelSaveError',
      'MissingSchemaError',
      'OverwriteModelError',
      'DivergentArrayError',
    ].map((name) => [name, named(name, { errors: {}, _message: 'x' })] as const),
    failure: [
      ['no server', named('MongooseServerSelectionError', { reason: {} })],
      ['a buffer that waits', named('MongooseError', {}, 'Operation `users.find()` buffering timed out')],
    ],
    ignored: [],
  }),
  TypeORM: table({
    answer: [
      ['a duplicate', queryFailed(postgres('23505'))],
      ['a duplicate of sql.js', queryFailed(new Error('UNIQUE constraint failed: user.email'))],
      ...['EntityNotFoundError', 'EntityPropertyNotFoundError', 'OptimisticLockVersionMismatchError'].map(
        (name) => [name, named(name)] as const,
      ),
    ],
    failure: [
      ['a server that stops', queryFailed(postgres('57P01'))],
      ['a lost connection', queryFailed(error({ code: 'ECONNRESET' }))],
      ['a connection that is not found', named('ConnectionNotFoundError')],
    ],
    ignored: [],
  }),
  MikroORM: table({
    answer: [
      'UniqueConstraintViolationException',
      'NotNullConstraintViolationException',
      'ForeignKeyConstraintViolationException',
      'SyntaxErrorException',
      'TableNotFoundException',
      'TableExistsException',
      'InvalidFieldNameException',
      'NonUniqueFieldNameException',
      'DeadlockException',
      'NotFoundError',
      'OptimisticLockError',
      'ValidationError',
    ].map((name) => [name, named(name)] as const),
    failure: [
      ['a connection', named('ConnectionException', { code: 'ECONNREFUSED' })],
      [
        'a lock',
        named('LockWaitTimeoutException', { code: 'ER_LOCK_WAIT_TIMEOUT', errno: 1205, sqlState: 'HY000' }),
      ],
      ['a server that is read-only', named('ReadOnlyException')],
      ['whatever the driver says', named('DriverException', { code: 'ETIMEDOUT' })],
    ],
    ignored: [],
  }),
  'Drizzle, Objection and Kysely': table({
    answer: [
      ['Drizzle, a duplicate', ofClass('DrizzleQueryError', { query: '', cause: postgres('23505') })],
      ['Drizzle, a rollback', named('DrizzleError', {}, 'Rollback')],
      ['Objection, a duplicate', named('UniqueViolationError')],
      ['Objection, no such record', named('NotFoundError')],
      ['Kysely, no such record', ofClass('NoResultError')],
    ],
    failure: [
      ['Drizzle, a lost connection', ofClass('DrizzleQueryError', { cause: error({ code: 'ECONNRESET' }) })],
      ['Knex, a pool without a connection', named('KnexTimeoutError')],
    ],
    ignored: [],
  }),
  SQLite: table({
    answer: [
      ...coded(
        (code) => named('SqliteError', { code }),
        [
          'SQLITE_CONSTRAINT',
          'SQLITE_CONSTRAINT_UNIQUE',
          'SQLITE_ERROR',
          'SQLITE_MISMATCH',
          'SQLITE_RANGE',
          'SQLITE_TOOBIG',
        ],
      ),
      [
        'node:sqlite, a constraint',
        error({ code: 'ERR_SQLITE_ERROR', errcode: 2067, errstr: 'constraint failed' }),
      ],
      ['node:sqlite, a syntax error', error({ code: 'ERR_SQLITE_ERROR', errcode: 1 })],
      ['D1, a constraint', error({}, 'D1_ERROR: UNIQUE constraint failed: users.email: SQLITE_CONSTRAINT')],
      ['sql.js, a constraint', error({}, 'NOT NULL constraint failed: users.email')],
    ],
    failure: [
      ...coded(
        (code) => named('SqliteError', { code }),
        [
          'SQLITE_BUSY',
          'SQLITE_BUSY_SNAPSHOT',
          'SQLITE_LOCKED',
          'SQLITE_FULL',
          'SQLITE_IOERR_READ',
          'SQLITE_CORRUPT',
          'SQLITE_CANTOPEN',
          'SQLITE_READONLY',
          'SQLITE_NOTADB',
        ],
      ),
      ['node:sqlite, busy', error({ code: 'ERR_SQLITE_ERROR', errcode: 5 })],
      ['node:sqlite, a disk', error({ code: 'ERR_SQLITE_ERROR', errcode: 10 | (3 << 8) })],
      ['D1, the network', error({}, 'D1_ERROR: Network connection lost.')],
    ],
    ignored: [
      ['interrupted', named('SqliteError', { code: 'SQLITE_INTERRUPT' })],
      ['node:sqlite, interrupted', error({ code: 'ERR_SQLITE_ERROR', errcode: 9 })],
    ],
  }),
  'SQL Server': table({
    answer: [
      ['a duplicate', sqlServer(2627, 14)],
      ['a null', sqlServer(515, 16)],
      ['a syntax error', sqlServer(102, 15)],
      ['a deadlock', sqlServer(1205, 13)],
      ['a wrong password', named('ConnectionError', { code: 'ELOGIN' })],
    ],
    failure: [
      ['no memory', sqlServer(701, 17)],
      ['a fatal error', sqlServer(823, 24)],
      ['a lock', sqlServer(1222, 16)],
      ['read-only', sqlServer(3906, 16)],
      ['Azure, too many sessions', sqlServer(10928, 16)],
      ['Azure, unavailable', sqlServer(40613, 14)],
      ['a timeout', named('RequestError', { code: 'ETIMEOUT' })],
      ['a socket', named('ConnectionError', { code: 'ESOCKET' })],
    ],
    ignored: [
      ['cancelled', named('RequestError', { code: 'ECANCEL' })],
      ['arguments', named('RequestError', { code: 'EARGS' })],
    ],
  }),
  Oracle: table({
    answer: [1, 60, 904, 942, 1017, 1400, 1722, 2291, 54].map((it) => [`ORA-${it}`, oracle(it)] as const),
    failure: [
      ...[
        18, 28, 257, 600, 1033, 1034, 1089, 1555, 1653, 3113, 3135, 4031, 12514, 12541, 12170, 16000, 30006,
      ].map((it) => [`ORA-${it}`, oracle(it)] as const),
      ['the client, no connection', error({ code: 'NJS-503', errorNum: 0 })],
      ['the client, a pool without a connection', error({ code: 'NJS-040', errorNum: 0 })],
    ],
    ignored: [['ORA-01013', oracle(1013)]],
  }),
  Neo4j: table({
    answer: [
      'Neo.ClientError.Schema.ConstraintValidationFailed',
      'Neo.ClientError.Statement.SyntaxError',
      'Neo.ClientError.Security.Forbidden',
      'Neo.TransientError.Transaction.DeadlockDetected',
    ].map((code) => [code, named('Neo4jError', { code })] as const),
    failure: [
      'Neo.ClientError.Cluster.NotALeader',
      'Neo.ClientError.Transaction.TransactionTimedOutClientConfiguration',
      'Neo.TransientError.General.OutOfMemoryError',
      'Neo.TransientError.General.DatabaseUnavailable',
      'Neo.DatabaseError.General.UnknownError',
      'ServiceUnavailable',
      'SessionExpired',
    ].map((code) => [code, named('Neo4jError', { code })] as const),
    ignored: [],
  }),
  Cassandra: table({
    answer: [0x2000, 0x2100, 0x2200, 0x2300, 0x2400, 0x2500].map(
      (code) => [code.toString(16), named('ResponseError', { code })] as const,
    ),
    failure: [
      ...[0, 0x1000, 0x1001, 0x1002, 0x1100, 0x1200, 0x1300, 0x1500].map(
        (code) => [code.toString(16), named('ResponseError', { code })] as const,
      ),
      ['no host', named('NoHostAvailableError', { innerErrors: {} })],
      ['a timeout of the driver', named('OperationTimedOutError', { host: '10.0.0.1:9042' })],
      ['a number of another library', named('OtherError', { code: 0x2000 })],
    ],
    ignored: [],
  }),
  'MariaDB and postgres.js': table({
    answer: [['a duplicate', error({ errno: 1062, sqlState: '23000', code: 'ER_DUP_ENTRY' })]],
    failure: [
      [
        "the connector's pool without a connection",
        error({ errno: 45028, sqlState: 'HY000', code: 'ER_GET_CONNECTION_TIMEOUT' }),
      ],
    ],
    ignored: [
      ['a query that was cancelled', error({ code: '57014' }, 'canceling statement due to user request')],
      ['a client that was ended', error({ code: 'CONNECTION_ENDED' })],
      ['an undefined value', error({ code: 'UNDEFINED_VALUE' })],
    ],
  }),
};

describe.each(Object.entries(DATABASES))('%s', (_, rows) => {
  it.each(rows)('%s: %#', (_, value, verdict) => {
    expect(isDatabaseFailure({ error: value })).toBe(ANSWERS[verdict]);
  });
});

// What holds for all of them.

const EVERY: Record<string, (outcome: Outcome) => boolean | 'ignore'> = {
  isAwsFailure,
  isCacheFailure,
  isConnectionFailure,
  isDatabaseFailure,
  isGrpcFailure,
  isHttpFailure,
  isLlmFailure,
  isQueueFailure,
};

describe.each(Object.entries(EVERY))('%s', (_, isFailure) => {
  it.each(['ERR_CIRCUIT_OPEN', 'ERR_BULKHEAD_FULL', 'ERR_RATE_LIMITED'])(
    'ignores %s, whatever its status',
    (code) => {
      expect(isFailure({ error: error({ code, status: 503, statusCode: 503 }) })).toBe('ignore');
      expect(isFailure({ error: new Error('wrapped', { cause: error({ code, status: 503 }) }) })).toBe(
        'ignore',
      );
    },
  );

  it.each(['ERR_CALL_TIMEOUT', 'ERR_TOTAL_TIMEOUT', 'ERR_BODY_TIMEOUT'])('takes %s for a failure', (code) => {
    expect(isFailure({ error: error({ code, status: 504, statusCode: 504 }) })).toBe(true);
  });

  it('ignores the rejections of opossum and cockatiel', () => {
    expect(isFailure({ error: error({ code: 'EOPENBREAKER' }) })).toBe('ignore');
    expect(isFailure({ error: ofClass('BrokenCircuitError') })).toBe('ignore');
    expect(isFailure({ error: ofClass('BulkheadRejectedError') })).toBe('ignore');
  });

  it('comes to an end with errors that are made up as they are read', () => {
    let reads = 0;
    const endless = (): object =>
      new Proxy(
        {},
        {
          get: (_, key) => {
            reads += 1;
            return typeof key === 'symbol' || !/^[a-z]+[A-Z]?[a-zA-Z]*$/.test(key) ? undefined : endless();
          },
        },
      );

    expect(isFailure({ error: endless() })).toBe(true);
    expect(reads).toBeLessThan(10_000);
  });

  it('survives errors of which no member can be read', () => {
    const thrower = new Proxy(new Error('boom'), {
      get: () => {
        throw new Error('no');
      },
      has: () => {
        throw new Error('no');
      },
    });

    expect(isFailure({ error: thrower })).toBe(true);
    expect(isFailure({ value: thrower })).toBe(false);
    expect(isFailure({ value: { data: null, error: thrower } })).toBe(false);
  });

  it('is not held up by texts without an end', () => {
    const long = 'NOT_FOUND_'.repeat(1_000_000);
    const began = performance.now();

    expect(isFailure({ error: error({ name: long, code: long, extensions: { code: long } }, long) })).toBe(
      true,
    );
    expect(performance.now() - began).toBeLessThan(1_000);
  });
});
