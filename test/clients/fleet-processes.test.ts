import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { createManualClock } from 'recloser/testing';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { CLIENTS } from './fleet-clients.js';
import { type Home, temporaryHome } from './servers/process.js';
import { redisProgram, startRedis } from './servers/redis.js';

const isMissing = redisProgram === undefined;
if (isMissing) console.info('Skipped: fleets of processes. There is no redis-server on this machine.');

/** Seconds of random trouble; `RECLOSER_FLEET_SOAK` asks for more. */
const SOAK = Number(process.env.RECLOSER_FLEET_SOAK ?? 8);

/** Of the instances, in ms. */
const OPEN_TIME = 300;
const LEASE = 1_000;

const pass = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

interface Status {
  readonly state: string;
  readonly shared: boolean;
  readonly detached: boolean;
  readonly mostPending: number;
  readonly heap: number;
}

let home: Home;
let program: string;

/** A process of `fleet-instance.ts`. */
class Instance {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static async start(port: number): Promise<Instance> {
    const child = fork(program, [String(port)], { execArgv: ['--expose-gc'] });
    child.on('error', () => {}); // it has been killed while we talked to it
    await once(child, 'message');
    return new Instance(child);
  }

  /** Tells it what to do; answers how it is right after. */
  async tell(what: 'fail' | 'succeed' | 'hang' | 'look' | 'collect' | 'cut off' | 'reach'): Promise<Status> {
    const answer = once(this.#child, 'message');
    this.#child.send(what);
    return (await answer)[0] as Status;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await gone;
  }
}

/** Tells all of them until they answer what is wanted, and says how long that took. */
async function until(
  instances: readonly Instance[],
  what: Parameters<Instance['tell']>[0],
  isSo: (status: Status) => boolean,
  within = 10_000,
): Promise<number> {
  const since = performance.now();
  while (performance.now() - since < within) {
    const all = await Promise.all(instances.map((it) => it.tell(what)));
    if (all.every(isSo)) return performance.now() - since;
    await pass(20);
  }
  throw new Error(`it was not so within ${within} ms`);
}

const isClosed = ({ state }: Status) => state === 'CLOSED';
const isShared = ({ shared }: Status) => shared;

async function startAll(count: number) {
  const server = await startRedis(redisProgram!);
  onTestFinished(() => server.stop());
  const instances = await Promise.all(Array.from({ length: count }, () => Instance.start(server.port)));
  onTestFinished(async () => {
    await Promise.all(instances.map((it) => it.kill()));
  });
  return { server, instances };
}

async function openAll(instances: readonly Instance[]): Promise<void> {
  for (const it of instances) await it.tell('fail');
  await until(instances, 'look', isShared);
}

describe.skipIf(isMissing)('a fleet of processes', () => {
  beforeAll(async () => {
    home = temporaryHome('redis');
    program = join(home.folder, 'fleet-instance.cjs');
    const src = fileURLToPath(new URL('../../src', import.meta.url));
    await build({
      entryPoints: [fileURLToPath(new URL('fleet-instance.ts', import.meta.url))],
      bundle: true,
      platform: 'node',
      format: 'cjs',
      outfile: program,
      alias: { 'recloser/redis': `${src}/redis/index.ts`, recloser: `${src}/index.ts` },
    });
  });

  it('closes within a lease, an open time and a second after its prober was killed', async () => {
    const { instances } = await startAll(3);
    const [prober, ...others] = instances as [Instance, ...Instance[]];
    await openAll(instances);
    await until([prober], 'hang', ({ state }) => state === 'HALF_OPEN');

    await prober.kill();
    const took = await until(others, 'succeed', isClosed);

    expect(took).toBeLessThan(LEASE + OPEN_TIME + 1_000);
  });

  it('takes in an instance that has slept, which brings nothing of yesterday', async () => {
    const { instances } = await startAll(3);
    const [sleeper, ...others] = instances as [Instance, ...Instance[]];
    await openAll(instances);

    sleeper.signal('SIGSTOP');
    await until(others, 'succeed', isClosed);
    await pass(2_000); // nobody knows of it any more
    sleeper.signal('SIGCONT');
    const states: string[] = [];
    for (let n = 0; n < 40; n++) {
      for (const it of others) states.push((await it.tell('look')).state);
      await pass(20);
    }
    await until([sleeper], 'succeed', isClosed);

    expect(new Set(states)).toEqual(new Set(['CLOSED']));
    expect(await sleeper.tell('look')).toMatchObject({ detached: false });
  });

  it(
    `closes for all after ${SOAK} s of killed, sleeping and cut off instances, lost data and a Redis that hangs`,
    async () => {
      const { server, instances } = await startAll(4);
      const admin = await CLIENTS['node-redis 6']!(server.port);
      onTestFinished(() => void admin.close());
      const { random } = createManualClock({ seed: 11 });
      const below = (n: number) => Math.floor(random() * n);
      await pass(500);
      for (const it of instances) await it.tell('collect');
      const heaps = await Promise.all(instances.map(async (it) => (await it.tell('look')).heap));

      for (const end = performance.now() + SOAK * 1_000; performance.now() < end; ) {
        const index = below(4);
        const one = instances[index] as Instance;
        switch (below(9)) {
          case 0:
            await one.kill();
            instances[index] = await Instance.start(server.port);
            heaps[index] = Number.POSITIVE_INFINITY;
            break;
          case 1:
            one.signal('SIGSTOP');
            await pass(below(1_500));
            one.signal('SIGCONT');
            break;
          case 2:
            await admin.command('FLUSHALL');
            break;
          case 3:
            server.child.kill('SIGSTOP');
            await pass(below(1_500));
            server.child.kill('SIGCONT');
            break;
          case 4:
            await one.tell('cut off');
            for (const end = performance.now() + below(1_500); performance.now() < end; await pass(10)) {
              await Promise.all(instances.map((it) => it.tell(below(3) === 0 ? 'fail' : 'succeed')));
            }
            await one.tell('reach');
            break;
          default:
            for (let n = 0; n < 20; n++) {
              await Promise.all(instances.map((it) => it.tell(below(3) === 0 ? 'fail' : 'succeed')));
              await pass(10);
            }
        }
      }
      // An instance whose own probe failed last asks last; a lease may be out, and Redis is known to be back with the next poll.
      const took = await until(instances, 'succeed', isClosed);
      if (process.env.RECLOSER_FLEET_SOAK !== undefined) console.info(`closed for all after ${took} ms`);
      for (const it of instances) await it.tell('collect');
      const after = await Promise.all(instances.map((it) => it.tell('look')));

      expect(took).toBeLessThan(2 * OPEN_TIME + LEASE + 2_000);
      for (const [index, { mostPending, heap }] of after.entries()) {
        expect(mostPending).toBeLessThanOrEqual(8);
        expect(heap).toBeLessThan((heaps[index] as number) + 2_000_000);
      }
    },
    SOAK * 1_000 + 60_000,
  );
});
