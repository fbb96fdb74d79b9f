/** What people read when something was handed in that cannot be: whole sentences, since somebody searches for them. */
import {
  CircuitBreaker,
  type CircuitBreakerOptions,
  CircuitBreakerRegistry,
  type CircuitSnapshot,
  exponentialBackoff,
  protect,
  withCircuitBreaker,
} from 'recloser';
import { describe, expect, test } from 'vitest';
import { errorOf, refusalOf } from '../support/breakers.js';

const unreadable = new Proxy(
  {},
  {
    ownKeys() {
      throw new Error('trap');
    },
    get() {
      throw new Error('trap');
    },
  },
);

const create = (options: object) => () => new CircuitBreaker(options as CircuitBreakerOptions);
const restored = (changes: object) =>
  create({ snapshot: { ...new CircuitBreaker().snapshot(), ...changes } });
const call = (options: unknown) => () =>
  new CircuitBreaker({ name: 'users' }).call(async () => 1, options as never);
const outcomes = (given: unknown) => restored({ window: { type: 'count', size: 2, outcomes: given } });
const counts = (...given: number[][]) =>
  restored({ window: { type: 'time', duration: 10, buckets: 1, counts: given } });

function forcedOpen(name: string): () => unknown {
  const breaker = new CircuitBreaker({ name });
  breaker.forceOpen();
  return () => breaker.acquire();
}

function taken(options: CircuitBreakerOptions): () => unknown {
  const breaker = new CircuitBreaker({ name: 'users', recoveryTimeout: 0, ...options });
  if (options.halfOpenMaxCalls !== undefined) breaker.trip();
  breaker.acquire();
  return () => breaker.acquire();
}

/** A snapshot whose breakers cannot be read. */
const hostileSnapshot = {
  version: 1,
  get breakers() {
    throw new Error('trap');
  },
};

function existing(): CircuitBreakerRegistry {
  const registry = new CircuitBreakerRegistry();
  registry.getOrCreate('users');
  return registry;
}

const picked = (key: () => unknown) => () =>
  withCircuitBreaker(key as () => string, { registry: new CircuitBreakerRegistry() })(async () => 1)();

const SNAPSHOTS: [message: string, option: string, run: () => unknown][] = [
  [
    '`snapshot` is of version 99, this release of recloser reads up to version 1',
    'snapshot.version',
    restored({ version: 99 }),
  ],
  ['`snapshot.version` must be 1, received "1"', 'snapshot.version', restored({ version: '1' })],
  [
    '`snapshot.mode` must be "active" or "observe" or "forced-open" or "forced-closed", received "x"',
    'snapshot.mode',
    restored({ mode: 'x' }),
  ],
  [
    '`snapshot.mode` is "forced-open" while `snapshot.state` is "CLOSED"',
    'snapshot.mode',
    restored({ mode: 'forced-open' }),
  ],
  [
    '`snapshot.remaining` must be at most `snapshot.recovery`, 5, received 6',
    'snapshot.remaining',
    restored({ state: 'OPEN', recovery: 5, remaining: 6 }),
  ],
  [
    '`snapshot.window.outcomes` must be at most 2 digits, received "000"',
    'snapshot.window.outcomes',
    outcomes('000'),
  ],
  [
    '`snapshot.window.outcomes` must be a string of digits from 0 to 3, received "4"',
    'snapshot.window.outcomes',
    outcomes('4'),
  ],
  [
    '`snapshot.window.outcomes` must be a string of digits from 0 to 3, received 1',
    'snapshot.window.outcomes',
    outcomes(1),
  ],
  [
    '`snapshot.window.counts` must be at most 1 buckets, received an array',
    'snapshot.window.counts',
    counts([0, 1, 0, 0], [1, 1, 0, 0]),
  ],
  [
    '`snapshot.window.counts[0]` must be an age and three counts, the first the largest, received an array',
    'snapshot.window.counts[0]',
    counts([0, 1, 2, 0]),
  ],
  ['`snapshot` cannot be read', '', create({ snapshot: unreadable as CircuitSnapshot })],
];

