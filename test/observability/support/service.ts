import { fork } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { consumerFolder } from '../../support/consumer.js';
import { fromRoot } from '../../support/root.js';

/** A process that uses the installed package. */
export interface Service {
  /** Where its metrics are, such as `127.0.0.1:9464`. */
  readonly address: string;
  stop(): Promise<void>;
}

/** The folder into which the packed package is installed, with prom-client beside it. */
export function installedFolder(): string {
  const folder = consumerFolder();
  const client = join(folder, 'node_modules', 'prom-client');
  if (!existsSync(client)) symlinkSync(fromRoot('node_modules/prom-client'), client);
  return folder;
}

/** @param role `whole`, or `split` for one that believes of its fleet what others do not, and has one without a Redis */
export async function startService(role: 'whole' | 'split' = 'whole'): Promise<Service> {
  const script = join(installedFolder(), 'service.mjs');
  copyFileSync(fromRoot('test/observability/service.mjs'), script);
  const child = fork(script, [role], { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
  const ended = once(child, 'exit');
  const [line] = await Promise.race([once(child.stdout!, 'data'), ended.then(() => ['it ended at once'])]);
  const address = String(line).trim();
  if (!/^127\.0\.0\.1:\d+$/.test(address)) throw new Error(`The service does not start: ${address}`);
  return {
    address,
    async stop() {
      child.disconnect();
      await ended;
    },
  };
}
