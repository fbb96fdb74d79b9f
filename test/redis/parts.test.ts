/** What a fleet is made of, part by part. */
import { createManualClock } from 'recloser/testing';
import { describe, expect, it } from 'vitest';
import { FLEET_CHANNEL, instancesKey, recordsKey, roundKey } from '../../src/redis/keys.js';
import { Link } from '../../src/redis/link.js';
import { SYNC } from '../../src/redis/lua.js';
import { News } from '../../src/redis/news.js';
import { parseRecord, parseRound, parseSteer, parseSync } from '../../src/redis/record.js';
import { Reports } from '../../src/redis/reports.js';
import { Usage } from '../../src/redis/usage.js';
import { hasVotes, NOTHING, type View } from '../../src/redis/view.js';
import { Views } from '../../src/redis/views.js';
import { within } from '../../src/redis/within.js';
import { errorOf, thrownBy } from '../support/breakers.js';
import { deferred } from '../support/deferred.js';

const DAY = 86_400_000;
const SERVER = 1_700_000_000_000;

const settled = async () => {
  for (let turn = 0; turn < 8; turn++) await Promise.resolve();
};

describe('the keys of a namespace', () => {
  it('have the version of the format, and one slot of a cluster', () => {
    expect([
      recordsKey('shop'),
      instancesKey('shop'),
      roundKey('shop', 'a b'),
      FLEET_CHANNEL('shop'),
    ]).toEqual([
      ...['recloser:1:{shop}:b', 'recloser:1:{shop}:i', 'recloser:1:{shop}:r:a b', 'recloser:1:{shop}:h'],
    ]);
  });
});

describe('what is waited for', () => {
  it('is answered in time, and leaves no timer', async () => {
    const clock = createManualClock();
    const failed = new Error('down');

    expect(await within(clock, 50, Promise.resolve('answer'))).toBe('answer');
    expect(await errorOf(within(clock, 50, Promise.reject(failed)))).toBe(failed);
    await settled();
    expect(clock.timers).toBe(0);
  });

  it('is nothing when the time is over', async () => {
    const clock = createManualClock();

    expect(await clock.settle(within(clock, 50, new Promise(() => {})))).toBeUndefined();
    expect(clock.now()).toBe(50);
  });
});

describe('a record', () => {
  const NUMBERS = {
    epoch: SERVER,
    until: SERVER + 500,
    attempt: 2,
    probes: 1,
    need: 3,
    expiry: SERVER + 900,
  };
  const parse = (state: string, numbers: Partial<typeof NUMBERS> = {}, words = ' why') =>
    parseRecord(`${state} ${Object.values({ ...NUMBERS, ...numbers }).join(' ')}${words}`, SERVER, 10_000);

  it('says a state, an epoch, for how long, how often and why', () => {
    expect(parse('o')).toEqual({ state: 'o', epoch: SERVER, until: 10_500, attempt: 2, words: 'why' });
    expect(parse('c', { until: 0 }, '')).toMatchObject({ state: 'c', until: 10_000, words: '' });
  });

  it.each(['c', 'r', 'o', 'h', 'f', 'u'])('is one of six: %s', (state) => {
    expect(parse(state)?.state).toBe(state);
  });

  it.each([
    ['that is over', { expiry: SERVER }],
    ['that ends in more than 31 days', { expiry: SERVER + 31 * DAY }],
    ['of an epoch a day ahead', { epoch: SERVER + DAY + 1 }],
  ])('is none %s', (_, numbers) => {
    for (const state of ['c', 'o', 'f']) expect(parse(state, numbers)).toBeUndefined();
  });

  it('is one to its last millisecond', () => {
    expect(parse('c', { expiry: SERVER + 1 })).toBeDefined();
    expect(parse('c', { expiry: SERVER + 31 * DAY - 1 })).toBeDefined();
    expect(parse('c', { epoch: SERVER + DAY })).toBeDefined();
  });

  it('is none without probes and successes, where it is open', () => {
    for (const numbers of [{ probes: 0 }, { need: 0 }]) {
      expect([parse('o', numbers), parse('h', numbers)]).toEqual([undefined, undefined]);
      expect([parse('c', numbers), parse('f', numbers)]).toEqual([expect.anything(), expect.anything()]);
    }
  });

  it.each(['', 'o', 'x 1 2 3 4 5 6', 'o 1 2 3 4 5', `o ${'9'.repeat(17)} 2 3 4 5 6`, ' c 1 2 3 4 5 6 '])(
    'is none that is written otherwise: %j',
    (text) => {
      expect(parseRecord(text, 0, 0)).toBeUndefined();
    },
  );

  it('opens for an hour at most, and forces for 31 days', () => {
    const long = { until: SERVER + 40 * DAY, expiry: SERVER + 30 * DAY };

    expect(parse('o', long)?.until).toBe(10_000 + 3_600_000);
    for (const state of ['f', 'u', 'h']) expect(parse(state, long)?.until).toBe(10_000 + 31 * DAY);
  });

  it('has words without what would steer a terminal', () => {
    expect(parse('f', {}, ' a\u0007b\ud800c')?.words).toBe('a b\ufffdc');
  });
});

