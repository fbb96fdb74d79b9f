import { freePort } from './loopback.js';
import { findProgram, type Home, type ServerProcess, startProcess, temporaryHome } from './process.js';

export const redisProgram = findProgram('redis-server');

/** A Redis on loopback, with these settings beside. It may be told to begin in a folder where another one has left its data. */
export async function startRedis(
  program: string,
  settings: Record<string, string> = {},
  ready = 'Ready to accept connections',
  home: Home = temporaryHome('redis'),
): Promise<ServerProcess> {
  const port = await freePort();
  const all = { port: String(port), bind: '127.0.0.1', dir: home.folder, save: '', ...settings };
  const args = Object.entries(all).flatMap(([name, value]) => [`--${name}`, value]);
  return startProcess(program, args, ready, port, home);
}
