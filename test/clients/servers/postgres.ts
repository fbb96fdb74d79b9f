import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { freePort } from './loopback.js';
import { findProgram, type ServerProcess, startProcess, subfolders, temporaryHome } from './process.js';

export const PASSWORD = 'right';

export const postgresProgram = findProgram('postgres', ...subfolders('/usr/lib/postgresql', 'bin'));

/** A PostgreSQL on loopback that takes five connections. */
export async function startPostgres(program: string): Promise<ServerProcess> {
  const home = temporaryHome('postgres');
  const passwordFile = join(home.folder, 'password');
  writeFileSync(passwordFile, PASSWORD);
  const data = join(home.folder, 'data');
  execFileSync(
    join(dirname(program), 'initdb'),
    [
      '-D',
      data,
      '-U',
      'postgres',
      '-A',
      'scram-sha-256',
      '--pwfile',
      passwordFile,
      '--no-sync',
      '--locale=C',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'], cwd: home.folder, ...home.identity },
  );
  const port = await freePort();
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: home.folder,
    max_connections: '5',
    superuser_reserved_connections: '0',
    max_wal_senders: '0',
    fsync: 'off',
  };
  const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  return startProcess(
    program,
    ['-D', data, '-p', String(port), ...args],
    'ready to accept connections',
    port,
    home,
    // Unlike SIGKILL it leaves no shared memory behind.
    'SIGQUIT',
  );
}