describe('an answer', () => {
  const bytes = (text: string) => new TextEncoder().encode(text);
  const RECORD = `c ${SERVER} 0 0 0 0 ${SERVER + 900} fine`;

  it.each([
    ['numbers', [2, SERVER, 'x', RECORD]],
    ['texts', ['2', String(SERVER), 'x', RECORD]],
    ['bytes', [bytes('2'), bytes(String(SERVER)), bytes('x'), bytes(RECORD)]],
    ['large integers', [2n, BigInt(SERVER), 'x', RECORD]],
  ])('to a poll may come as %s', (_, reply) => {
    const { instances, views } = parseSync(reply, 0);

    expect([instances, [...views.keys()], views.get('x')?.words]).toEqual([2, ['x'], 'fine']);
  });

  it('to a poll leaves out what is no name or no record', () => {
    const list = [
      '\ud800',
      RECORD,
      7,
      RECORD,
      'x'.repeat(512),
      RECORD,
      'y'.repeat(513),
      RECORD,
      'z',
      7,
      'odd',
    ];

    expect([...parseSync([1, SERVER, ...list], 0).views.keys()]).toEqual(['x'.repeat(512)]);
    expect([...parseSync([1, SERVER, 'a', 'nothing', 'b', RECORD], 0).views.keys()]).toEqual(['b']);
  });

  it('to a poll has ten thousand records at most', () => {
    const list = Array.from({ length: 10_001 }, (_, at) => [`b${at}`, RECORD]).flat();

    expect(parseSync([1, SERVER, ...list], 0).views.size).toBe(10_000);
  });

  it.each([
    [null],
    ['2'],
    [[]],
    [[2]],
    [[undefined, SERVER]],
    [[2, 'soon']],
    [['', SERVER]],
    [['0x2', SERVER]],
    [[' 2 ', SERVER]],
    [[2, '1e3']],
    [[-1, SERVER]],
    [['2x', SERVER]],
    [[1.5, SERVER]],
  ])('to a poll is refused: %j', (reply) => {
    expect(thrownBy(() => parseSync(reply, 0))).toEqual(new TypeError('Redis answered no view of the fleet'));
  });

  it('to a question for leave says all that there is to say', () => {
    expect(parseRound([1, 'h', 5, 2_000, 3])).toEqual({
      isGranted: true,
      state: 'h',
      epoch: 5,
      ms: 2_000,
      attempt: 3,
    });
    expect(parseRound(['0', bytes('o'), '5', '7', '3'])).toMatchObject({
      isGranted: false,
      state: 'o',
      ms: 7,
    });
  });

  it.each([
    [null],
    ['1h523'],
    [[undefined, 'h', 5, 2, 3]],
    [[1, undefined, 5, 2, 3]],
    [[1, 'h', undefined, 2, 3]],
    [[1, 'h', 5, undefined, 3]],
    [[1, 'h', 5, 2]],
    [[1, 'oh', 5, 2, 3]],
    [[1, 'hx', 5, 2, 3]],
    [[1, 7, 5, 2, 3]],
    [[1, 'h', 5, '2 3', 3]],
    [[1, 'h', 5, 2, Number.NaN]],
    [[1, 'h', 5, 2, 2 ** 60]],
  ])('to a question for leave is refused: %j', (reply) => {
    expect(thrownBy(() => parseRound(reply))).toEqual(
      new TypeError('Redis answered neither leave nor denial'),
    );
  });

  it('to steering is the epoch', () => {
    expect(parseSteer(['f', 7])).toBe(7);
    for (const reply of [null, 'f7', ['x', 7], ['f'], ['f', -1], { 0: 'f', 1: 7 }])
      expect(thrownBy(() => parseSteer(reply))).toEqual(new TypeError('Redis answered no decision'));
  });
});

