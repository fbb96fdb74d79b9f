import {
  CallTimeoutError,
  CircuitBreaker,
  type CircuitBreakerOptions,
  CircuitBreakerRegistry,
  exponentialBackoff,
  type TransitionReason,
} from 'recloser';
import { explain, type History, history } from 'recloser/monitor';
import { describe, expect, test } from 'vitest';
import {
  createBreaker,
  failing,
  failTimes,
  hanging,
  play,
  refusalOf,
  succeedTimes,
} from '../support/breakers.js';
import type { ManualClock } from '../support/manual-clock.js';
import { createRegistry, registryOf } from '../support/registries.js';

const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });

/** A breaker that was brought into a condition, with what is said of it without a history and with one. */
async function told(
  options: CircuitBreakerOptions,
  bring: (breaker: CircuitBreaker, clock: ManualClock) => unknown,
): Promise<{ alone: string; withHistory: string; reason: TransitionReason | null }> {
  const { breaker, clock } = createBreaker(options);
  const past = history(breaker);
  await bring(breaker, clock);
  const withHistory = explain(breaker, past).text;
  past.stop();
  const { text, reason } = explain(breaker);
  return { alone: text, withHistory, reason };
}

const slowly = (clock: ManualClock, ms: number) => async () => {
  clock.advance(ms);
};

const rates: CircuitBreakerOptions = { failureThreshold: false, minimumCalls: 4 };

