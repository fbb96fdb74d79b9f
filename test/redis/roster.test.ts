/** Which breakers a fleet has, what it hears of them, and whom it refuses. */
import { CircuitBreaker, CircuitBreakerRegistry } from 'recloser';
import { createMemoryRedis, shareState } from 'recloser/redis';
import { createManualClock } from 'recloser/testing';
import { describe, expect, it } from 'vitest';
import { Roster } from '../../src/redis/roster.js';
import type { ShareableTarget } from '../../src/redis/target.js';
import { failing, failTimes, refusalOf } from '../support/breakers.js';

/** A roster, and what it has told. */
function createRoster(target: ShareableTarget) {
  const told: string[] = [];
  const note =
    (what: string) =>
    ({ name }: { name: string }) =>
      void told.push(`${what} ${name}`);
  const roster = new Roster(target, {
    created: note('created'),
    deleted: note('deleted'),
    changed: ({ name }, { to }) => told.push(`changed ${name} ${to}`),
    rejected: note('rejected'),
    refused: ({ message }) => told.push(message),
  });
  roster.listen();
  return { roster, told };
}

const BRITTLE = { failureThreshold: 1 } as const;

describe('a fleet of a registry', () => {
  it('hears of breakers that come, change, reject and go', async () => {
    const registry = new CircuitBreakerRegistry({ defaults: BRITTLE, clock: createManualClock() });
    registry.getOrCreate('early');
    const { roster, told } = createRoster(registry);

    const late = registry.getOrCreate('late');
    await failTimes(late, 1);
    await late.tryCall(async () => 1);
    registry.delete('late');
    await late.tryCall(async () => 1);

    expect(told).toEqual(['created late', 'changed late OPEN', 'rejected late', 'deleted late']);
    expect([...roster].map(({ name }) => name)).toEqual(['early']);
    expect([roster.get('early')?.name, roster.get('late')]).toEqual(['early', undefined]);
    roster.stop();
  });

  it('hears no more when it has ended, and its breakers are free', () => {
    const registry = new CircuitBreakerRegistry({ clock: createManualClock() });
    const breaker = registry.getOrCreate('a');
    const { roster, told } = createRoster(registry);

    roster.stop();
    breaker.trip();
    registry.getOrCreate('b');

    expect([told, [...roster]]).toEqual([[], []]);
    createRoster(registry).roster.stop();
  });

  it('refuses what it cannot name, once, and hears nothing of it', () => {
    const registry = new CircuitBreakerRegistry({ clock: createManualClock() });
    const long = registry.getOrCreate('x'.repeat(513));
    const { roster, told } = createRoster(registry);
    registry.getOrCreate('\ud800').trip();
    long.trip();
    registry.delete(long.name);

    expect(told).toEqual([
      expect.stringMatching(
        /^Circuit breaker "x+…?" is not shared: a name must be well-formed, with at most 512/,
      ),
      expect.stringMatching(/is not shared: a name must be well-formed, with at most 512 characters$/),
    ]);
    expect([...roster]).toEqual([]);
    roster.stop();
  });

  it('leaves the breaker that another fleet has to it', () => {
    const registry = new CircuitBreakerRegistry({ clock: createManualClock() });
    const { roster, told } = createRoster(registry);
    const breaker = registry.getOrCreate('mine');

    const error = refusalOf(() => createRoster(breaker));
    roster.stop();
    const free = createRoster(breaker);

    expect(error).toMatchObject({
      option: 'target',
      message: 'Cannot share circuit breakers: circuit breaker "mine" is shared already, by another fleet',
    });
    expect(refusalOf(() => createRoster(registry)).message).toContain('"mine" is shared already');
    expect(told).toEqual(['created mine']);
    free.roster.stop();
  });

  it('leaves a breaker to whom has shared it first', () => {
    const registry = new CircuitBreakerRegistry({ clock: createManualClock() });
    const others: Roster[] = [];
    registry.on('create', ({ instance }) => void others.push(createRoster(instance).roster));
    const { roster, told } = createRoster(registry);

    registry.getOrCreate('a').trip();

    expect(told).toEqual(['Circuit breaker "a" is not shared here: another fleet has it']);
    expect([...roster]).toEqual([]);
    for (const it of [roster, ...others]) it.stop();
  });

  it('is the only one of a registry', () => {
    const registry = new CircuitBreakerRegistry({ clock: createManualClock() });
    const { roster } = createRoster(registry);

    expect(refusalOf(() => createRoster(registry)).message).toBe(
      'Cannot share circuit breakers: this registry is shared already, by another fleet',
    );
    roster.stop();
  });

  it('is found by another copy of the package', async () => {
    const registry = new CircuitBreakerRegistry({ clock: createManualClock() });
    const { roster } = createRoster(registry);
    const place = (globalThis as never)[Symbol.for('recloser.shared.1')] as WeakSet<object>;

    expect(place.has(registry)).toBe(true);
    roster.stop();
  });
});

describe('rejections', () => {
  it('are heard where leave may be asked for, and of calls that were rejected', async () => {
    const clock = createManualClock();
    const heard = async (options: object, prepare: (breaker: CircuitBreaker) => unknown) => {
      const breaker = new CircuitBreaker({ name: 'a', clock, ...options });
      const { roster, told } = createRoster(breaker);
      await prepare(breaker);
      await breaker.tryCall(async () => 1);
      roster.stop();
      return told.filter((it) => it.startsWith('rejected')).length;
    };
    const hang = (breaker: CircuitBreaker) => void breaker.tryCall(() => new Promise(() => {}));

    expect(await heard({}, (breaker) => breaker.trip())).toBe(1);
    expect(
      await heard({ ...BRITTLE, recoveryTimeout: 0, halfOpenMaxCalls: 1 }, async (breaker) => {
        await breaker.tryCall(failing());
        hang(breaker);
      }),
    ).toBe(1);
    expect(await heard({}, (breaker) => breaker.forceOpen())).toBe(0);
    expect(await heard({ maxConcurrentCalls: 1 }, hang)).toBe(0);
    expect(await heard({ ...BRITTLE, mode: 'observe' }, (breaker) => void breaker.tryCall(failing()))).toBe(
      0,
    );
  });
});

describe('a fleet', () => {
  it('tells what it cannot share when somebody can have begun to listen', async () => {
    const registry = new CircuitBreakerRegistry({ clock: createManualClock() });
    registry.getOrCreate('x'.repeat(513));
    const { client } = createMemoryRedis();
    const fleet = shareState(registry, { client, namespace: 'shop', pollInterval: false });
    const errors: unknown[] = [];

    fleet.on('error', ({ error }) => errors.push(error));
    await Promise.resolve();

    expect(errors).toMatchObject([{ message: expect.stringContaining('is not shared') }]);
    await fleet.stop();
  });
});