const REFUSALS: [message: string, option: string, breaker: string, run: () => unknown][] = [
  ...SNAPSHOTS.map(([message, option, run]): (typeof REFUSALS)[number] => [
    `Cannot create circuit breaker "default": ${message}`,
    option,
    'default',
    run,
  ]),
  [
    'Cannot create circuit breaker "default": `clock` must be an object with a function `now`, and a function `epoch` if it has one, received an object',
    'clock',
    'default',
    create({ clock: {} }),
  ],
  ['Cannot create circuit breaker: `name` must be a string, received 3', 'name', '', create({ name: 3 })],
  ['Cannot create circuit breaker: options cannot be read', '', '', create(unreadable)],
  [
    'Cannot create circuit breaker "default": `options` must be an object, received 3',
    'options',
    'default',
    create(3 as never),
  ],
  [
    'Cannot create circuit breaker "default": `options` must be an object, received null',
    'options',
    'default',
    create(null as never),
  ],
  [
    'Cannot create circuit breaker "default": `window.type` must be "count" or "time", received "x"',
    'window.type',
    'default',
    create({ window: { type: 'x' } }),
  ],
  [
    'Cannot update circuit breaker "users": `name` must be given when the breaker is made, received "a"',
    'name',
    'users',
    () => new CircuitBreaker({ name: 'users' }).update({ name: 'a' } as never),
  ],
  [
    'Cannot call through circuit breaker "users": `signal` must be an AbortSignal, received an object',
    'signal',
    'users',
    call({ signal: { addEventListener() {} } }),
  ],
  [
    'Cannot call through circuit breaker "users": `signal` must be an AbortSignal, received an object',
    'signal',
    'users',
    call({ signal: { removeEventListener() {} } }),
  ],
  [
    'Cannot call through circuit breaker "users": `options` must be an object, received 3',
    'options',
    'users',
    call(3),
  ],
  ['Cannot call through circuit breaker "users": options cannot be read', '', 'users', call(unreadable)],
  [
    'Cannot call through circuit breaker "users": options cannot be read',
    '',
    'users',
    () => new CircuitBreaker({ name: 'users' }).wrap(async () => 1, unreadable),
  ],
  [
    'Cannot call through circuit breaker "users": options cannot be read',
    '',
    'users',
    () => new CircuitBreaker({ name: 'users' }).callSync(() => 1, unreadable),
  ],
  [
    'Cannot create exponential backoff: `initial` must be a finite number of milliseconds of at least 0, received -1',
    'initial',
    '',
    () => exponentialBackoff({ initial: -1 }),
  ],
  ['Cannot create exponential backoff: options cannot be read', '', '', () => exponentialBackoff(unreadable)],
  [
    'Cannot pick a circuit breaker: the key function threw',
    'key',
    '',
    picked(() => {
      throw new Error('no key');
    }),
  ],
  [
    'Cannot pick a circuit breaker: `key` must be a function that returns a string, received 3',
    'key',
    '',
    picked(() => 3),
  ],
  [
    'Cannot use withCircuitBreaker: `breaker` must be a breaker, its name, or a function that tells the name, received 3',
    'breaker',
    '',
    () => withCircuitBreaker(3 as never),
  ],
  [
    'Cannot use withCircuitBreaker: options cannot be read',
    '',
    'users',
    () => withCircuitBreaker('users', unreadable),
  ],
  [
    'Cannot use withCircuitBreaker: `options` must be an object, received a function: it comes third, after {}',
    'options',
    'users',
    () => withCircuitBreaker('users', (async () => 1) as never),
  ],
  [
    'Cannot create circuit breaker "default": `window` must be an object, such as { type: \'count\', size: 100 }, received 100',
    'window',
    'default',
    create({ window: 100 }),
  ],
  [
    'Cannot use withCircuitBreaker: `registry` and `scope` are for breakers that are given by name',
    'registry',
    '',
    () => withCircuitBreaker(new CircuitBreaker(), { scope: 'instance' } as never),
  ],
  [
    'Cannot use withCircuitBreaker: `name` is given by the first argument',
    'name',
    'users',
    () => withCircuitBreaker('users', { name: 'a' } as never),
  ],
  [
    'Cannot protect a client: `name` or `breaker` must be given: the name of a class is another once it is minified',
    'name',
    '',
    () => protect({}, {} as never),
  ],
  [
    'Cannot create circuit breaker registry: `maxSize` must be an integer of at least 1, or Infinity, received 0',
    'maxSize',
    '',
    () => new CircuitBreakerRegistry({ maxSize: 0 }),
  ],
  [
    'Cannot restore circuit breaker registry: `snapshot.version` must be 1, received undefined',
    'snapshot.version',
    '',
    () => new CircuitBreakerRegistry().restore({} as never),
  ],
  [
    'Cannot create circuit breaker registry: options cannot be read',
    '',
    '',
    () => new CircuitBreakerRegistry(unreadable),
  ],
  [
    'Cannot restore circuit breaker registry: `snapshot` must be an object, received null',
    'snapshot',
    '',
    () => new CircuitBreakerRegistry().restore(null as never),
  ],
  [
    'Cannot restore circuit breaker registry: `snapshot` cannot be read',
    '',
    '',
    () => new CircuitBreakerRegistry().restore(hostileSnapshot as never),
  ],
  [
    'Cannot restore circuit breaker registry, at breaker 0 of its snapshot: `snapshot.version` must be 1, received undefined',
    'snapshot.version',
    '',
    () =>
      new CircuitBreakerRegistry().restore({
        ...new CircuitBreakerRegistry().toJSON(),
        breakers: [{} as never],
      }),
  ],
  [
    'Cannot create circuit breaker "users": `configure` must be a function that answers at once, received an object',
    'configure',
    'users',
    () => new CircuitBreakerRegistry({ configure: (async () => ({})) as never }).getOrCreate('users'),
  ],
  [
    'Cannot create circuit breaker "users": `name` is given by the registry, received "a"',
    'name',
    'users',
    () => new CircuitBreakerRegistry().getOrCreate('users', { name: 'a' }),
  ],
  [
    'Cannot create circuit breaker "users": options cannot be read',
    '',
    'users',
    () => new CircuitBreakerRegistry().getOrCreate('users', unreadable),
  ],
  [
    'Cannot create circuit breaker "users": `options` must be an object, received 3',
    'options',
    'users',
    () => existing().getOrCreate('users', 3 as never),
  ],
  [
    'Cannot create circuit breaker "users": options cannot be read',
    '',
    'users',
    () => existing().getOrCreate('users', unreadable),
  ],
  [
    'Cannot create circuit breaker: `name` must be a string, received 3',
    'name',
    '',
    () => new CircuitBreakerRegistry().getOrCreate(3 as never),
  ],
  [
    'Cannot protect a client: `breaker` must be a circuit breaker, received 3',
    'breaker',
    '',
    () => protect({ find() {} }, { breaker: 3 as never }),
  ],
  [
    'Cannot protect a client: `options` must be an object with the breaker in it, received an object',
    'options',
    '',
    () => protect({ find() {} }, new CircuitBreaker() as never),
  ],
  [
    'Cannot protect a client: options cannot be read',
    '',
    '',
    () => protect({ find() {} }, unreadable as never),
  ],
  [
    'Cannot protect a client: `methods` must be names of methods of the client, or paths to them, received "get"; the nearest are "find"',
    'methods',
    '',
    () => protect({ find() {} }, { name: 'users', methods: ['get' as never] }),
  ],
  [
    'Cannot protect a client: `registry` must be a registry, received 3',
    'registry',
    '',
    () => protect({ find() {} }, { name: 'users', registry: 3 as never }),
  ],
];

