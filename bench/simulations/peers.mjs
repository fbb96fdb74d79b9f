/** Peers as they are installed, who are tried beside the package. @typedef {import('./engine.mjs').Subject} Subject */
import { FAILURE } from './subjects.mjs';
import { isolatedTime } from './time.mjs';

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
