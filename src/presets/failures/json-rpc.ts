import { readNumber } from './fields.js';
import type { Rule } from './judge.js';

/**
 * The codes of JSON-RPC 2.0, which MCP speaks, that blame the caller: parse error, invalid request, method not found,
 * invalid params. https://www.jsonrpc.org/specification#error_object
 */
const ANSWERED_CODES = new Set([-32700, -32600, -32601, -32602]);

/** An error that a JSON-RPC server answered. Its other codes, an internal error among them, are left to be failures. */
export const jsonRpc: Rule = (error) =>
  ANSWERED_CODES.has(readNumber(error, 'code') ?? 0) ? false : undefined;
