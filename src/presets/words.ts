/**
 * The words by which a name tells its preset. What stands in an earlier level goes before what stands in a later one.
 * A space in a word may be missing, or be anything else that separates words; a single letter must be the whole name.
 */
import type { PresetName } from './catalogue.js';
import { freezeDeeply } from './freeze.js';

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
    'gpt-4': ['gpt', 'gpt 4', 'chat gpt', 'open ai'],
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
    x: ['x', 'x api', 'x com', 'twitter'],
    qdrant: ['qdrant'],
  },
  {
    clickhouse: ['click house'],
    postgresql: ['postgre sql', 'postgres', 'pg', 'pg bouncer', 'pg vector'],
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
    ],
    cache: ['cache', 'caches', 'memcache', 'memcached'],
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
    llm: ['llm', 'llms', 'ai', 'gen ai', 'mistral', 'cohere', 'bedrock', 'embedding', 'embeddings'],
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
