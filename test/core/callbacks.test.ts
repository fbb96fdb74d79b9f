import { promisify } from 'node:util';
import { CircuitBreaker, CircuitBreakerOpenError, protect, withCircuitBreaker } from 'recloser';
import { Resilience, withResilience } from 'recloser/resilience';
import { describe, expect, test } from 'vitest';
import { createBreaker, createOpen, errorOf } from '../support/breakers.js';

type Done = (error: Error | null, user?: string) => void;

/** As they were written before there were promises. */
function getUser(id: number, done: Done): void {
  done(null, `user ${id}`);
}

const REFUSAL =
  'The function "getUser" takes a callback and answers no promise: guard what `promisify` of node:util makes of it';

const wrappers: [string, (breaker: CircuitBreaker) => (...args: never[]) => Promise<unknown>][] = [
  ['wrap', (breaker) => breaker.wrap(getUser)],
  ['wrap with options', (breaker) => breaker.wrap(getUser, { fallback: () => undefined })],
  ['withCircuitBreaker', (breaker) => withCircuitBreaker(breaker)(getUser)],
  [
    'withCircuitBreaker with a fallback',
    (breaker) => withCircuitBreaker(breaker, { fallback: () => 0 }, getUser),
  ],
];

describe('a function that takes a callback', () => {
  test.each(wrappers)('is refused by %s, and counts as nothing', async (_, guard) => {
    const { breaker } = createBreaker({ failureThreshold: 1 });

    const error = await errorOf(guard(breaker)(...([7, () => {}] as never[])));

    expect(error).toBeInstanceOf(TypeError);
    expect((error as Error).message).toBe(REFUSAL);
    expect(breaker.metrics).toMatchObject({
      state: 'CLOSED',
      inFlight: 0,
      totals: { successes: 0, failures: 0, fallbacks: 0, ignored: 1 },
    });
  });

  test('is none if it is given a class, to be looked up or made', async () => {
    class User {}
    const { breaker } = createBreaker();
    const lookUp = (Kind: typeof User) => new Kind();
    const client = protect({ lookUp }, { breaker, methods: ['lookUp' as never] });

    for (const guarded of [breaker.wrap(lookUp), withCircuitBreaker(breaker)(lookUp), client.lookUp])
      expect(await guarded(User)).toBeInstanceOf(User);

    expect(breaker.metrics.totals.successes).toBe(3);
  });

  test('is refused as a result where results are wanted', async () => {
    const { breaker } = createBreaker();
    const guarded = withCircuitBreaker(breaker, { result: true }, getUser);

    const answer = await guarded(7, () => {});

    expect(answer).toMatchObject({ ok: false, rejected: false, error: { message: REFUSAL } });
  });

  test('is refused by what stands around a breaker, at the first attempt', async () => {
    let calls = 0;
    const resilience = new Resilience({ retry: { maxAttempts: 3 } });
    const guarded = resilience.wrap((id: number, done: Done): void => {
      calls++;
      getUser(id, done);
    });

    const error = await errorOf(guarded(7, () => {}) as Promise<unknown>);

    expect([(error as Error).name, calls]).toEqual(['TypeError', 1]);
  });

  test.each<[string, object]>([
    ['nothing', {}],
    ['retries', { retry: { maxAttempts: 3 } }],
    ['a fallback', { fallback: () => 'nobody', fallbackOn: 'any' }],
  ])('is refused by withResilience with %s, at the first attempt', async (_, options) => {
    const resilience = new Resilience();
    const guarded = withResilience(resilience, options, getUser);
    const asResult = withResilience(resilience, { ...options, result: true }, getUser);

    const error = await errorOf(guarded(7, () => {}) as Promise<unknown>);

    expect((error as Error).message).toBe(REFUSAL);
    expect(await asResult(7, () => {})).toEqual({ ok: false, error, rejected: false, attempts: 1 });
    expect(resilience.breaker.metrics.totals).toMatchObject({ successes: 0, failures: 0, ignored: 2 });
  });

  test.each(['', Symbol('name'), () => 'name'])('is told without a name where it has none', async (value) => {
    const { breaker } = createBreaker();
    const nameless = Object.defineProperty((done: Done) => done(null), 'name', { value });
    const guarded = breaker.wrap(nameless);

    const error = await errorOf(guarded(() => {}));

    expect((error as Error).message).toMatch(/^A function takes a callback and answers no promise/);
  });

  test('is none if it answers a promise', async () => {
    const { breaker } = createBreaker();
    const transaction = async (run: (n: number) => number) => run(1);
    const add = (n: number) => n + 1;

    expect(await breaker.wrap(transaction)(add)).toBe(2);
    expect(await withCircuitBreaker(breaker)(transaction)(add)).toBe(2);
    expect(breaker.metrics.totals.successes).toBe(2);
  });

  test('and its signal is followed while it runs, and not afterwards', async () => {
    const { breaker } = createBreaker();
    const controller = new AbortController();
    const listeners = new Set<unknown>();
    const signal = {
      get aborted() {
        return controller.signal.aborted;
      },
      get reason() {
        return controller.signal.reason;
      },
      addEventListener: (type: 'abort', listener: () => void) => {
        listeners.add(listener);
        controller.signal.addEventListener(type, listener);
      },
      removeEventListener: (type: 'abort', listener: () => void) => {
        listeners.delete(listener);
        controller.signal.removeEventListener(type, listener);
      },
    } as AbortSignal;
    const guarded = breaker.wrap((_done: Done) => new Promise<void>(() => {}), { signal });

    const call = errorOf(guarded(() => {}));
    const during = listeners.size;
    controller.abort(new Error('shutting down'));

    expect(await call).toEqual(new Error('shutting down'));
    expect([during, listeners.size]).toEqual([1, 0]);
    expect(await errorOf(guarded(() => {}))).toEqual(new Error('shutting down'));
    expect(listeners.size).toBe(0);
  });
});

