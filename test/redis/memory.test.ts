/** What the scripts write and answer, to the letter: the one in memory here, by its own clock. */
import { createMemoryRedis } from 'recloser/redis';
import { createManualClock } from 'recloser/testing';
import { describe, expect, it } from 'vitest';
import { LEASE, REPORT, type Script, STEER, SYNC } from '../../src/redis/lua.js';
import { MemoryStore } from '../../src/redis/memory-store.js';
import { errorOf } from '../support/breakers.js';

const T = 1_000_000_000_000;
const RECORDS = 'recloser:1:{shop}:b';
const INSTANCES = 'recloser:1:{shop}:i';
const round = (name: string) => `recloser:1:{shop}:r:${name}`;

function createShop() {
  const clock = createManualClock();
  const redis = createMemoryRedis({ clock });
  const hints: unknown[] = [];
  const hangUp = redis.subscribe('recloser:1:{shop}:h', (it) => hints.push(it));
  const run = (script: Script, keys: string[], args: (string | number)[]) =>
    redis.client(['EVALSHA', script.digest, String(keys.length), ...keys, ...args.map(String)]);
  const votes = (...entries: (string | number)[][]) => ({
    keys: entries.map(([, name]) => round(name as string)),
    args: entries.flat(),
  });
  return {
    clock,
    redis,
    hints,
    hangUp,
    /** Entries are `op, name, epoch, ms, probes, need`. */
    sync(id: string, entries: (string | number)[][] = [], figures = [7_000, 60_000, 2, 0.5]) {
      const { keys, args } = votes(...entries);
      return run(SYNC, [RECORDS, INSTANCES, ...keys], [id, ...figures, ...args]);
    },
    lease: (nonce: string, ms = 5_000) => run(LEASE, [RECORDS, round('x')], ['x', nonce, ms, 60_000, 'me']),
    report: (nonce: string, epoch: number, ending: number, openFor = 4_000) =>
      run(REPORT, [RECORDS, round('x')], ['x', nonce, epoch, ending, openFor, 60_000, 'me']),
    steer: (state: string, ms: number) =>
      run(STEER, [RECORDS, round('x')], ['x', state, ms, 60_000, 'me', 'by hand']),
  };
}

const VOTE = ['+', 'x', 0, 10_000, 1, 2];

/** Open, for 10 s, since `T`. */
async function openShop() {
  const shop = createShop();
  await shop.sync('b');
  await shop.sync('a', [VOTE]);
  await shop.sync('b', [VOTE]);
  return shop;
}