describe('for each reason', () => {
  test('consecutive-failures', async () => {
    const { alone, withHistory, reason } = await told({ failureThreshold: 3 }, async (breaker, clock) => {
      await failTimes(breaker, 3, refused);
      clock.advance(400);
    });

    expect(reason).toBe('consecutive-failures');
    expect(alone).toBe(
      'OPEN for 400 ms: 3 calls in a row failed (3 ≥ 3); last failure 400 ms ago: ECONNREFUSED (connect ECONNREFUSED); probes in 600 ms',
    );
    expect(withHistory).toBe(
      'OPEN for 400 ms: 3 calls in a row failed (3 ≥ 3); 3 ECONNREFUSED; probes in 600 ms',
    );
  });

  test('failure-rate', async () => {
    const options = { ...rates, minimumCalls: 20, recoveryTimeout: 16_500 };
    const { withHistory, reason } = await told(options, async (breaker, clock) => {
      await succeedTimes(breaker, 8);
      await failTimes(breaker, 9, refused);
      await failTimes(breaker, 3, new CallTimeoutError('test', 500));
      clock.advance(12_300);
    });

    expect(reason).toBe('failure-rate');
    expect(withHistory).toBe(
      'OPEN for 12.3 s: 12 of the last 20 calls failed (60 % ≥ 50 %); 9 ECONNREFUSED, 3 timeouts; probes in 4.2 s',
    );
  });

  test('slow-call-rate', async () => {
    const { alone, withHistory, reason } = await told(
      { ...rates, slowCallDuration: 100, slowCallRateThreshold: 0.5 },
      async (breaker, clock) => {
        await succeedTimes(breaker, 2);
        await breaker.call(slowly(clock, 100));
        await breaker.call(slowly(clock, 100));
      },
    );

    expect(reason).toBe('slow-call-rate');
    expect(alone).toBe('OPEN for 0 ms: 2 of the last 4 calls took too long (50 % ≥ 50 %); probes in 1 s');
    expect(withHistory).toBe(alone);
  });

  test('should-trip', async () => {
    const { withHistory, reason } = await told({ ...rates, shouldTrip: () => true }, (breaker) =>
      failTimes(breaker, 1, refused),
    );

    expect(reason).toBe('should-trip');
    expect(withHistory).toBe(
      'OPEN for 0 ms: shouldTrip said so when 1 of the last 1 call failed; 1 ECONNREFUSED; probes in 1 s',
    );
  });

  test('tripped', async () => {
    const { alone, withHistory, reason } = await told({}, async (breaker) => {
      await failTimes(breaker, 1);
      breaker.trip('failover\nby hand');
    });

    expect(reason).toBe('tripped');
    expect(alone).toBe('OPEN for 0 ms: trip() was called, "failover by hand"; probes in 1 s');
    expect(withHistory).toBe(alone);
  });

  test('probing', async () => {
    const { alone, withHistory, reason } = await told({ failureThreshold: 2 }, async (breaker, clock) => {
      await failTimes(breaker, 2, refused);
      clock.advance(1_000);
      await succeedTimes(breaker, 1);
      clock.advance(20);
    });

    expect(reason).toBe('probing');
    expect(alone).toBe(
      'HALF_OPEN for 20 ms: a call asked after the recovery time; 2 of the last 2 calls failed before it opened; 1 of 3 probes succeeded, the next call probes',
    );
    expect(withHistory).toBe(
      'HALF_OPEN for 20 ms: a call asked after the recovery time; it opened 1 s ago because 2 calls in a row failed (2 ≥ 2); 2 ECONNREFUSED; 1 of 3 probes succeeded, the next call probes',
    );
  });

  test('probe-failed', async () => {
    const { alone, withHistory, reason } = await told({ failureThreshold: 2 }, async (breaker, clock) => {
      await failTimes(breaker, 2, refused);
      clock.advance(1_000);
      await failTimes(breaker, 1, new Error('still down'));
    });

    expect(reason).toBe('probe-failed');
    expect(alone).toBe(
      'OPEN for 0 ms: a probe failed; last failure 0 ms ago: Error (still down); opening 2 in a row; 2 of the last 2 calls failed before it opened; probes in 1 s',
    );
    expect(withHistory).toBe(
      'OPEN for 0 ms: a probe failed; last failure 0 ms ago: Error (still down); opening 2 in a row; it opened 1 s ago because 2 calls in a row failed (2 ≥ 2); 2 ECONNREFUSED; probes in 1 s',
    );
  });

  test('probe-slow', async () => {
    const { alone, reason } = await told({ slowCallDuration: 100 }, async (breaker, clock) => {
      breaker.trip();
      clock.advance(1_000);
      await breaker.call(slowly(clock, 100));
    });

    expect(reason).toBe('probe-slow');
    expect(alone).toBe('OPEN for 0 ms: a probe succeeded too slowly; opening 2 in a row; probes in 1 s');
  });

  test('probe-expired', async () => {
    const { withHistory, reason } = await told(
      { halfOpenMaxCalls: 1, probeTimeout: 50 },
      async (breaker, clock) => {
        breaker.trip();
        clock.advance(1_000);
        void breaker.call(hanging);
        clock.advance(51);
        await succeedTimes(breaker, 1);
      },
    );

    expect(reason).toBe('probe-expired');
    expect(withHistory).toBe(
      'OPEN for 0 ms: a probe did not settle in time; opening 2 in a row; it opened 1.1 s ago because trip() was called; probes in 1 s',
    );
  });

  test('recovered', async () => {
    const { withHistory, reason } = await told({ successThreshold: 1 }, async (breaker, clock) => {
      breaker.trip();
      clock.advance(1_000);
      await succeedTimes(breaker, 1);
      clock.advance(200_000);
    });

    expect(reason).toBe('recovered');
    expect(withHistory).toBe('CLOSED for 3 min 20 s: its probes succeeded; no call is in its window');
  });

  test('forced, open and closed', async () => {
    const open = await told({}, (breaker) => breaker.forceOpen('maintenance'));
    const closed = await told({}, (breaker) => {
      breaker.trip();
      breaker.forceClosed();
    });

    expect([open.reason, closed.reason]).toEqual(['forced', 'forced']);
    expect(open.alone).toBe(
      'OPEN for 0 ms: it was forced, "maintenance"; forced open, no call passes until reset()',
    );
    expect(closed.withHistory).toBe(
      'CLOSED for 0 ms: it was forced; no call is in its window; forced closed, no rule opens it until reset()',
    );
  });

  test('reset', async () => {
    const { withHistory, reason } = await told({}, (breaker) => {
      breaker.trip();
      breaker.reset();
    });

    expect(reason).toBe('reset');
    expect(withHistory).toBe('CLOSED for 0 ms: it was reset; no call is in its window');
  });

  test('restored', async () => {
    const { breaker: other } = createBreaker();
    await failTimes(other, 5, refused);
    const { alone, withHistory, reason } = await told({}, (breaker) => breaker.restore(other.snapshot()));

    expect(reason).toBe('restored');
    expect(alone).toBe(
      'OPEN for 0 ms: a snapshot was restored; last failure 0 ms ago: ECONNREFUSED (connect ECONNREFUSED); 5 of the last 5 calls failed before it opened; probes in 1 s',
    );
    expect(withHistory).toBe(alone);
  });

  test('none at all', async () => {
    const { alone, reason } = await told({}, () => undefined);

    expect(reason).toBeNull();
    expect(alone).toBe('CLOSED for 0 ms: no call is in its window');
  });
});

