import { readFileSync } from 'node:fs';
import { CircuitBreakerOpenError } from 'recloser';
import { beforeEach, describe, expect, test } from 'vitest';
import { errorOf, thrownBy } from '../support/breakers.js';
import { fromRoot } from '../support/root.js';
import {
  DECORATOR_FORMS,
  errorsIn,
  linesMarkedAsErrors,
  runModule,
  transpile,
} from '../support/typescript.js';

type Decorated = typeof import('./fixtures/decorated-users.js');
type Private = typeof import('./fixtures/decorated-private.js');

const sourceOf = (name: string): string => readFileSync(fromRoot(`test/core/fixtures/${name}.ts`), 'utf8');

describe.each(DECORATOR_FORMS)('a decorated method (%s)', (_, experimentalDecorators) => {
  const code = transpile(sourceOf('decorated-users'), experimentalDecorators);
  let { Users, Admins, registry, ownBreaker, SYMBOL } = {} as Decorated;

  beforeEach(() => {
    ({ Users, Admins, registry, ownBreaker, SYMBOL } = runModule<Decorated>(code));
  });

  test('keeps `this`, the arguments and the result', async () => {
    const users = new Users('user ');

    expect(await users.get('7')).toBe('user 7');
  });

  test('keeps the name and the length', () => {
    const { get } = Users.prototype;

    expect([get.name, get.length]).toEqual(['get', 2]);
  });

  test('stays on the prototype as methods do', () => {
    const descriptor = Object.getOwnPropertyDescriptor(Users.prototype, 'get');

    expect(descriptor).toMatchObject({ enumerable: false, writable: true, configurable: true });
    expect(Object.hasOwn(new Users(''), 'get')).toBe(false);
  });

  test('goes through the breaker of that name', async () => {
    await new Users('').get('7');

    expect(registry.get('get')?.metrics.totals.successes).toBe(1);
  });

  test('makes no breaker before it is called', () => {
    expect(registry.size).toBe(0);
  });

  test('rejects with the very error of the method', async () => {
    const users = new Users('');

    expect(await errorOf(users.fail())).toBe(users.broken);
  });

  test('is rejected while the circuit is open', async () => {
    const users = new Users('');
    await errorOf(users.fail());

    expect(await errorOf(users.fail())).toBeInstanceOf(CircuitBreakerOpenError);
  });

  test('has one breaker for all objects', async () => {
    await errorOf(new Users('').fail());

    expect(await errorOf(new Users('').fail())).toBeInstanceOf(CircuitBreakerOpenError);
  });

  test('has a breaker for each object with the scope of an instance', async () => {
    const [bad, good] = [new Users('bad'), new Users('good')];

    await errorOf(bad.own(true));

    expect(await errorOf(bad.own(false))).toBeInstanceOf(CircuitBreakerOpenError);
    expect(await good.own(false)).toBe('good');
    expect(registry.has('instance')).toBe(false);
  });

  test('has a breaker for each key', async () => {
    const users = new Users('');

    await errorOf(users.list('bad'));

    expect(await errorOf(users.list('bad'))).toBeInstanceOf(CircuitBreakerOpenError);
    expect(await users.list('eu')).toBe('eu');
    expect(registry.names()).toEqual(['list bad', 'list eu']);
  });

  test('may be static', async () => {
    expect(await Users.find('7')).toBe('Users 7');
    expect(registry.get('static')?.metrics.totals.successes).toBe(1);
  });

  test('may have a symbol for a name', async () => {
    expect(await (new Users('user') as unknown as Record<symbol, () => Promise<string>>)[SYMBOL]?.()).toBe(
      'user',
    );
    expect(registry.has('symbol')).toBe(true);
  });

  test('may have any string for a name', async () => {
    expect(await new Users('user')['quoted-name']()).toBe('user');
    expect(registry.has('quoted')).toBe(true);
  });

  test('may have a fallback', async () => {
    expect(await new Users('').cached()).toBe('nobody');
  });

  test('may be given its breaker', async () => {
    await new Users('').given();

    expect(ownBreaker.metrics.totals.successes).toBe(1);
  });

  test('may share its breaker with another one', async () => {
    const users = new Users('');

    await errorOf(users.first());

    expect(await errorOf(users.second())).toBeInstanceOf(CircuitBreakerOpenError);
  });

  test('may be decorated twice', async () => {
    const users = new Users('user');
    await users.both();

    registry.get('inner')?.trip();

    expect(await errorOf(users.both())).toMatchObject({ breaker: 'inner' });
    expect(registry.get('outer')?.metrics.totals.calls).toBe(2);
  });

  test('may be overridden and called by `super`', async () => {
    expect(await new Admins('user ').get('7')).toBe('admin user 7');
    expect(registry.get('get')?.metrics.totals.calls).toBe(1);
  });

  test('may be called by another one', async () => {
    expect(await new Users('').getTwice('7')).toEqual(['7', '7']);
    expect(registry.get('get')?.metrics.totals.calls).toBe(2);
  });

  test('has its breaker at hand', async () => {
    const { get, list, own } = Users.prototype as unknown as Record<string, Access>;
    const users = new Users('');
    await users.own(false);

    expect(get?.breaker).toBe(registry.get('get'));
    expect(list?.breakerFor('eu')).toBe(registry.get('list eu'));
    expect(own?.breakerFor(users).metrics.totals.calls).toBe(1);
  });

  test('leaves the other members alone', () => {
    expect(new Users('user').sync()).toBe('user');
  });
});

