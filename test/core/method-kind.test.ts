import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { isAsyncGenerator, isClass, isEvidentClass } from '../../src/core/is-class.js';
import {
  callsNothing,
  hasMethods,
  isAsync,
  isBuiltIn,
  isEager,
  isOfFunctions,
  isPromise,
  namesOf,
} from '../../src/core/method-kind.js';
import { isThenable } from '../../src/core/thenable.js';

// biome-ignore lint/complexity/noBannedTypes: any function at all
const written = (source: string): Function => runInNewContext(`(${source})`);
const then = () => {};
class Query {
  then() {}
  where() {}
}

test.each<[string, unknown, boolean]>([
  ['a promise', Promise.resolve(), true],
  ['what has a then', { then }, true],
  ['a function that has one', Object.assign(() => {}, { then }), true],
  ['a function', () => {}, false],
  ['an object', {}, false],
  ['a then that is no function', { then: true }, false],
  ['null', null, false],
  ['undefined', undefined, false],
  ['a text', 'then', false],
  ['what cannot be read', Object.defineProperty({}, 'then', { get: () => JSON.parse('') }), false],
])('can be awaited: %s: %j', (_, value, isIt) => {
  expect(isThenable(value)).toBe(isIt);
});

test.each<[unknown, object]>([
  [5, Number.prototype],
  ['text', String.prototype],
])('%j is awaited as it is, though somebody has given all of its kind a then', (value, prototype) => {
  Object.assign(prototype, { then });
  try {
    expect(isThenable(value)).toBe(false);
  } finally {
    Reflect.deleteProperty(prototype, 'then');
  }
});

test.each<[string, boolean]>([
  ['async () => 1', true],
  ['async function () {}', true],
  ['() => 1', false],
  ['async function* () {}', false],
])('%s is asynchronous: %s', (source, isIt) => {
  expect(isAsync(written(source))).toBe(isIt);
});

test.each<[string, boolean]>([
  ['() => 1', true],
  ['(a, b) => a + b', true],
  ['function () { return this.size; }', true],
  ['function () { return new Date(5); }', true],
  ['function () { return new Some.Thing(5); }', true],
  ['function () { return new Thing(5) + new Thing(6); }', true],
  ['function () { return new Promise(run); }', false],
  ['function () { return new MyPromise(run); }', false],
  ['function () { return new Thing(run()); }', false],
  ['() => run()', false],
  ['function () { return run(); }', false],
  ['() => tag`text`', false],
  ['a => a', true],
])('%s calls nothing: %s', (source, isIt) => {
  expect(callsNothing(written(source))).toBe(isIt);
});

test('nothing is known of what a native function calls', () => {
  expect(callsNothing(Math.max)).toBe(false);
});

describe('a method', () => {
  test('may be one that the language gives to objects of some kind', () => {
    expect(isBuiltIn(Object.prototype.hasOwnProperty, 'hasOwnProperty')).toBe(true);
    expect(isBuiltIn(Array.prototype.map, 'map')).toBe(true);
    expect(isBuiltIn(Map.prototype.get, 'get')).toBe(true);
    expect(isBuiltIn(Set.prototype.add, 'add')).toBe(true);
    expect(isBuiltIn(Function.prototype.call, 'call')).toBe(true);
    expect(isBuiltIn(Map.prototype.get, 'has')).toBe(false);
    expect(isBuiltIn(() => {}, 'get')).toBe(false);
  });

  test('may be one of every function', () => {
    expect(isOfFunctions(Function.prototype.call, 'call')).toBe(true);
    expect(isOfFunctions(Function.prototype.call, 'apply')).toBe(false);
    expect(isOfFunctions(Map.prototype.get, 'get')).toBe(false);
  });
});

test.each<[string, unknown, boolean, boolean]>([
  ['a promise', Promise.resolve(), true, true],
  ['one of another realm', runInNewContext('Promise.resolve()'), true, true],
  [
    'one of a library that has all',
    new (class Bluebird extends Query {
      static all() {}
    })(),
    true,
    false,
  ],
  ['what has a then alone', { then }, true, false],
  ['what has what a promise has', { then, catch: then, finally: then }, true, false],
  ['a then and a figure', { then, size: 5 }, true, false],
  ['one without ancestors', Object.assign(Object.create(null), { then }), true, false],
  [
    'an instance with a then alone',
    new (class Own {
      then() {}
    })(),
    true,
    false,
  ],
  ['what stands for one, with more', { then, cancel: then, [Symbol.toStringTag]: 'Promise' }, true, true],
  ['a query', new Query(), false, false],
  ['an object', {}, false, false],
  ['a text', 'text', false, false],
  ['what calls itself a promise', { [Symbol.toStringTag]: 'Promise' }, false, false],
])('%s is a promise: %#', (_, answer, isIt, runs) => {
  expect(isPromise(answer)).toBe(isIt);
  expect(isEager(answer)).toBe(runs);
});