describe('a CLOSED circuit', () => {
  test('is told by how near its rules are', async () => {
    const { alone, withHistory } = await told(
      { slowCallDuration: 100, minimumCalls: 4 },
      async (breaker, clock) => {
        await play(breaker, 'sssss');
        await breaker.call(slowly(clock, 100));
        await failTimes(breaker, 2, refused);
      },
    );

    expect(alone).toBe(
      'CLOSED for 100 ms: 2 of the last 8 calls failed (25 %, threshold 50 %); 1 of the last 8 calls took too long (12.5 %, threshold 100 %); 2 in a row, threshold 5; last failure 0 ms ago: ECONNREFUSED (connect ECONNREFUSED)',
    );
    expect(withHistory).toMatch(/; 2 in a row, threshold 5; 2 ECONNREFUSED$/);
  });

  test('is told to have too few calls for its rates', async () => {
    const { alone } = await told({}, (breaker) => succeedTimes(breaker, 1));

    expect(alone).toBe(
      'CLOSED for 0 ms: 0 of the last 1 call failed (0 %, threshold 50 %); rates count from 10 calls on',
    );
  });

  test('without rules is told without thresholds', async () => {
    const { alone } = await told(
      { failureThreshold: false, failureRateThreshold: false, minimumCalls: 1 },
      (breaker) => failTimes(breaker, 1, 'down'),
    );

    expect(alone).toBe(
      'CLOSED for 0 ms: 1 of the last 1 call failed (100 %); 1 in a row; last failure 0 ms ago: string (down)',
    );
  });

  test('is told of failures in a row that its window has forgotten', async () => {
    const { withHistory } = await told(
      { window: { type: 'time', duration: 1_000 } },
      async (breaker, clock) => {
        await failTimes(breaker, 2, refused);
        clock.advance(5_000);
      },
    );

    expect(withHistory).toBe(
      'CLOSED for 5 s: no call is in its window; 2 in a row, threshold 5; 2 ECONNREFUSED',
    );
  });

  test('that was reset while CLOSED is not told an older reason', async () => {
    const { alone, reason } = await told({ successThreshold: 1 }, async (breaker, clock) => {
      breaker.trip();
      clock.advance(1_000);
      await succeedTimes(breaker, 1);
      clock.advance(1_000);
      breaker.reset();
    });

    expect(reason).toBeNull();
    expect(alone).toBe('CLOSED for 0 ms: no call is in its window');
  });

  test('that a snapshot began anew while CLOSED is not told an older reason', async () => {
    const { breaker: other, clock: otherClock } = createBreaker();
    otherClock.advance(-60_000);
    other.reset();
    otherClock.advance(60_000);
    const { alone, reason } = await told({}, (breaker) => {
      breaker.trip();
      breaker.forceClosed();
      breaker.restore(other.snapshot());
    });

    expect(reason).toBeNull();
    expect(alone).toBe('CLOSED for 1 min: no call is in its window');
  });

  test('that was forced and reset in one tick of its clock is not told to be forced', async () => {
    const { alone, reason } = await told({}, (breaker) => {
      breaker.trip();
      breaker.forceClosed();
      breaker.reset();
    });

    expect(reason).toBeNull();
    expect(alone).toBe('CLOSED for 0 ms: no call is in its window');
  });

  test('with as many calls in flight as are allowed is told so', async () => {
    const { alone: full } = await told({ maxConcurrentCalls: 2 }, (breaker) => {
      void breaker.call(hanging);
      void breaker.call(hanging);
    });
    const { alone: notFull } = await told({ maxConcurrentCalls: 2 }, (breaker) => {
      void breaker.call(hanging);
    });

    expect(full).toBe(
      'CLOSED for 0 ms: no call is in its window; 2 calls in flight, as many as maxConcurrentCalls allows',
    );
    expect(notFull).toBe('CLOSED for 0 ms: no call is in its window');
  });

  test('that is forced to be and is full is told both', async () => {
    const { alone } = await told({ maxConcurrentCalls: 1 }, (breaker) => {
      breaker.forceClosed();
      void breaker.call(hanging);
    });

    expect(alone).toMatch(
      /; forced closed, no rule opens it until reset\(\); 1 call in flight, as many as maxConcurrentCalls allows$/,
    );
  });

  test('that was forced is told with the failures since', async () => {
    const { alone } = await told({}, async (breaker) => {
      breaker.trip();
      breaker.forceClosed();
      await failTimes(breaker, 1, refused);
    });

    expect(alone).toContain('; last failure 0 ms ago: ECONNREFUSED (connect ECONNREFUSED); forced closed');
  });

  test('tells how many failures are known where the history has lost some', async () => {
    const { breaker } = createBreaker({ ...rates, minimumCalls: 50 });
    const past = history(breaker, { failures: 3 });
    await play(breaker, 'ffsfsff');

    expect(explain(breaker, past).text).toContain('3 Error among the last 3');
  });

  test('names the three most frequent types and counts the others', async () => {
    const { breaker } = createBreaker({ failureThreshold: false, minimumCalls: 50 });
    const past = history(breaker);
    for (const type of ['A', 'B', 'B', 'C', 'C', 'C', 'D', 'D', 'D', 'D', 'E']) {
      await failTimes(breaker, 1, Object.assign(new Error(), { code: type }));
    }

    const { text, failures } = explain(breaker, past);

    expect(text).toContain('4 D, 3 C, 2 B, 2 others');
    expect(failures).toHaveLength(5);
  });

  test('tells ten types apart and counts the others together', async () => {
    const { breaker } = createBreaker({ failureThreshold: false, minimumCalls: 50 });
    const past = history(breaker);
    for (let i = 0; i < 20; i++) await failTimes(breaker, 1, Object.assign(new Error(), { code: `E${i}` }));

    const { failures } = explain(breaker, past);

    expect(failures).toHaveLength(11);
    expect(failures.at(-1)).toEqual({ type: '(others)', count: 10 });
  });
});

