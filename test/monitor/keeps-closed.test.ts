import type { CircuitBreaker, CircuitBreakerOptions } from 'recloser';
import { explain, history } from 'recloser/monitor';
import { describe, expect, test } from 'vitest';
import { createBreaker, failing, failTimes, hanging, succeedTimes } from '../support/breakers.js';
import { changeMetrics } from '../support/broken.js';

const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });

/** What is said of a breaker after something has happened to it, without a history and with one. */
async function told(
  options: CircuitBreakerOptions,
  bring: (breaker: CircuitBreaker) => unknown,
): Promise<{ alone: string; withHistory: string }> {
  const { breaker } = createBreaker(options);
  const past = history(breaker);
  await bring(breaker);
  const withHistory = explain(breaker, past).text;
  past.stop();
  return { alone: explain(breaker).text, withHistory };
}

async function abortTimes(breaker: CircuitBreaker, times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    const caller = new AbortController();
    const call = breaker.tryCall(hanging, { signal: caller.signal });
    caller.abort();
    await call;
  }
}

describe('a closed circuit', () => {
  test('tells of calls that their callers gave up', async () => {
    const { alone, withHistory } = await told({}, (breaker) => abortTimes(breaker, 20));

    expect(alone).toBe(
      'CLOSED for 0 ms: no call is in its window; 20 of 20 calls in all ignored: given up by their callers',
    );
    expect(withHistory).toBe(
      'CLOSED for 0 ms: no call is in its window; 20 of 20 calls ignored: 20 AbortError (given up by their callers)',
    );
  });

  test('tells of errors that are excluded, and by which options', async () => {
    const options = { excludedErrors: [RangeError], isFailure: () => 'ignore' as const };
    const { alone, withHistory } = await told(options, async (breaker) => {
      await failTimes(breaker, 3, new RangeError('too far'));
      await failTimes(breaker, 1, refused);
    });

    expect(alone).toContain(
      '4 of 4 calls in all ignored: given up by their callers, or excludedErrors, isFailure',
    );
    expect(withHistory).toContain('4 of 4 calls ignored: 3 RangeError, 1 ECONNREFUSED (');
  });

  test('tells of errors that counted as answers, and by which option', async () => {
    const { alone, withHistory } = await told({ trackedErrors: [TypeError] }, (breaker) =>
      failTimes(breaker, 20, refused),
    );

    expect(alone).toBe(
      'CLOSED for 0 ms: 0 of the last 20 calls failed (0 %, threshold 50 %); other errors than trackedErrors names count as answers',
    );
    expect(withHistory).toContain('20 errors counted as answers by trackedErrors: 20 ECONNREFUSED');
  });

  test('tells of an error that isFailure took for an answer', async () => {
    const { withHistory } = await told({ isFailure: () => false }, (breaker) =>
      failTimes(breaker, 1, refused),
    );

    expect(withHistory).toContain('; 1 error counted as an answer by isFailure: 1 ECONNREFUSED');
  });

  test('says nothing of a few of them among many calls', async () => {
    const { alone, withHistory } = await told({}, async (breaker) => {
      await abortTimes(breaker, 1);
      await succeedTimes(breaker, 20);
    });

    expect([alone, withHistory].filter((text) => text.includes('ignored'))).toEqual([]);
  });

  test('forgets them when the circuit has been open', async () => {
    const { withHistory } = await told({ failureThreshold: 1 }, async (breaker) => {
      await abortTimes(breaker, 3);
      await failTimes(breaker, 1, refused);
      breaker.reset();
      await succeedTimes(breaker, 1);
    });

    expect(withHistory).not.toContain('ignored');
  });

  test('tells that it only observes', async () => {
    const { alone } = await told({ mode: 'observe' }, () => {});

    expect(alone).toBe(
      'CLOSED for 0 ms: no call is in its window; it observes, so it rejects nobody even when it opens',
    );
  });

  test('tells failed values by their HTTP status', async () => {
    const { withHistory } = await told({ isFailure: () => true }, async (breaker) => {
      for (const status of [503, 503, 503, 429]) await breaker.call(() => ({ status }));
    });

    expect(withHistory).toContain('; 3 × 503, 1 × 429');
  });

  test('tells what its detector says', () => {
    const { breaker } = createBreaker();
    const detector = { evidence: [3], thresholds: [12], admitted: 0.4, degraded: true };
    changeMetrics(breaker, { detector });

    expect(explain(breaker).text).toContain(
      'it admits 40 % of the calls since it closed 0 ms ago; it fails more than usual, 0 %; evidence 3 of 12',
    );
  });
});

