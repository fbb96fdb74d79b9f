/** What `npm run bench -- …` takes. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { CASES } from './cases/index.mjs';
import { PEERS } from './peers/index.mjs';

export const USAGE = `npm run bench -- [options]

  --quick             less of everything, and of the peers no HTTP and no idle CPU: under a minute, wider spreads
  --json              the figures as JSON
  --case <id>         only this timed case, as often as wanted: ${Object.keys(CASES).join(', ')}
  --no-peers          recloser alone
  --node <path>       another Node: bench/node_modules/node-24/bin/node is one
  --recloser <path>   another build: an ESM file
`;

const FLAGS = {
  quick: { type: 'boolean' },
  json: { type: 'boolean' },
  help: { type: 'boolean' },
  case: { type: 'string', multiple: true },
  'no-peers': { type: 'boolean' },
  node: { type: 'string' },
  recloser: { type: 'string' },
};

/**
 * How much is done of each part, for recloser and for each peer; what is not named is left out.
 *
 * - `alone`, `mixed`: the effort of timing, see `measure.mjs`;
 * - `memory`: `count` breakers are weighed, in a process for each reading;
 * - `idle`: `ms` of each reading: opossum and brakes turn their buckets every 6 s, and would seem to do nothing in less;
 * - `http`: rounds of `ms` each, over so many connections;
 * - `coldStarts`: how many processes.
 */
const FULL = {
  recloser: {
    alone: { rounds: 41, ms: 15, warmup: 200 },
    memory: { count: 100_000, readings: 3 },
    idle: { ms: 6_000, readings: 3 },
    http: { rounds: 15, ms: 300, connections: 50 },
    coldStarts: 15,
  },
  peer: {
    alone: { rounds: 15, ms: 15, warmup: 150 },
    memory: { count: 10_000, readings: 3 },
    idle: { ms: 6_000, readings: 3 },
    http: { rounds: 7, ms: 200, connections: 50 },
  },
  mixed: { rounds: 21, ms: 10, warmup: 100 },
};

const QUICK = {
  recloser: {
    alone: { rounds: 11, ms: 5, warmup: 60 },
    memory: { count: 100_000, readings: 3 },
    idle: { ms: 300, readings: 3 },
    http: { rounds: 5, ms: 100, connections: 50 },
    coldStarts: 3,
  },
  peer: {
    alone: { rounds: 5, ms: 4, warmup: 30 },
    memory: { count: 5_000, readings: 1 },
  },
  mixed: { rounds: 5, ms: 3, warmup: 20 },
};

/** @param {readonly string[]} args */
export function readOptions(args) {
  const values = parse(args);
  const recloser = values.recloser ?? fileURLToPath(new URL('../dist/index.js', import.meta.url));
  if (!existsSync(recloser)) throw new Error(`There is no build at ${recloser}`);
  for (const id of values.case ?? []) {
    if (Object.hasOwn(CASES, id)) continue;
    throw new RangeError(`--case must be one of ${Object.keys(CASES).join(', ')}, received ${id}`);
  }
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

function parse(args) {
  try {
    return parseArgs({ args, options: FLAGS }).values;
  } catch (error) {
    const [what] = error.message.split(/\.\s/); // what follows tells how arguments are quoted
    const known = Object.keys(FLAGS).map((name) => `--${name}`);
    throw new RangeError(`${what}; known are ${known.join(', ')}`);
  }
}
