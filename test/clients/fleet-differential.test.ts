import { createManualClock } from 'recloser/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LEASE, REPORT, type Script, STEER, SYNC } from '../../src/redis/lua.js';
import { lease, type MemoryScript, report, steer, sync } from '../../src/redis/memory-scripts.js';
import { MemoryStore } from '../../src/redis/memory-store.js';
import { CLIENTS, type Connected } from './fleet-clients.js';
import type { ServerProcess } from './servers/process.js';
import { redisProgram, startRedis } from './servers/redis.js';

const isMissing = redisProgram === undefined;
if (isMissing)
  console.info(
    'Skipped: the scripts in memory beside a real Redis. There is no redis-server on this machine.',
  );

const SEQUENCES = 150;
const CALLS = 40;

const RECORDS = 'recloser:1:{random}:b';
const INSTANCES = 'recloser:1:{random}:i';
const roundOf = (name: string) => `recloser:1:{random}:r:${name}`;

/** The same script at a time that the test says: its last argument. */
const atGivenTime = ({ text }: Script): string =>
  text.replace(/^local t=.*\nlocal now=.*$/m, 'local now=tonumber(ARGV[#ARGV])');

interface Call {
  readonly script: Script;
  readonly inMemory: MemoryScript;
  readonly keys: readonly [string, string, ...string[]];
  readonly args: readonly string[];
}

describe.skipIf(isMissing)('the scripts in memory and those in a real Redis', () => {
  let server: ServerProcess;
  let redis: Connected;

  beforeAll(async () => {
    server = await startRedis(redisProgram!);
    redis = await CLIENTS['ioredis 6']!(server.port);
  });

  afterAll(async () => {
    await redis.close();
    await server.stop();
  });

  it(`answer the same and leave the same, step by step, in ${SEQUENCES} random sequences`, async () => {
    let granted = 0;
    for (let seed = 1; seed <= SEQUENCES; seed++) {
      await redis.command('FLUSHALL');
      const { random } = createManualClock({ seed });
      const below = (n: number) => Math.floor(random() * n);
      const pick = <T>(list: readonly T[]): T => list[below(list.length)] as T;
      let now = 1_700_000_000_000;
      const store = new MemoryStore(() => now);
      const leases: { readonly name: string; readonly nonce: string; readonly epoch: string }[] = [];
      const epochs = new Map<string, string>();

      const next = (): Call => {
        const name = pick(['x', 'y']);
        const keys = [RECORDS, roundOf(name)] as const;
        const dice = below(10);
        if (dice < 5) {
          const entries = Array.from({ length: below(3) }, () => pick(['x', 'y']));
          const votes = entries.flatMap((it) => {
            const epoch = below(4) === 0 ? String(below(9)) : (epochs.get(it) ?? '0');
            return [pick(['+', '+', '-', '0']), it, epoch, String(below(900)), String(1 + below(2)), '2'];
          });
          const args = [
            pick(['a', 'b', 'c']),
            pick(['900', '900', '900', '0']),
            '2000',
            '2',
            pick(['0.5', '0.3']),
          ];
          return {
            script: SYNC,
            inMemory: sync,
            keys: [RECORDS, INSTANCES, ...entries.map(roundOf)],
            args: [...args, ...votes],
          };
        }
        if (dice < 7 || (dice < 9 && leases.length === 0)) {
          const args = [name, `n${below(6)}`, String(50 + below(400)), '2000', 'a'];
          return { script: LEASE, inMemory: lease, keys, args };
        }
        if (dice < 9) {
          const { name: of, nonce, epoch } = pick(leases);
          const args = [of, nonce, epoch, pick(['1', '1', '0', '2']), String(below(900)), '2000', 'a'];
          return { script: REPORT, inMemory: report, keys: [RECORDS, roundOf(of)], args };
        }
        const state = pick(['r', 'f', 'u']);
        return {
          script: STEER,
          inMemory: steer,
          keys,
          args: [name, state, state === 'r' ? '0' : '700', '2000', 'a', 'by hand'],
        };
      };

      for (let step = 0; step < CALLS; step++) {
        now += below(300);
        // Keys live by the server's own time, which stands still here.
        const alive = new Set(store.keys());
        for (const key of [RECORDS, INSTANCES, roundOf('x'), roundOf('y')])
          if (!alive.has(key)) await redis.command('DEL', key);
        const { script, inMemory, keys, args } = next();

        const mine = inMemory(store, keys, [...args], () => {});
        const theirs = (await redis.command(
          ...['EVAL', atGivenTime(script), String(keys.length), ...keys, ...args, String(now)],
        )) as unknown[];

        expect({ seed, step, args, reply: inOrder(script, theirs) }).toEqual({
          seed,
          step,
          args,
          reply: inOrder(script, mine),
        });
        if (script === SYNC)
          for (let at = 2; at < mine.length; at += 2)
            epochs.set(String(mine[at]), String(mine[at + 1]).split(' ')[1] as string);
        if (script === LEASE && mine[0] === 1) {
          granted++;
          leases.push({ name: args[0] as string, nonce: args[1] as string, epoch: String(mine[2]) });
        }
      }
    }

    expect(granted).toBeGreaterThan(SEQUENCES / 2);
  }, 120_000);
});

/** A hash tells its fields in any order. */
function inOrder(script: Script, reply: readonly unknown[]): unknown {
  if (script !== SYNC) return reply;
  const [n, now, ...rest] = reply;
  const pairs = rest.flatMap((name, at) => (at % 2 === 0 ? [[name, rest[at + 1]]] : []));
  return [n, now, pairs.sort()];
}
