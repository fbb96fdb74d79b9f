/** What a wrapper makes of members that are no plain values, and of functions that do not like to be looked at. */
import { CircuitBreaker, withCircuitBreaker } from 'recloser';
import { describe, expect, test } from 'vitest';

// biome-ignore lint/suspicious/noExplicitAny: members are looked at that no type tells of
type Any = any;

const WAYS: [string, (fn: Any) => Any][] = [
  ['wrap', (fn) => new CircuitBreaker().wrap(fn)],
  ['withCircuitBreaker', (fn) => withCircuitBreaker(new CircuitBreaker())(fn)],
];
const load = () => async () => 'loaded';
const having = (key: string, descriptor: PropertyDescriptor) =>
  Object.defineProperty(load(), key, { configurable: true, ...descriptor });

describe.each(WAYS)('%s', (_, wrap) => {
  test('lets a member that is read alone be read alone', () => {
    let page = 1;
    const wrapper = wrap(having('page', { get: () => page }));

    page = 2;

    expect(wrapper.page).toBe(2);
    expect(() => (wrapper.page = 3)).toThrow(TypeError);
  });

  test('lets a member that is written alone be written alone', () => {
    const written: unknown[] = [];
    const wrapper = wrap(having('page', { set: (page) => written.push(page) }));

    wrapper.page = 3;

    expect(written).toEqual([3]);
    expect(Reflect.getOwnPropertyDescriptor(wrapper, 'page')).toMatchObject({ get: undefined });
  });

  test('keeps a constant', () => {
    const wrapper = wrap(having('page', { value: 7, writable: false }));

    expect(Reflect.getOwnPropertyDescriptor(wrapper, 'page')).toMatchObject({ value: 7, writable: false });
  });

  test('keeps a name and a length that somebody made writable as the plain values that they are', () => {
    const fn = having('name', { value: 'load', writable: true });
    Object.defineProperty(fn, 'length', { value: 2, writable: true });

    const wrapper = wrap(fn);

    expect(Reflect.getOwnPropertyDescriptor(wrapper, 'name')).toMatchObject({ value: 'load' });
    expect(Reflect.getOwnPropertyDescriptor(wrapper, 'length')).toMatchObject({ value: 2 });
  });

  test('reads a name that is told by an accessor', () => {
    let name = 'load';
    const wrapper = wrap(having('name', { get: () => name }));

    name = 'fetch';

    expect(wrapper.name).toBe('fetch');
  });

  test('takes nothing over that belongs to functions of old times', () => {
    const wrapper = wrap(new Function('return Promise.resolve(1)'));

    expect(Object.hasOwn(wrapper, 'caller')).toBe(false);
    expect(Object.hasOwn(wrapper, 'arguments')).toBe(false);
  });

  test('takes a function whose members cannot be read', async () => {
    const secret = new Proxy(load(), {
      get() {
        throw new Error('not to be read');
      },
    });

    expect(await wrap(secret)()).toBe('loaded');
  });

  test.each([
    ['reads nothing', { getOwnMetadataKeys: () => ['role'], defineMetadata() {} }],
    ['writes nothing', { getOwnMetadataKeys: () => ['role'], getOwnMetadata: () => 'admin' }],
  ])('bears a library of metadata that %s', async (_, library) => {
    Object.assign(Reflect, library);
    try {
      expect(await wrap(load())()).toBe('loaded');
    } finally {
      for (const key of Object.keys(library)) Reflect.deleteProperty(Reflect, key);
    }
  });
});
