/** The breakers of a fleet of which there is something to know: what each carries out, and when it is forgotten. */
import { CircuitBreaker, type CircuitBreakerOptions } from 'recloser';
import { createManualClock } from 'recloser/testing';
import { describe, expect, it } from 'vitest';
import type { Host } from '../../src/redis/host.js';
import { Members } from '../../src/redis/members.js';
import { NOTHING, type View } from '../../src/redis/view.js';
import { failTimes } from '../support/breakers.js';

const EPOCH = 1_000_000_000_000;

/** A breaker in a fleet that is not there. */
function createMember(options: CircuitBreakerOptions = {}, given: Partial<Host> = {}) {
  const clock = createManualClock();
  const breaker = new CircuitBreaker({
    name: 'a',
    clock,
    failureThreshold: 1,
    recoveryTimeout: 10_000,
    ...options,
  });
  const host: Host = {
    isObserving: false,
    isDetached: false,
    probeLease: undefined,
    now: clock.now,
    roll: () => 0.5,
    nonce: () => 'n',
    lease: () => undefined,
    report() {},
    hear() {},
    atMost: (promise) => promise,
    voteSoon() {},
    arm() {},
    ...given,
  };
  const members = new Members(host);
  const member = members.of(breaker);
  breaker.on('transition', (it) => member.changed(it));
  const view = (state: View['state'], it: Partial<View> = {}): View => ({
    ...{ state, epoch: EPOCH, until: clock.now() + 5_000, attempt: 1, words: '' },
    ...it,
  });
  return { clock, breaker, members, member, view };
}

const detailOf = ({ metrics }: CircuitBreaker) => metrics.lastTransition?.detail;

describe('a breaker of which there is nothing to know', () => {
  const isKept = ({ members }: ReturnType<typeof createMember>) => {
    members.sweep();
    return members.get('a') !== undefined;
  };

  it('is forgotten', () => {
    expect(isKept(createMember())).toBe(false);
  });

  it('is one that is CLOSED', () => {
    const world = createMember();
    world.breaker.trip();

    expect(isKept(world)).toBe(true);
    world.breaker.reset();
    expect(isKept(world)).toBe(false);
  });

  it('is one of which Redis says nothing', () => {
    const world = createMember();
    world.member.adopt(world.view('c'), true);

    expect(isKept(world)).toBe(true);
    world.member.adopt(NOTHING, true);
    expect(isKept(world)).toBe(false);
  });

  it('is one that no person has forced', () => {
    const world = createMember();
    world.member.adopt(world.view('u'), true);
    world.member.adopt(NOTHING, true);

    expect([isKept(world), world.breaker.mode]).toEqual([true, 'forced-closed']);
    world.member.doChores(5_000);
    expect([isKept(world), world.breaker.mode]).toEqual([false, 'active']);
  });

  it('is one whose vote Redis cannot have', async () => {
    const world = createMember();
    const { breaker, member } = world;
    await failTimes(breaker, 1);
    const vote = member.entry();
    member.ballot.sends(vote as never);
    breaker.reset();

    const before = isKept(world);
    const back = member.entry();
    member.ballot.hasSent(vote as never);
    const between = isKept(world);
    member.ballot.hasSent(back as never);

    expect([vote?.op, back?.op]).toEqual(['+', '-']);
    expect([before, between, isKept(world)]).toEqual([true, true, false]);
  });

  it('is asked for by its name, and made anew for another breaker', () => {
    const { members, member, breaker } = createMember();
    const other = new CircuitBreaker({ name: 'a' });

    expect(members.of(breaker)).toBe(member);
    expect(members.of(other)).not.toBe(member);
    expect(() => members.delete(new CircuitBreaker({ name: 'nobody' }))).not.toThrow();
    members.delete(other);
    expect(members.get('a')).toBeUndefined();
  });
});

describe('a vote', () => {
  it('stands while the circuit is not CLOSED, and is new once', async () => {
    const { breaker, member } = createMember();
    await failTimes(breaker, 1);
    const { ballot } = member;
    const first = [ballot.isVoting, ballot.hasNews];
    ballot.sends(member.entry() as never);

    expect([first, ballot.isVoting, ballot.hasNews]).toEqual([[true, true], true, false]);
    breaker.reset();
    expect([ballot.isVoting, ballot.hasNews, member.entry()?.op]).toEqual([false, false, '-']);
  });

  it('is none that abstains', async () => {
    const { breaker, member } = createMember();
    member.ballot.sends({ name: 'a', op: '0', epoch: 0 });

    expect(member.entry()).toBeUndefined();
    await failTimes(breaker, 1);
    expect(member.entry()).toEqual({ name: 'a', op: '+', epoch: 0, terms: [10_000, 3, 3] });
  });
});

