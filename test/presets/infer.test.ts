import { inferPreset, PRESET_NAMES, type PresetName } from 'recloser/presets';
import { describe, expect, it } from 'vitest';
import { WORD_LEVELS } from '../../src/config/words.js';
import { refusalOf } from '../support/breakers.js';

const known = WORD_LEVELS.flatMap((level, index) =>
  Object.entries(level).flatMap(([preset, words]) => words.map((word) => ({ index, preset, word }))),
);

describe('inferPreset', () => {
  it.each([
    ['claude', 'claude_expert_opus', 'claudeExpert', 'anthropic-sdk', 'CLAUDE'],
    ['gpt-4', 'gpt4', 'gpt-4o', 'GPT4oMini', 'gpt-3.5-turbo', 'openai', 'azureOpenAI', 'ChatGPT'],
    ['deepseek', 'deepseek-r1', 'DeepSeekChat'],
    ['hugging-face', 'hf', 'huggingface', 'hugging_face', 'HuggingFaceInference'],
    ['ollama', 'ollama', 'ollama-deepseek-r1', 'claude-on-ollama'],
    ['openrouter', 'openrouter/anthropic/claude-3', 'OpenRouter'],
    ['kubernetes', 'kubernetes-mcp', 'k8s', 'K8sClient', 'kube.api'],
    ['s3', 's3', 'S3Client', 'my-s3-bucket', 'uploads.s3.eu-west-1'],
    ['desktop-commander', 'desktop-commander', 'DesktopCommanderMCP', 'desktop commander'],
    ['security-scanner', 'security-scanner-mcp', 'SecurityScan'],
    ['x', 'x', 'X', 'x-api', 'twitter', 'https://x.com'],
    ['tiktok', 'tiktok-feed', 'TikTok'],
    [
      'postgresql',
      'orders-postgres',
      'OrdersPostgreSQL',
      'pg',
      'pg14',
      'pgbouncer',
      'postgres:5432',
      'größe.postgres',
    ],
    ['clickhouse', 'ClickHouse', 'click_house', 'clickhouse-events'],
    ['redis', 'redis-cache', 'redis7', 'ioredis', 'sessions@redis'],
    ['database', 'orders-db', 'OrdersDB', 'mysql', 'MySQL8', 'MongoDB', 'mongo', 'auth-db'],
    ['cache', 'session-cache', 'SessionCache', 'memcached'],
    ['queue', 'RabbitMQ', 'kafka', 'orders-sqs', 'job-queue'],
    ['llm', 'llm', 'some-llm', 'ai-service', 'mistral'],
    ['auth', 'oauth', 'oauth2', 'OAuth2Login', 'login-api', 'auth0'],
    ['api-gateway', 'gateway', 'api-gateway', 'APIGateway', 'http-gateway'],
    ['agent', 'research-agent', 'weather-mcp'],
    ['background', 'worker', 'queue-worker', 'nightly-jobs', 'cron'],
    ['local', 'localhost', 'http://localhost:3000', 'http://127.0.0.1:8080', 'local'],
    ['http', 'users-api', 'https://users.example', 'paymentGateway', 'webhooks', 'rest'],
    ['http', 'job-board-api', 'jobs-api', 'worker-api', 'batch-pricing-api', 'real-estate-agents-api'],
    ['http', 'insurance-broker-api', 'local-business-api', 'jobs-api-v2', 'cacheHttpClient', 'hong-kong-api'],
    ['background', 'api-worker', 'http-jobs', 'worker-api-worker'],
    ['claude', 'claude-jobs-api', 'redis-claude', 'claude-worker', 'claude-cache-api'],
    ['cache', 'claude-cache', 'openai-cache', 'elasticache', 'ElastiCache', 'llama-cache'],
    [
      'redis',
      'claude-response-cache-redis',
      's3-redis-cache',
      'youtube-redis',
      'redis-queue',
      'claude-redis-api',
    ],
    ['postgresql', 'docker-postgres', 'kubernetes-postgres-db', 'pgsql', 'PgSQL', 'psql', 'postgresdb'],
    ['postgresql', 'timescaledb', 'TimescaleDB', 'timescale'],
    ['queue', 'slack-queue'],
    ['qdrant', 'qdrant-db', 'claude-qdrant'],
    ['database', 'dynamodb', 'dynamo-db', 'DynamoDB', 'mssql', 'sqlserver', 'SQLServer', 'couchdb'],
    ['database', 'neo4j', 'Neo4j', 'ordersdb', 'influxdb', 'claude-db'],
    ['llm', 'llama', 'llama3', 'grok', 'perplexity-api'],
    ['gpt-4', 'o1', 'o1-mini', 'openai-o1'],
    ['x', 'x-api-client', 'https://api.x.com/2/tweets', 'x.com', 'xApi'],
  ] as const)('takes for %s: %s %s %s %s %s %s %s', (preset, ...names) => {
    for (const name of names)
      expect([name, inferPreset(name)]).toMatchObject([name, { preset, guessed: false }]);
  });

  it.each([
    'users',
    'max',
    'x2',
    'xs',
    'express',
    'expressions-service',
    'claudette',
    'reports3',
    'class-3',
    'locale-service',
    'authors',
    'redistribution',
    'dockerfile',
    'slackline',
    'pgp-keys',
    'red-is-blue',
    'aide',
    'restaurant',
    'hong-kong-weather',
    'pg-13-movies',
    'x-api-key-store',
    'imdb',
    'worker-service',
    'constructor',
    '__proto__',
    '-',
    '',
    '🦊',
  ])('says that it only guesses: "%s"', (name) => {
    expect(inferPreset(name)).toEqual({
      preset: 'http',
      rule: 'its name says nothing that is known',
      guessed: true,
      others: [],
    });
  });

  it.each(PRESET_NAMES)('takes the name of a preset for that preset: %s', (name) => {
    expect(inferPreset(name)).toMatchObject({ preset: name, guessed: false });
  });

  it.each(known)('takes a known word for its preset: "$word"', ({ preset, word }) => {
    const apart = word.replaceAll(' ', '_');
    const joined = word.replaceAll(' ', '').toUpperCase();

    expect(inferPreset(apart)).toMatchObject({ preset, guessed: false });
    expect(inferPreset(joined)).toMatchObject({ preset, guessed: false });
  });

  it.each([
    ['PostgreSQL', 'PostgreSQL'],
    ['my-S3-bucket', 'S3'],
    ['Orders_Hugging_Face', 'Hugging_Face'],
    ['k8s', 'k8s'],
  ])('tells the word as the name has it: %s', (name, word) => {
    expect(inferPreset(name).rule).toBe(`its name says "${word}"`);
  });

  it.each([
    ['redis-cache', ['cache']],
    ['cache-redis', ['cache']],
    ['job-queue', ['background']],
    ['queue-worker', ['queue']],
    ['redis-queue-claude-api', ['redis', 'queue', 'http']],
    ['claude-redis-queue-api', ['claude', 'queue', 'http']],
    ['claude-cache', ['claude']],
    ['jobs-api', []],
    ['postgres-pg-postgres', []],
  ] as const)('names the others that it speaks of, the most specific first: %s', (name, others) => {
    expect(inferPreset(name).others).toEqual(others);
  });

  it.each([
    ['slack-prometheus', 'prometheus'],
    ['prometheus-slack', 'slack'],
    ['gateway-auth', 'auth'],
    ['auth-gateway', 'api-gateway'],
  ] as const)('goes by the last of several that are equally specific: %s', (name, preset) => {
    expect(inferPreset(name).preset).toBe(preset);
  });

  it.each(['iPhoneX-API', 'SpaceX-API', 'mac-os-x-api', 'hong-kong-x-api'])('finds no X in %s', (name) => {
    expect(inferPreset(name).preset).toBe('http');
  });

  it.each([undefined, null, 3, {}, ['claude']])('refuses a name that is no string: %j', (name) => {
    const error = refusalOf(() => inferPreset(name as unknown as string));

    expect(error.message).toMatch(/^Cannot infer a preset: `name` must be a string, received /);
  });

  it('takes long names in its stride', () => {
    expect(inferPreset(`${'aA1-'.repeat(50_000)}redis`).preset).toBe('redis');
  });
});

describe('the words', () => {
  it('are each in a level for one preset only, so that their order does not matter', () => {
    const places = known.flatMap(({ index, word }) =>
      [...new Set([word.replaceAll(' ', '-'), word.replaceAll(' ', '')])].map((form) => `${index} ${form}`),
    );

    expect(places.filter((place, at) => places.indexOf(place) !== at)).toEqual([]);
  });

  it('tell every preset', () => {
    const told = new Set(known.map(({ preset }) => preset as PresetName));

    expect(PRESET_NAMES.filter((name) => !told.has(name))).toEqual([]);
  });
});
