/** Finds the optional peers where npm and npx put them, and loads them. */
import { createRequire } from 'node:module';
import { basename, delimiter, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createEngine, type Editor, type Engine, type Parser } from './engine.js';
import { UsageError } from './usage-error.js';

/** Where to look for packages. */
export interface Places {
  /** The file that runs as the command, links resolved. */
  readonly self: string;
  readonly cwd: string;
  /** The variable `PATH`. */
  readonly path: string;
}

const PEERS = ['@babel/parser', 'magic-string'] as const;

/**
 * npx puts packages that a project does not have into a folder of its own, and that folder's `node_modules/.bin` on
 * PATH. A project's own recloser is then run by it, and finds nothing there by a plain import.
 *
 * @throws UsageError if a peer is missing, or does not load
 */
export async function loadEngine(places: Places, commandLine: string): Promise<Engine> {
  const found = PEERS.map((name) => [name, resolvePeer(name, places)] as const);
  const missing = found.filter(([, file]) => file === undefined).map(([name]) => name);
  if (missing.length > 0) {
    const are = missing.length === 1 ? 'which is not installed' : 'which are not installed';
    throw new UsageError(
      `migrate needs ${missing.join(' and ')}, ${are}: run \`${withPeers(places, commandLine)}\``,
    );
  }
  const [parser, editor] = await Promise.all(found.map(([name, file]) => load(name, file as string)));
  return createEngine(parser as unknown as Parser, (editor as { default: Editor }).default);
}

function resolvePeer(name: string, { self, cwd, path }: Places): string | undefined {
  const onPath = path
    .split(delimiter)
    .filter((folder) => basename(folder) === '.bin' && basename(dirname(folder)) === 'node_modules')
    .map((folder) => dirname(dirname(folder)));
  for (const folder of [dirname(self), cwd, ...onPath]) {
    try {
      return createRequire(join(folder, 'from-here.js')).resolve(name);
    } catch {
      // Not there: the next place may have it.
    }
  }
  return undefined;
}

async function load(name: string, file: string): Promise<object> {
  try {
    const module = await import(pathToFileURL(file).href);
    // Of a CommonJS module some runtimes give `default` alone.
    return name === '@babel/parser' && module.parse === undefined ? module.default : module;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(`cannot load ${name} from ${file}: ${reason}`, { cause: error });
  }
}

/** The command with the peers beside it. A recloser that the project does not have must be named to npx as well. */
function withPeers({ self, cwd }: Places, commandLine: string): string {
  const own = self.startsWith(join(cwd, 'node_modules')) ? '' : '-p recloser ';
  return `npx ${own}${PEERS.map((name) => `-p ${name}`).join(' ')} recloser migrate ${commandLine}`;
}
