import type { PresetName } from '../../config/preset-names.js';
import { AI_PROVIDERS } from './ai-providers.js';
import { DATABASES } from './databases.js';
import { KINDS } from './kinds.js';
import { MCP_SERVERS } from './mcp-servers.js';
import { PLATFORMS } from './platforms.js';
import type { PresetData } from './preset-data.js';

/** Every preset by its name. It is not spread together: bundlers keep what is spread, even if nobody uses it. */
export const PRESETS: Readonly<Record<PresetName, PresetData>> = /* @__PURE__ */ Object.freeze(
  /* @__PURE__ */ Object.assign({}, AI_PROVIDERS, MCP_SERVERS, PLATFORMS, DATABASES, KINDS),
);
