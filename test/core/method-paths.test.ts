import { describe, expect, test } from 'vitest';
import { followPath, isFixed, pathsIn, prefixesOf } from '../../src/core/method-paths.js';

const run = () => {};

describe('a path', () => {
  test.each<[string, object, string, unknown]>([
    ['a member', { run }, 'run', run],
    ['a member of a member', { a: { b: { run } } }, 'a.b.run', run],
    ['a name with a dot in it', { 'a.run': run, a: {} }, 'a.run', run],
    ['nothing', {}, 'run', undefined],
    ['nothing in nothing', {}, 'a.b.run', undefined],
    ['nothing in null', { a: null }, 'a.run', undefined],
    ['nothing in null that every object has', { a: null }, 'a.toString', undefined],
    ['nothing in undefined that every object has', { a: undefined }, 'a.toString', undefined],
    ['a member of a text', { a: 'text' }, 'a.at', String.prototype.at],
  ])('leads to %s', (_, client, path, value) => {
    expect(followPath(client, path)).toEqual({ value, fixed: undefined });
  });

  test('tells what on it cannot be replaced, up to where it ends', () => {
    const a = Object.freeze({ run, none: null });

    expect(followPath({ a }, 'a.run')).toEqual({ value: run, fixed: 'run' });
    expect(followPath({ a }, 'a.none.run')).toEqual({ value: undefined, fixed: 'none' });
    expect(followPath(Object.freeze({ a: undefined }), 'a.run')).toEqual({ value: undefined, fixed: 'a' });
  });

  test('begins with the objects on the way', () => {
    expect([...prefixesOf(['a.b.run', 'a.go', 'run'])]).toEqual(['a', 'a.b']);
    expect([...prefixesOf(['run', ''])]).toEqual([]);
  });
});

test.each<[string, PropertyDescriptor, boolean]>([
  ['a plain member', { value: 1, writable: true, configurable: true }, false],
  ['one that can be written', { value: 1, writable: true, configurable: false }, false],
  ['one that can be configured', { value: 1, writable: false, configurable: true }, false],
  ['one that is frozen', { value: 1, writable: false, configurable: false }, true],
])('is fixed or not: %s', (_, descriptor, isIt) => {
  expect(isFixed(Object.defineProperty({}, 'it', descriptor), 'it')).toBe(isIt);
  expect(isFixed({}, 'it')).toBe(false);
});

describe('the paths to methods', () => {
  test('are those of objects and their ancestors, the shallow ones first', () => {
    class Client {
      a = { b: { deep: run }, near: run, none: null, size: 5, text: 'text' };
      own = run;
      method() {}
    }

    expect(pathsIn(new Client())).toEqual(['own', 'method', 'a.near', 'a.b.deep']);
  });

  test('are none of those of functions', () => {
    const loose = new Function('return 5');

    expect(pathsIn({ loose, a: { loose } })).toEqual(['loose', 'a.loose']);
  });

  test('end where they would go in a circle', () => {
    const client: Record<string, unknown> = { run, size: 5 };
    client.self = client;
    client.twin = { client, run };

    expect(pathsIn(client)).toEqual(['run', 'twin.run']);
  });

  test('end four deep', () => {
    const client = { run, a: { run, b: { run, c: { run, d: { run } } } } };

    expect(pathsIn(client)).toEqual(['run', 'a.run', 'a.b.run', 'a.b.c.run']);
  });

  test('end with the level that has a thousand', () => {
    const many = Object.fromEntries(Array.from({ length: 998 }, (_, i) => [`run${i}`, run]));
    const b = { last: run };

    expect(pathsIn({ ...many, a: { one: run, b } })).toHaveLength(1_000);
    expect(pathsIn({ ...many, two: run, a: { one: run, b } })).toHaveLength(1_000);
    expect(pathsIn({ ...many, a: { one: run, two: run, b: { ...b, c: { out: run } } } })).toHaveLength(1_000);
  });

  test('leave out what cannot be looked at', () => {
    const a = Object.defineProperty({ run }, 'trap', { get: () => JSON.parse('') });

    expect(pathsIn({ a, run })).toEqual(['run']);
  });
});
