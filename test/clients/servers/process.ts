import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

/** A temporary folder, and the account to which it belongs. */
export interface Home {
  readonly folder: string;
  readonly identity: { readonly uid?: number; readonly gid?: number };
}

/** A database server that runs for a test, with its data in a temporary folder. */
export interface ServerProcess extends Home {
  readonly port: number;
  readonly child: ChildProcess;
  /** Resolves when the process has ended. */
  readonly ended: Promise<void>;
  /** Ends it and removes its folder. */
  stop(): Promise<void>;
}

/** The path of a program: on the PATH, or in one of the other folders. */
export function findProgram(name: string, ...folders: string[]): string | undefined {
  const onPath = (process.env.PATH ?? '').split(delimiter);
  return [...onPath, ...folders, '/usr/sbin'].map((folder) => join(folder, name)).find(existsSync);
}

/** Debian keeps PostgreSQL's programs in a folder for each version. */
export function subfolders(folder: string, end: string): string[] {
  return existsSync(folder) ? readdirSync(folder).map((version) => join(folder, version, end)) : [];
}

/** A new home for that account where the tests run as root, since servers refuse to, and else for whoever runs them. */
export function temporaryHome(account: string): Home {
  const folder = mkdtempSync(join(tmpdir(), `recloser-${account}-`));
  if (process.getuid?.() !== 0) return { folder, identity: {} };
  const [uid, gid] = ['-u', '-g'].map((flag) => Number(execFileSync('id', [flag, account])));
  chownSync(folder, uid!, gid!);
  return { folder, identity: { uid: uid!, gid: gid! } };
}

/** Starts a server and waits until it prints that it is ready. The signal is what ends it at once. */
export async function startProcess(
  program: string,
  args: readonly string[],
  ready: string,
  port: number,
  { folder, identity }: Home,
  killSignal: NodeJS.Signals = 'SIGKILL',
): Promise<ServerProcess> {
  const child = spawn(program, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'], ...identity });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const kill = () => child.kill(killSignal);
  process.once('exit', kill);
  let output = '';
  await new Promise<void>((resolve, reject) => {
    const listen = (text: Buffer) => {
      output += text;
      if (output.includes(ready)) resolve();
    };
    child.stdout.on('data', listen);
    child.stderr.on('data', listen);
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`${program} ended with ${code}:\n${output}`)));
  });
  return {
    port,
    folder,
    identity,
    child,
    ended,
    stop: async () => {
      kill();
      process.off('exit', kill);
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