describe('the words of whoever steers', () => {
  test('are told when it was OPEN already', async () => {
    const { withHistory } = await told({ failureThreshold: 1 }, async (breaker) => {
      await failTimes(breaker, 1, refused);
      breaker.forceOpen('INC-43');
    });

    expect(withHistory).toBe(
      'OPEN for 0 ms: 1 call in a row failed (1 ≥ 1); 1 ECONNREFUSED; forced open, "INC-43", no call passes until reset()',
    );
  });

  test('are told of the one who said them, when somebody else had opened it', async () => {
    const open = 'no call passes until reset()';
    const both = await told({}, (breaker) => {
      breaker.trip('INC-42');
      breaker.forceOpen('INC-43');
    });
    const first = await told({}, (breaker) => {
      breaker.trip('INC-42');
      breaker.forceOpen();
    });

    expect(both.withHistory).toBe(
      `OPEN for 0 ms: trip() was called, "INC-42"; forced open, "INC-43", ${open}`,
    );
    expect(both.alone).toBe(`OPEN for 0 ms: trip() was called; forced open, "INC-43", ${open}`);
    expect(first.withHistory).toBe(`OPEN for 0 ms: trip() was called, "INC-42"; forced open, ${open}`);
  });

  test('are data too, the latest ones, on one line', async () => {
    const { breaker } = createBreaker();
    const past = history(breaker);
    breaker.trip('INC-42');
    breaker.forceOpen('INC-43\nask the ledger team');

    expect(explain(breaker, past).detail).toBe('INC-43 ask the ledger team');
    breaker.reset();
    expect(explain(breaker, past).detail).toBeNull();
  });

  test('are in the report, with the change of state that they came with', async () => {
    const { breaker } = createBreaker();
    const past = history(breaker);
    breaker.trip('INC-42');

    expect(past.report().breakers[0]?.text).toContain('"INC-42"');
    expect(past.report().transitions[0]?.detail).toBe('INC-42');
  });

  test('are told in why, which has neither ages nor messages', async () => {
    const { breaker, clock } = createBreaker({ failureThreshold: 1 });
    await breaker.tryCall(failing(new Error('token=secret')));
    clock.advance(400);
    const { why } = explain(breaker);
    breaker.forceOpen('INC-43');

    expect(why).toBe('1 call in a row failed (1 ≥ 1); last failure: Error');
    expect(explain(breaker, history(breaker)).why).toContain('no call passes until reset()');
  });
});

describe('a time in an explanation', () => {
  test('is in whole milliseconds', () => {
    const { breaker, clock } = createBreaker({ recoveryTimeout: 60_000 });
    breaker.trip();
    clock.advance(0.462_196);

    expect(explain(breaker).retryAfter).toBe(60_000);
    expect(explain(breaker).text).toContain('; probes in 1 min');
  });
});

describe('a circuit that is shared', () => {
  test('waits for leave when its time is over', () => {
    const { breaker, clock } = createBreaker();
    breaker.trip();
    clock.advance(1_000);
    changeMetrics(breaker, { shared: true });

    expect(explain(breaker).text).toMatch(/; waits for leave to probe$/);
  });

  test.each([
    ['shared', '4 of 12', 'others decided so (4 of 12)'],
    ['detector', 'evidence 9 of 9 in 0.41 s', 'the detector tripped (evidence 9 of 9 in 0.41 s)'],
  ])('tells who opened it: %s', (reason, detail, words) => {
    const { breaker } = createBreaker();
    breaker.trip();
    const { lastTransition } = breaker.metrics;
    changeMetrics(breaker, { lastTransition: { ...lastTransition, reason, detail } });

    expect(explain(breaker).text).toBe(`OPEN for 0 ms: ${words}; probes in 1 s`);
  });
});