test('a function with a callback is a failure under a signal of the caller, which alone could end its call', async () => {
  const { breaker } = createBreaker();
  const guarded = breaker.wrap(getUser, { signal: new AbortController().signal });

  const error = await errorOf(guarded(7, () => {}));

  expect((error as Error).message).toBe(REFUSAL);
  expect(breaker.metrics.totals).toMatchObject({ successes: 0, failures: 1 });
});

describe('the signal of many calls that are given a function last', () => {
  const createSignal = (added: () => void, removed: () => void) =>
    ({ aborted: false, addEventListener: added, removeEventListener: removed }) as unknown as AbortSignal;

  test('has one listener, which goes with the last of them', async () => {
    const { breaker } = createBreaker();
    let added = 0;
    let removed = 0;
    const signal = createSignal(
      () => added++,
      () => removed++,
    );
    const ends: (() => void)[] = [];
    const guarded = breaker.wrap((_done: Done) => new Promise<void>((resolve) => ends.push(resolve)), {
      signal,
    });

    const calls = Array.from({ length: 20 }, () => guarded(() => {}));
    const during = [added, removed];
    for (const end of ends) end();
    await Promise.all(calls);

    expect(during).toEqual([1, 0]);
    expect([added, removed]).toEqual([1, 1]);
  });

  test('ends them if it cannot be followed', async () => {
    const { breaker } = createBreaker();
    const mistake = new Error('no listeners here');
    const signal = createSignal(
      () => {
        throw mistake;
      },
      () => {},
    );
    let calls = 0;
    const guarded = breaker.wrap(async (_done: Done) => void calls++, { signal });

    expect(await errorOf(guarded(() => {}))).toBe(mistake);
    expect(calls).toBe(0);
  });
});

