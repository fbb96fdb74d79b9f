import { createReadStream } from 'node:fs';
import { PassThrough, pipeline, Readable, Writable } from 'node:stream';
import { CircuitBreaker } from 'recloser';
import { guardStream } from 'recloser/stream';
import { describe, expect, it } from 'vitest';
import { totalsOf } from './fixtures.js';

const breakerOf = () => new CircuitBreaker({ name: 'model' });

const turns = async () => {
  for (let turn = 0; turn < 4; turn++) await new Promise(setImmediate);
};

/** The ways in which a stream may tell of its end, or not. */
const TELLING = [
  { emitClose: true, autoDestroy: true },
  { emitClose: false, autoDestroy: true },
  { emitClose: true, autoDestroy: false },
  { emitClose: false, autoDestroy: false },
];

const ENDS: [string, (stream: Readable, source: PassThrough) => unknown, number[]][] = [
  ['is destroyed unread', (stream) => stream.destroy(), [0, 0, 0, 1]],
  [
    'is destroyed in the midst of being read',
    (stream, source) => {
      stream.resume();
      source.write('a');
      setImmediate(() => stream.destroy());
    },
    [0, 0, 0, 1],
  ],
  ['is destroyed twice', (stream) => stream.destroy().destroy(new Error('late')), [0, 0, 0, 1]],
  ['breaks off', (_, source) => source.destroy(new Error('cut')), [0, 0, 1, 0]],
  ['tells of an error', (_, source) => source.emit('error', new Error('cut')), [0, 0, 1, 0]],
  [
    'ends',
    (stream, source) => {
      stream.resume();
      source.end('a');
    },
    [0, 1, 0, 0],
  ],
  [
    'is destroyed as it ends',
    (stream, source) => {
      source.end('a');
      stream.on('readable', () => {
        while (stream.read() !== null);
        stream.destroy();
      });
    },
    [0, 1, 0, 0],
  ],
  [
    'is left by who reads its items',
    (stream, source) => {
      source.write('a');
      return (async () => {
        for await (const _ of stream) break;
      })();
    },
    [0, 0, 0, 1],
  ],
  [
    'is piped to what fails',
    (stream, source) => {
      source.write('a');
      const target = new Writable({ write: (_chunk, _encoding, done) => done(new Error('full')) });
      pipeline(stream, target, () => {});
    },
    [0, 0, 0, 1],
  ],
];

describe.each(TELLING)('an opened Readable of %o', (options) => {
  it.each(ENDS)('that %s settles its permit once', async (_, end, totals) => {
    const breaker = breakerOf();
    const source = new PassThrough(options);
    const stream = await guardStream.open(breaker, () => source);
    stream.on('error', () => {});

    await end(stream, source);
    await turns();

    expect(totalsOf(breaker)).toEqual(totals);
    expect(['emit', 'read', 'pipe', 'destroy'].filter((name) => Object.hasOwn(stream, name))).toEqual([]);
  });

  it('whose closing goes on for ever is left, or has failed, when it is destroyed', async () => {
    const [left, failed] = [breakerOf(), breakerOf()];
    const hangs = () => new Readable({ ...options, read() {}, destroy() {} });

    (await guardStream.open(left, hangs)).destroy();
    (await guardStream.open(failed, hangs)).destroy(new Error('cut'));
    await turns();

    expect([totalsOf(left), totalsOf(failed)]).toEqual([
      [0, 0, 0, 1],
      [0, 0, 1, 0],
    ]);
  });
});

describe('an opened file', () => {
  it('that tells nobody of its close settles its permit', async () => {
    const breaker = breakerOf();
    const open = () => createReadStream(new URL(import.meta.url), { emitClose: false, highWaterMark: 64 });

    for await (const _ of await guardStream.open(breaker, open));
    for await (const _ of await guardStream.open(breaker, open)) break;
    (await guardStream.open(breaker, open)).destroy();
    await turns();

    expect(totalsOf(breaker)).toEqual([0, 1, 0, 2]);
  });
});
