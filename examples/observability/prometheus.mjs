/** A Prometheus of its own, on a free port of the loopback interface, that is gone when it is stopped. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Milliseconds within which it is ready, or something is wrong. */
const TIME_TO_START = 30_000;

/**
 * @param {object} settings
 * @param {readonly string[]} settings.targets what to scrape, such as `127.0.0.1:9464`
 * @param {string} [settings.rules] a rule file, as YAML
 * @param {string} [settings.interval] between two scrapes, and between two looks at the rules
 * @returns {Promise<{ url: string, stop(): Promise<void> } | undefined>} nothing where no Prometheus is installed
 */
export async function startPrometheus({ targets, rules = 'groups: []', interval = '1s' }) {
  const folder = await mkdtemp(join(tmpdir(), 'recloser-prometheus-'));
  const config = {
    global: { scrape_interval: interval, scrape_timeout: interval, evaluation_interval: interval },
    rule_files: ['rules.yml'],
    scrape_configs: [{ job_name: 'shop', static_configs: [{ targets }] }],
  };
  await writeFile(join(folder, 'rules.yml'), rules);
  await writeFile(join(folder, 'prometheus.yml'), JSON.stringify(config)); // which is YAML too

  const address = `127.0.0.1:${await freePort()}`;
  const prometheus = spawn(
    'prometheus',
    [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=${address}`,
      '--log.level=warn',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const ended = new Promise((resolve) => prometheus.once('close', resolve));
  const kill = () => prometheus.kill('SIGKILL');
  process.once('exit', kill); // it does not survive us

  const stop = async () => {
    prometheus.kill();
    await ended;
    process.off('exit', kill);
    await rm(folder, { recursive: true });
  };

  try {
    await once(prometheus, 'spawn');
    await untilReady(`http://${address}`, prometheus);
    return { url: `http://${address}`, stop };
  } catch (error) {
    await stop();
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * @param {string} url
 * @param {import('node:child_process').ChildProcess} prometheus
 */
async function untilReady(url, prometheus) {
  let said = '';
  prometheus.stderr?.setEncoding('utf8').on('data', (text) => {
    said = (said + text).slice(-2_000);
  });
  for (const deadline = Date.now() + TIME_TO_START; Date.now() < deadline; await sleep(100)) {
    if (prometheus.exitCode !== null) break;
    const isReady = await fetch(`${url}/-/ready`)
      .then((response) => response.ok)
      .catch(() => false);
    if (isReady) return;
  }
  throw new Error(`Prometheus does not start: ${said || 'it says nothing'}`);
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  server.close();
  await once(server, 'close');
  return port;
}
