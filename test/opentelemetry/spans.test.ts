import { AsyncResource } from 'node:async_hooks';
import { context, createNoopMeter, trace } from '@opentelemetry/api';
import type { CircuitBreakerOptions } from 'recloser';
import { instrument, type OtelTrace } from 'recloser/opentelemetry';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  createBreaker,
  createOpen,
  createRecovered,
  failing,
  hanging,
  heard,
  succeedTimes,
} from '../support/breakers.js';
import { registryOf } from '../support/registries.js';
import { eventsOf, print, startTraces } from './telemetry.js';

const meter = createNoopMeter();

/** Timers that fire when they are told to, in the context in which they were set, as real ones do. */
function catchTimers(): { fire(): void } {
  const timers: (() => void)[] = [];
  vi.stubGlobal('setTimeout', (run: () => void) => timers.push(AsyncResource.bind(run)));
  onTestFinished(() => {
    vi.unstubAllGlobals();
  });
  return {
    fire() {
      for (const run of timers.splice(0)) run();
    },
  };
}

describe('the active span', () => {
  it('has an event for a rejection, and says the state', async () => {
    const { inSpan } = startTraces();
    const { breaker, clock } = createOpen();
    clock.advance(400);
    instrument(breaker, { meter });

    const span = await inSpan('request', () => breaker.tryCall(() => 'unreached'));

    expect(eventsOf(span)).toEqual([
      'rejection: name=test state=open reason=open observed=false retry_after=0.6',
    ]);
    expect(print(span.attributes)).toBe('name=test state=open');
  });

  it('has an event for a transition, and says the state after it', async () => {
    const { inSpan } = startTraces();
    const { breaker } = createRecovered({ successThreshold: 1 });
    instrument(breaker, { meter });

    const span = await inSpan('request', () => breaker.call(() => 'well again'));

    expect(eventsOf(span)).toEqual([
      'transition: name=test state=half_open transition.from=open transition.to=half_open reason=probing',
      'transition: name=test state=closed transition.from=half_open transition.to=closed reason=recovered',
    ]);
    expect(print(span.attributes)).toBe('name=test state=closed');
  });

  it('has events for a rejection and the fallback that answers it', async () => {
    const { inSpan } = startTraces();
    const { breaker } = createOpen({ fallback: () => 'instead' });
    instrument(breaker, { meter });
    breaker.forceOpen();

    const span = await inSpan('request', () => breaker.call(() => 'unreached'));

    expect(eventsOf(span)).toEqual([
      'rejection: name=test state=open reason=forced-open observed=false',
      'fallback: name=test state=open error.type=ERR_CIRCUIT_OPEN',
    ]);
  });

  it('is that of the call, though it fails later and others run meanwhile', async () => {
    const { inSpan } = startTraces();
    const { breaker } = createBreaker({ failureThreshold: 1 });
    instrument(breaker, { meter });
    const failLater = async () => {
      await new Promise((resolve) => setImmediate(resolve));
      throw new Error('down');
    };

    const [failed, other] = await Promise.all([
      inSpan('fails', () => breaker.tryCall(failLater)),
      inSpan('succeeds', () => breaker.call(() => new Promise((resolve) => setImmediate(resolve)))),
    ]);

    expect(eventsOf(failed)).toHaveLength(1);
    expect(eventsOf(other)).toEqual([]);
  });

  it('gets nothing of a timeout, which happens in a timer that several calls share', async () => {
    const timers = catchTimers();
    const { inSpan } = startTraces();
    const { breaker, clock } = createBreaker({
      failureThreshold: 2,
      callTimeout: 50,
      fallback: () => 'instead',
    });
    instrument(breaker, { meter });

    const spans = Promise.all([
      inSpan('sets the timer', () => breaker.call(hanging)),
      inSpan('is ended by it', () => breaker.call(hanging)),
    ]);
    clock.advance(50);
    timers.fire();

    expect((await spans).flatMap(eventsOf)).toEqual([]);
    expect(breaker.state).toBe('OPEN');
  });

  it.each<[string, CircuitBreakerOptions]>([
    ['slow-call-rate', { slowCallDuration: 30, slowCallRateThreshold: 0.5, minimumCalls: 2 }],
    ['should-trip', { shouldTrip: ({ totals }) => totals.timeouts > 1 }],
    ['consecutive-failures', { failureThreshold: 2 }],
  ])('gets nothing of a transition that comes of a timeout: %s', async (rule, options) => {
    const timers = catchTimers();
    const { inSpan } = startTraces();
    const rules = { failureThreshold: false, failureRateThreshold: false, ...options } as const;
    const { breaker, clock } = createBreaker({ callTimeout: 50, ...rules });
    instrument(breaker, { meter });
    const reasons = heard(breaker, 'open');

    const spans = Promise.all([
      inSpan('sets the timer', () => breaker.tryCall(hanging)),
      inSpan('is ended by it', () => breaker.tryCall(hanging)),
    ]);
    clock.advance(50);
    timers.fire();

    expect((await spans).flatMap(eventsOf)).toEqual([]);
    expect(reasons).toMatchObject([{ reason: rule }]);
  });

  it('gets nothing of what a listener makes of a timeout', async () => {
    const timers = catchTimers();
    const { inSpan } = startTraces();
    const { registry, clock } = registryOf(['users', 'mail'], {
      defaults: { failureThreshold: 1, callTimeout: 50 },
    });
    registry.on('open', ({ breaker }) => {
      if (breaker === 'users') registry.get('mail')?.trip();
    });
    instrument(registry, { meter });

    const span = inSpan('request', () => registry.get('users')?.tryCall(hanging));
    clock.advance(50);
    timers.fire();

    expect(eventsOf(await span)).toEqual([]);
    expect(registry.get('mail')?.state).toBe('OPEN');
  });

  it('is that of the outer call which a timeout of an inner breaker fails', async () => {
    const timers = catchTimers();
    const { inSpan } = startTraces();
    const { registry, clock } = registryOf(['inner'], { defaults: { callTimeout: 50 } });
    const outer = registry.getOrCreate('outer', { failureThreshold: 1, callTimeout: false });
    instrument(registry, { meter });

    const spans = Promise.all([
      inSpan('sets the timer', () => registry.get('inner')?.tryCall(hanging)),
      inSpan('request', () => outer.tryCall(() => registry.get('inner')?.call(hanging))),
    ]);
    clock.advance(50);
    timers.fire();

    const [other, request] = await spans;
    expect(eventsOf(other)).toEqual([]);
    expect(eventsOf(request)).toEqual([
      'transition: name=outer state=open transition.from=closed transition.to=open reason=consecutive-failures',
    ]);
  });

  it('has the rejection of a call that is made again right after the timeout', async () => {
    const timers = catchTimers();
    const { inSpan } = startTraces();
    const { breaker, clock } = createBreaker({ failureThreshold: 2, callTimeout: 50 });
    instrument(breaker, { meter });
    const twice = async () => {
      await breaker.tryCall(hanging);
      await breaker.tryCall(hanging);
    };

    const spans = Promise.all([inSpan('first', twice), inSpan('second', twice)]);
    clock.advance(50);
    timers.fire();

    const rejected = ['rejection: name=test state=open reason=open observed=false retry_after=1'];
    expect((await spans).map(eventsOf)).toEqual([rejected, rejected]);
  });

  it('is not asked for more if it does not record, and nothing takes its place', async () => {
    const { tracer, spans } = startTraces();
    const { breaker } = createOpen();
    const addEvent = vi.fn();
    const ended = { isRecording: () => false, addEvent, setAttributes: addEvent, end: addEvent };
    instrument(breaker, { meter, trace: { getActiveSpan: () => ended }, tracer });

    await succeedTimes(breaker, 1);

    expect(addEvent).not.toHaveBeenCalled();
    expect(spans()).toEqual([]);
  });

  it('gets nothing of calls that pass', async () => {
    const { inSpan } = startTraces();
    const { breaker } = createBreaker();
    instrument(breaker, { meter });

    const span = await inSpan('request', () => succeedTimes(breaker, 3));

    expect(eventsOf(span)).toEqual([]);
    expect(span.attributes).toEqual({});
  });

  it('is found though its SDK is started after the breaker was instrumented', async () => {
    const { breaker } = createOpen();
    instrument(breaker, { meter });
    const { inSpan } = startTraces();

    const span = await inSpan('request', () => succeedTimes(breaker, 1));

    expect(eventsOf(span)).toHaveLength(1);
  });

  it('is the one that `trace` tells, where it is given', async () => {
    const { inSpan, tracer, spans } = startTraces();
    const { breaker } = createOpen();
    const chosen = tracer.startSpan('chosen');
    const chooser: OtelTrace = { getActiveSpan: () => chosen };
    instrument(breaker, { meter, trace: chooser });

    const request = await inSpan('request', () => succeedTimes(breaker, 1));
    chosen.end();

    expect(eventsOf(request)).toEqual([]);
    expect(spans().map((span) => [span.name, eventsOf(span).length])).toContainEqual(['chosen', 1]);
  });
});

