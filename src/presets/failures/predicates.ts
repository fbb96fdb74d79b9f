/**
 * What counts as a failure, for each kind of dependency: an `isFailure` for its breaker. A failure says that the
 * dependency was asked and gave no sound answer. An answer that blames the caller is none; what says nothing about the
 * dependency, as the caller's own abort does, is ignored. Clients' errors are told apart by their documented fields,
 * and an error of no known shape is a failure. None of these functions throws.
 */
import type { Outcome } from '../../index.js';
import { amqp } from './amqp.js';
import { awsFault, awsName } from './aws.js';
import { cassandra } from './cassandra.js';
import { clickHouse } from './clickhouse.js';
import { graphql, isBadGraphql } from './graphql.js';
import { grpc } from './grpc.js';
import { httpStatus, isBadResponse } from './http.js';
import { jsonRpc } from './json-rpc.js';
import { judge, type ValueRule } from './judge.js';
import { kafka } from './kafka.js';
import { llmAnswer } from './llm.js';
import { mongodb } from './mongodb.js';
import { mysql } from './mysql.js';
import { neo4j } from './neo4j.js';
import { oracle } from './oracle.js';
import { orm } from './orm.js';
import { postgres } from './postgres.js';
import { isBadPipeline, redis } from './redis.js';
import { firebase, next, smtp, trpc } from './services.js';
import { slack } from './slack.js';
import { sqlServer } from './sql-server.js';
import { sqlite } from './sqlite.js';
import { unasked } from './unasked.js';

// Each ends with HTTP and JSON-RPC: anything may be called over HTTP, or behind an MCP server. They are not spread
// together, since bundlers keep what is spread.
const HTTP = [unasked, slack, graphql, grpc, trpc, firebase, smtp, next, httpStatus, jsonRpc];
const DATABASE = [
  unasked,
  orm,
  postgres,
  mysql,
  mongodb,
  clickHouse,
  redis,
  sqlite,
  sqlServer,
  oracle,
  neo4j,
  cassandra,
  grpc,
  firebase,
  awsName,
  httpStatus,
  awsFault,
  jsonRpc,
];
const CACHE = [unasked, redis, grpc, httpStatus, jsonRpc];
const QUEUE = [unasked, amqp, kafka, redis, grpc, awsName, httpStatus, awsFault, jsonRpc];
const LLM = [unasked, graphql, grpc, trpc, httpStatus, llmAnswer, jsonRpc];
const AWS = [unasked, graphql, awsName, httpStatus, awsFault, jsonRpc];
const GRPC = [unasked, grpc, httpStatus, jsonRpc];

/** Whatever is called over HTTP may answer in GraphQL. */
const isBadAnswer: ValueRule = (value, isBadError) => isBadResponse(value) || isBadGraphql(value, isBadError);

/**
 * HTTP services, called with fetch, undici, axios, got, ky and their like, GraphQL (graphql-request, Apollo Client, urql),
 * tRPC, gRPC, SendGrid, nodemailer, Firebase and Slack (@slack/web-api). Failures are 408, 425, 429 and 5xx but 501 and
 * 505, thrown or as the status of the response that the call resolves to, codes such as `INTERNAL_SERVER_ERROR`, and
 * whatever brings no response.
 *
 * @example
 * ```ts
 * import { CircuitBreaker } from 'recloser';
 * import { isHttpFailure } from 'recloser/presets';
 *
 * const breaker = new CircuitBreaker({ name: 'catalogue', isFailure: isHttpFailure, failureThreshold: 1 });
 *
 * await breaker.call(async () => new Response('', { status: 404 }));
 * console.log(breaker.state); // → CLOSED
 * await breaker.call(async () => new Response('', { status: 503 }));
 * console.log(breaker.state); // → OPEN
 * ```
 */
export function isHttpFailure(outcome: Outcome): boolean | 'ignore' {
  return judge(outcome, HTTP, isBadAnswer);
}

/**
 * PostgreSQL (pg, postgres), MySQL and MariaDB (mysql2, mariadb), MongoDB (mongodb), SQL Server (mssql), Oracle (oracledb),
 * SQLite, ClickHouse (@clickhouse/client), Neo4j (neo4j-driver), Cassandra (cassandra-driver), DynamoDB (AWS SDK 3), Redis, those whose clients speak HTTP, such as Qdrant, and
 * what stands before them: Prisma, Sequelize, Mongoose, TypeORM, MikroORM, Drizzle. Failures are lost connections, timeouts, exhausted
 * resources, a server that starts, stops, throttles or takes no writes. Constraints, missing records,
 * values that do not fit, syntax, permissions and deadlocks are answers.
 */
export function isDatabaseFailure(outcome: Outcome): boolean | 'ignore' {
  return judge(outcome, DATABASE);
}

/**
 * The Redis family (ioredis, redis), and caches that are called over HTTP. Failures are lost connections, timeouts, and
 * replies such as LOADING, READONLY, CLUSTERDOWN and OOM, inside a pipeline's result too. WRONGTYPE, NOAUTH, ERR and
 * other replies are answers.
 */
export function isCacheFailure(outcome: Outcome): boolean | 'ignore' {
  return judge(outcome, CACHE, isBadPipeline);
}

/**
 * RabbitMQ (amqplib), Kafka (kafkajs), SQS and SNS (AWS SDK 3), and queues in Redis. Failures are lost connections,
 * timeouts, a broker that shuts down, throttles or has no leader. Names, access and sizes are answers.
 */
export function isQueueFailure(outcome: Outcome): boolean | 'ignore' {
  return judge(outcome, QUEUE);
}

/**
 * Language models, called with the SDKs of OpenAI and Anthropic, those made like them, or HTTP. Failures are those of
 * HTTP, a used-up quota among them, since its status is 429, and an error inside a stream that does not blame the
 * request.
 */
export function isLlmFailure(outcome: Outcome): boolean | 'ignore' {
  return judge(outcome, LLM, isBadResponse);
}

/**
 * gRPC services: @grpc/grpc-js, Connect, nice-grpc, grpc-web and protobuf-ts. Failures are UNKNOWN, DEADLINE_EXCEEDED,
 * RESOURCE_EXHAUSTED, INTERNAL, UNAVAILABLE, DATA_LOSS and whatever brings no status. CANCELLED is ignored; the other
 * statuses blame the call.
 *
 * @example
 * ```ts
 * import { isGrpcFailure } from 'recloser/presets';
 *
 * const notFound = Object.assign(new Error('5 NOT_FOUND: no such user'), { code: 5, details: 'no such user' });
 * console.log(isGrpcFailure({ error: notFound })); // → false
 * ```
 */
export function isGrpcFailure(outcome: Outcome): boolean | 'ignore' {
  return judge(outcome, GRPC);
}

/** Services of AWS, called with the SDK for JavaScript 3. Failures are those of HTTP, and throttling of any status. */
export function isAwsFailure(outcome: Outcome): boolean | 'ignore' {
  return judge(outcome, AWS);
}

/**
 * Whatever else is called: agents, background jobs, local processes, MCP servers, Kubernetes (@kubernetes/client-node).
 * Every error is a failure but an answer that blames the caller, of all that `isHttpFailure` knows.
 */
export function isConnectionFailure(outcome: Outcome): boolean | 'ignore' {
  return judge(outcome, HTTP, isBadAnswer);
}