describe('votes', () => {
  it('are told in words, and live as long as who gave them', async () => {
    const { sync, hints } = createShop();
    await sync('b');

    const answer = await sync('a', [VOTE]);

    expect(answer).toEqual([2, T, 'x', `c 0 0 0 0 0 ${T + 7_000} 1 of 2`]);
    expect(hints).toEqual([]);
  });

  it('that are enough open, in an epoch that is the time, and tell it', async () => {
    const { sync, hints } = await openShop();

    expect(await sync('c')).toEqual([3, T, 'x', `o ${T} ${T + 10_000} 1 1 2 ${T + 70_000} 2 of 2`]);
    expect(hints).toEqual(['b x']);
  });

  it('keep a record for the longest of their presences', async () => {
    const { sync } = createShop();
    for (const id of ['b', 'c', 'd', 'e']) await sync(id);
    await sync('a', [VOTE], [9_000, 60_000, 2, 0.5]);

    const answer = (await sync('b', [VOTE], [7_000, 60_000, 2, 0.5])) as unknown[];

    expect(answer.at(-1)).toBe(`c 0 0 0 0 0 ${T + 9_000} 2 of 5`);
  });

  it.each([
    [0.5, 3, 'c'],
    [0.5, 2, 'o'],
    [1 / 3, 4, 'o'],
    [1 / 3, 5, 'c'],
    [0.28571428571428575, 5, 'o'], // 2 of 7, and a rounding error
    [0.4, 3, 'o'],
    [0.41, 3, 'c'],
    [0, 9, 'o'],
    [1, 1, 'c'],
  ])('of two with a ratio of %d and %i that use it well: %s', async (ratio, others, state) => {
    const { sync } = createShop();
    for (let n = 0; n < others; n++) await sync(`well-${n}`);
    await sync('a', [VOTE], [7_000, 60_000, 2, ratio]);

    const answer = (await sync('b', [VOTE], [7_000, 60_000, 2, ratio])) as string[];

    expect((answer.at(-1) as string)[0]).toBe(state);
  });

  it('of who abstained before are votes, and abstain no more', async () => {
    const { sync } = createShop();
    for (const id of ['a', 'b', 'c', 'd', 'e']) await sync(id);
    await sync('a', [VOTE]);
    for (const id of ['c', 'd']) await sync(id, [['0', 'x', 0, 0, 0, 0]]);
    await sync('e', [['0', 'x', 0, 0, 0, 0]]);

    const answer = (await sync('e', [VOTE])) as string[];

    expect(answer.at(-1)).toMatch(/ 2 of 3$/);
  });

  it('that lapse are gone to the millisecond', async () => {
    const { sync, clock } = createShop();
    for (const id of ['b', 'c', 'd', 'e']) await sync(id, [], [60_000, 60_000, 2, 0.5]);
    await sync('a', [VOTE], [1_000, 60_000, 2, 0.5]);
    clock.advanceSync(999);
    const before = (await sync('b', [VOTE], [60_000, 60_000, 2, 0.5])) as string[];
    await sync('b', [['-', 'x', 0, 0, 0, 0]]);

    clock.advanceSync(1);
    const after = (await sync('b', [VOTE], [60_000, 60_000, 2, 0.5])) as string[];

    expect([before.at(-1), after.at(-1)]).toEqual([
      expect.stringMatching(/ 2 of 5$/),
      expect.stringMatching(/ 1 of 4$/),
    ]);
  });

  it('abstained where nobody votes leave nothing', async () => {
    const { sync, clock } = createShop();
    for (const id of ['a', 'b', 'c', 'd']) await sync(id, [['0', 'x', 0, 0, 0, 0]]);

    clock.advanceSync(1);
    const answer = (await sync('a', [VOTE])) as string[];

    expect(answer.at(-1)).toMatch(/ 1 of 4$/);
  });
});

describe('instances', () => {
  it('are there to the last millisecond', async () => {
    const { sync, clock } = createShop();
    await sync('a', [], [1_000, 60_000, 2, 0.5]);

    clock.advanceSync(999);
    const before = await sync('b');
    clock.advanceSync(1);

    expect([before, await sync('b')]).toEqual([
      [2, T + 999],
      [1, T + 1_000],
    ]);
  });

  it('that say farewell are gone at once', async () => {
    const { sync } = createShop();
    await sync('a');

    expect(await sync('a', [], [0, 60_000, 2, 0.5])).toEqual([0, T]);
    expect(await sync('b')).toEqual([1, T]);
  });
});