describe('a circuit that is not CLOSED', () => {
  test('lets the next call probe when the recovery time is over', async () => {
    const { alone } = await told({}, (breaker, clock) => {
      breaker.trip();
      clock.advance(1_000);
    });

    expect(alone).toBe('OPEN for 1 s: trip() was called; the next call probes');
  });

  test('with every probe out is told so', async () => {
    const { alone } = await told({ halfOpenMaxCalls: 1 }, (breaker, clock) => {
      breaker.trip();
      clock.advance(1_000);
      breaker.acquire();
    });

    expect(alone).toBe(
      'HALF_OPEN for 0 ms: a call asked after the recovery time; 0 of 3 probes succeeded, the probes are out',
    );
  });

  test('with the last calls before it still in flight is told so', async () => {
    const { alone } = await told({ maxConcurrentCalls: 1 }, (breaker, clock) => {
      void breaker.call(hanging);
      breaker.trip();
      clock.advance(1_000);
    });

    expect(alone).toMatch(/; the next call probes; 1 call in flight, as many as maxConcurrentCalls allows$/);
  });

  test('that observes is told to reject nobody', async () => {
    const { alone } = await told({ mode: 'observe' }, (breaker) => breaker.trip());

    expect(alone).toBe('OPEN for 0 ms: trip() was called; probes in 1 s; it observes, so every call passes');
  });

  test('that opened by a rule and was forced later is told both', async () => {
    const { withHistory } = await told({ failureThreshold: 1 }, async (breaker) => {
      await failTimes(breaker, 1, refused);
      breaker.forceOpen();
    });

    expect(withHistory).toBe(
      'OPEN for 0 ms: 1 call in a row failed (1 ≥ 1); 1 ECONNREFUSED; forced open, no call passes until reset()',
    );
  });

  test('is not compared with a threshold that was changed meanwhile', async () => {
    const { alone: raised } = await told({ failureThreshold: 2 }, async (breaker) => {
      await failTimes(breaker, 2, refused);
      breaker.update({ failureThreshold: 9 });
    });
    const { alone: off } = await told({ failureThreshold: 2 }, async (breaker) => {
      await failTimes(breaker, 2, refused);
      breaker.update({ failureThreshold: false });
    });

    expect(raised).toContain('2 calls in a row failed (2, the threshold is 9 now)');
    expect(off).toContain('2 calls in a row failed (2, the rule is off now)');
  });

  test('keeps its figures with a history when its window was changed meanwhile', async () => {
    const { alone, withHistory } = await told(rates, async (breaker) => {
      await play(breaker, 'ssff');
      breaker.update({ window: { type: 'count', size: 50 } });
    });

    expect(alone).toContain('too many calls failed;');
    expect(withHistory).toContain('2 of the last 4 calls failed (50 % ≥ 50 %); 2 Error;');
  });

  test('is explained by its present outage, not by the one before', async () => {
    const { withHistory } = await told({ failureThreshold: 1 }, async (breaker) => {
      await failTimes(breaker, 1, refused);
      breaker.reset();
      breaker.trip();
    });

    expect(withHistory).toBe('OPEN for 0 ms: trip() was called; probes in 1 s');
  });
});

