/** The names of the presets, for all that speaks of them and needs none of their figures. */

/** A provider of language models. */
export type AiProvider = 'claude' | 'gpt-4' | 'gemini' | 'deepseek' | 'groq' | 'ollama' | 'hugging-face';

/** An MCP server, or the service behind it. */
export type McpServer =
  | 'docker'
  | 'kubernetes'
  | 'desktop-commander'
  | 'prometheus'
  | 'slack'
  | 's3'
  | 'security-scanner';

/** A platform that is called over its public API. */
export type Platform = 'youtube' | 'twitch' | 'tiktok' | 'instagram' | 'x' | 'openrouter' | 'qdrant';

/** A database that has figures of its own. */
export type Database = 'clickhouse' | 'postgresql' | 'redis';

/** A kind of dependency. */
export type Kind =
  | 'http'
  | 'grpc'
  | 'database'
  | 'cache'
  | 'queue'
  | 'llm'
  | 'auth'
  | 'api-gateway'
  | 'agent'
  | 'background'
  | 'local';

/** The name of a preset. */
export type PresetName = AiProvider | McpServer | Platform | Database | Kind;

/** The names of all presets. */
export const PRESET_NAMES: readonly PresetName[] = /* @__PURE__ */ Object.freeze<PresetName[]>([
  'claude',
  'gpt-4',
  'gemini',
  'deepseek',
  'groq',
  'ollama',
  'hugging-face',
  'docker',
  'kubernetes',
  'desktop-commander',
  'prometheus',
  'slack',
  's3',
  'security-scanner',
  'youtube',
  'twitch',
  'tiktok',
  'instagram',
  'x',
  'openrouter',
  'qdrant',
  'clickhouse',
  'postgresql',
  'redis',
  'http',
  'grpc',
  'database',
  'cache',
  'queue',
  'llm',
  'auth',
  'api-gateway',
  'agent',
  'background',
  'local',
]);