describe('what promisify takes in place of a function', () => {
  type Exec = (command: string, done: Done) => void;

  const createExec = (isFixed: boolean): Exec => {
    const exec: Exec = (_command, done) => done(null, 'by callback');
    const value = async () => 'the form for promises';
    return Object.defineProperty(exec, promisify.custom, { value, configurable: !isFixed });
  };

  test.each<[string, (exec: Exec, breaker: CircuitBreaker) => Exec]>([
    ['wrap', (exec, breaker) => breaker.wrap(exec) as never],
    ['withCircuitBreaker', (exec, breaker) => withCircuitBreaker(breaker)(exec) as never],
  ])('has the breaker of %s before it too', async (_, guard) => {
    const { breaker } = createBreaker();
    const run = promisify(guard(createExec(true), breaker)) as (command: string) => Promise<string>;

    expect(await run('ls')).toBe('the form for promises');
    breaker.trip();
    expect(await errorOf(run('ls'))).toBeInstanceOf(CircuitBreakerOpenError);
    expect(breaker.metrics.totals).toMatchObject({ successes: 1, rejected: 1 });
  });

  test('has the breaker before it where a getter tells it, as that of `pipeline` of node:stream', async () => {
    const { breaker } = createBreaker();
    const pipe: Exec = (_command, done) => done(null, 'by callback');
    Object.defineProperty(pipe, promisify.custom, { get: () => async () => 'the form for promises' });

    const run = promisify(breaker.wrap(pipe) as never) as (command: string) => Promise<string>;

    expect(await run('ls')).toBe('the form for promises');
    expect(breaker.metrics.totals.successes).toBe(1);
  });

  test('is none if it is no function', async () => {
    const { breaker } = createBreaker();
    const odd = Object.assign(async () => 'fine', { [promisify.custom]: 'odd' });

    expect(await breaker.wrap(odd)()).toBe('fine');
  });

  test.each([true, false])('is refused of a method of a client: fixed %s', (isFixed) => {
    const { breaker } = createOpen();
    const client = protect({ exec: createExec(isFixed) }, { breaker, methods: ['exec' as never] });

    expect(() => promisify(client.exec as Exec)).toThrow(/The method "exec" takes a callback.*`promisify`/);
  });

  test.each<[string, (exec: Exec, breaker: CircuitBreaker) => unknown]>([
    ['a client', (exec, breaker) => protect(exec, { breaker })],
    [
      'a callable client of which nothing is named',
      (exec, breaker) => protect(exec, { breaker, methods: [] }),
    ],
    [
      'a named method that has methods',
      (exec, breaker) => {
        const client = { exec: Object.assign(exec, { sync: async () => {} }) };
        return protect(client, { breaker, methods: ['exec' as never, 'exec.sync'] }).exec;
      },
    ],
  ])('is refused of %s that is called itself', (_, guard) => {
    const { breaker } = createOpen();

    expect(() => promisify(guard(createExec(false), breaker) as Exec)).toThrow(
      /takes a callback.*`promisify`/,
    );
  });

  test.each<[string, (run: () => Promise<string>, breaker: CircuitBreaker) => () => Promise<string>]>([
    ['a method', (run, breaker) => protect({ run }, { breaker, methods: ['run'] }).run],
    ['a method that nobody has named', (run, breaker) => protect({ run }, { breaker }).run],
    ['a client', (run, breaker) => protect(run, { breaker })],
    [
      'a method that is wrapped again',
      (run, breaker) =>
        withCircuitBreaker(new CircuitBreaker())(protect({ run }, { breaker, methods: ['run'] }).run),
    ],
    [
      'a client that is wrapped again',
      (run, breaker) => new CircuitBreaker().wrap(protect(run, { breaker })),
    ],
  ])('is itself, behind its breaker, where it has made %s', async (_, guard) => {
    const { breaker } = createBreaker();
    const run = promisify((done: Done) => done(null, 'by callback')) as () => Promise<string>;
    const again = promisify(guard(run, breaker) as never) as () => Promise<string>;

    expect(await again()).toBe('by callback');
    breaker.trip();
    expect(await errorOf(again())).toBeInstanceOf(CircuitBreakerOpenError);
    expect(breaker.metrics.totals).toMatchObject({ successes: 1, rejected: 1 });
  });

  test.each<[string, (exec: Exec, breaker: CircuitBreaker) => unknown]>([
    ['wrap', (exec, breaker) => breaker.wrap(exec)],
    ['withCircuitBreaker', (exec, breaker) => withCircuitBreaker(breaker)(exec)],
  ])('has the breaker of %s before it where the function has it from another', async (_, guard) => {
    const { breaker } = createOpen();
    const exec = Object.setPrototypeOf((_: string, done: Done) => done(null), createExec(true));
    const run = promisify(guard(exec, breaker) as Exec) as (command: string) => Promise<string>;

    expect(await errorOf(run('ls'))).toBeInstanceOf(CircuitBreakerOpenError);
  });

  test('is none of a function that is synchronous behind its breaker', () => {
    const exec = Object.setPrototypeOf(() => 'at once', createExec(true));

    const guarded = new CircuitBreaker().wrapSync(exec) as never;

    expect(guarded[promisify.custom]).toBeUndefined();
  });

  test('is none of a method that has none', async () => {
    const { breaker } = createBreaker();
    const client = protect({ run: async (done: Done) => done(null, 'by callback') }, { breaker });

    expect(client.run[promisify.custom as never]).toBeUndefined();
    expect(await promisify(client.run as (done: Done) => void)()).toBe('by callback');
  });

  test('is no matter of a client that is no function, whatever it has there', () => {
    const { breaker } = createBreaker();
    const form = async () => 'the form for promises';
    const client = protect({ [promisify.custom]: form, find: async () => 1 }, { breaker });

    expect(client[promisify.custom]).toBeTypeOf('function');
  });

  test('is that of a method that no breaker is for', () => {
    const { breaker } = createBreaker();
    const client = protect({ exec: createExec(false), find: async () => 1 }, { breaker, methods: ['find'] });

    expect(client.exec[promisify.custom as never]).toBeTypeOf('function');
  });

  test('leaves what is made of it to be guarded', async () => {
    const { breaker } = createBreaker();

    const guarded = breaker.wrap(promisify(createExec(true)) as (command: string) => Promise<string>);

    expect(await guarded('ls')).toBe('the form for promises');
    expect(breaker.metrics.totals.successes).toBe(1);
  });

  test('answers no member of a proxy that answers any', () => {
    const any: unknown = new Proxy(() => {}, { get: (_, key) => (key === 'prototype' ? {} : () => key) });

    const guarded = new CircuitBreaker().wrap(any as () => Promise<void>) as unknown as Record<
      symbol,
      unknown
    >;

    expect(guarded[promisify.custom]).toBeUndefined();
  });
});