describe('leave', () => {
  it('is there from the end of the open time on, in an epoch of its own', async () => {
    const { sync, lease, clock, hints } = await openShop();
    clock.advanceSync(9_999);
    const early = await lease('n');

    clock.advanceSync(1);
    const granted = await lease('n');

    expect(early).toEqual([0, 'o', T, 1, 1]);
    expect(granted).toEqual([1, 'h', T + 10_000, 5_000, 1]);
    expect(hints).toEqual(['b x', 'me x']);
    expect(((await sync('a')) as string[]).at(-1)).toBe(
      `h ${T + 10_000} ${T + 10_000} 1 1 2 ${T + 75_000} 2 of 2`,
    );
  });

  it('comes in the next epoch where a clock has stood still', async () => {
    const shop = createShop();
    const vote = ['+', 'x', 0, 0, 1, 2];
    await shop.sync('a', [vote]);
    await shop.sync('b', [vote]);

    expect(await shop.lease('n')).toEqual([1, 'h', T + 1, 5_000, 1]);
    expect(await shop.report('n', T + 1, 0)).toEqual([1, 'o', T + 2, 4_000, 2]);
    expect(await shop.steer('r', 0)).toEqual(['r', T + 3]);
  });

  it('of who has it already is the same', async () => {
    const { lease, clock } = await openShop();
    clock.advanceSync(10_000);
    await lease('n');
    clock.advanceSync(1_000);

    expect(await lease('n')).toEqual([1, 'h', T + 10_000, 5_000, 1]);
    expect(await lease('m')).toEqual([0, 'h', T + 10_000, 4_000, 1]);
  });

  it('lapses to the millisecond', async () => {
    const { lease, report, clock } = await openShop();
    clock.advanceSync(10_000);
    await lease('n', 100);

    clock.advanceSync(99);
    expect(await lease('m')).toEqual([0, 'h', T + 10_000, 1, 1]);
    clock.advanceSync(1);

    expect(await report('n', T + 10_000, 1)).toEqual([0, 'h', T + 10_000, 0, 1]);
    expect(await lease('m')).toEqual([1, 'h', T + 10_000, 5_000, 1]);
  });

  it('is none where all is closed, or a person has steered', async () => {
    const { lease, steer } = createShop();

    expect(await lease('n')).toEqual([0, 'c', 0, 0, 0]);
    await steer('f', 3_000);
    expect(await lease('n')).toEqual([0, 'f', T, 3_000, 0]);
  });

  it('counts the successes that there are', async () => {
    const shop = createShop();
    const vote = ['+', 'x', 0, 0, 3, 2];
    await shop.sync('a', [vote]);
    await shop.sync('b', [vote]);
    await shop.lease('n');
    await shop.report('n', T + 1, 1);

    expect(await shop.lease('m')).toEqual([1, 'h', T + 1, 5_000, 1]);
    expect(await shop.lease('o')).toEqual([0, 'h', T + 1, 5_000, 1]);
  });
});

describe('a report', () => {
  const probing = async () => {
    const shop = await openShop();
    shop.clock.advanceSync(10_000);
    await shop.lease('n');
    return shop;
  };

  it('of a success counts, and of enough of them closes', async () => {
    const { report, lease, sync, hints, clock } = await probing();

    expect(await report('n', T + 10_000, 1)).toEqual([1, 'h', T + 10_000, 0, 1]);
    await lease('m');
    clock.advanceSync(7);
    expect(await report('m', T + 10_000, 1)).toEqual([1, 'c', T + 10_007, 0, 0]);
    expect(((await sync('a')) as string[]).at(-1)).toBe(`c ${T + 10_007} 0 0 0 0 ${T + 70_007} recovered`);
    expect(hints).toEqual(['b x', 'me x', 'me x']);
  });

  it('of a failure opens', async () => {
    const { report, sync, hints } = await probing();

    expect(await report('n', T + 10_000, 0)).toEqual([1, 'o', T + 10_001, 4_000, 2]);
    expect(((await sync('a')) as string[]).at(-1)).toBe(
      `o ${T + 10_001} ${T + 14_000} 2 1 2 ${T + 74_000} a probe failed`,
    );
    expect(hints).toEqual(['b x', 'me x', 'me x']);
  });

  it('that is neither counts as no success', async () => {
    const { report, lease } = await probing();
    await report('n', T + 10_000, 2);
    await lease('m');
    await report('m', T + 10_000, 1);

    expect(await lease('o')).toEqual([1, 'h', T + 10_000, 5_000, 1]);
    expect(((await report('o', T + 10_000, 1)) as unknown[]).slice(0, 2)).toEqual([1, 'c']);
  });

  it('is told how long it is open where that is another time', async () => {
    const { report } = await openShop();

    expect(await report('n', T, 1)).toEqual([0, 'o', T, 10_000, 1]);
  });
});

describe('a person', () => {
  it.each([
    ['f', 3_000, `f ${T} ${T + 3_000} 0 0 0 ${T + 3_000} by hand`],
    ['u', 3_000, `u ${T} ${T + 3_000} 0 0 0 ${T + 3_000} by hand`],
    ['r', 0, `r ${T} ${T} 0 0 0 ${T + 60_000} by hand`],
  ])('steers for a time, and resets for others to see: %s', async (state, ms, record) => {
    const { steer, sync, hints } = createShop();

    expect(await steer(state, ms)).toEqual([state, T]);
    expect(await sync('a')).toEqual([1, T, 'x', record]);
    expect(hints).toEqual(['me x']);
  });

  it('begins votes and leave anew', async () => {
    const { steer, lease, report, sync, clock } = await openShop();
    clock.advanceSync(10_000);
    await lease('n');
    await steer('r', 0);

    expect(await report('n', T + 10_000, 1)).toEqual([0, 'r', T + 10_001, 0, 0]);
    expect(((await sync('a', [['+', 'x', T + 10_001, 10_000, 1, 2]])) as string[]).at(-1)).toMatch(
      /^o .* 1 of 1$/,
    );
  });
});

