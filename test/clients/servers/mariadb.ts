import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { freePort } from './loopback.js';
import { findProgram, type ServerProcess, startProcess, temporaryHome } from './process.js';

export const mariadbProgram = findProgram('mariadbd');
const installer = findProgram('mariadb-install-db');

/** A MariaDB on loopback, which anybody may enter as root, that takes thirty connections and one for the administrator. */
export async function startMariadb(program: string): Promise<ServerProcess> {
  const home = temporaryHome('mysql');
  const data = join(home.folder, 'data');
  execFileSync(
    installer!,
    ['--no-defaults', `--datadir=${data}`, '--auth-root-authentication-method=normal', '--skip-test-db'],
    { stdio: ['ignore', 'ignore', 'pipe'], cwd: home.folder, ...home.identity },
  );
  const port = await freePort();
  const args = [
    '--no-defaults',
    `--datadir=${data}`,
    `--socket=${join(home.folder, 'socket')}`,
    `--pid-file=${join(home.folder, 'pid')}`,
    `--port=${port}`,
    '--bind-address=127.0.0.1',
    '--max-connections=30',
    '--innodb-flush-log-at-trx-commit=0',
  ];
  return startProcess(program, args, 'ready for connections', port, home);
}