test.each<[string, object, boolean]>([
  ['an object with figures', { size: 5 }, false],
  ['an object with a method', { get() {} }, true],
  ['an instance', new Query(), true],
  ['an instance without methods', new (class Empty {})(), false],
  ['a list', [1, 2], false],
  ['a map', new Map(), false],
  ['an object without ancestors', Object.assign(Object.create(null), { size: 5 }), false],
  ['one with a method', Object.assign(Object.create(null), { get() {} }), true],
])('%s has methods: %s', (_, value, has) => {
  expect(hasMethods(value)).toBe(has);
});

test('the names of an object are those of its ancestors too, each once, but not those that every object has', () => {
  class Child extends Query {
    own = 1;
    override where() {}
  }

  expect(namesOf(new Child())).toEqual(['own', 'constructor', 'where', 'then']);
  expect(namesOf(Object.assign(Object.create(null), { size: 5 }))).toEqual(['size']);
});

test.each<[string, unknown, boolean]>([
  ['a class', class {}, true],
  ['a class of another realm', written('class Thing {}'), true],
  ['one of errors', TypeError, true],
  ['one that is built in', Map, true],
  ['a function', () => {}, false],
  ['a declared function', written('function run() {}'), false],
  ['a generator', written('function* run() {}'), false],
  ['an asynchronous generator', written('async function* run() {}'), false],
  [
    'a constructor of ES5 with members',
    Object.assign(written('function Old() {}').prototype, { go() {} }).constructor,
    true,
  ],
  ['a method that is named class', written('{ class () {} }.class'), false],
  ['a method that is named class, apart', written('{ class() {} }["class"]'), false],
  ['a text', 'class', false],
  ['nothing', undefined, false],
])('%s is a class: %#', (_, value, isIt) => {
  expect(isClass(value)).toBe(isIt);
});

test('a generator with members of its own is no class', () => {
  const run = written('function* run() {}');
  run.prototype.extra = 1;

  expect(isClass(run)).toBe(false);
});

test('a function whose ancestors are known is a class of ES5', () => {
  const Old = written('function Old() {}');
  Old.prototype = Object.create(Array.prototype);
  const Bare = written('function Bare() {}');
  Bare.prototype = Object.create(null);
  const None = written('function None() {}');
  None.prototype = null;

  expect([Old, Bare, None].map(isClass)).toEqual([true, false, false]);
});

test.each<[string, unknown, boolean]>([
  ['a class', class {}, true],
  ['an error', Error, true],
  ['an arrow function', () => {}, false],
  ['a function', written('function run() {}'), false],
  ['a built-in function', String, false],
  ['a proxy that tells nothing', new Proxy(() => {}, { get: () => JSON.parse('') }), false],
])('%s is evidently a class: %#', (_, value, isIt) => {
  expect(isEvidentClass(value as () => void)).toBe(isIt);
});

test('a prototype that is no object makes no class evident', () => {
  for (const prototype of [null, undefined, 'message', 7])
    expect(isEvidentClass(Object.assign(written('function run() {}'), { prototype }))).toBe(false);
});

test.each<[string, boolean]>([
  ['async function* () {}', true],
  ['function () { return __asyncGenerator(this, arguments, run); }', true],
  ['function () { return tslib_1.__asyncGenerator(this, arguments, run); }', true],
  ['function () {return __asyncGenerator(this); }', true],
  ['function () {\n  return __asyncGenerator(this); }', true],
  ['function () { if (1) { return __asyncGenerator(this); } }', false],
  ['function () { return __asyncGenerator(that); }', false],
  ['function* () {}', false],
  ['() => 1', false],
])('%s is an asynchronous generator: %s', (source, isIt) => {
  expect(isAsyncGenerator(written(source))).toBe(isIt);
});

test('what is no function is no asynchronous generator', () => {
  expect(isAsyncGenerator({ [Symbol.toStringTag]: 'AsyncGeneratorFunction' })).toBe(false);
});