describe('what is stored', () => {
  it.each([
    `o ${T} ${T + 1_000} 1 1 2 ${T} over`,
    `o ${T} ${T + 1_000} 1 1 2 ${T + 2_678_400_000} beyond a month`,
    `o ${T + 86_400_001} ${T + 1_000} 1 1 2 ${T + 9_000} a day ahead`,
    `o ${T} ${T + 1_000} 1 0 2 ${T + 9_000} no probes`,
    `o ${T} ${T + 1_000} 1 1 0 ${T + 9_000} no successes`,
    `h ${T} ${T + 1_000} 1 0 2 ${T + 9_000} no probes`,
    `x ${T} ${T + 1_000} 1 1 2 ${T + 9_000} no state`,
    ` o ${T} ${T + 1_000} 1 1 2 ${T + 9_000} a blank`,
    `o ${T} ${T + 1_000} 1 1 2`,
    'garbage',
  ])('is as if it were not there where it is none: %s', async (text) => {
    let now = T;
    const { lease } = await import('../../src/redis/memory-scripts.js');
    const store = new MemoryStore(() => now);
    store.set(RECORDS, 'x', text);

    now += 0;
    expect(lease(store, [RECORDS, round('x')], ['x', 'n', '5000', '60000', 'me'], () => {})).toEqual([
      0,
      'c',
      0,
      0,
      0,
    ]);
  });

  it.each([
    [`o ${T} ${T + 1_000} 1 1 2 ${T + 9_000}`, [0, 'o', T, 1_000, 1]],
    [
      `o ${T + 86_400_000} ${T + 1_000} 1 1 2 ${T + 2_678_399_999} to the last`,
      [0, 'o', T + 86_400_000, 1_000, 1],
    ],
    [`f ${T} ${T + 1_000} 0 0 0 ${T + 9_000} by hand`, [0, 'f', T, 1_000, 0]],
    [`c ${T} ${T - 1_000} 0 0 0 ${T + 9_000} recovered`, [0, 'c', T, 0, 0]],
  ])('counts where it is one: %s', async (text, answer) => {
    const { lease } = await import('../../src/redis/memory-scripts.js');
    const store = new MemoryStore(() => T);
    store.set(RECORDS, 'x', text);

    expect(lease(store, [RECORDS, round('x')], ['x', 'n', '5000', '60000', 'me'], () => {})).toEqual(answer);
  });

  it('and over is taken away by a poll, and garbage with it', async () => {
    const { sync } = await import('../../src/redis/memory-scripts.js');
    const store = new MemoryStore(() => T);
    const records = {
      over: `o ${T} ${T + 1_000} 1 1 2 ${T} over`,
      late: `o ${T} ${T + 1_000} 1 1 2 ${T + 1} to the last`,
      many: `o ${T} ${T + 1_000} 10 11 12 ${T + 1_234} many`,
      blank: ` o ${T} ${T + 1_000} 1 1 2 ${T + 9_000} a blank`,
      garbage: 'garbage',
    };
    for (const [name, text] of Object.entries(records)) store.set(RECORDS, name, text);

    const answer = sync(store, [RECORDS, INSTANCES], ['a', '7000', '60000', '2', '0.5'], () => {});

    expect(answer).toEqual([1, T, 'late', records.late, 'many', records.many]);
    expect(store.all(RECORDS).map(([name]) => name)).toEqual(['late', 'many']);
  });

  it('is refused where more than 10,000 are not closed', async () => {
    const { sync } = await import('../../src/redis/memory-scripts.js');
    const store = new MemoryStore(() => T);
    const poll = () => sync(store, [RECORDS, INSTANCES], ['a', '7000', '60000', '2', '0.5'], () => {});
    for (let n = 0; n < 10_000; n++) store.set(RECORDS, `tenant-${n}`, `c ${T} 0 0 0 0 ${T + 9_000} w`);

    expect(poll()).toHaveLength(20_002);
    store.set(RECORDS, 'one more', `c ${T} 0 0 0 0 ${T + 9_000} w`);
    expect(poll).toThrow('RECLOSER more than 10000 breakers are not closed');
  });

  it('lives as long as the longest of what is in it', async () => {
    const { steer } = await import('../../src/redis/memory-scripts.js');
    let now = T;
    const store = new MemoryStore(() => now);
    const force = (name: string, ms: number) =>
      steer(store, [RECORDS, round(name)], [name, 'f', String(ms), '60000', 'me', 'w'], () => {});

    force('x', 9_000);
    force('y', 500);
    expect(store.timeToLive(RECORDS)).toBe(9_000);
    now += 9_000;

    expect(store.keys()).toEqual([]);
  });
});

