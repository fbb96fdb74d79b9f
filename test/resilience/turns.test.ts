import { describe, expect, it } from 'vitest';
import { Turns } from '../../src/resilience/turns.js';

/** Takes turns at these times, as many as there are. */
function taken(limit: number, ...times: readonly number[]): Turns {
  const turns = new Turns(limit, 100, 0);
  for (const time of times) turns.take(time);
  return turns;
}

describe('the next turn', () => {
  it('is now where fewer than the limit were taken', () => {
    expect(taken(2).next(5, [])).toBe(5);
    expect(taken(2, 0).next(5, [])).toBe(5);
  });

  it('is `per` after the one that the limit counts back to', () => {
    expect(taken(2, 0, 30).next(40, [])).toBe(100);
    expect(taken(2, 0, 30, 100).next(110, [])).toBe(130);
    expect(taken(2, 0, 30, 100, 130).next(140, [])).toBe(200);
  });

  it('is no earlier than the last one, on a clock that has gone back', () => {
    expect(taken(3, 50).next(10, [])).toBe(50);
  });

  it('is `spacing` after the last one', () => {
    const turns = new Turns(9, 100, 20);
    turns.take(10);

    expect([turns.next(15, []), turns.next(35, [])]).toEqual([30, 35]);
    expect(turns.next(15, [{ at: 30 }])).toBe(50);
  });

  it('is behind those who have theirs to come', () => {
    const turns = taken(2, 0, 30);

    expect(turns.next(40, [{ at: 100 }])).toBe(130);
    expect(turns.next(40, [{ at: 100 }, { at: 130 }])).toBe(200);
    expect(turns.next(40, [{ at: 100 }, { at: 130 }, { at: 200 }])).toBe(230);
  });

  it('is always now where nothing is limited', () => {
    const turns = taken(Number.POSITIVE_INFINITY, 1, 2, 3);

    expect(turns.next(3, [])).toBe(3);
  });
});

describe('a turn that is given back', () => {
  it('counts no more, the last one or one before it', () => {
    const last = taken(2, 0, 30);
    const first = taken(2, 0, 30);

    last.giveBack(30);
    first.giveBack(0);

    expect([last.next(40, []), first.next(40, [])]).toEqual([40, 40]);
    last.take(40);
    first.take(40);
    expect([last.next(50, []), first.next(50, [])]).toEqual([100, 130]);
  });

  it('leaves the order of the others', () => {
    const turns = taken(4, 0, 10, 20, 30);

    turns.giveBack(10);
    turns.take(40);

    // 0, 20, 30, 40: one after the other goes out of the interval.
    expect(turns.next(50, [])).toBe(100);
    turns.take(100);
    expect(turns.next(101, [])).toBe(120);
    turns.take(120);
    expect(turns.next(121, [])).toBe(130);
    turns.take(130);
    expect(turns.next(131, [])).toBe(140);
  });

  it('is none where it was never taken, or is long forgotten', () => {
    const turns = taken(2, 0, 30, 100, 130);

    turns.giveBack(77);
    turns.giveBack(0);

    expect(turns.next(140, [])).toBe(200);
  });

  it('lets through no more than the limit, after many of them', () => {
    const turns = taken(2, 0, 0);
    turns.giveBack(0);
    turns.take(50);
    turns.giveBack(50);
    turns.take(60);

    expect(turns.next(70, [])).toBe(100);
    turns.take(100);
    expect(turns.next(101, [])).toBe(160);
    turns.giveBack(100);
    turns.take(110);
    expect(turns.next(111, [])).toBe(160);
  });

  it('is the oldest that is known, and what was overwritten stands in for it', () => {
    const turns = taken(2, 0, 30, 100);

    turns.giveBack(30);
    turns.giveBack(100);

    expect(turns.next(101, [])).toBe(101);
    turns.take(101);
    turns.take(102);
    expect(turns.next(103, [])).toBe(201);
  });
});

describe('another limit', () => {
  it('that is lower counts the last turns', () => {
    const turns = taken(3, 0, 10, 20);

    turns.resize(2);

    expect([turns.limit, turns.next(30, [])]).toEqual([2, 110]);
    turns.take(110);
    expect(turns.next(111, [])).toBe(120);
  });

  it('that is higher counts all that are known', () => {
    const turns = taken(2, 0, 10);

    turns.resize(4);

    expect(turns.next(20, [])).toBe(20);
    turns.take(20);
    turns.take(30);
    expect(turns.next(40, [])).toBe(100);
    turns.take(100);
    expect(turns.next(101, [])).toBe(110);
  });

  it('counts those that were taken where they are fewer', () => {
    const turns = taken(5, 7);

    turns.resize(1);

    expect(turns.next(10, [])).toBe(107);
  });
});

describe('a turn that is given back', () => {
  it('is none that is forgotten already', () => {
    const turns = taken(2, 10, 20, 30, 40);

    turns.giveBack(10);

    expect(turns.next(45, [])).toBe(130);
    turns.giveBack(40);
    expect(turns.next(45, [])).toBe(120);
  });

  it('lets the oldest that is known stand for those before it', () => {
    const turns = taken(2, 10, 20, 30, 40);

    turns.giveBack(40);
    turns.giveBack(30);

    expect(turns.next(45, [])).toBe(120);
  });
});
