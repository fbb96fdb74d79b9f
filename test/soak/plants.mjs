/**
 * Faults that are planted into the soak and leaks that are planted into the endurance run, to see that they are found:
 * `--plant <name>`. Each names the rule that it breaks. It may break others too; this one must be among those found.
 */

/**
 * @typedef {import('recloser').CircuitBreaker} CircuitBreaker
 * @typedef {(breaker: CircuitBreaker, lifelong: AbortSignal) => void} Spoil
 * @typedef {{ breaks?: string, spoil: Spoil }} Plant
 * @typedef {{ breaks?: string, leak: (signal: AbortSignal) => void }} Leak
 */

/** How many calls go well between two that are spoilt. */
const SPARED = 50;

/** Milliseconds, more than any breaker of the soak is told to stay OPEN. */
const TOO_LONG = 400;

/** Faults of a breaker, by name. @type {Record<string, Plant>} */
export const PLANTS = {
  nothing: { spoil() {} },
  'runs while OPEN': { breaks: 'nothing runs while OPEN', spoil: letThrough('open') },
  'too many probes': { breaks: 'no more than halfOpenMaxCalls', spoil: letThrough('half-open') },
  'too many calls': { breaks: 'no more than maxConcurrentCalls', spoil: letThrough('concurrency') },
  'probes too early': {
    breaks: 'no probe before the recovery timeout',
    spoil(breaker) {
      breaker.on('open', () => breaker.restore({ ...breaker.snapshot(), remaining: 0 }));
    },
  },
  'closes too early': {
    breaks: 'enough probes close',
    spoil: misreport('options', (options) => ({
      ...options,
      successThreshold: options.successThreshold + 1,
    })),
  },
  'recovers too late': {
    breaks: 'it recovers in its time',
    spoil: (breaker) => breaker.update({ recoveryTimeout: TOO_LONG }),
  },
  'never recovers': {
    breaks: 'every breaker is led back to CLOSED',
    spoil(breaker) {
      breaker.on('halfOpen', () => queueMicrotask(() => breaker.trip()));
    },
  },
  'change of state by nobody': {
    breaks: 'only legal changes of state',
    spoil(breaker) {
      breaker.on('halfOpen', () => breaker.reset());
    },
  },
  'early timeout': {
    breaks: 'no timeout before its time',
    spoil: limit((callTimeout) => callTimeout && callTimeout / 2),
  },
  'no timeout': {
    breaks: 'every call is settled by its callTimeout',
    spoil: limit(() => 10_000),
  },
  'lost call': { breaks: 'every call is answered', spoil: spoilSome(() => new Promise(() => {})) },
  'late answer': {
    breaks: 'every call is settled by its callTimeout',
    spoil: spoilSome((answer) => new Promise((resolve) => setTimeout(resolve, 1_000)).then(() => answer)),
  },
  'wrong answer': {
    breaks: 'totals.failures is what callers count',
    spoil: spoilSome(() => Promise.reject(new Error('Nobody knows why'))),
  },
  'wrong total': {
    breaks: 'totals.ignored is what callers count',
    spoil: misreport('metrics', ({ totals, ...metrics }) => {
      const ignored = totals.ignored + Math.floor(totals.calls / SPARED);
      return { ...metrics, totals: { ...totals, ignored } };
    }),
  },
  'unhandled rejection': {
    breaks: 'no unhandled rejection',
    spoil: spoilSome((answer) => {
      Promise.reject(new Error('Nobody handles it'));
      return answer;
    }),
  },
  'uncaught exception': {
    breaks: 'no uncaught exception',
    spoil(breaker) {
      breaker.on('close', () => {
        throw new Error('Nobody catches it');
      });
    },
  },
  'listener left': {
    breaks: 'no listener is left on the signal',
    spoil: spoilSome((answer, lifelong) => {
      lifelong.addEventListener('abort', () => {});
      return answer;
    }),
  },
  'timer left': {
    breaks: 'no timer is left',
    spoil: spoilSome((answer) => {
      setTimeout(() => {}, 600_000);
      return answer;
    }),
  },
};

/** @type {unknown[]} */
const kept = [];

/** What is kept of some calls, by name. @type {Record<string, Leak>} */
export const LEAKS = {
  nothing: { leak() {} },
  results: {
    breaks: 'the heap does not grow',
    leak: () => void kept.push({ ok: true, value: new Array(100).fill(0) }),
  },
  listeners: {
    breaks: 'no listener is left on the signal',
    leak: (signal) => signal.addEventListener('abort', () => {}),
  },
  timers: {
    breaks: 'nothing keeps the process alive',
    leak: () => void setTimeout(() => {}, 60_000),
  },
};

/** Runs calls that were rejected for this reason all the same. @param {string} reason @returns {Spoil} */
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
 * Gives calls another timeout than the one that holds for them.
 *
 * @param {(callTimeout: number | false) => number | false} change
 * @returns {Spoil}
 */
function limit(change) {
  return (breaker) => {
    const call = breaker.call.bind(breaker);
    breaker.call = (task, options) =>
      call(task, { ...options, callTimeout: change(options?.callTimeout ?? breaker.options.callTimeout) });
  };
}

/**
 * Does something to the answers of some calls.
 *
 * @param {(answer: Promise<any>, lifelong: AbortSignal) => Promise<any>} change
 * @returns {Spoil}
 */
function spoilSome(change) {
  return (breaker, lifelong) => {
    const call = breaker.call.bind(breaker);
    let calls = 0;
    breaker.call = (task, options) => {
      const answer = call(task, options);
      if (++calls % SPARED > 0) return answer;
      answer.catch(() => {}); // an answer that is kept back is one fault, not two
      return change(answer, lifelong);
    };
  };
}

/**
 * Has a breaker say of itself what is not so.
 *
 * @template {'metrics' | 'options'} Property
 * @param {Property} property
 * @param {(truth: CircuitBreaker[Property]) => CircuitBreaker[Property]} change
 * @returns {Spoil}
 */
function misreport(property, change) {
  return (breaker) => {
    const prototype = Object.getPrototypeOf(breaker);
    Object.defineProperty(breaker, property, {
      get: () => change(Reflect.get(prototype, property, breaker)),
    });
  };
}
