import { describe, expect, it } from 'vitest';
import { CLIENTS, storm } from '../../examples/storm/storm.mjs';

const optionsOf = (title: string) => CLIENTS.find((it) => it.title === title)?.options;

describe('the retry storm', () => {
  it('never ends without a budget and a breaker', async () => {
    const { down, good, waiting } = await storm(optionsOf('no budget, no breaker'));

    expect(down).toBeGreaterThan(2);
    expect(good).toBeLessThan(0.1);
    expect(waiting).toBeGreaterThan(0);
  });

  it('is no storm with a budget', async () => {
    const { down } = await storm(optionsOf('budget, no breaker'));

    expect(down).toBeLessThanOrEqual(1.25);
  });

  it('is over within three seconds with a budget and a breaker', async () => {
    const { down, good, waiting } = await storm(optionsOf('budget and breaker'));

    expect(down).toBeLessThan(0.5);
    expect(good).toBeGreaterThanOrEqual(0.95);
    expect(waiting).toBe(0);
  });
});
