/** What among the filters is a class, matched with `instanceof`, and what a predicate, which is asked. */
import { runInNewContext } from 'node:vm';
import { CircuitBreaker, type ErrorFilter, type Outcome } from 'recloser';
import { describe, expect, test, vi } from 'vitest';
import { failing, refusalOf } from '../support/breakers.js';
import { quiet, watchRuntime } from '../support/runtime.js';
import { transpile } from '../support/typescript.js';

type Make = () => { filter: ErrorFilter; matching: unknown };

const old = (source: string) => runInNewContext(source) as new (code: number) => object;
const es5 = (source: string) => old(transpile(source, true, 'ES5'));
const of = (Filter: new (code: number) => object) => ({
  filter: Filter as unknown as ErrorFilter,
  matching: new Filter(404),
});

const CLASSES: [string, Make][] = [
  ['a class', () => of(class Problem {})],
  ['a class of errors', () => of(class Problem extends Error {} as never)],
  ['a class without a name', () => of((() => class {})())],
  ['a class of another realm', () => of(old('class Problem {}; Problem'))],
  ['an error class of another realm', () => of(old('TypeError'))],
  ['a built-in class', () => of(Date as never)],
  ['DOMException', () => ({ filter: DOMException, matching: new DOMException('no') })],
  ['AggregateError', () => ({ filter: AggregateError, matching: new AggregateError([]) })],
  ['a class compiled to ES5', () => of(es5('class Problem { code = 1 }; Problem'))],
  [
    'an error class compiled to ES5',
    () =>
      of(
        es5(
          'class P extends Error { constructor() { super(); Object.setPrototypeOf(this, P.prototype); } }; P',
        ),
      ),
  ],
  ['a constructor of ES5', () => of(old('(function Problem(code) { this.code = code })'))],
  ['a constructor of ES5 that was minified', () => of(old('(function e(t){"use strict";this.code=t})'))],
  [
    'a constructor of ES5 with methods',
    () => of(old('function e() {}; e.prototype.show = function () {}; e')),
  ],
  [
    'a constructor of ES5 with ancestors',
    () => of(old('function e() {}; e.prototype = Object.create(Map.prototype); e')),
  ],
  ['an empty constructor of ES5', () => of(old('(function Marker() {})'))],
  ['one with a gap before its name', () => of(old('(function   Marker() {})'))],
  ['a constructor of ES5 that writes by key', () => of(old("(function e(t) { this['code'] = t })"))],
  ['one that writes by a short key', () => of(old('(function e(t) { var k = 1; this[k]=t })'))],
  ['a class of errors that is bound', () => of(class Problem extends Error {}.bind(undefined) as never)],
  ['a class that is bound', () => of(class Problem {}.bind(undefined) as never)],
];

const PREDICATES: [string, ErrorFilter][] = [
  ['an arrow function', (error) => error === 404],
  [
    'an arrow function named as classes are',
    (() => {
      const Missing = (error: unknown) => error === 404;
      return Missing;
    })(),
  ],
  [
    'a function',
    function isMissing(error: unknown) {
      return error === 404;
    },
  ],
  [
    'a function named as classes are, that tells',
    function IsMissing(error: unknown) {
      return error === 404;
    },
  ],
  [
    'a function without a name',
    (
      () => (error: unknown) =>
        error === 404
    )(),
  ],
  ['a method', { isMissing: (error: unknown) => error === 404 }.isMissing],
  ['a mock', vi.fn((error: unknown) => error === 404)],
  [
    'a bound function',
    function isMissing(code: unknown, error: unknown) {
      return error === code;
    }.bind(undefined, 404),
  ],
  [
    'a function that has a constructor in it',
    runInNewContext('(function isMissing(error) { function Inner() {} return error === 404 })'),
  ],
  [
    'a function that compares members of its own',
    runInNewContext('(function isMissing(error) { return this.code === 1 || error === 404 })'),
  ],
  [
    'a function whose name tells of being bound',
    Object.defineProperty((error: unknown) => error === 404, 'name', { value: 'rebound Problem' }),
  ],
  [
    'a function named as classes are, without a prototype',
    Object.assign(
      function Missing(error: unknown) {
        return error === 404;
      },
      { prototype: null },
    ),
  ],
  ['a function of another realm', runInNewContext('(function isMissing(error) { return error === 404 })')],
];

async function countOf(filter: ErrorFilter, error: unknown) {
  const breaker = new CircuitBreaker({ excludedErrors: [filter] });
  await breaker.tryCall(failing(error as Error));
  const { ignored, failures } = breaker.metrics.totals;
  return { ignored, failures };
}

describe.each(CLASSES)('%s is a class', (_, make) => {
  test('of which errors may be', async () => {
    const { filter, matching } = make();

    expect(await countOf(filter, matching)).toEqual({ ignored: 1, failures: 0 });
  });

  test('and is never called', async () => {
    const { uncaught } = watchRuntime();
    const { filter } = make();

    expect(await countOf(filter, 'of no class')).toEqual({ ignored: 0, failures: 1 });
    await quiet();
    expect(uncaught).toEqual([]);
  });
});

describe.each(PREDICATES)('%s is a predicate', (_, filter) => {
  test('that is asked', async () => {
    expect(await countOf(filter, 404)).toEqual({ ignored: 1, failures: 0 });
    expect(await countOf(filter, 500)).toEqual({ ignored: 0, failures: 1 });
  });
});

describe('isFailure that answers', () => {
  test.each<[string, unknown, string]>([
    ['the name of the outcome', 'ignored', '"ignored"'],
    ['nothing', undefined, 'undefined'],
    ['a number', 503, '503'],
    ['null', null, 'null'],
    ['an empty text', '', '""'],
  ])('%s is reported, and the outcome is ignored', async (_, answer, received) => {
    const { uncaught } = watchRuntime();
    const isFailure = (_outcome: Outcome) => answer as boolean;
    const breaker = new CircuitBreaker({ isFailure });

    await breaker.tryCall(failing());
    await breaker.tryCall(() => 1);
    await quiet();

    expect(breaker.metrics.totals).toMatchObject({ successes: 0, failures: 0, ignored: 2 });
    expect(uncaught).toEqual(
      Array(2).fill(new TypeError(`\`isFailure\` must return true, false or "ignore", received ${received}`)),
    );
  });
});

test('isFailure that answers what it may answer is not reported', async () => {
  const { uncaught } = watchRuntime();

  for (const answer of [true, false, 'ignore'] as const)
    await new CircuitBreaker({ isFailure: () => answer }).tryCall(failing());
  await quiet();

  expect(uncaught).toEqual([]);
});

test.each(['excludedErrors', 'trackedErrors'])('the item of `%s` that is no filter is named', (option) => {
  const error = refusalOf(() => new CircuitBreaker({ [option]: [TypeError, 'ECONNREFUSED'] }));

  expect(error.option).toBe(option);
  expect(error.message).toContain(
    `\`${option}[1]\` must be an error class or a predicate, received "ECONNREFUSED"`,
  );
});
