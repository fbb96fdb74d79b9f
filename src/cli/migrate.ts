/** `recloser migrate`, which prints as it goes. */
import { nearest } from '../core/validate.js';
import type { Answer } from './answer.js';
import { runMigrate } from './migrate/run.js';

export async function run(args: readonly string[]): Promise<Answer> {
  return { status: await runMigrate(args, nearest), stdout: '', stderr: '' };
}
