import { explain } from 'recloser/monitor';
import { expect, test } from 'vitest';
import { guarded, recover } from './fixtures.js';

test('explain tells the evidence of a closed circuit, and the promise', () => {
  const { breaker, play } = guarded();
  play('sssssfff');

  expect(explain(breaker).text).toContain(
    'evidence 3 of 9 (a failure adds 1, a success takes 1 off); trips about once in 100 days at up to 10 % failures',
  );
});

test('explain tells what the ramp admits, and since when', () => {
  const it = guarded();
  recover(it);
  it.clock.advance(4_000);
  it.play('s', 0);

  expect(explain(it.breaker).text).toContain('it admits 46 % of the calls since it closed 4 s ago');
});

test('explain tells that more fails than usual', () => {
  const { breaker, play } = guarded();
  play('sfsss'.repeat(60));

  expect(explain(breaker).text).toMatch(/it fails more than usual, 20 % \(normal \d+ %\)/);
});

test('explain tells why a detector has tripped', () => {
  const { breaker, play } = guarded();
  play('f'.repeat(10));

  expect(explain(breaker).text).toContain('the detector tripped (evidence 9 of 9 in 0.8 s: 9 calls failed)');
});
