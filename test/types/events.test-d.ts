import type {
  CallEvent,
  CircuitBreaker,
  CircuitBreakerEvents,
  CircuitBreakerOpenError,
  CircuitMetrics,
  CircuitMode,
  CircuitState,
  FallbackEvent,
  LastTransition,
  Listener,
  ModeEvent,
  RejectEvent,
  RejectionReason,
  Transition,
  TransitionReason,
} from 'recloser';
import { describe, expectTypeOf, test } from 'vitest';

declare const breaker: CircuitBreaker;

describe('events', () => {
  test('are these', () => {
    expectTypeOf<keyof CircuitBreakerEvents>().toEqualTypeOf<
      | 'transition'
      | 'open'
      | 'halfOpen'
      | 'close'
      | 'success'
      | 'failure'
      | 'ignore'
      | 'reject'
      | 'fallback'
      | 'mode'
      | 'degraded'
      | 'well'
    >();
  });

  test('tell a transition with its figures', () => {
    for (const event of ['transition', 'open', 'halfOpen', 'close'] as const) {
      breaker.on(event, (transition) => {
        expectTypeOf(transition).toEqualTypeOf<Transition>();
        expectTypeOf(transition.breaker).toEqualTypeOf<string>();
        expectTypeOf(transition.from).toEqualTypeOf<CircuitState>();
        expectTypeOf(transition.to).toEqualTypeOf<CircuitState>();
        expectTypeOf(transition.at).toEqualTypeOf<number>();
        expectTypeOf(transition.reason).toEqualTypeOf<TransitionReason>();
        expectTypeOf(transition.metrics).toEqualTypeOf<CircuitMetrics>();
      });
    }
  });

  test('tell the reasons of a transition', () => {
    expectTypeOf<TransitionReason>().toEqualTypeOf<
      | 'consecutive-failures'
      | 'failure-rate'
      | 'slow-call-rate'
      | 'should-trip'
      | 'tripped'
      | 'probing'
      | 'probe-failed'
      | 'probe-slow'
      | 'probe-expired'
      | 'recovered'
      | 'forced'
      | 'reset'
      | 'restored'
      | 'detector'
      | 'shared'
    >();
  });

  test('tell a call that settled', () => {
    for (const event of ['success', 'failure', 'ignore'] as const) {
      breaker.on(event, (call) => {
        expectTypeOf(call).toEqualTypeOf<CallEvent>();
        expectTypeOf(call.duration).toEqualTypeOf<number>();
        expectTypeOf(call.value).toEqualTypeOf<unknown>();
        expectTypeOf(call.error).toEqualTypeOf<unknown>();
      });
    }
  });

  test('tell a rejection', () => {
    breaker.on('reject', (rejection) => {
      expectTypeOf(rejection).toEqualTypeOf<RejectEvent>();
      expectTypeOf(rejection.reason).toEqualTypeOf<RejectionReason>();
      expectTypeOf(rejection.error).toEqualTypeOf<CircuitBreakerOpenError>();
      expectTypeOf(rejection.observed).toEqualTypeOf<boolean>();
    });
    expectTypeOf<RejectionReason>().toEqualTypeOf<
      'open' | 'half-open' | 'forced-open' | 'concurrency' | 'ramp'
    >();
  });

  test('tell a fallback and a change of mode', () => {
    breaker.on('fallback', (event) => expectTypeOf(event).toEqualTypeOf<FallbackEvent>());
    breaker.on('mode', (event) => {
      expectTypeOf(event).toEqualTypeOf<ModeEvent>();
      expectTypeOf(event.from).toEqualTypeOf<CircuitMode>();
      expectTypeOf(event.reason).toEqualTypeOf<string | undefined>();
    });
  });

  test('cannot be written', () => {
    breaker.on('transition', (transition) => {
      // @ts-expect-error what has happened has happened
      transition.to = 'CLOSED';
    });
  });
});

describe('subscriptions', () => {
  test('answer the function that ends them', () => {
    expectTypeOf(breaker.on('open', () => {})).toEqualTypeOf<() => void>();
    expectTypeOf(breaker.once('open', () => {})).toEqualTypeOf<() => void>();
    expectTypeOf(breaker.off('open', () => {})).toEqualTypeOf<void>();
  });

  test('take a listener of that event', () => {
    const onTransition: Listener<Transition> = () => {};
    const onLess: Listener<LastTransition> = () => {};
    const onCall: Listener<CallEvent> = () => {};

    breaker.on('open', onTransition);
    breaker.on('open', onLess);
    breaker.once('success', onCall);
    breaker.on('open', async () => {});
    // @ts-expect-error a call is no transition
    breaker.on('success', onTransition);
    // @ts-expect-error a transition is no call
    breaker.once('open', onCall);
    // @ts-expect-error a transition is no call
    breaker.off('open', onCall);
  });

  test('refuse what is no event or no listener', () => {
    // @ts-expect-error an unknown event
    breaker.on('opened', () => {});
    // @ts-expect-error an event of a registry
    breaker.on('create', () => {});
    // @ts-expect-error no listener
    breaker.on('open');
    // @ts-expect-error a listener is told one event
    breaker.on('open', (_event, _more) => {});
  });
});
