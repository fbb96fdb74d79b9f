import { formatReport, report } from 'recloser/monitor';
import { describe, expect, test } from 'vitest';
import { createBreaker, createOpen, failTimes, refusalOf, succeedTimes } from '../support/breakers.js';
import { breakMetrics, breakName } from '../support/broken.js';
import { registryOf } from '../support/registries.js';
import { fakeResilience, resilienceOf } from '../support/resilience.js';

describe('calls and money saved', () => {
  test('are told for each breaker and in sum, of rejections alone where there is nothing else', async () => {
    const { registry } = registryOf(['users', 'mail'], { defaults: { failureThreshold: 2 } });
    const [users, mail] = [registry.getOrCreate('users'), registry.getOrCreate('mail')];
    await succeedTimes(mail, 4);
    await failTimes(users, 2);
    await succeedTimes(users, 8);

    const { cost, breakers } = report(registry, undefined, { cost: { perCall: 0.5, currency: 'USD' } });

    const saved = { calls: 8, cost: 4, currency: 'USD', byBreaker: 8, byBudget: 0 };
    expect(cost).toEqual({ spent: 3, onFailures: 1, saved });
    expect(breakers[0]?.cost).toEqual({ spent: 1, onFailures: 1, saved });
    expect(breakers[1]?.cost).toMatchObject({ spent: 2, onFailures: 0, saved: { calls: 0 } });
  });

  test('have retries that an open circuit or an empty budget stopped', async () => {
    const { breaker } = createOpen();
    await succeedTimes(breaker, 2);
    const resilience = resilienceOf({ test: fakeResilience() });

    const { cost } = report(breaker, undefined, { cost: 2, resilience });

    expect(cost?.saved).toEqual({ calls: 15, cost: 30, currency: '', byBreaker: 8, byBudget: 7 });
  });

  test('are not told without a cost', () => {
    const { breaker } = createBreaker();

    expect(report(breaker)).not.toHaveProperty('cost');
    expect(report(breaker).breakers[0]).not.toHaveProperty('cost');
  });

  test('may cost something else for each breaker', async () => {
    const { registry } = registryOf(['gpt', 'users']);
    for (const breaker of registry) await succeedTimes(breaker, 1);

    const { cost } = report(registry, undefined, { cost: (name) => (name === 'gpt' ? 3 : 0) });

    expect(cost?.spent).toBe(3);
  });

  test('are a line of the printed report', async () => {
    const { breaker } = createOpen();
    breaker.reset();
    await failTimes(breaker, 119);
    breaker.trip();
    await succeedTimes(breaker, 1_204 - 114);

    const text = formatReport(report(breaker, undefined, { cost: { perCall: 0.015, currency: 'USD' } }));

    expect(text).toContain('Saved: 1,204 calls, 18.06 USD (99.6 % of what would have failed)');
  });

  test('are in one currency', () => {
    const { registry } = registryOf(['a', 'b']);
    const cost = (name: string) => ({ perCall: 1, currency: name === 'a' ? 'USD' : 'EUR' });

    const refusal = refusalOf(() => report(registry, undefined, { cost }));

    expect(refusal.message).toMatch(
      /`cost` must be in one currency for all breakers, received (USD and EUR|EUR and USD)/,
    );
  });

  test.each<[object, string]>([
    [{ cost: -1 }, '`cost` must be a finite number of at least 0, received -1'],
    [{ costs: 1 }, 'unknown option "costs", did you mean "cost"?'],
    [
      { resilience: {} },
      '`resilience` must be a ResilienceRegistry of recloser/resilience, received an object',
    ],
  ])('are refused with bad options: %j', (options, words) => {
    expect(refusalOf(() => report(createBreaker().breaker, undefined, options)).message).toBe(
      `Cannot report: ${words}`,
    );
  });
});

describe('a breaker that cannot be read', () => {
  test('is named in the report, and takes nothing from the others', () => {
    const { registry } = registryOf(['a', 'b', 'c', 'z']);
    breakMetrics(registry.get('b'));
    breakName(registry.get('c'));
    registry.get('z')?.trip();

    const made = report(registry);

    expect(made.breakers.map(({ breaker }) => breaker)).toEqual(['z', 'a']);
    expect(made).toMatchObject({ total: 4, open: 1, closed: 1, health: 0.5 });
    expect(made.unreadable).toHaveLength(2);
    expect(made.unreadable?.[0]).toEqual({
      breaker: 'b',
      message: expect.stringContaining('cannot be read'),
    });
    expect(formatReport(made)).toContain('Cannot be read\nb ');
  });

  test('is no member of a report where all can be read', () => {
    expect(report(registryOf(['a']).registry)).not.toHaveProperty('unreadable');
  });
});