describe('views', () => {
  const view = (state: View['state'], epoch: number, words = ''): View => ({
    state,
    epoch,
    until: 0,
    attempt: 1,
    words,
  });
  const reply = (state: View['state'], epoch: number, ms = 50) =>
    ({ isGranted: false, state, epoch, ms, attempt: 2 }) as const;

  function create() {
    const told: [string, View, View, boolean][] = [];
    const views = new Views((...it) => told.push(it));
    const poll = (brought: Record<string, View>, isNews = true, between = () => {}) => {
      const turn = views.begin();
      between();
      views.takeOver(new Map(Object.entries(brought)), turn, isNews);
    };
    return { views, told, poll };
  }

  it('are taken over from a poll, those that are gone too', () => {
    const { views, told, poll } = create();
    const [one, two] = [view('o', 5), view('c', 6)];

    poll({ a: one }, false);
    poll({ b: two });

    expect(told).toEqual([
      ['a', NOTHING, one, false],
      ['a', one, NOTHING, true],
      ['b', NOTHING, two, true],
    ]);
    expect([views.get('a'), views.get('b'), [...views.all.keys()]]).toEqual([NOTHING, two, ['b']]);
  });

  it('that were heard while a poll was under way go before what it brings', () => {
    const { views, told, poll } = create();
    poll({ a: view('o', 5) });
    told.length = 0;

    poll({ a: view('o', 5) }, true, () => views.hear('a', reply('c', 7), 100));

    expect(told.map(([, , { state, epoch }]) => [state, epoch])).toEqual([['c', 7]]);
    expect(views.get('a')).toMatchObject({ state: 'c', epoch: 7, until: 150, words: 'recovered' });
    poll({ a: view('o', 9) });
    expect(views.get('a').epoch).toBe(9);
  });

  it('of data that were lost while a poll was under way are gone', () => {
    const { views, poll } = create();
    poll({ a: view('o', 5) });

    poll({ a: view('o', 5) }, true, () => views.hear('a', reply('c', 0), 100));

    expect([views.get('a'), views.all.size]).toEqual([NOTHING, 0]);
  });

  it.each(['c', 'r'] as const)(
    'that know less than ours, and are closed, say that data were lost: %s',
    (state) => {
      const { views, told, poll } = create();
      poll({ a: view('o', 5) });

      views.hear('a', reply(state, 4), 100);

      expect(told.at(-1)?.slice(2)).toEqual([NOTHING, true]);
    },
  );

  it.each(['o', 'h', 'f', 'u'] as const)('that know less than ours say nothing: %s', (state) => {
    const { views, told, poll } = create();
    poll({ a: view('o', 5) });

    views.hear('a', reply(state, 4), 100);

    expect([told.length, views.get('a').epoch]).toEqual([1, 5]);
  });

  it('that say the same say nothing, and another state of the same epoch keeps its words', () => {
    const { views, told, poll } = create();
    poll({ a: view('o', 5, '2 of 3') });

    views.hear('a', reply('o', 5), 100);
    expect(told).toHaveLength(1);
    views.hear('a', reply('h', 5), 100);

    expect(views.get('a')).toEqual({ state: 'h', epoch: 5, until: 100, attempt: 2, words: '2 of 3' });
  });

  it('of which nothing was known are known then', () => {
    const { views, told } = create();

    views.hear('a', reply('c', 0), 100);
    views.hear('b', reply('h', 3), 100);
    views.hear('c', reply('o', 3), 100);

    expect(told).toHaveLength(3);
    expect(views.get('b')).toMatchObject({ until: 100, words: 'probing' });
    expect(views.get('c')).toMatchObject({ until: 150, words: 'a probe failed' });
  });

  it.each([
    ['2 of 3', 'c', true],
    ['12 of 340', 'r', true],
    ['2 of 3', 'o', false],
    ['recovered', 'c', false],
    ['now 2 of 3', 'c', false],
    ['2 of 3 zones', 'c', false],
  ] as const)('have votes where their words count them: %s, %s', (words, state, has) => {
    expect(hasVotes(view(state, 1, words))).toBe(has);
  });
});