describe('an explanation', () => {
  test('is data beside the text, and the same after a trip through JSON', async () => {
    const { breaker, clock } = createBreaker({ failureThreshold: 1 });
    const past = history(breaker);
    await failTimes(breaker, 1, refused);
    clock.advance(400);

    const explanation = explain(breaker, past);

    expect(explanation).toMatchObject({
      breaker: 'test',
      state: 'OPEN',
      mode: 'active',
      since: 5_000,
      lasted: 400,
      reason: 'consecutive-failures',
      detail: null,
      retryAfter: 600,
      attempt: 1,
      health: 0,
      consecutiveFailures: 1,
      failures: [{ type: 'ECONNREFUSED', count: 1 }],
      lastFailure: { type: 'ECONNREFUSED', message: 'connect ECONNREFUSED', ago: 400 },
    });
    expect(JSON.parse(JSON.stringify(explanation))).toEqual(explanation);
  });

  test('tells a value that counted as a failure by its HTTP status', async () => {
    const { breaker } = createBreaker({ failureThreshold: 1, isFailure: () => true });
    await breaker.call(() => new Response('', { status: 503 }));

    expect(explain(breaker).lastFailure).toEqual({ type: '503', message: 'status 503', ago: 0 });
    expect(explain(breaker).text).toContain('; last failure 0 ms ago: 503; ');
  });

  test('changes nothing, also when a probe is due', () => {
    const { breaker, clock } = createBreaker({ recoveryTimeout: exponentialBackoff() });
    breaker.trip();
    clock.advance(1_000_000);
    const before = breaker.snapshot();

    explain(breaker);

    expect(breaker.snapshot()).toEqual(before);
  });

  test('is one line without control characters, whatever failed', async () => {
    const { breaker } = createBreaker({ name: 'a\nb', failureThreshold: 1 });
    await breaker.tryCall(failing(new Error('x\r\n\u001b[2Jy\u202ez'.repeat(100))));

    expect(explain(breaker).text).toMatch(/^[^\p{Cc}\p{Cf}]{1,300}$/u);
  });

  test.each([new Proxy({}, { get: boom }), undefined, 10n, Symbol('x')])(
    'is there whatever failed: %#',
    async (thrown) => {
      const { breaker } = createBreaker({ failureThreshold: 1 });
      await breaker.tryCall(failing(thrown));

      expect(explain(breaker).text).toMatch(/^OPEN for 0 ms: 1 call in a row failed/);
    },
  );

  test.each([
    undefined,
    null,
    {},
    'users',
    { metrics: {} },
    { metrics: null, options: null },
    { name: 'x', on: () => {}, metrics: {} },
    { name: 'x', on: () => {}, metrics: {}, options: { clock: {} } },
    new CircuitBreakerRegistry(),
  ])('of anything but a breaker is one clear error: %j', (breaker) => {
    const error = refusalOf(() => explain(breaker as unknown as CircuitBreaker));

    expect(error.message).toMatch(/^Cannot explain: `breaker` must be a circuit breaker, received /);
  });

  test('of a registry is told what tells of registries', () => {
    const error = refusalOf(() => explain(new CircuitBreakerRegistry() as unknown as CircuitBreaker));

    expect(error.message).toBe(
      'Cannot explain: `breaker` must be a circuit breaker, received an object: report() is for a registry',
    );
  });

  test('of what cannot be read is one clear error', () => {
    const error = refusalOf(() => explain(new Proxy(new CircuitBreaker(), { get: boom })));

    expect(error.message).toBe('Cannot explain: `breaker` cannot be read');
  });

  test.each([null, {}, 5])('with anything but a history is one clear error: %j', (past) => {
    const error = refusalOf(() => explain(new CircuitBreaker(), past as never));

    expect(error.message).toMatch(/^Cannot explain: `history` must be a history, received /);
  });

  test('of a breaker on the system clock is there too', () => {
    const breaker = new CircuitBreaker();
    breaker.trip();

    expect(explain(breaker).text).toMatch(/^OPEN for .+: trip\(\) was called; probes in /);
  });
});