interface Access {
  readonly breaker: { readonly metrics: { totals: { calls: number } } };
  breakerFor(argument: unknown): Access['breaker'];
}

describe('a private method', () => {
  const code = transpile(sourceOf('decorated-private'), false);
  let { Vault, registry } = {} as Private;

  beforeEach(() => {
    ({ Vault, registry } = runModule<Private>(code));
  });

  test('can be decorated', async () => {
    expect(await new Vault().read()).toBe('secret');
    expect(registry.get('private')?.metrics.totals.successes).toBe(1);
  });

  test('is rejected while the circuit is open', async () => {
    await errorOf(new Vault().read(true));

    expect(await errorOf(new Vault().read())).toBeInstanceOf(CircuitBreakerOpenError);
  });

  test('can be static', async () => {
    expect(await Vault.open('door')).toBe('Vault door');
    expect(registry.get('private static')?.metrics.totals.successes).toBe(1);
  });
});

/** What is thrown while a module is run in which something is decorated. */
function refusalOf(decorated: string, experimentalDecorators: boolean): Error {
  const code = transpile(
    `import { withCircuitBreaker } from 'recloser'; ${decorated}`,
    experimentalDecorators,
  );
  return thrownBy(() => runModule(code)) as Error;
}

describe.each(DECORATOR_FORMS)('a wrong target (%s)', (_, experimentalDecorators) => {
  const refusalOfMember = (member: string) =>
    refusalOf(`class Users { @withCircuitBreaker('users') ${member} }`, experimentalDecorators);

  test.each([
    ['a field', 'total = 1;'],
    ['a field that is a function', 'get = async () => 1;'],
    ['a static field', 'static total = 1;'],
    ['a getter', 'get total() { return 1; }'],
    ['a getter of a function', 'get find() { return async () => 1; }'],
    ['a setter', 'set total(value) {}'],
    ['a static getter', 'static get total() { return 1; }'],
  ])('is refused at once: %s', (_, member) => {
    expect(refusalOfMember(member)).toBeInstanceOf(TypeError);
  });

  test.each([
    ['a field', 'total = 1;'],
    ['a getter', 'get total() { return 1; }'],
    ['a setter', 'set total(value) {}'],
  ])('is named in the message: %s', (_, member) => {
    expect(refusalOfMember(member).message).toContain('"total"');
  });

  test.each([
    ['field', 'total = 1;'],
    ['getter', 'get total() { return 1; }'],
    ['setter', 'set total(value) {}'],
  ])('is called what it is in the message: a %s', (kind, member) => {
    expect(refusalOfMember(member).message).toContain(kind);
  });

  test('is a class', () => {
    const error = refusalOf("@withCircuitBreaker('users') class Users {}", experimentalDecorators);

    expect(error).toBeInstanceOf(TypeError);
  });

  test('is any method for `result: true`, which would change its type', () => {
    const decorator = "@withCircuitBreaker('users', { result: true })";

    const error = refusalOf(`class Users { ${decorator} async get() {} }`, experimentalDecorators);

    expect(error).toBeInstanceOf(TypeError);
  });

  test('is an accessor', () => {
    const error = refusalOf(
      "class A { @withCircuitBreaker('a') accessor total = 1; }",
      experimentalDecorators,
    );

    expect(error).toBeInstanceOf(TypeError);
  });
});