describe('news', () => {
  function create() {
    const news = new News();
    const told: unknown[] = [];
    for (const event of ['detached', 'attached', 'decision', 'error'] as const)
      news.add(event, (it) => told.push([event, it]));
    return { news, told };
  }
  const view = (state: View['state'], epoch: number, words: string): View => ({
    state,
    epoch,
    until: 0,
    attempt: 0,
    words,
  });

  it.each<[string, View, View, boolean]>([
    ['open', NOTHING, view('o', 5, '2 of 3'), true],
    ['open still', view('o', 5, '2 of 3'), view('o', 5, 'otherwise'), false],
    ['open again', view('o', 5, 'a probe failed'), view('o', 6, 'a probe failed'), true],
    ['probing', view('o', 5, ''), view('h', 5, ''), true],
    ['probing still', view('h', 5, 'a'), view('h', 5, 'b'), false],
    ['closed', view('h', 5, ''), view('c', 6, 'recovered'), true],
    ['closed and forgotten', view('c', 6, 'recovered'), NOTHING, false],
    ['closed with a vote', NOTHING, view('c', 0, '1 of 3'), true],
    ['closed with the same votes', view('c', 4, '1 of 3'), view('c', 4, '1 of 3'), false],
    ['closed with the same votes anew', view('c', 4, '1 of 3'), view('c', 5, '1 of 3'), true],
    ['closed with other votes', view('c', 4, '1 of 3'), view('c', 4, '2 of 5'), true],
    ['closed by hand', view('c', 4, '1 of 3'), view('r', 5, 'by hand'), true],
    ['forced', view('o', 5, ''), view('f', 6, ''), true],
  ])('of a decision are told where people would call it another: %s', (_, before, after, isTold) => {
    const { news, told } = create();

    news.decided('a', before, after);

    expect(told).toHaveLength(isTold ? 1 : 0);
  });

  it('of errors are told once a second', () => {
    const { news, told } = create();
    for (const at of [0, 999, 1_000, 1_999]) news.failed(at, 'sync', at);

    expect(told).toEqual([
      ['error', { error: 0, command: 'sync' }],
      ['error', { error: 1_000, command: 'sync' }],
    ]);
    expect(news.lastError).toBe(1_999);
  });

  it('tell how long nobody answered, and why', () => {
    const { news, told } = create();
    news.answered(50);
    news.detached(100, 'no answer');
    const detached = news.isDetached;
    news.answered(350);
    news.failed('gone', 'sync', 400);
    news.detached(500, 'no answer');

    expect([detached, news.isDetached]).toEqual([true, true]);
    expect(told).toEqual([
      ['detached', { error: new Error('no answer') }],
      ['attached', { detachedFor: 250 }],
      ['error', { error: 'gone', command: 'sync' }],
      ['detached', { error: 'gone' }],
    ]);
    news.answered(600);
    expect(news.lastError).toBeUndefined();
  });
});

describe('the way to Redis', () => {
  it('has eight commands unanswered at most, and skips what comes beyond', async () => {
    const answers: ((reply: unknown) => void)[] = [];
    const link = new Link(
      () => new Promise((resolve) => void answers.push(resolve)),
      () => {},
    );
    const run = () => link.run('lease', SYNC, ['k'], ['a'], (it) => it);
    const eight = Array.from({ length: 8 }, run);

    const ninth = run();
    answers[0]?.('fine');
    const first = await eight[0];
    const tenth = run();

    expect([ninth, first, tenth]).toEqual([undefined, 'fine', expect.any(Promise)]);
    expect(link.results.lease).toEqual({ ok: 1, failed: 0, skipped: 1 });
  });

  it.each<[string, unknown, number]>([
    ['a text', 'NOSCRIPT', 2],
    ['an error', new Error('No matching script'), 2],
    ['another error', new Error('no'), 1],
    ['nothing', undefined, 1],
    [
      'what cannot be read',
      {
        get message() {
          throw new Error('no');
        },
      },
      1,
    ],
    ['what has no text', Object.create(null), 1],
  ])('sends a script again where it is not known, and nothing else: %s', async (_, thrown, sent) => {
    let commands = 0;
    const told: unknown[] = [];
    const link = new Link(
      async () => {
        commands++;
        throw thrown;
      },
      (error) => told.push(error),
    );

    await link.run('sync', SYNC, [], [], (it) => it);

    expect([commands, told]).toEqual([sent, [thrown]]);
    expect(link.results.sync).toEqual({ ok: 0, failed: 1, skipped: 0 });
  });
});

