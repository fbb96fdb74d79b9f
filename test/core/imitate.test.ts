import { describe, expect, test, vi } from 'vitest';
import { imitate, isImitation } from '../../src/core/imitate.js';

const wrapperOf = (fn: (...args: never[]) => unknown) => imitate(fn, () => 'wrapped');

describe('a function that imitates another', () => {
  test('is known for one, and the other is not', () => {
    const fn = () => 'plain';
    const wrapper = wrapperOf(fn);

    expect([isImitation(wrapper), isImitation(fn)]).toEqual([true, false]);
    expect(wrapper()).toBe('wrapped');
  });

  test('has its name and its number of arguments, which stay as they were', () => {
    function plain(_a: unknown, _b: unknown) {}
    Object.defineProperty(plain, 'name', { value: 'renamed', writable: true });
    Object.defineProperty(plain, 'length', { value: 2, writable: true });
    const wrapper = wrapperOf(plain);

    Object.assign(plain, { name: 'again', length: 7 });

    expect(wrapper.name).toBe('renamed');
    expect(wrapper.length).toBe(2);
    expect(Object.getOwnPropertyDescriptor(wrapper, 'name')).toMatchObject({ configurable: true });
  });

  test('reads its name where that is a getter', () => {
    let name = 'one';
    const fn = Object.defineProperty(() => {}, 'name', { get: () => name, configurable: true });
    const wrapper = wrapperOf(fn);

    name = 'two';

    expect(wrapper.name).toBe('two');
  });

  test('shares the members that can change, both ways', () => {
    const fn = Object.assign(() => {}, { count: 1 });
    const wrapper = wrapperOf(fn) as unknown as { count: number };

    fn.count = 2;
    expect(wrapper.count).toBe(2);
    wrapper.count = 3;

    expect(fn.count).toBe(3);
    expect(Object.keys(wrapper)).toEqual(['count']);
  });

  test.each<[string, PropertyDescriptor, { get: boolean; set: boolean }]>([
    ['read', { get: () => 5 }, { get: true, set: false }],
    ['written', { set: () => {} }, { get: false, set: true }],
    ['read and written', { get: () => 5, set: () => {} }, { get: true, set: true }],
  ])('has members that can be %s alike', (_, descriptor, { get, set }) => {
    const fn = Object.defineProperty(() => {}, 'it', { ...descriptor, configurable: true });

    const own = Object.getOwnPropertyDescriptor(wrapperOf(fn), 'it');

    expect(typeof own?.get).toBe(get ? 'function' : 'undefined');
    expect(typeof own?.set).toBe(set ? 'function' : 'undefined');
    expect(own?.enumerable).toBe(false);
  });

  test('hands on what is written to a member', () => {
    const set = vi.fn();
    const fn = Object.defineProperty(() => {}, 'it', { set, configurable: true });

    Object.assign(wrapperOf(fn), { it: 5 });

    expect(set).toHaveBeenCalledWith(5);
  });

  test('has what is fixed as it is, but for what belongs to functions themselves', () => {
    const fn = Object.defineProperties(() => {}, {
      fixed: { value: 1 },
      arguments: { value: 2 },
      caller: { value: 3 },
      prototype: { value: 4 },
    });

    const wrapper = wrapperOf(fn);

    expect(Object.getOwnPropertyDescriptor(wrapper, 'fixed')).toEqual({
      value: 1,
      enumerable: false,
      writable: false,
      configurable: true,
    });
    for (const name of ['arguments', 'caller', 'prototype']) expect(Object.hasOwn(wrapper, name)).toBe(false);
  });

  test('has its ancestors', () => {
    const parent = Object.create(Function.prototype, { inherited: { value: 5 } });
    const fn = Object.setPrototypeOf(() => {}, parent);

    expect(Object.getPrototypeOf(wrapperOf(fn))).toBe(parent);
  });

  test('answers to any member where the other does, though one throws at what it does not know', () => {
    const any = new Proxy(() => {}, { get: (_, key) => `any ${String(key)}` });
    const strict = new Proxy(() => {}, {
      get: (_, key) => {
        throw new Error(String(key));
      },
    });

    expect((wrapperOf(any) as unknown as { some: string }).some).toBe('any some');
    expect(() => (wrapperOf(strict) as unknown as { some: string }).some).not.toThrow();
  });

  test('has the metadata that is known of it, where all of that can be told', () => {
    const defineMetadata = vi.fn();
    const fn = () => {};
    const members = { getOwnMetadataKeys: () => ['role'], getOwnMetadata: () => 'admin', defineMetadata };
    Object.assign(Reflect, members);
    try {
      const wrapper = wrapperOf(fn);
      expect(defineMetadata.mock.calls).toEqual([['role', 'admin', wrapper]]);
      Reflect.deleteProperty(Reflect, 'getOwnMetadata');
      wrapperOf(fn);
      expect(defineMetadata).toHaveBeenLastCalledWith('role', undefined, expect.any(Function));
      Reflect.deleteProperty(Reflect, 'defineMetadata');
      expect(() => wrapperOf(fn)).not.toThrow();
      Reflect.deleteProperty(Reflect, 'getOwnMetadataKeys');
      Object.assign(Reflect, { defineMetadata });
      wrapperOf(fn);
      expect(defineMetadata).toHaveBeenCalledTimes(2);
    } finally {
      for (const name of Object.keys(members)) Reflect.deleteProperty(Reflect, name);
    }
  });
});