const MISTAKES: [message: string, run: () => unknown][] = [
  [
    'Unknown event "opn", known are: transition, close, open, halfOpen, success, failure, ignore, reject, fallback, mode, degraded, well',
    () => new CircuitBreaker().on('opn' as 'open', () => {}),
  ],
  [
    'The listener of "open" must be a function, received 3',
    () => new CircuitBreaker().on('open', 3 as never),
  ],
  [
    'withCircuitBreaker needs a function or a method, received a class: wrap its methods, or `protect` an instance of it',
    () => withCircuitBreaker('users')(class Users {} as never),
  ],
  [
    'withCircuitBreaker needs a function or a method, received 3',
    () => withCircuitBreaker('users')(3 as never),
  ],
  [
    'A method cannot be decorated with `result: true`: wrap a function',
    () => (withCircuitBreaker('users', { result: true }) as never as Decorator)({}, 'get', { value() {} }),
  ],
  [
    'The method of circuit breaker "users" needs an object to be called on, received undefined',
    () => ofInstance.call(undefined),
  ],
  [
    'The method of circuit breaker "users" needs an object to be called on, received null',
    () => ofInstance.call(null),
  ],
  [
    'protect cannot put a breaker before "find": the object is frozen',
    () => protect(Object.freeze({ find() {} }), { name: 'users' }),
  ],
  ['protect needs an object with methods, received 3', () => protect(3 as never, { name: 'users' })],
];

