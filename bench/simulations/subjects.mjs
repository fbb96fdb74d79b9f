// @ts-nocheck: plain scripts, whose figures are checked by running them
/**
 * Who is tried: the package as it is built, with its detector and with other rules, and two peers as they are installed.
 *
 * @typedef {import('./engine.mjs').Subject} Subject
 */
import { createRandom } from './chance.mjs';
import { isolatedTime } from './time.mjs';

const FAILURE = new Error('simulated failure');

/**
 * The package's own, built or not.
 *
 * @param {Pick<typeof import('recloser'), 'CircuitBreaker'> & Pick<typeof import('recloser/adaptive'), 'adaptive'>} recloser
 */
export function createSubjects({ CircuitBreaker, adaptive }) {
  /** @param {string} name @param {() => object} options @returns {Subject} */
  const breaker = (name, options) => ({
    name,
    create(clock) {
      const random = createRandom(7);
      const it = new CircuitBreaker({ name, clock: { now: clock.now, random }, ...options() });
      return {
        start: () => it.tryAcquire(),
        end: (permit, ok) => (ok ? permit.success() : permit.failure(FAILURE)),
      };
    },
  });
  const recovery = { recoveryTimeout: 60_000 };
  /** @param {number} size */
  const half = (size) => ({
    ...recovery,
    failureThreshold: false,
    failureRateThreshold: 0.5,
    window: { type: 'count', size },
    minimumCalls: size,
  });
  return {
    ours: breaker('adaptive()', () => ({ detector: adaptive() })),
    coreDefaults: breaker('core default rules', () => ({})),
    resilience4j: breaker('resilience4j rule, 100/100/50 %', () => half(100)),
    window20: breaker('window 20/20/50 %', () => half(20)),
    gobreaker: breaker('gobreaker rule, 6 in a row', () => ({
      ...recovery,
      failureThreshold: 6,
      failureRateThreshold: false,
    })),
  };
}

/** @param {string} name @param {(time: object) => Promise<(task: () => Promise<unknown>) => Promise<unknown>>} make */
async function peer(name, make) {
  const time = isolatedTime();
  const run = await time.within(make);
  return {
    name,
    create(clock) {
      time.follow(clock);
      return {
        start() {
          const token = { started: false, resolve: () => {}, reject: () => {} };
          time.within(() =>
            run(() => {
              token.started = true;
              return new Promise((resolve, reject) => Object.assign(token, { resolve, reject }));
            }).catch(() => {}),
          );
          return token;
        },
        end: (token, ok) => (ok ? token.resolve() : token.reject(FAILURE)),
        settle: () => time.settle(),
        close: () => time.close(),
      };
    },
  };
}

/** @returns {Promise<(() => Promise<Subject>)[]>} each makes a new one */
export async function peers() {
  const opossum = (await import('opossum')).default;
  const cockatiel = await import('cockatiel');
  const circuit = (breaker) => {
    const policy = cockatiel.circuitBreaker(cockatiel.handleAll, { halfOpenAfter: 10_000, breaker });
    return (task) => policy.execute(task);
  };
  return [
    () =>
      peer('opossum 9, defaults', async () => {
        const it = new opossum((task) => task(), { timeout: false });
        return (task) => it.fire(task);
      }),
    () => peer('cockatiel 3, 5 in a row', async () => circuit(new cockatiel.ConsecutiveBreaker(5))),
    () =>
      peer('cockatiel 3, sampling 50 % in 10 s', async () =>
        circuit(new cockatiel.SamplingBreaker({ threshold: 0.5, duration: 10_000 })),
      ),
    () =>
      peer('cockatiel 3, count 50 % of 100', async () =>
        circuit(new cockatiel.CountBreaker({ size: 100, threshold: 0.5 })),
      ),
  ];
}
