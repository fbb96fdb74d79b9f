/** What is taken for a class, which nobody means to call, and what is a function though it looks like one. */
import { CircuitBreaker, type Fallback } from 'recloser';
import { describe, expect, test } from 'vitest';

const breaker = new CircuitBreaker({ name: 'users' });
const evaluated = (code: string) => new Function(`return ${code}`)();

function es5(): () => void {
  return function Old() {};
}

function unreadable(fn: object): object {
  return new Proxy(fn, {
    get() {
      throw new Error('cannot be read');
    },
  });
}

class Problem extends Error {}

const without = (prototype: unknown) => {
  const fn = es5();
  fn.prototype = prototype;
  return fn;
};

describe('as a fallback', () => {
  test.each<[string, unknown]>([
    ['a class', class Users {}],
    ['one without a name', evaluated('class{get(){}}')],
    ['one whose name is close', evaluated('class$Users extends Object{}'.replace('$', ' '))],
    ['a class of errors', class extends Error {}],
    ['errors of the language', TypeError],
    ['errors of old times', Object.assign(es5(), { prototype: Object.create(Error.prototype) })],
  ])('%s is refused', async (_, fallback) => {
    const call = breaker.call(() => 1, { fallback: fallback as Fallback<number> });

    await expect(call).rejects.toThrow('`fallback` must be a function, received a class');
  });

  test.each<[string, unknown]>([
    ['an arrow', () => 2],
    ['a function of old times', es5()],
    ['one without a prototype', without(null)],
    ['one with a prototype that is no object', without('message')],
    ['a method that is called class', { class() {} }.class],
    ['one with a gap after it', evaluated('{ class   () {} }').class],
    ['one with a comment after it', evaluated('{ class /* of users */ () {} }').class],
    ['a function that nobody can look at', unreadable(() => 2)],
    ['a class that nobody can look at', unreadable(class {})],
    ['a function of the language', String],
  ])('%s is taken', async (_, fallback) => {
    expect(await breaker.call(() => 1, { fallback: fallback as Fallback<number> })).toBe(1);
  });
});

describe('to be wrapped', () => {
  const refused = (fn: unknown) => {
    try {
      breaker.wrap(fn as () => Promise<unknown>);
      return 'taken';
    } catch (error) {
      return (error as Error).name;
    }
  };
  const compiled = (body: string, name = 'list') => evaluated(`function ${name}() {${body}}`);

  test.each<[string, unknown]>([
    ['an asynchronous generator', async function* () {}],
    [
      'one that TypeScript has compiled',
      compiled(' return __asyncGenerator(this, arguments, function* () {}); '),
    ],
    ['one with a line for each', compiled('\n  \n  return __asyncGenerator(this, arguments, f);\n')],
    ['one without a gap', compiled('return __asyncGenerator(this, arguments, f)')],
    ['one with a helper from elsewhere', compiled(' return tslib_1.__asyncGenerator(this, arguments, f); ')],
    ['a class', class {}],
    ['a native one', Map],
    ['one of old times with methods', Object.assign(es5(), { prototype: { get() {} } })],
    ['a class of errors that is bound', Problem.bind(null)],
    ['one of old times with ancestors', Object.assign(es5(), { prototype: Object.create({ get() {} }) })],
  ])('%s is refused', (_, fn) => {
    expect(refused(fn)).toBe('TypeError');
  });

  test.each<[string, unknown]>([
    ['a function of old times', es5()],
    ['one without a prototype', without(null)],
    ['one whose prototype has no ancestors', without(Object.create(null))],
    ['a generator', function* () {}],
    ['one that makes such a generator later', compiled(' const f = 1; { return __asyncGenerator(this); } ')],
    ['one that makes one of another', compiled(' return __asyncGenerator(that, arguments, f); ')],
    [
      'one that calls something with such a name',
      compiled(' return !__asyncGenerator(this, arguments, f); '),
    ],
  ])('%s is taken', (_, fn) => {
    expect(refused(fn)).toBe('taken');
  });

  test('one of old times that nobody can look at is refused as a class', () => {
    const fn = unreadable(Object.assign(es5(), { prototype: { get() {} } }));

    expect(() => breaker.wrap(fn as () => Promise<unknown>)).toThrow(/received a class/);
  });
});
