/** Methods that are no calls of the dependency: those of emitters and of the language, open circuit or not. */
import { EventEmitter, getEventListeners, setMaxListeners } from 'node:events';
import { protect } from 'recloser';
import { describe, expect, test, vi } from 'vitest';
import { createOpen, errorOf } from '../support/breakers.js';

const OPEN = { code: 'ERR_CIRCUIT_OPEN' };

/** A client whose methods have these names and answer promises. */
function clientWith(names: readonly string[], base: object = {}) {
  const reached = vi.fn();
  for (const name of names)
    Object.assign(base, {
      async [name]() {
        reached(name);
      },
    });
  return { client: base as Record<string, () => Promise<unknown>>, reached };
}

describe('a client that is an emitter, while its circuit is open', () => {
  test('is listened to as ever', () => {
    const { breaker } = createOpen();
    const client = protect(new EventEmitter(), { breaker });
    const heard = vi.fn();
    const gone = vi.fn();

    client.on('ready', () => heard('on'));
    client.once('ready', () => heard('once'));
    client.addListener('ready', () => heard('addListener'));
    client.prependListener('ready', () => heard('prependListener'));
    client.prependOnceListener('ready', () => heard('prependOnceListener'));
    client.on('ready', gone).off('ready', gone);
    client.on('ready', gone).removeListener('ready', gone);
    client.emit('ready');
    client.removeAllListeners('ready');
    client.emit('ready');

    expect(heard.mock.calls.flat()).toEqual([
      'prependOnceListener',
      'prependListener',
      'on',
      'once',
      'addListener',
    ]);
    expect(gone).not.toHaveBeenCalled();
    expect(breaker.metrics.totals).toMatchObject({ calls: 0, rejected: 0 });
  });

  test('tells who listens, and how many may', () => {
    const { breaker } = createOpen();
    const raw = new EventEmitter();
    const client = protect(raw, { breaker });
    const listener = () => {};
    raw.on('ready', listener);

    expect(client.listenerCount('ready')).toBe(1);
    expect(client.listeners('ready')).toEqual([listener]);
    expect(client.rawListeners('ready')).toEqual([listener]);
    expect(client.eventNames()).toEqual(['ready']);
    expect(client.setMaxListeners(3).getMaxListeners()).toBe(3);
    setMaxListeners(4, client);
    expect([getEventListeners(client, 'ready'), raw.getMaxListeners()]).toEqual([[listener], 4]);
  });

  test('is a target of events as ever', () => {
    const { breaker } = createOpen();
    const client = protect(new EventTarget(), { breaker });
    const heard = vi.fn();
    const gone = vi.fn();

    client.addEventListener('ready', heard);
    client.addEventListener('ready', gone);
    client.removeEventListener('ready', gone);
    client.dispatchEvent(new Event('ready'));

    expect([heard.mock.calls.length, gone.mock.calls.length]).toEqual([1, 0]);
    expect(breaker.metrics.totals).toMatchObject({ calls: 0, rejected: 0 });
  });

  test.each([
    'listenTo',
    'turnon',
    'onboard',
    'onceMore',
    'reemit',
    'emitAll',
    'postdispatchEvent',
    'addListenersNow',
    'readdListener',
    'fetchListeners',
    'listenerCounts',
    'targetMaxListeners',
    'eventNamesOf',
    'removeUser',
  ])('lets nobody reach it by `%s`, which has its name by chance', async (name) => {
    const { breaker } = createOpen();
    const { client, reached } = clientWith([name], new EventEmitter());

    expect(await errorOf(protect(client, { breaker })[name]!())).toMatchObject(OPEN);
    expect(reached).not.toHaveBeenCalled();
  });
});

test.each(['on', 'emit', 'addListener'])(
  '`%s` of a client that is no emitter is a call like any other',
  async (name) => {
    const { breaker } = createOpen();
    const { client, reached } = clientWith([name]);

    expect(await errorOf(protect(client, { breaker })[name]!())).toMatchObject(OPEN);
    expect(reached).not.toHaveBeenCalled();
  },
);

test('what every object may be asked is answered while the circuit is open', () => {
  const { breaker } = createOpen();
  const words = (name: string) => () => [name].map((it) => it)[0];
  const client = protect(
    Object.fromEntries(['toJSON', 'toString', 'valueOf', 'inspect'].map((name) => [name, words(name)])),
    { breaker },
  ) as Record<string, () => unknown>;

  expect([JSON.stringify(client), String(client), client.valueOf?.(), client.inspect?.()]).toEqual([
    '"toJSON"',
    'toString',
    'valueOf',
    'inspect',
  ]);
  expect(breaker.metrics.totals).toMatchObject({ calls: 0, rejected: 0 });
});

test.each(['toJSONLines', 'asyncthen', 'thenFetch', 'inspectAll', 'doinspect'])(
  'what has such a name by chance is a call like any other: `%s`',
  async (name) => {
    const { breaker } = createOpen();
    const { client, reached } = clientWith([name]);

    expect(await errorOf(protect(client, { breaker })[name]!())).toMatchObject(OPEN);
    expect(reached).not.toHaveBeenCalled();
  },
);
