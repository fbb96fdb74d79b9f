/** Faults that are planted, to see that the soak finds them: `--plant <name>`. */

/**
 * @typedef {import('recloser').CircuitBreaker} CircuitBreaker
 * @typedef {(breaker: CircuitBreaker, lifelong: AbortSignal) => void} Plant spoils a breaker
 */

/** How many calls go well between two that are spoilt. */
const SPARED = 50;

/** @type {Record<string, Plant>} */
export const PLANTS = {
  nothing: () => {},
  'runs while OPEN': letThrough('open'),
  'too many probes': letThrough('half-open'),
  'too many calls': letThrough('concurrency'),
  'lost call': spoil(() => new Promise(() => {})),
  'late answer': spoil((answer) => new Promise((resolve) => setTimeout(resolve, 1_000)).then(() => answer)),
  'wrong answer': spoil(() => Promise.reject(new Error('Nobody knows why'))),
  'unhandled rejection': spoil((answer) => {
    Promise.reject(new Error('Nobody handles it'));
    return answer;
  }),
  'uncaught exception': (breaker) => {
    breaker.on('close', () => {
      throw new Error('Nobody catches it');
    });
  },
  'no timeout': (breaker) => {
    const call = breaker.call.bind(breaker);
    breaker.call = (task, options) => call(task, { ...options, callTimeout: 10_000 });
  },
  'wrong total': (breaker) => {
    const { get: read } = /** @type {{ get(): import('recloser').CircuitMetrics }} */ (
      Object.getOwnPropertyDescriptor(Object.getPrototypeOf(breaker), 'metrics')
    );
    Object.defineProperty(breaker, 'metrics', {
      get() {
        const metrics = read.call(breaker);
        const { totals } = metrics;
        return {
          ...metrics,
          totals: { ...totals, ignored: totals.ignored + Math.floor(totals.calls / SPARED) },
        };
      },
    });
  },
  'change of state by nobody': (breaker) => {
    breaker.on('halfOpen', () => breaker.reset());
  },
  'never recovers': (breaker) => {
    breaker.on('halfOpen', () => queueMicrotask(() => breaker.trip()));
  },
  'listener left': spoil((answer, lifelong) => {
    lifelong.addEventListener('abort', () => {});
    return answer;
  }),
  'timer left': spoil((answer) => {
    setTimeout(() => {}, 600_000);
    return answer;
  }),
};

/** Runs calls that were rejected for this reason all the same. @param {string} reason @returns {Plant} */
function letThrough(reason) {
  return (breaker) => {
    const call = breaker.call.bind(breaker);
    breaker.call = async (task, options) => {
      try {
        return await call(task, options);
      } catch (error) {
        if (/** @type {{ reason?: string }} */ (error).reason !== reason) throw error;
        const { signal } = new AbortController();
        return task({ signal, breaker: breaker.name, state: breaker.state });
      }
    };
  };
}

/**
 * Does something to the answers of some calls.
 *
 * @param {(answer: Promise<any>, lifelong: AbortSignal) => Promise<any>} change
 * @returns {Plant}
 */
function spoil(change) {
  return (breaker, lifelong) => {
    const call = breaker.call.bind(breaker);
    let calls = 0;
    breaker.call = (task, options) => {
      const answer = call(task, options);
      return ++calls % SPARED === 0 ? change(answer, lifelong) : answer;
    };
  };
}
