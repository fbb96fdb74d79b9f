import { createHash } from 'node:crypto';
import { createManualClock } from 'recloser/testing';
import { describe, expect, it } from 'vitest';
import { createMemoryRedis } from '../../src/redis/index.js';
import { LEASE, REPORT, STEER, SYNC } from '../../src/redis/lua.js';
import { MemoryStore } from '../../src/redis/memory-store.js';
import { PROMISES, scriptsOf } from './script-steps.js';

describe('the scripts', () => {
  it.each(Object.entries({ SYNC, LEASE, REPORT, STEER }))(
    '%s has the digest that Redis computes',
    (_, it) => {
      expect(it.digest).toBe(createHash('sha1').update(it.text).digest('hex'));
    },
  );

  it('call nothing but what the page says a user needs the right to', () => {
    const called = [SYNC, LEASE, REPORT, STEER].flatMap(({ text }) =>
      [...text.matchAll(/redis\.p?call\('(\w+)'/g)].map(([, command]) => command),
    );

    expect([...new Set(called)].sort()).toEqual([
      ...[
        'DEL',
        'EXISTS',
        'HDEL',
        'HGET',
        'HGETALL',
        'HINCRBY',
        'HLEN',
        'HSET',
        'PEXPIRE',
        'PTTL',
        'PUBLISH',
      ],
      ...['TIME', 'ZADD', 'ZCARD', 'ZREM', 'ZREMRANGEBYSCORE'],
    ]);
  });
});

describe('the scripts, in memory', () => {
  it.each(Object.entries(PROMISES))('%s', async (_, promise) => {
    const clock = createManualClock();
    const { client } = createMemoryRedis({ clock });
    const scripts = scriptsOf((script, keys, args) =>
      client(['EVALSHA', script.digest, String(keys.length), ...keys, ...args]),
    );

    await promise(
      scripts,
      async (ms) => clock.advanceSync(ms),
      (actual, expected) => expect(actual).toEqual(expected),
    );
  });
});

describe('a store in memory', () => {
  it('lets keys live for their time, and no longer', () => {
    let now = 0;
    const store = new MemoryStore(() => now);
    store.set('key', 'field', 'value');
    const before = store.timeToLive('key');
    store.hold('key', 10);
    store.hold('key', 5);

    now = 9;
    const alive = [store.get('key', 'field'), store.timeToLive('key')];
    now = 10;

    expect([before, ...alive]).toEqual([-1, 'value', 1]);
    expect([store.get('key', 'field'), store.timeToLive('key'), store.keys()]).toEqual([undefined, -2, []]);
  });

  it('has no key without fields', () => {
    const store = new MemoryStore(() => 0);
    store.set('key', 'field', 'value');

    store.remove('key', 'field');

    expect([store.timeToLive('key'), store.size('key')]).toEqual([-2, 0]);
  });
});
