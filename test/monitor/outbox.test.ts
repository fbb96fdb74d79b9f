import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { Outbox } from '../../src/monitor/outbox.js';
import { quiet, watchRuntime } from '../support/runtime.js';

/** An outbox whose listener is told so many messages more by the first one. */
function cascade(more: number): { told: number[]; deepest: number } {
  const told: number[] = [];
  let depth = 0;
  let deepest = 0;
  const outbox = new Outbox<number>((message) => {
    depth++;
    deepest = Math.max(deepest, depth);
    if (message < more) outbox.send([message + 1]);
    told.push(message);
    depth--;
  });
  outbox.send([0]);
  return { told, deepest };
}

describe('an outbox', () => {
  test('never enters a listener that is running', () => {
    const { told, deepest } = cascade(3);

    expect(told).toEqual([0, 1, 2, 3]);
    expect(deepest).toBe(1);
  });

  test('tells as many messages as there are, however one causes the next', () => {
    const { told, deepest } = cascade(100_000);

    expect(told).toHaveLength(100_001);
    expect(deepest).toBe(1);
  });

  test('takes hundreds of thousands of messages at once', () => {
    let told = 0;
    const outbox = new Outbox<number>(() => told++);

    outbox.send(Array.from({ length: 300_000 }, (_, index) => index));

    expect(told).toBe(300_000);
  });

  test('forgets what has not been told, also in the middle of it', () => {
    const told: string[] = [];
    const outbox = new Outbox<string>((message) => {
      told.push(message);
      if (message === 'b') outbox.clear();
    });

    outbox.send(['a', 'b', 'c']);
    outbox.send(['d']);

    expect(told).toEqual(['a', 'b', 'd']);
  });

  test('tells what was left over when not even an error could be told, because the stack was full', () => {
    const told: string[] = [];
    const outbox = new Outbox<string>((message) => {
      told.push(message);
      if (message === 'a') throw new Error(message);
    });
    vi.stubGlobal('queueMicrotask', () => {
      throw new RangeError('Maximum call stack size exceeded');
    });
    onTestFinished(() => void vi.unstubAllGlobals());

    expect(() => outbox.send(['a', 'b'])).toThrow(RangeError);
    outbox.send(['c']);

    expect(told).toEqual(['a', 'b', 'c']);
  });

  test('tells the next message though the listener throws', async () => {
    const { uncaught } = watchRuntime();
    const told: string[] = [];
    const outbox = new Outbox<string>((message) => {
      told.push(message);
      throw new Error(message);
    });

    outbox.send(['a', 'b']);

    expect(told).toEqual(['a', 'b']);
    await quiet();
    expect(uncaught).toMatchObject([{ message: 'a' }, { message: 'b' }]);
  });
});
