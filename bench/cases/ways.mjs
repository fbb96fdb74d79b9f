/** The other ways to run a call through a breaker. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { answer, succeed } from '../tasks.mjs';

export const cases = {
  wrapped: {
    title: 'wrapped function',
    create: (recloser) => new recloser.CircuitBreaker().wrap(succeed),
  },
  decorated: {
    title: 'TC39-decorated method',
    create: (recloser) => {
      class Service {
        async get() {
          return 42;
        }
      }
      // What a compiler makes of `@withCircuitBreaker('bench') async get() { … }`.
      const decorate = recloser.withCircuitBreaker('bench');
      Service.prototype.get = decorate(Service.prototype.get, { kind: 'method', name: 'get' });
      const service = new Service();
      return () => service.get();
    },
  },
  registry: {
    title: '`registry.getOrCreate(name).call`',
    create: (recloser) => {
      const registry = new recloser.CircuitBreakerRegistry();
      return () => registry.getOrCreate('bench').call(succeed);
    },
  },
  rule: {
    title: "with a user's own rule (`shouldTrip`)",
    create: (recloser) => {
      const breaker = new recloser.CircuitBreaker({ shouldTrip: () => false });
      return () => breaker.call(succeed);
    },
  },
  tryCall: {
    title: '`tryCall`',
    create: (recloser) => {
      const breaker = new recloser.CircuitBreaker();
      return () => breaker.tryCall(succeed);
    },
  },
  callSync: {
    title: '`callSync`, ns over a plain call',
    unit: 'ns',
    goal: 15,
    task: 'answer',
    create: (recloser) => {
      const breaker = new recloser.CircuitBreaker();
      return () => breaker.callSync(answer);
    },
  },
  acquire: {
    title: '`acquire` and settle, ns over a plain call',
    unit: 'ns',
    task: 'answer',
    create: (recloser) => {
      const breaker = new recloser.CircuitBreaker();
      return () => {
        const permit = breaker.acquire();
        const value = answer();
        permit.success();
        return value;
      };
    },
  },
  storage: {
    title: 'inside `AsyncLocalStorage.run`',
    aloneOnly: true,
    around: (run) => new AsyncLocalStorage().run({ request: 1 }, run),
    create: (recloser) => {
      const breaker = new recloser.CircuitBreaker();
      return () => breaker.call(succeed);
    },
    peers: { window: 'count' },
  },
};
