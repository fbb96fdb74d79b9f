import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach } from 'vitest';
import { type MigrateIo, migrate } from '../../../src/cli/migrate/index.js';
import { nearest } from '../../../src/core/validate.js';
import { fromRoot } from '../../support/root.js';

type Contents = Readonly<Record<string, string | Uint8Array>>;

export interface Told {
  readonly file: string;
  readonly changed: boolean;
  readonly report: readonly { readonly line: number; readonly rule: string; readonly message: string }[];
  readonly error?: string;
}

const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A folder outside the repository with these files, in which the command runs. It goes after the test. */
export function project(files: Contents) {
  const cwd = realpathSync(mkdtempSync(join(tmpdir(), 'recloser-migrate-')));
  folders.push(cwd);
  const at = (file: string) => join(cwd, file);

  const write = (contents: Contents) => {
    for (const [file, text] of Object.entries(contents)) {
      mkdirSync(dirname(at(file)), { recursive: true });
      writeFileSync(at(file), text);
    }
  };
  write(files);

  async function run(line: string | readonly string[], io: Partial<MigrateIo> = {}) {
    const out: Buffer[] = [];
    let stderr = '';
    const status = await migrate(typeof line === 'string' ? line.split(' ').filter(Boolean) : line, {
      cwd,
      self: fromRoot('dist/cli.js'),
      path: '',
      version: '1.2.3',
      nearest,
      stdout: (text) => out.push(Buffer.from(text)),
      stderr: (text) => {
        stderr += text;
      },
      ...io,
    });
    return { status, stdout: Buffer.concat(out).toString('utf8'), bytes: Buffer.concat(out), stderr };
  }

  return {
    cwd,
    at,
    write,
    run,
    read: (file: string) => readFileSync(at(file), 'utf8'),
    bytes: (file: string) => readFileSync(at(file)),
    async json(line: string): Promise<{ files: Told[]; totals: Record<string, number>; status: number }> {
      const { stdout, status } = await run(`${line} --json`);
      return { ...JSON.parse(stdout), status };
    },
    git: (...args: string[]) => execFileSync('git', args, { cwd, encoding: 'utf8', stdio: 'pipe' }),
  };
}

/** What a migration makes of one file, and the places it tells: `[line, rule]`. */
export async function migrated(target: string, text: string, file = 'a.ts') {
  const { json, read } = project({ [file]: text });
  const { files } = await json(`${target} .`);
  const { error, report = [] } = files[0] ?? {};
  if (error !== undefined) throw new Error(error);
  return { text: read(file), report: report.map(({ line, rule }) => [line, rule] as const) };
}