describe('what the process has registered in place of an API', () => {
  const API = Symbol.for('opentelemetry.js.api.1');

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['an API without a context', { version: '1.9.0' }],
    ['a context that is none', { context: {} }],
    [
      'a context that throws',
      {
        context: {
          active: () => {
            throw new Error('broken');
          },
        },
      },
    ],
    ['a context that has no span', { context: { active: () => ({ getValue: () => undefined }) } }],
  ])('has no active span, and does no harm: %s', async (_what, registered) => {
    const { tracer, spans } = startTraces();
    const warn = vi.spyOn(process, 'emitWarning');
    const before = Reflect.get(globalThis, API);
    Reflect.set(globalThis, API, registered);
    onTestFinished(() => void Reflect.set(globalThis, API, before));
    const { breaker } = createOpen();
    instrument(breaker, { meter, tracer });

    await succeedTimes(breaker, 1);

    expect(spans().map(({ name }) => name)).toEqual(['recloser.circuit_breaker.rejection']);
    expect(warn).not.toHaveBeenCalled();
  });
});

describe('a tracer', () => {
  it('makes a short span of an event that has no active span', async () => {
    const { tracer, spans } = startTraces();
    const { breaker } = createBreaker();
    instrument(breaker, { meter, tracer });

    breaker.trip();

    const [span] = spans();
    expect(spans()).toHaveLength(1);
    expect(span?.name).toBe('recloser.circuit_breaker.transition');
    expect(span?.parentSpanContext).toBeUndefined();
    expect(print(span?.attributes ?? {})).toBe('name=test state=open');
    expect(span && eventsOf(span)).toEqual([
      'transition: name=test state=open transition.from=closed transition.to=open reason=tripped',
    ]);
  });

  it('leaves events to the active span where there is one', async () => {
    const { inSpan, tracer, spans } = startTraces();
    const { breaker } = createOpen();
    instrument(breaker, { meter, tracer });

    const span = await inSpan('request', () => succeedTimes(breaker, 2));

    expect(eventsOf(span)).toHaveLength(2);
    expect(spans()).toHaveLength(1);
  });

  it('makes a trace of its own of a timeout', async () => {
    const timers = catchTimers();
    const { inSpan, tracer, spans } = startTraces();
    const { breaker, clock } = createBreaker({ failureThreshold: 1, callTimeout: 50 });
    instrument(breaker, { meter, tracer });

    const request = inSpan('request', () => breaker.tryCall(hanging));
    clock.advance(50);
    timers.fire();
    await request;

    const [transition] = spans();
    expect(transition?.name).toBe('recloser.circuit_breaker.transition');
    expect(transition?.parentSpanContext).toBeUndefined();
  });
});

describe('without a tracer', () => {
  it('what happens outside of spans is not traced', () => {
    const { spans } = startTraces();
    const { breaker } = createBreaker();
    instrument(breaker, { meter });

    breaker.trip();

    expect(spans()).toEqual([]);
  });
});

describe('an API without an SDK', () => {
  it('knows no active span, and its spans record nothing', async () => {
    context.disable();
    trace.disable();
    const { breaker } = createOpen({ fallback: () => 'instead' });
    const stop = instrument(breaker, { meter, tracer: trace.getTracer('test') });

    const answers = await Promise.all([breaker.call(failing()), breaker.call(failing())]);

    expect(answers).toEqual(['instead', 'instead']);
    stop();
  });
});