type Decorator = (target: object, key: string, descriptor: object) => unknown;

const ofInstance = withCircuitBreaker('users', { scope: 'instance' })(async function (this: unknown) {}) as (
  this: unknown,
) => Promise<void>;

const REJECTIONS: [message: string, run: () => unknown][] = [
  ['Circuit breaker "users" is forced open until it is reset', forcedOpen('users')],
  [
    'Circuit breaker "users" has as many calls in flight as `maxConcurrentCalls` allows',
    taken({ maxConcurrentCalls: 1 }),
  ],
  [
    'Circuit breaker "users" is HALF_OPEN and all of its probes are in flight',
    taken({ halfOpenMaxCalls: 1 }),
  ],
  [`Circuit breaker "${'n'.repeat(100)}" is forced open until it is reset`, forcedOpen('n'.repeat(100))],
  [`Circuit breaker "${'n'.repeat(100)}…" is forced open until it is reset`, forcedOpen('n'.repeat(101))],
];

describe('the message of', () => {
  test.each(REFUSALS)('a refusal: %s', async (message, option, breaker, run) => {
    const error = await errorOf((async () => run())());

    expect(error).toMatchObject({ name: 'InvalidOptionsError', message, option, breaker });
  });

  test.each(MISTAKES)('a mistake: %s', async (message, run) => {
    const error = await errorOf((async () => run())());

    expect(error).toEqual(new TypeError(message));
  });

  test.each(REJECTIONS)('a rejection: %s', async (message, run) => {
    const error = await errorOf((async () => run())());

    expect(error).toMatchObject({ name: 'CircuitBreakerOpenError', message });
  });
});

test('the latest of several registrations of a listener is the one that is removed', () => {
  const breaker = new CircuitBreaker();
  const heard: string[] = [];
  const twice = () => heard.push('twice');
  breaker.on('open', twice);
  breaker.on('open', () => heard.push('between'));
  breaker.on('open', twice);

  breaker.off('open', twice);
  breaker.trip();

  expect(heard).toEqual(['twice', 'between']);
});

describe('a name in a message', () => {
  const messageOf = (name: string) =>
    refusalOf(() => new CircuitBreaker({ name, failureThreshold: -1 })).message;

  test.each([
    ['a\u0085b', '"a\\u0085b"'],
    ['a\u00adb', '"a\\u00adb"'],
    ['a\u202eb', '"a\\u202eb"'],
    ['a\nb', '"a\\nb"'],
  ])('has nothing in it that is not seen: %j', (name, quoted) => {
    expect(messageOf(name)).toContain(quoted);
  });

  test('is whole up to 100 characters, and cut beyond', () => {
    expect(messageOf('é'.repeat(100))).toContain(`"${'é'.repeat(100)}"`);
    expect(messageOf('é'.repeat(101))).toContain(`"${'é'.repeat(100)}…"`);
  });
});

test.each<[CircuitBreakerOptions, string]>([
  [
    { trackedErrors: [] },
    '`trackedErrors` must be an array of error classes and predicates, one at least, received an array',
  ],
  [{ failureThreshold: Symbol('a\nb') as never }, 'received Symbol(a\\nb)'],
  [{ failureThreshold: Symbol('s'.repeat(100)) as never }, `received Symbol(${'s'.repeat(33)}…`],
])('a value that is refused is told in words: %o', (options, words) => {
  expect(refusalOf(() => new CircuitBreaker(options)).message).toContain(words);
});