describe('a store', () => {
  it('has keys while they live', () => {
    let now = 0;
    const store = new MemoryStore(() => now);
    for (const key of ['short', 'long', 'gone']) store.set(key, 'field', 'value');
    store.hold('short', 5);
    store.hold('long', 5.2);
    store.hold('none', 5);
    store.delete('gone');

    expect(store.keys()).toEqual(['short', 'long']);
    now = 5;
    expect(store.keys()).toEqual(['long']);
    expect([store.all('short'), store.all('long'), store.size('short')]).toEqual([
      [],
      [['field', 'value']],
      0,
    ]);
    store.flush();
    expect(store.keys()).toEqual([]);
  });
});

describe('a Redis in memory', () => {
  it('runs scripts by their text, by their digest, and nothing else', async () => {
    const { client } = createMemoryRedis({ clock: createManualClock() });
    const poll = (verb: string, code: string) =>
      client([verb, code, '2', RECORDS, INSTANCES, 'a', '7000', '60000', '2', '0.5']);

    expect(await poll('EVAL', SYNC.text)).toEqual([1, T]);
    expect(await poll('EVALSHA', SYNC.digest)).toEqual([1, T]);
    for (const [verb, code] of [
      ['EVAL', SYNC.digest],
      ['EVALSHA', SYNC.text],
      ['GET', SYNC.digest],
      ['GET', 'key'],
    ] as const) {
      expect(await errorOf(Promise.resolve(poll(verb, code)))).toEqual(
        new Error(`ERR this Redis in memory does not know the command ${verb}`),
      );
    }
  });

  it('keeps what was asked of it, and answers nothing while it is stopped', async () => {
    const { client, commands, stop, start } = createMemoryRedis({ clock: createManualClock() });
    const command = ['EVALSHA', SYNC.digest, '2', RECORDS, INSTANCES, 'a', '7000', '60000', '2', '0.5'];

    stop();
    const refused = await errorOf(Promise.resolve(client(command)));
    start();
    await client(command);

    expect(refused).toEqual(new Error('connect ECONNREFUSED: this Redis in memory is stopped'));
    expect(commands).toEqual([command, command]);
    expect(Object.isFrozen(commands[0])).toBe(true);
  });

  it('tells hints to those who listen, in a microtask, and to them alone', async () => {
    const { steer, hints, hangUp, redis } = createShop();
    const others: unknown[] = [];
    redis.subscribe('recloser:1:{other}:h', (it) => others.push(it));
    const more: unknown[] = [];
    const leave = redis.subscribe('recloser:1:{shop}:h', (it) => more.push(it));

    await steer('r', 0);
    leave();
    await steer('r', 0);
    hangUp();
    await steer('r', 0);

    expect([hints, more, others]).toEqual([['me x', 'me x'], ['me x'], []]);
  });

  it('refuses what it does not know', () => {
    expect(() => createMemoryRedis({ clocks: 1 } as never)).toThrow(
      'unknown option "clocks", did you mean "clock"?',
    );
    expect(() => createMemoryRedis({ clock: {} } as never)).toThrow('`clock` must be');
  });
});