describe('what Redis says', () => {
  it('opens, with its words or with none', () => {
    for (const [words, detail] of [
      ['2 of 3', '2 of 3'],
      ['', undefined],
    ] as const) {
      const { breaker, member, view } = createMember();

      member.adopt(view('o', { words }), true);

      expect([breaker.state, breaker.metrics.shared, detailOf(breaker)]).toEqual(['OPEN', true, detail]);
      expect(breaker.metrics.retryAfter).toBe(5_250);
    }
  });

  it('closes what is gated, with its words or with none', () => {
    for (const [words, detail] of [
      ['recovered', 'recovered'],
      ['', undefined],
    ] as const) {
      const { breaker, member, view } = createMember();
      member.adopt(view('o'), true);

      member.adopt(view('c', { epoch: EPOCH + 1, words }), true);

      expect([breaker.state, detailOf(breaker)]).toEqual(['CLOSED', detail]);
    }
  });

  it('closes nothing by a record of the epoch that it opened in', () => {
    const { breaker, member, view } = createMember();
    member.adopt(view('o'), true);

    member.adopt(view('c'), true);

    expect(breaker.metrics).toMatchObject({ state: 'OPEN', shared: false });
  });

  it('closes nothing that is open for this instance alone', () => {
    const { breaker, member, view } = createMember();
    breaker.trip('my own');

    member.adopt(view('c', { epoch: EPOCH + 1, words: '1 of 3' }), true);

    expect(breaker.metrics).toMatchObject({ state: 'OPEN', retryAfter: 10_000 });
  });

  it('leaves who has seen it fail to his own time', async () => {
    const { breaker, member, view, clock } = createMember();
    await failTimes(breaker, 1);
    member.adopt(view('o'), true);
    clock.advanceSync(4_000);

    member.adopt(view('c', { epoch: EPOCH + 1 }), true);

    expect(breaker.metrics).toMatchObject({ state: 'OPEN', shared: false, retryAfter: 6_000 });
  });

  it('is no news where it says the same again', () => {
    const { breaker, member, view, clock } = createMember();
    const open = view('o');
    member.adopt(open, true);
    clock.advanceSync(1_000);

    member.adopt(open, true);

    expect(breaker.metrics).toMatchObject({ retryAfter: 4_250, totals: { opened: 1 } });
  });

  it('forces once, for its time', () => {
    const { breaker, member, view, clock } = createMember();
    const modes: string[] = [];
    breaker.on('mode', ({ to }) => modes.push(to));
    const forced = view('f', { words: 'maintenance' });

    for (let poll = 0; poll < 3; poll++) {
      member.adopt(forced, true);
      clock.advanceSync(1_000);
      member.doChores(clock.now());
    }
    clock.advanceSync(2_000);
    member.doChores(clock.now());

    expect(modes).toEqual(['forced-open', 'active']);
  });
});

describe('a breaker that comes while nobody answers', () => {
  it.each([
    [1, 'OPEN'],
    [0, 'CLOSED'],
    [-1, 'CLOSED'],
  ])('is open for what is left of the time: %i ms, %s', (left, state) => {
    const { breaker, member, view, clock } = createMember();

    member.openUntil(view('o', { until: clock.now() + left }));

    expect(breaker.metrics).toMatchObject({ state, shared: false });
  });

  it('is CLOSED where the last word was that all is well', () => {
    const { breaker, member, view } = createMember();

    member.openUntil(view('c'));

    expect(breaker.state).toBe('CLOSED');
  });
});

describe('leave', () => {
  it('that is denied is asked for later, spread by a tenth', () => {
    const { breaker, member, view, clock } = createMember();
    member.adopt(view('o'), true);
    clock.advanceSync(6_000);

    member.denied(1_000);

    expect(breaker.metrics.retryAfter).toBe(1_050);
  });

  it('at hand is kept for its time', async () => {
    const endings: string[] = [];
    const { breaker, member, view, clock } = createMember(
      {},
      {
        probeLease: 4_000,
        lease: async () => ({ isGranted: true, state: 'h', epoch: EPOCH, ms: 4_000, attempt: 1 }) as never,
        report: ({ ending }) => void endings.push(ending),
      },
    );
    member.adopt(view('o'), true);
    clock.advanceSync(6_000);
    member.adopt(view('h', { until: clock.now() }), true);
    breaker.tryAcquire();
    member.rejected();
    await clock.advance(0);
    const held = member.isProbing;

    clock.advanceSync(1_900);
    member.doChores(clock.now());
    const before = [...endings];
    clock.advanceSync(200);
    member.doChores(clock.now());

    expect([held, before, endings]).toEqual([true, [], ['nothing']]);
  });
});