test.each(DECORATOR_FORMS)('a method may be named by a number (%s)', async (_, experimentalDecorators) => {
  const code = transpile(
    `import { CircuitBreakerRegistry, withCircuitBreaker } from 'recloser';
    const registry = new CircuitBreakerRegistry();
    export class Steps { @withCircuitBreaker('steps', { registry }) async 7() { return 'seventh'; } }`,
    experimentalDecorators,
  );
  const { Steps } = runModule<{ Steps: new () => { 7(): Promise<string> } }>(code);

  expect(await new Steps()[7]()).toBe('seventh');
});

test('a parameter cannot be decorated', () => {
  const error = refusalOf("class A { get(@withCircuitBreaker('a') id) {} }", true);

  expect(error).toBeInstanceOf(TypeError);
});

describe.each(DECORATOR_FORMS)('the compiler (%s)', (_, experimentalDecorators) => {
  const targets = `
import { CircuitBreaker, withCircuitBreaker } from 'recloser';

const guarded = withCircuitBreaker('users');
const keyed = withCircuitBreaker((id: string) => id);
const each = withCircuitBreaker('users', { scope: 'instance' });
const given = withCircuitBreaker(new CircuitBreaker());
const asResult = withCircuitBreaker('users', { result: true });

@guarded // error
export class Wrong {
  @guarded field = 1; // error
  @guarded arrow = async () => 1; // error
  @guarded static field = 1; // error
  @guarded get got() { return 1; } // error
  @guarded set put(value: number) {} // error
  @guarded static get got() { return 1; } // error
  @guarded accessor both = 1; // error
  @guarded sync() { return 1; } // error
  @guarded static sync() { return 1; } // error
  @guarded nothing() {} // error
  @guarded anything(): unknown { return 1; } // error
  @keyed keyed(id: string) { return id; } // error
  @keyed async unkeyed(id: number) { return id; } // error
  @each each() { return 1; } // error
  @given given() { return 1; } // error
  @asResult async asResult() { return 1; } // error
}

export class Right {
  @guarded async get(id: string) { return id; }
  @guarded static async get(id: string) { return id; }
  @guarded promise(): Promise<number> { return Promise.resolve(1); }
  @guarded async generic<T>(value: T): Promise<T> { return value; }
  @guarded async self(this: Right) { return this; }
  @guarded protected async hidden() { return 1; }
  async overloaded(id: string): Promise<string>;
  async overloaded(id: number): Promise<number>;
  @guarded async overloaded(id: string | number) { return id; }
  @keyed async keyed(id: string, page: number) { return id + page; }
  @each async each() { return 1; }
  @given async given() { return 1; }
}
`;

  test('refuses every wrong target and no right one', () => {
    const errors = errorsIn(targets, experimentalDecorators);

    expect([...errors.keys()]).toEqual(linesMarkedAsErrors(targets));
  });

  test('takes the class that these tests run', () => {
    const errors = errorsIn(sourceOf('decorated-users'), experimentalDecorators);

    expect([...errors]).toEqual([]);
  });
});