describe('a history that is kept', () => {
  test.each<[string, (registry: CircuitBreakerRegistry, breaker: CircuitBreaker) => History]>([
    ['the registry', (registry) => history(registry)],
    ['the breaker', (_, breaker) => history(breaker)],
  ])('of %s is found', async (_, keep) => {
    const { registry } = registryOf(['x'], { defaults: { ...rates, minimumCalls: 20 } });
    const breaker = registry.getOrCreate('x');
    keep(registry, breaker);
    await succeedTimes(breaker, 8);
    await failTimes(breaker, 9, refused);
    await failTimes(breaker, 3, new CallTimeoutError('x', 500));

    expect(explain(breaker).text).toContain('; 9 ECONNREFUSED, 3 timeouts; ');
  });

  test('is found for a breaker that is made later', async () => {
    const { registry } = createRegistry({ defaults: rates });
    history(registry);
    const breaker = registry.getOrCreate('x');
    await failTimes(breaker, 1, refused);

    expect(explain(breaker).failures).toEqual([{ type: 'ECONNREFUSED', count: 1 }]);
  });

  test('is the one that was begun last, and the one before when that is stopped', async () => {
    const { breaker } = createBreaker(rates);
    history(breaker);
    await failTimes(breaker, 1, refused);
    const later = history(breaker);
    const known = () => explain(breaker).failures.length;

    const whileBoth = known();
    later.stop();

    expect([whileBoth, known()]).toEqual([0, 1]);
  });

  test('is not found any more when it is stopped', async () => {
    const { breaker } = createBreaker(rates);
    const past = history(breaker);
    await failTimes(breaker, 1, refused);

    past.stop();

    expect(explain(breaker).failures).toEqual([]);
  });

  test('is not found for a breaker that its registry has deleted', async () => {
    const { registry } = createRegistry({ defaults: rates });
    history(registry);
    const breaker = registry.getOrCreate('x');
    await failTimes(breaker, 1, refused);

    registry.delete('x');

    expect(explain(breaker).failures).toEqual([]);
  });

  test('gives way to one that is given', async () => {
    const { breaker } = createBreaker(rates);
    history(breaker);
    await failTimes(breaker, 1, refused);

    expect(explain(breaker, { failures: () => [], opening: () => undefined }).failures).toEqual([]);
  });
});

function boom(): never {
  throw new Error('no');
}
