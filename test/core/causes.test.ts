/** How far a breaker looks for its own rejection in an outcome: one that comes of it says nothing of the dependency. */
import { beforeEach, describe, expect, test } from 'vitest';
import { createBreaker, thrownBy } from '../support/breakers.js';

let breaker: ReturnType<typeof createBreaker>['breaker'];
let own: unknown;

beforeEach(() => {
  ({ breaker } = createBreaker({ failureThreshold: false }));
  breaker.forceOpen();
  own = thrownBy(() => breaker.acquire());
  breaker.reset();
});

/** What a call counts as that ends with this error. */
async function kindOf(error: unknown): Promise<string | undefined> {
  await breaker.tryCall(() => Promise.reject(error));
  const { failures, ignored } = breaker.metrics.totals;
  return { '1 0': 'failure', '0 1': 'ignored' }[`${failures} ${ignored}`];
}

const wrapped = (error: unknown, times: number): unknown =>
  times === 0 ? error : new Error('it failed', { cause: wrapped(error, times - 1) });
const gathered = (error: unknown, times: number): unknown =>
  times === 0 ? error : new AggregateError([gathered(error, times - 1)]);

describe('a rejection of its own', () => {
  test.each<[string, () => unknown, string]>([
    ['the error itself', () => own, 'ignored'],
    ['the last of 32 links', () => wrapped(own, 31), 'ignored'],
    ['one link further', () => wrapped(own, 32), 'failure'],
    ['gathered three times', () => gathered(own, 3), 'ignored'],
    ['gathered four times', () => gathered(own, 4), 'failure'],
    ['the cause of what is gathered', () => gathered(wrapped(own, 2), 1), 'ignored'],
    ['one of two that are gathered', () => new AggregateError([own, new Error('down')]), 'failure'],
    ['the cause of one that gathers none', () => new AggregateError([], 'none', { cause: own }), 'ignored'],
  ])('as %s', async (_, create, kind) => {
    expect(await kindOf(create())).toBe(kind);
  });
});

describe('what is none', () => {
  const cyclic = new Error('cyclic');
  cyclic.cause = new Error('again', { cause: cyclic });
  const unreadable = Object.defineProperty(new Error('secret'), 'cause', {
    get() {
      throw new Error('no cause');
    },
  });

  test.each<[string, unknown]>([
    ['a chain without an end', cyclic],
    ['a cause that cannot be read', unreadable],
    ['a word for a cause', new Error('down', { cause: 'the network' })],
    ['null for a cause', new Error('down', { cause: null })],
    ['a word', 'down'],
    ['nothing', undefined],
    ['null', null],
  ])('counts as a failure: %s', async (_, error) => {
    expect(await kindOf(error)).toBe('failure');
  });
});
