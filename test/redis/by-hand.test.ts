import { describe, expect, it } from 'vitest';
import { errorOf } from '../support/breakers.js';
import { createWorld, type Instance, openAll, trip } from './world.js';

const modesOf = (instances: readonly Instance[]) => instances.map(({ breaker }) => breaker.mode);

describe('steering by hand', () => {
  it('forces open everywhere, for a time', async () => {
    const world = await createWorld(3);
    const [one] = world.instances as [Instance];

    await one.fleet.forceOpen('payments', 'maintenance', { for: 5_000 });
    const own = one.breaker.mode;
    await world.syncAll();
    const all = modesOf(world.instances);
    const { lastTransition } = world.instances[2]!.breaker.metrics;
    world.clock.advanceSync(5_000);
    await world.syncAll();

    expect([own, all]).toEqual(['forced-open', ['forced-open', 'forced-open', 'forced-open']]);
    expect(lastTransition).toMatchObject({ reason: 'forced', detail: 'maintenance' });
    expect(modesOf(world.instances)).toEqual(['active', 'active', 'active']);
    expect(world.instances[2]!.transitions.at(-1)).toBe('OPEN→CLOSED reset (its time is over)');
  });

  it('forces closed everywhere, also what is open', async () => {
    const world = await createWorld(2);
    await openAll(world);

    await world.instances[0]!.fleet.forceClosed('payments', 'the alarm is false');
    await world.syncAll();

    expect(modesOf(world.instances)).toEqual(['forced-closed', 'forced-closed']);
    expect(world.instances[1]!.fleet.status().breakers.payments).toMatchObject({ state: 'forced-closed' });
  });

  it('resets everywhere, what has opened by its own evidence too', async () => {
    const world = await createWorld(3);
    const [one, two] = world.instances as [Instance, Instance];
    await openAll(world);

    await one.fleet.reset('payments', 'fixed');
    await world.syncAll();
    await trip(two);
    await world.syncAll();

    expect(one.transitions.at(-1)).toBe('OPEN→CLOSED reset (fixed)');
    expect(world.instances.map(({ breaker }) => breaker.state)).toEqual(['CLOSED', 'OPEN', 'CLOSED']);
    expect(two.transitions.slice(-2)).toEqual([
      'OPEN→CLOSED reset (fixed)',
      'CLOSED→OPEN consecutive-failures',
    ]);
  });

  it('ends what was forced, by a reset', async () => {
    const world = await createWorld(2);
    const [one] = world.instances as [Instance];
    await one.fleet.forceOpen('payments', 'maintenance');
    await world.syncAll();

    await one.fleet.reset('payments');
    await world.syncAll();

    expect(modesOf(world.instances)).toEqual(['active', 'active']);
  });

  it('leaves alone what somebody has forced here', async () => {
    const world = await createWorld(2);
    const [one, two] = world.instances as [Instance, Instance];
    two.breaker.forceClosed('I know better');

    await one.fleet.forceOpen('payments', 'maintenance');
    await world.syncAll();
    await one.fleet.reset('payments');
    await world.syncAll();

    expect(modesOf(world.instances)).toEqual(['active', 'forced-closed']);
  });

  it('comes back after a local reset, and holds to its end when the data is lost', async () => {
    const world = await createWorld(2);
    const [one, two] = world.instances as [Instance, Instance];
    await one.fleet.forceOpen('payments', 'maintenance', { for: 60_000 });
    await world.syncAll();

    two.breaker.reset();
    await two.fleet.sync();
    const again = two.breaker.mode;
    world.redis.flush();
    await world.syncAll();
    const lost = two.breaker.mode;
    world.clock.advanceSync(60_000);
    await world.syncAll();

    expect([again, lost, two.breaker.mode]).toEqual(['forced-open', 'forced-open', 'active']);
  });

  it('rejects where Redis does not answer', async () => {
    const world = await createWorld(1);
    world.redis.stop();

    const error = await errorOf(world.instances[0]!.fleet.forceOpen('payments', 'maintenance'));

    expect(error).toMatchObject({
      message: 'Circuit breaker "payments" was not steered: Redis did not answer',
      cause: { message: expect.stringContaining('ECONNREFUSED') },
    });
    expect(world.instances[0]!.breaker.mode).toBe('active');
  });

  it.each([
    ['a name', ['\ud800', 'why'], '`name` must be a well-formed string of at most 512 characters'],
    ['a reason', ['payments', 7], '`reason` must be a string, received 7'],
    [
      'a time',
      ['payments', 'why', { for: 10 }],
      '`for` must be a number of milliseconds from 1000 to 2592000000',
    ],
    ['an option', ['payments', 'why', { during: 10 }], 'unknown option "during", did you mean "for"?'],
  ])('refuses %s that is none', async (_, args, problem) => {
    const world = await createWorld(1);

    const error = await errorOf(
      Reflect.apply(world.instances[0]!.fleet.forceOpen, world.instances[0]!.fleet, args),
    );

    expect(error).toMatchObject({ name: 'InvalidOptionsError', message: expect.stringContaining(problem) });
  });

  it('takes words for what they are', async () => {
    const world = await createWorld(2);

    await world.instances[0]!.fleet.forceOpen('payments', `a\nb\u202e${'x'.repeat(500)}`);
    await world.syncAll();

    const words = world.instances[1]!.fleet.status().breakers.payments?.words;
    expect(words).toHaveLength(200);
    expect(words).toMatch(/^a b xxx/);
  });
});
