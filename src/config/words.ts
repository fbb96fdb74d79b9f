/**
 * The words by which a name tells its preset. What stands in an earlier level goes before what stands in a later one.
 * A space in a word may be missing, or be anything else that separates words. A single letter must be the whole name, and
 * what has an `x` in it must begin the name.
 */

import { freezeDeeply } from './freeze.js';
import type { PresetName } from './preset-names.js';

/** The words of one level, by the preset that they tell. */
export type WordLevel = Readonly<Partial<Record<PresetName, readonly string[]>>>;

/** The levels, the most specific first. */
export const WORD_LEVELS: readonly WordLevel[] = /* @__PURE__ */ freezeDeeply([
  // Who serves the models of others: `ollama-deepseek` is answered by Ollama.
  {
    openrouter: ['open router'],
    ollama: ['ollama'],
    groq: ['groq'],
    'hugging-face': ['hugging face', 'hf'],
  },
  {
    claude: ['claude', 'anthropic'],
    'gpt-4': ['gpt', 'gpt 4', 'chat gpt', 'open ai', 'o 1'],
    gemini: ['gemini'],
    deepseek: ['deep seek'],
    docker: ['docker'],
    kubernetes: ['kubernetes', 'kube', 'kubectl', 'k 8 s'],
    'desktop-commander': ['desktop commander'],
    prometheus: ['prometheus'],
    slack: ['slack'],
    s3: ['s 3'],
    'security-scanner': ['security scanner', 'security scan', 'vulnerability scanner', 'vulnerability scan'],
    youtube: ['you tube'],
    twitch: ['twitch'],
    tiktok: ['tik tok'],
    instagram: ['instagram'],
    x: ['x', 'x api', 'x com', 'api x com', 'https x com', 'https api x com', 'twitter'],
  },
  {
    clickhouse: ['click house'],
    postgresql: [
      'postgre sql',
      'postgres',
      'pg',
      'pg sql',
      'psql',
      'pg bouncer',
      'pg vector',
      'timescale',
      'timescale db',
    ],
    qdrant: ['qdrant'],
    redis: ['redis', 'io redis', 'valkey'],
  },
  {
    database: [
      'database',
      'databases',
      'db',
      'dbs',
      'sql',
      'my sql',
      'maria db',
      'mongo',
      'mongo db',
      'mongoose',
      'cockroach db',
      'cassandra',
      'couch db',
      'dynamo',
      'dynamo db',
      'ms sql',
      'neo 4 j',
      'sql server',
    ],
    cache: ['cache', 'caches', 'elasti cache', 'memcache', 'memcached'],
    queue: [
      'queue',
      'queues',
      'rabbit',
      'rabbit mq',
      'amqp',
      'kafka',
      'sqs',
      'sns',
      'nats',
      'mq',
      'bull mq',
      'pub sub',
      'broker',
    ],
    llm: [
      'llm',
      'llms',
      'ai',
      'gen ai',
      'llama',
      'grok',
      'mistral',
      'perplexity',
      'cohere',
      'bedrock',
      'embedding',
      'embeddings',
    ],
    auth: [
      'auth',
      'o auth',
      'oidc',
      'saml',
      'sso',
      'ldap',
      'login',
      'logins',
      'sign in',
      'identity',
      'idp',
      'keycloak',
      'okta',
      'cognito',
      'authentication',
      'authorization',
    ],
    'api-gateway': ['api gateway', 'gateway', 'gateways', 'api gw', 'apigee', 'kong'],
    agent: ['agent', 'agents', 'mcp'],
    background: ['background', 'worker', 'workers', 'job', 'jobs', 'cron', 'batch', 'scheduler', 'etl'],
    local: ['local', 'local host', 'loopback', 'sidecar', '127 0 0 1'],
    // Gateways by name only: services that take messages or payments.
    http: ['payment gateway', 'payments gateway', 'sms gateway', 'email gateway', 'mail gateway'],
  },
  {
    grpc: ['g rpc', 'grpc web', 'protobuf'],
    http: [
      'http',
      'https',
      'api',
      'apis',
      'rest',
      'graph ql',
      'web hook',
      'web hooks',
      'fetch',
      'axios',
      'undici',
    ],
  },
]);

/** So many of the levels, the first ones, are services, which others may belong to. */
export const SERVICE_LEVELS = 2;

/** What keeps something: a `claude-cache` is a cache, and no Claude. */
export const STORES: ReadonlySet<PresetName> = /* @__PURE__ */ new Set<PresetName>([
  'clickhouse',
  'postgresql',
  'qdrant',
  'redis',
  'database',
  'cache',
  'queue',
]);

/** Words that say how something is called. */
export const INTERFACES: readonly string[] = ['api', 'apis', 'g rpc', 'http', 'https', 'service', 'services'];

/** What businesses have as well as programs, so that it says nothing before an interface: `jobs-api`. */
export const WEAK_WORDS: readonly string[] = [
  'agent',
  'agents',
  'batch',
  'broker',
  'cache',
  'caches',
  'job',
  'jobs',
  'local',
  'scheduler',
  'worker',
  'workers',
];

/** What only looks like one of the words: a city, a header, a rating of films. */
export const SAY_NOTHING: readonly string[] = ['hong kong', 'x api key', 'pg 13'];
