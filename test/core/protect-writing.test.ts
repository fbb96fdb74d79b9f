/** Methods of a protected client that are read, wrapped and written back: by spies, by APMs, by loggers. */
import { protect } from 'recloser';
import { describe, expect, test, vi } from 'vitest';
import { createBreaker, createOpen, errorOf } from '../support/breakers.js';

class Client {
  own = async (): Promise<string> => 'own';
  async send(): Promise<string> {
    return 'sent';
  }
  later(): Promise<string> {
    return Promise.resolve('later');
  }
}

type Name = 'send' | 'own' | 'later';
type Method = () => Promise<string>;

const WAYS: [string, (client: Client, name: Name, method: Method) => void][] = [
  [
    'written',
    (client, name, method) => {
      client[name] = method;
    },
  ],
  [
    'defined',
    (client, name, value) => {
      Object.defineProperty(client, name, { value, configurable: true, writable: true });
    },
  ],
];

const CASES = WAYS.flatMap(([way, write]) =>
  (['send', 'own', 'later'] as const).flatMap((name) =>
    [undefined, [name]].map((methods) => ({
      way,
      write,
      name,
      methods,
      named: methods ? 'named' : 'learned',
    })),
  ),
);

describe.each(CASES)('a method `$name`, $named, that is patched and $way', ({ write, name, methods }) => {
  const create = () => {
    const { breaker } = createBreaker();
    const raw = new Client();
    const client = protect(raw, { breaker, ...(methods && { methods }) } as never) as Client;
    return { breaker, raw, client, calls: () => breaker.metrics.totals.calls };
  };

  test('counts once, and once again when it is put back', async () => {
    const { client, raw, calls } = create();
    const original = client[name];

    write(client, name, function patched(this: Client) {
      return original.call(this);
    });
    await client[name]();
    const patched = calls();
    write(client, name, original);
    await client[name]();

    expect([patched, calls()]).toEqual([1, 2]);
    expect(client[name]).toBe(original);
    expect(raw[name]).not.toBe(original);
  });

  test('counts once if the patch waits before it calls', async () => {
    const { client, calls } = create();
    const original = client[name];

    write(client, name, async function patched(this: Client) {
      await Promise.resolve();
      return original.call(this);
    });
    await Promise.all([client[name](), client[name]()]);

    expect(calls()).toBe(2);
  });

  test('counts once if it is patched twice', async () => {
    const { client, calls } = create();
    for (let i = 0; i < 2; i++) {
      const original = client[name];
      write(client, name, function patched(this: Client) {
        return original.call(this);
      });
    }

    await client[name]();

    expect(calls()).toBe(1);
  });

  test('is guarded where it is held from before the patch', async () => {
    const { client, breaker } = create();
    const original = client[name];
    await original.call(client);
    write(client, name, async () => 'another');

    breaker.forceOpen();

    expect(await errorOf(original.call(client))).toMatchObject({ code: 'ERR_CIRCUIT_OPEN' });
    expect(await errorOf(client[name]())).toMatchObject({ code: 'ERR_CIRCUIT_OPEN' });
  });
});

describe('a spy of vitest', () => {
  test('sees each call, which counts once', async () => {
    const { breaker } = createBreaker();
    const client = protect(new Client(), { breaker, methods: ['send', 'own'] });
    const spies = [vi.spyOn(client, 'send'), vi.spyOn(client, 'own')];

    await client.send();
    await client.own();

    expect(spies.map((spy) => spy.mock.calls.length)).toEqual([1, 1]);
    expect(client.send).toHaveBeenCalledOnce();
    expect(breaker.metrics.totals.calls).toBe(2);
  });

  test('is not reached while the circuit is open', async () => {
    const { breaker } = createOpen();
    const client = protect(new Client(), { breaker, methods: ['send'] });
    const spy = vi.spyOn(client, 'send').mockResolvedValue('mocked');

    expect(await errorOf(client.send())).toMatchObject({ code: 'ERR_CIRCUIT_OPEN' });
    expect(spy).not.toHaveBeenCalled();
  });

  test('leaves nothing behind', async () => {
    const { breaker } = createBreaker();
    const client = protect(new Client(), { breaker, methods: ['send'] });
    const { send } = client;
    vi.spyOn(client, 'send').mockRestore();

    await client.send();

    expect(client.send).toBe(send);
    expect(breaker.metrics.totals.calls).toBe(1);
  });
});

test('a guarded method of one client is guarded once in another', async () => {
  const [one, other] = [createBreaker().breaker, createBreaker().breaker];
  const source = protect(new Client(), { breaker: one, methods: ['send'] });
  const raw = { send: source.send };

  await protect(raw, { breaker: other, methods: ['send'] }).send();

  expect([one.metrics.totals.calls, other.metrics.totals.calls]).toEqual([1, 0]);
});