describe('reports', () => {
  const report = (name: string, until = 1_000) =>
    ({ name, nonce: `n-${name}`, epoch: 1, ending: 'success', openFor: 0, until }) as const;
  const REPLY = { isGranted: true, state: 'c', epoch: 2, ms: 0, attempt: 0 } as const;

  function create() {
    const told: { name: string; answer: ReturnType<typeof deferred<typeof REPLY | undefined>> }[] = [];
    const heard: string[] = [];
    const kept = { isFull: false };
    const reports = new Reports(
      ({ name }) => {
        if (kept.isFull) return undefined;
        const answer = deferred<typeof REPLY | undefined>();
        told.push({ name, answer });
        return answer.promise;
      },
      (name) => heard.push(name),
    );
    const names = () => told.map(({ name }) => name);
    return { reports, told, heard, kept, names };
  }

  it('are told until they are heard, and not while they are on their way', async () => {
    const { reports, told, heard, names } = create();
    void reports.add(report('a'));
    reports.resend(0);
    expect(names()).toEqual(['a']);

    told[0]?.answer.resolve(undefined);
    await settled();
    reports.resend(0);
    told[1]?.answer.resolve(REPLY);
    await settled();
    reports.resend(0);

    expect([names(), heard]).toEqual([['a', 'a'], ['a']]);
  });

  it('are told later where too much is unanswered, and no more once they have lapsed', async () => {
    const { reports, kept, names } = create();
    kept.isFull = true;
    void reports.add(report('a', 1_000));
    void reports.add(report('b', 1_001));
    kept.isFull = false;

    reports.resend(1_000);

    expect(names()).toEqual(['b']);
  });

  it('are sixty-four at most, the latest', async () => {
    const { reports, kept, names } = create();
    kept.isFull = true;
    for (let n = 0; n < 66; n++) void reports.add(report(String(n)));
    kept.isFull = false;

    reports.resend(0);

    expect([names().length, names()[0], names().at(-1)]).toEqual([64, '2', '65']);
  });

  it('that fail after they were forgotten are not told again', async () => {
    const { reports, told, names } = create();
    void reports.add(report('a'));
    reports.clear();

    told[0]?.answer.resolve(undefined);
    await settled();
    reports.resend(0);

    expect(names()).toEqual(['a']);
  });

  it('on their way are known by the breaker', async () => {
    const { reports, told, kept } = create();
    void reports.add(report('a'));
    kept.isFull = true;
    void reports.add(report('b'));
    let isThere = false;

    const underWay = reports.underWay('a');
    void underWay?.then(() => {
      isThere = true;
    });
    await settled();
    const before = isThere;
    told[0]?.answer.resolve(REPLY);
    await settled();

    expect([before, isThere, reports.underWay('a'), reports.underWay('b')]).toEqual([
      false,
      true,
      undefined,
      undefined,
    ]);
  });
});

describe('who uses a breaker', () => {
  const breaker = (name: string, calls = 0, rejected = 0) => ({
    name,
    metrics: { totals: { calls, rejected } },
  });
  const usage = () => new Usage(1_000);
  type Looked = Parameters<Usage['isIdle']>[0];
  const idle = (it: Usage, of: object, now: number) => it.isIdle(of as Looked, now);

  it('is nobody where nobody has ever called', () => {
    expect(idle(usage(), breaker('a'), 0)).toBe(true);
  });

  it('is somebody for a while after a call, a rejected one too', () => {
    const it = usage();
    expect(idle(it, breaker('a', 1), 0)).toBe(false);

    expect([idle(it, breaker('a', 1), 999), idle(it, breaker('a', 1), 1_000)]).toEqual([false, true]);
    expect(idle(it, breaker('a', 1, 1), 1_500)).toBe(false);
    expect(idle(it, breaker('a', 1, 1), 2_500)).toBe(true);
    expect(idle(it, breaker('a', 2, 0), 2_600)).toBe(true); // the same sum
  });

  it('is looked at with each poll, of the first sixty-four', () => {
    const it = usage();
    const many = Array.from({ length: 65 }, (_, at) => breaker(`b${at}`, 1));

    it.look(many as unknown as Iterable<Looked>, 0);

    expect([idle(it, many[0]!, 1_000), idle(it, many[63]!, 1_000), idle(it, many[64]!, 1_000)]).toEqual([
      true,
      true,
      false,
    ]);
  });

  it('is unknown of a breaker that was forgotten', () => {
    const it = usage();
    idle(it, breaker('a', 1), 0);

    it.forget('a');

    expect(idle(it, breaker('a', 1), 1_000)).toBe(false);
  });
});
