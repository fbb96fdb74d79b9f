/** What `npm run bench -- …` takes. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { CASES } from './cases/index.mjs';
import { PEERS } from './peers/index.mjs';

export const USAGE = `npm run bench -- [options]

  --quick             less of everything: under a minute, and wider spreads
  --json              the figures as JSON
  --case <id>         only this timed case, as often as wanted: ${Object.keys(CASES).join(', ')}
  --no-peers          recloser alone
  --node <path>       another Node: bench/node_modules/node-24/bin/node is one
  --recloser <path>   another build: an ESM file
`;

const FULL = {
  effort: { rounds: 41, ms: 15, warmup: 200 },
  peerEffort: { rounds: 15, ms: 15, warmup: 150 },
  mixedEffort: { rounds: 21, ms: 10, warmup: 100 },
  memory: { count: 100_000, idleMs: 3_000, idleBreakers: 10_000 },
  peerMemory: { count: 10_000, idleMs: 3_000, idleBreakers: 10_000 },
  http: { rounds: 15, ms: 300, connections: 50 },
  peerHttp: { rounds: 7, ms: 200, connections: 50 },
  coldStarts: 15,
};

const QUICK = {
  effort: { rounds: 15, ms: 6, warmup: 60 },
  peerEffort: { rounds: 5, ms: 4, warmup: 40 },
  mixedEffort: { rounds: 5, ms: 3, warmup: 20 },
  memory: { count: 100_000, idleMs: 500, idleBreakers: 10_000 },
  peerMemory: { count: 2_000, idleMs: 300, idleBreakers: 2_000 },
  http: { rounds: 5, ms: 100, connections: 50 },
  peerHttp: { rounds: 3, ms: 60, connections: 50 },
  coldStarts: 3,
};

export function readOptions(args) {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: 'boolean' },
      json: { type: 'boolean' },
      help: { type: 'boolean' },
      case: { type: 'string', multiple: true },
      'no-peers': { type: 'boolean' },
      node: { type: 'string' },
      recloser: { type: 'string' },
    },
  });
  const recloser = values.recloser ?? fileURLToPath(new URL('../dist/index.js', import.meta.url));
  if (!existsSync(recloser)) throw new Error(`There is no build at ${recloser}`);
  return {
    help: values.help === true,
    json: values.json === true,
    plan: values.quick ? QUICK : FULL,
    cases: values.case ?? Object.keys(CASES),
    isWhole: values.case === undefined,
    peers: values['no-peers'] ? [] : PEERS,
    node: values.node ?? process.execPath,
    recloser: new URL(recloser, `file://${process.cwd()}/`).href,
  };
}
