import { AI_PROVIDERS, type AiProvider } from './ai-providers.js';
import { DATABASES, type Database } from './databases.js';
import { KINDS } from './kinds.js';
import { MCP_SERVERS, type McpServer } from './mcp-servers.js';
import { PLATFORMS, type Platform } from './platforms.js';
import type { Kind, PresetData } from './preset-data.js';

/** The name of a preset. */
export type PresetName = AiProvider | McpServer | Platform | Database | Kind;

/** Every preset by its name. It is not spread together: bundlers keep what is spread, even if nobody uses it. */
export const PRESETS: Readonly<Record<PresetName, PresetData>> = /* @__PURE__ */ Object.freeze(
  /* @__PURE__ */ Object.assign({}, AI_PROVIDERS, MCP_SERVERS, PLATFORMS, DATABASES, KINDS),
);

/** The names of all presets. */
export const PRESET_NAMES = /* @__PURE__ */ Object.freeze(
  /* @__PURE__ */ Object.keys(PRESETS),
) as readonly PresetName[];
