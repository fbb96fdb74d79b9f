/** A process that was stopped for longer than its calls may take: what has arrived meanwhile is an answer. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { build } from 'esbuild';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { fromRoot } from '../support/root.js';

const CALL_TIMEOUT = 300;

const CLIENT = `
  import { CircuitBreaker } from 'recloser';
  import { createFetch } from 'recloser/http';

  const [, , url] = process.argv;
  const breaker = new CircuitBreaker({ name: 'users', callTimeout: ${CALL_TIMEOUT}, failureThreshold: 1 });
  const byHand = (path) => breaker.tryCall(async ({ signal }) => (await fetch(url + path, { signal })).text());
  const guarded = createFetch({ callTimeout: ${CALL_TIMEOUT}, failureThreshold: 1 });
  const byFetch = (path) => guarded(url + path).then(
    async (response) => ({ ok: true, value: await response.text() }),
    (error) => ({ ok: false, error }),
  );
  for (const call of [byHand, byFetch]) {
    await call('/warm');
    const calls = Array.from({ length: 5 }, () => call('/late'));
    console.log('asked');
    const results = await Promise.all(calls);
    console.log(JSON.stringify(results.map(({ ok, value, error }) => (ok ? value : error.code ?? error.name))));
  }
  console.log(breaker.state, breaker.metrics.inFlight);
  process.exit();
`;

let program: string;

beforeAll(async () => {
  const { outputFiles } = await build({
    stdin: { contents: CLIENT, resolveDir: fromRoot('.') },
    alias: { recloser: fromRoot('src/index.ts'), 'recloser/http': fromRoot('src/http/index.ts') },
    bundle: true,
    platform: 'node',
    format: 'esm',
    write: false,
  });
  program = outputFiles[0]!.text;
});

const pass = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe.skipIf(process.platform === 'win32')('a process that sleeps through its deadlines', () => {
  it('takes the answers that have arrived for answers', async () => {
    const late: ServerResponse[] = [];
    const server = createServer((request, response) => {
      if (request.url === '/late') late.push(response);
      else response.end('warm');
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => server.closeAllConnections());
    onTestFinished(() => void server.close());
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const args = ['--input-type=module', '-', url];
    const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    onTestFinished(() => void child.kill('SIGKILL'));
    child.stdin.end(program);
    const printed: string[] = [];

    for await (const line of createInterface(child.stdout)) {
      if (line !== 'asked') {
        printed.push(line);
        continue;
      }
      await expect.poll(() => late.length, { timeout: 5_000, interval: 5 }).toBe(5);
      child.kill('SIGSTOP');
      for (const response of late.splice(0)) response.end('fine');
      await pass(2 * CALL_TIMEOUT);
      child.kill('SIGCONT');
    }

    const fine = JSON.stringify(Array(5).fill('fine'));
    expect(printed).toEqual([fine, fine, 'CLOSED 0']);
  });
});
